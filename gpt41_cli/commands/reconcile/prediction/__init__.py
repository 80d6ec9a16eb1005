"""Was the prediction right: requests and estimates matched with the answers, and what the misses have in common."""

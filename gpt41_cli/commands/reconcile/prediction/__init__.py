"""Compare predictions with bills: match requests and estimates with the answers, and find what the misses have in common."""

"""What commands share of the command line: options, parsing, output, progress. What only one command needs is in its folder."""

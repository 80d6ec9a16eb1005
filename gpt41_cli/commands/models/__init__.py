"""`gpt41 models`: the price table for people."""

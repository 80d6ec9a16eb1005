"""`gpt41 models`: the price table as a person reads it."""

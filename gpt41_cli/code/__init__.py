"""Source code: where it names a model, and whether that is a call."""

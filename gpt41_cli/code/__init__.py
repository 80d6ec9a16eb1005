"""Find where source code names a model, and decide whether that is a call."""

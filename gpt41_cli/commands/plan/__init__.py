"""`gpt41 plan`: how long the work takes in each mode, and which mode meets the deadline."""

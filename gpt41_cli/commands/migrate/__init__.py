"""`gpt41 migrate`: what comes after a model, what it costs, and what breaks."""

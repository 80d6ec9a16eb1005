"""`gpt41 recommend`: which variant and mode, what it costs, and why."""

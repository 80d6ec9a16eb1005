"""`gpt41 explain`: what a rule means, why it matters, and what to do."""

"""`gpt41 cache`: how much of these prompts could be read from the prompt cache, and where do they part?"""

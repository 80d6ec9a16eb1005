"""`gpt41 batch`: would the Batch API take this file, how long may it wait, and what does it cost?"""

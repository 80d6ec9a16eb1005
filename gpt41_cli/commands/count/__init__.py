"""`gpt41 count`: how many tokens?"""

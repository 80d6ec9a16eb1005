"""`gpt41 scan`: where does this code name a model that ends, and what has to change there?"""

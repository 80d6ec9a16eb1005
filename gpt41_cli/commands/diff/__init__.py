"""`gpt41 diff`: what has changed in price between two versions of gpt41.yaml and its files, and why?"""

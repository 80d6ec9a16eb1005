"""`gpt41 cost`: what does this work cost?"""

"""`gpt41 train`: what does fine-tuning on these examples cost, and when does it pay off?"""

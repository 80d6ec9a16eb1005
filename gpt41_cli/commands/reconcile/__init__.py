"""`gpt41 reconcile`: what did recorded answers cost, and was the estimate right?"""

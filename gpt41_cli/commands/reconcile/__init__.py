"""`gpt41 reconcile`: what did recorded answers cost, and did an estimate foresee it?"""

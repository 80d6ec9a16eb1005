"""`gpt41 plan`: how long does the work take in each mode, and which mode meets the deadline?"""

"""Check what a model does not allow: limits of requests and of lines of Batch files, abilities, lifecycle, rate limits, refused
fields. No prices.
"""

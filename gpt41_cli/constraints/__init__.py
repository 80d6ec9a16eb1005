"""What a model does not allow: limits of a request and of a line of a Batch file, abilities, lifecycle, rate limits,
refused fields. Never what it costs.
"""

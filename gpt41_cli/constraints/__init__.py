"""What a model does not allow: limits of a request, abilities, lifecycle, rate limits, refused fields. Never what it costs."""

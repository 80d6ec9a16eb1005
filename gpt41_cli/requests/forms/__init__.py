"""What files of other tools and other APIs look like, and requests that are somewhere inside other data."""

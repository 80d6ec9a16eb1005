"""What the requests of OpenAI's API and the files of other tools look like, and requests that are somewhere inside other data."""

"""A body -> Request: Chat Completions, Responses, Batch lines, training examples. How a file is opened is in `files`."""

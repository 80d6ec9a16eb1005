"""Read bodies as Requests: Chat Completions, Responses, Batch lines, training examples. `files` opens the files."""

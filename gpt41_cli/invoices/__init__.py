"""What was charged: OpenAI's costs API and cost CSV, and Azure's cost exports, as lines of one shape."""

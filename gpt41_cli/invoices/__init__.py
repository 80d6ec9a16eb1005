"""Read what was charged from OpenAI's costs API and cost CSV, and from Azure's cost exports, as lines of one shape."""

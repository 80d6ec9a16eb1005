"""How many tokens: `count` for one text, `count_stream` for a text that arrives in pieces."""

from gpt41_cli.tokens.engine import count, count_stream

__all__ = ["count", "count_stream"]

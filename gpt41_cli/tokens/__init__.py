"""How many tokens: `count` for one text, `count_stream` for a text that arrives in pieces."""

from gpt41_cli.tokens.engine import count, count_stream
from gpt41_cli.tokens.vocabulary import DEFAULT_ENCODING

__all__ = ["DEFAULT_ENCODING", "count", "count_stream"]

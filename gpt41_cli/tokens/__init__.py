"""How many tokens: `count` for one text, `count_stream` for one that arrives in pieces, `Counter` for many."""

from gpt41_cli.tokens.engine import Counter, count, count_stream
from gpt41_cli.tokens.vocabulary import DEFAULT_ENCODING

__all__ = ["DEFAULT_ENCODING", "Counter", "count", "count_stream"]

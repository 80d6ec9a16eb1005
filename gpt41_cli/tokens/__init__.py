"""How many tokens: `count` for one text, `Counter` for many that arrive in pieces, `count_memo` for many that repeat."""

from gpt41_cli.tokens.engine import Counter, Memo, count, count_memo, count_stream, token_memo
from gpt41_cli.tokens.vocabulary import DEFAULT_ENCODING

__all__ = ["DEFAULT_ENCODING", "Counter", "Memo", "count", "count_memo", "count_stream", "token_memo"]

"""Count the tokens of requests and texts. `count` is for one text, `TextCounter` for many that arrive in pieces,
`make_count_memo` for texts that repeat.
"""

from gpt41_cli.tokens.text.engine import Memo, TextCounter, count, count_stream, make_count_memo, make_token_memo
from gpt41_cli.tokens.text.vocabulary import DEFAULT_ENCODING

__all__ = ["DEFAULT_ENCODING", "Memo", "TextCounter", "count", "count_stream", "make_count_memo", "make_token_memo"]

"""What gpt41 is measured against: tiktoken alone, with the same vocabulary from a warm cache, on one text file."""

import sys
from pathlib import Path

import tiktoken
from tiktoken.load import load_tiktoken_bpe

from gpt41_cli.tokens.text.vocabulary import VOCABULARIES

vocabulary, text = sys.argv[1:]
published = VOCABULARIES["o200k_base"]
encoding = tiktoken.Encoding(
    "o200k_base",
    pat_str=published.pattern,
    mergeable_ranks=load_tiktoken_bpe(vocabulary, expected_hash=published.published_sha256),
    special_tokens={"<|endoftext|>": 199999, "<|endofprompt|>": 200018},
)
print(len(encoding.encode_ordinary(Path(text).read_text())))

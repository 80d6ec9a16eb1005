"""What gpt41 is measured against on a Batch file: a plain script that encodes every message with tiktoken.

It is the OpenAI cookbook's way to count messages, with the vocabulary from a warm cache.
"""

import json
import sys
from pathlib import Path

import tiktoken
from tiktoken.load import load_tiktoken_bpe

from gpt41_cli.tokens.text.vocabulary import VOCABULARIES

vocabulary, path = sys.argv[1:]
published = VOCABULARIES["o200k_base"]
encoding = tiktoken.Encoding(
    "o200k_base",
    pat_str=published.pattern,
    mergeable_ranks=load_tiktoken_bpe(vocabulary, expected_hash=published.published_sha256),
    special_tokens={"<|endoftext|>": 199999, "<|endofprompt|>": 200018},
)
tokens = 0
with Path(path).open(encoding="utf-8") as lines:
    for line in lines:
        tokens += 3
        for message in json.loads(line)["body"]["messages"]:
            tokens += 3 + sum(len(encoding.encode(value, disallowed_special=())) for value in message.values())
print(tokens)

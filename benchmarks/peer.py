"""A peer's counter over a Batch file: `python peer.py litellm|tokencost FILE`, in an environment that has both.

Both count the messages of each line, as their own documentation shows it.
"""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it waits for a table from the network first
# litellm comes with the vocabularies that tokencost would fetch.
os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(find_spec("litellm").origin).parent / "litellm_core_utils" / "tokenizers")
peer, path = sys.argv[1:]
if peer == "litellm":
    from litellm import token_counter

    def count(body: dict) -> int:
        """The tokens of the messages."""
        return token_counter(model=body["model"], messages=body["messages"])
else:
    from tokencost import count_message_tokens

    def count(body: dict) -> int:
        """The tokens of the messages."""
        return count_message_tokens(body["messages"], body["model"])


with Path(path).open(encoding="utf-8") as lines:
    print(sum(count(json.loads(line)["body"]) for line in lines))

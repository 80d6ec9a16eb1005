"""What a peer takes for a row: `python peer.py PEER text|batch FILE`, `python peer.py PEER numbers`, where the peer is installed.

Each is called as its own documentation shows it.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

MODEL = "gpt-4.1"

if tokenizers := find_spec("litellm"):  # it comes with the vocabularies that tokencost would fetch
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(str(tokenizers.origin)).parent / "litellm_core_utils" / "tokenizers")
COMMANDS = {"ttok": ["-m", MODEL, "-i"], "count-tokens": ["-e", "o200k_base"]}
"""The peers that are commands, and the options before the file."""


def count_text(peer: str, text: str) -> int:
    """The tokens of a text."""
    if peer == "litellm":
        from litellm import token_counter

        return token_counter(model=MODEL, text=text)
    from tokencost import count_string_tokens

    return count_string_tokens(text, MODEL)


def count_body(peer: str, body: dict) -> int:
    """The tokens of the messages of a request."""
    if peer == "litellm":
        from litellm import token_counter

        return token_counter(model=body["model"], messages=body["messages"])
    from tokencost import count_message_tokens

    return count_message_tokens(body["messages"], body["model"])


def price(peer: str, input_tokens: int, output_tokens: int) -> object:
    """What so many tokens cost."""
    if peer == "litellm":
        from litellm import cost_per_token

        return cost_per_token(model=MODEL, prompt_tokens=input_tokens, completion_tokens=output_tokens)
    if peer == "tokencost":
        from tokencost import calculate_cost_by_tokens

        return calculate_cost_by_tokens(input_tokens, MODEL, "input") + calculate_cost_by_tokens(output_tokens, MODEL, "output")
    from openai_cost_calculator import add_pricing_entry, estimate_cost, set_offline_mode

    set_offline_mode()  # else it fetches its table
    add_pricing_entry(MODEL, "2025-04-14", input_price=2, output_price=8, cached_input_price=0.5)
    usage = SimpleNamespace(prompt_tokens=input_tokens, completion_tokens=output_tokens, prompt_tokens_details=None)
    return estimate_cost(SimpleNamespace(model=f"{MODEL}-2025-04-14", usage=usage))


def main() -> None:
    """Print what the peer answers."""
    peer, what, *paths = sys.argv[1:]
    if peer in COMMANDS:
        command = [str(Path(sys.executable).with_name(peer)), *COMMANDS[peer], *paths]
        sys.exit(subprocess.run(command, check=False).returncode)
    if what == "numbers":
        print(price(peer, 1200, 400))
    elif what == "text":
        print(count_text(peer, Path(paths[0]).read_text(encoding="utf-8")))
    else:
        with Path(paths[0]).open(encoding="utf-8") as lines:
            print(sum(count_body(peer, json.loads(line)["body"]) for line in lines))


if __name__ == "__main__":
    main()

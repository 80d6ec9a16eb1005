"""The files that are measured, the same on every machine. They are written line by line: a benchmark must stay small, because
what a child is charged for begins with a copy of its parent.
"""

import hashlib
import itertools
import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path

PUBLISHED = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"


def write_vocabulary(path: Path) -> None:
    """Write the vocabulary as tiktoken keeps it in its cache, and under the name that it has there."""
    from gpt41_cli.tokens.text.vocabulary import DEFAULT_ENCODING, format_published_file

    path.write_bytes(format_published_file(DEFAULT_ENCODING))
    path.with_name(hashlib.sha1(PUBLISHED.encode()).hexdigest()).write_bytes(path.read_bytes())


def write_sample(path: Path, size: int) -> None:
    """Write words and lines of ordinary lengths."""
    chance = random.Random(41)
    letters = "etaoinshrdlcumwfgypbvk"
    words = ["".join(chance.choices(letters, k=chance.randint(1, 11))) for _ in range(20_000)]
    with path.open("w") as file:
        while file.tell() < size:
            line = " ".join(chance.choices(words, k=chance.randint(3, 18)))
            file.write(line + chance.choice([".", ",", ":", ' = "7"', ""]) + "\n")


def write_tree(folder: Path, joined: Path, size: int) -> None:
    """Copy sources of the standard library, of at most `size` bytes in all, and write them into one file as well."""
    library = Path(os.__file__).parent
    with joined.open("wb") as together:
        for path in sorted(library.glob("*.py")) + sorted(library.glob("email/*.py")):
            source = path.read_bytes()
            if together.tell() + len(source) <= size:
                copy = folder / path.parent.name / path.name
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(source)
                together.write(source)


def write_prompts(folder: Path, joined: Path) -> None:
    """Write ten prompts of some 800 tokens, a gpt41.yaml that checks them, and all of them in one file."""
    text = _make_writer(random.Random(41))
    folder.mkdir()
    prompts = [text(45) for _ in range(10)]
    for number, prompt in enumerate(prompts):
        (folder / f"prompt-{number}.md").write_text(prompt)
    joined.write_text("".join(prompts))
    workload = "{requests: '*.md', model: gpt-4.1-mini, output_tokens: 300, volume: 1000 / month}"
    (folder / "gpt41.yaml").write_text(f"version: 1\nworkloads: {{prompts: {workload}}}\n")


def write_batch(path: Path, lines: int, system_sentences: int, question_sentences: int) -> None:
    """Write lines for the Batch API that share a system prompt and ask different questions."""
    text = _make_writer(random.Random(41))
    system = text(system_sentences)
    with path.open("w") as file:
        for number in range(lines):
            messages = [{"role": "system", "content": system}, {"role": "user", "content": text(question_sentences)}]
            body = {"model": "gpt-4.1-mini", "messages": messages, "max_tokens": 100}
            line = {"custom_id": str(number), "method": "POST", "url": "/v1/chat/completions", "body": body}
            file.write(json.dumps(line) + "\n")


def write_shapes(path: Path, lines: int) -> None:
    """Write request bodies that differ in their lengths and in how long their answers may be."""
    chance = random.Random(41)
    with path.open("w") as file:
        for _ in range(lines):
            content = "so it is " * chance.randint(1, 60)
            messages = [{"role": "user", "content": content}]
            body = {"model": "gpt-4.1-mini", "messages": messages, "max_tokens": chance.randint(1, 30_000)}
            file.write(json.dumps(body) + "\n")


def _make_writer(chance: random.Random) -> Callable[[int], str]:
    """Return a function that writes so many sentences.

    The words are those of the vocabulary, the frequent ones more often, with figures and punctuation.
    """
    from gpt41_cli.tokens.text.vocabulary import load_index

    tokens = load_index("o200k_base").list_tokens()
    words = [token.decode() for token in tokens if re.fullmatch(rb" [a-z]{1,12}", token)][:20_000]
    weights = list(itertools.accumulate(1 / (rank + 8) for rank in range(len(words))))

    def sentence() -> str:
        some = chance.choices(words, cum_weights=weights, k=chance.randint(6, 24))
        if chance.random() < 0.2:
            some.insert(chance.randrange(len(some)), f" {chance.randint(1, 9_999)}")
        if chance.random() < 0.3:
            some.insert(len(some) // 2, ",")
        text = "".join(some).strip()
        return text[:1].upper() + text[1:] + chance.choice([". ", ". ", "? ", ".\n", ":\n"])

    return lambda sentences: "".join(sentence() for _ in range(sentences))


def write_logs(table: Path, answers: Path, many: int) -> None:
    """Write the usage of `many` answers, as rows of a CSV and as the answers themselves."""
    chance = random.Random(41)
    with table.open("w") as rows, answers.open("w") as lines:
        rows.write("date,model,input_tokens,cached_tokens,output_tokens,service_tier\n")
        for number in range(many):
            model, day = chance.choice(("gpt-4.1", "gpt-4.1-mini")), number % 20
            tokens, cached, output = chance.randint(1_000, 5_000), chance.randint(0, 900), chance.randint(1, 500)
            rows.write(f"2026-11-{day + 1:02},{model},{tokens},{cached},{output},default\n")
            usage = {"prompt_tokens": tokens, "completion_tokens": output, "total_tokens": tokens + output}
            usage["prompt_tokens_details"] = {"cached_tokens": cached, "audio_tokens": 0}
            message = {"role": "assistant", "content": "That is how it is. " * 6}
            answer = {
                "id": f"chatcmpl-{number}",
                "object": "chat.completion",
                "created": 1_793_491_200 + 86_400 * day,
                "model": model,
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": usage,
                "service_tier": "default",
            }
            lines.write(json.dumps(answer) + "\n")


def write_calls(folder: Path, many: int) -> None:
    """Write requests as a company logs them, in `folder` as Parquet and next to it as JSON Lines: 60 prompts, 8 sets of tools,
    several models and modes, structured outputs, a few pictures and Batch lines, and one line in 200 that isn't a request.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    chance = random.Random(41)
    text = _make_writer(chance)
    systems = [text(chance.choice([8, 30, 60, 120, 150])) for _ in range(60)]
    tools = [[_make_tool(f"tool_{number}_{each}", text, chance) for each in range(chance.randint(2, 6))] for number in range(8)]
    fields = {"f0": {"type": "string", "description": text(1)}, "f1": {"type": "integer"}}
    schema = {"type": "object", "properties": fields, "required": ["f0", "f1"], "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    folder.mkdir()
    with folder.with_suffix(".jsonl").open("w") as lines:
        for part in range(0, many, 5_000):
            rows = [_make_call(chance, text, systems, tools, form) for _ in range(min(5_000, many - part))]
            lines.writelines(f"{row}\n" for row in rows)
            path = folder / f"part-{part // 5_000:04}.parquet"
            pq.write_table(pa.table({"request": rows}), path, compression="zstd", row_group_size=1_000)


def _make_tool(name: str, text: Callable[[int], str], chance: random.Random) -> object:
    fields = {f"p{number}": {"type": "string", "description": text(1)} for number in range(chance.randint(1, 5))}
    parameters = {"type": "object", "properties": fields, "required": ["p0"], "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": text(1), "parameters": parameters}}


def _make_call(
    chance: random.Random, text: Callable[[int], str], systems: list[str], tools: list[list[object]], form: object
) -> str:
    kind, user = chance.random(), text(chance.randint(2, 20))
    messages = [{"role": "system", "content": chance.choice(systems)}, {"role": "user", "content": user}]
    model = chance.choice(["gpt-4.1-mini"] * 5 + ["gpt-4.1"] * 2 + ["gpt-4.1-2025-04-14", "gpt-4.1-nano", "gpt-4o"])
    body: dict[str, object] = {"model": model, "messages": messages}
    if chance.random() < 0.8:
        body["max_tokens"] = chance.choice([100, 300, 500, 1_000])
    if chance.random() < 0.1:
        body["service_tier"] = chance.choice(["priority", "default"])
    if kind < 0.15:
        body["tools"] = chance.choice(tools)
    elif kind < 0.25:
        body["response_format"] = form
    elif kind < 0.35:
        body = {"model": model, "instructions": messages[0]["content"], "input": user, "max_output_tokens": 300}
    elif kind < 0.38:
        picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
        body["messages"] = [messages[0], {"role": "user", "content": [{"type": "text", "text": user}, picture]}]
    elif kind < 0.395:
        body.pop("service_tier", None)
        body = {"custom_id": str(chance.random()), "method": "POST", "url": "/v1/chat/completions", "body": body}
    line = json.dumps(body, ensure_ascii=chance.random() < 0.5)
    return line[: chance.randint(5, 60)] if kind > 0.995 else line

"""Requests of many kinds for the columns of Arrow, and some that are none."""

from __future__ import annotations

import json
import random

from tests.builders import chat, responses

TOOL = {
    "type": "function",
    "function": {"name": "find", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}},
}


def make_lines() -> list[str]:
    """Make 600 requests of several models, shapes and modes; every tenth is no request, each in a way of its own."""
    choose = random.Random(7)
    lines = []
    for index in range(600):
        text = {"role": "user", "content": "word " * choose.randint(1, 60)}
        body = {**chat(text), "model": choose.choice(["gpt-4.1", "gpt-4.1-mini-2025-04-14", "gpt-6-luna"])}
        if index % 3 == 0:
            body["tools"] = [TOOL]
        if index % 7 == 0:
            body = {**responses("Where is my bike?"), "service_tier": "priority"}
        lines.append(json.dumps(body))
    bad = ("{", "{}", "[1]", '{"model": "gpt-x", "messages": [{"role": "user", "content": "Hello"}]}', '{"messages": "\\ud800"}')
    for index in range(0, len(lines), 10):
        lines[index] = bad[index // 10 % len(bad)]
    return lines

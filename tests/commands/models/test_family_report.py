"""`gpt41 models` without a model: the first line."""

from __future__ import annotations

import pytest

from tests.conftest import Run


@pytest.mark.parametrize(
    ("platform", "day", "said"),
    [
        (
            "azure-west-europe",
            "2026-11-26",
            "gpt-4.1-mini can be called until 2027-04-14; gpt-4.1 and gpt-4.1-nano have no known price there",
        ),
        (
            "azure-us-gov",
            "2026-11-26",
            "gpt-4.1 and gpt-4.1-mini can be called until 2027-04-14; gpt-4.1-nano has no known price there",
        ),
        ("openai", "2025-04-01", "gpt-4.1, gpt-4.1-mini and gpt-4.1-nano will be released on 2025-04-14"),
        ("azure-sweden", "2026-07-01", "gpt-4.1, gpt-4.1-mini and gpt-4.1-nano have no known price there"),
    ],
)
def test_the_first_line_says_what_can_be_bought(run: Run, platform: str, day: str, said: str) -> None:
    done = run("models", "--platform", platform, "--as-of", day, GPT41_PRICING="")
    assert done.out.splitlines()[0].partition(": ")[2] == said

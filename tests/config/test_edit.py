"""gpt41.yaml with other answers: nothing else may change, whatever the file looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.config.edit import replace_output_tokens
from gpt41_cli.config.load import parse_config
from gpt41_cli.config.tables import AnswerTokens, Config
from gpt41_cli.errors import InputError, TableError
from tests.builders import CATALOG


def edited(text: str, **answers: tuple[int, int]) -> str:
    return replace_output_tokens(text.encode(), "gpt41.yaml", {name: AnswerTokens(*each) for name, each in answers.items()})


IN_LINES = """# Ours.
version: 1
workloads:
    triage:   # mornings
        requests:
          - batch.jsonl   # 2,000 of them
        {answers}budget: {{monthly_usd: 5}}
    other: {{input_tokens: 5, output_tokens: 7, model: gpt-4.1}}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("output_tokens: 500 # a guess\n        ", "output_tokens: {expected: 40, high: 90} # a guess\n        "),
        ("output_tokens: {expected: 1, high: 2}\n        ", "output_tokens: {expected: 40, high: 90}\n        "),
        (
            "output_tokens:   # measured\n            high: 2\n            # mean\n            expected: 1 # so far\n        ",
            "output_tokens:   # measured\n            high: 90\n            # mean\n            expected: 40 # so far\n        ",
        ),
        (
            "output_tokens:\n         expected: 1 # mean\n        ",
            "output_tokens:\n         expected: 40 # mean\n         high: 90\n        ",
        ),
        ("output_tokens: {expected: 1,}\n        ", "output_tokens: {expected: 40, high: 90,}\n        "),
        ("output_tokens: {\n expected: 1 # mean\n }\n        ", "output_tokens: {\n expected: 40, high: 90 # mean\n }\n        "),
        ("", "output_tokens: {expected: 40, high: 90}\n        "),
    ],
)
def test_answers_are_changed_in_place_or_added_behind_what_is_sent(before: str, after: str) -> None:
    assert edited(IN_LINES.format(answers=before), triage=(40, 90)) == IN_LINES.format(answers=after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "{version: 1, workloads: {a: {input_tokens: 5, # numbers\n budget: {}}}}",
            "{version: 1, workloads: {a: {input_tokens: 5, output_tokens: {expected: 40, high: 90}, # numbers\n budget: {}}}}",
        ),
        (
            "version: 1\nworkloads:\n  a:\n    input_tokens: 5",
            "version: 1\nworkloads:\n  a:\n    input_tokens: 5\n    output_tokens: {expected: 40, high: 90}",
        ),
        (
            "version: 1\r\nworkloads: \r\n  a:\r\n    input_tokens: 5\r\n\r\n",
            "version: 1\r\nworkloads: \r\n  a:\r\n    input_tokens: 5\r\n    output_tokens: {expected: 40, high: 90}\r\n\r\n",
        ),
        (
            "version: 1\nworkloads:\n a:\n  prompt: >-\n   a\n   b\n  budget: {}\n",
            "version: 1\nworkloads:\n a:\n  prompt: >-\n   a\n   b\n  output_tokens: {expected: 40, high: 90}\n  budget: {}\n",
        ),
        (
            "version: 1\nworkloads: {a: {output_tokens: 3, prompt: '𝄞é.txt'}}\n",
            "version: 1\nworkloads: {a: {output_tokens: {expected: 40, high: 90}, prompt: '𝄞é.txt'}}\n",
        ),
        (
            "version: 1 # 𝄞\u2028workloads:\n  a: {prompt: 𝄞, output_tokens: 3}\n",
            "version: 1 # 𝄞\u2028workloads:\n  a: {prompt: 𝄞, output_tokens: {expected: 40, high: 90}}\n",
        ),
        (
            "version: 1\nworkloads:\n  a:\n    ? input_tokens\n    : 5\n",
            "version: 1\nworkloads:\n  a:\n    ? input_tokens\n    : 5\n    output_tokens: {expected: 40, high: 90}\n",
        ),
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_any_style_line_end_and_mark_is_kept(before: str, after: str, mark: str) -> None:
    assert edited(mark + before, a=(40, 90)) == mark + after
    assert parse_config(after.encode(), "", CATALOG).workloads["a"].output_tokens == AnswerTokens(40, 90)


def test_several_workloads_are_changed_at_once() -> None:
    before = "version: 1\nworkloads:\n  b: {input_tokens: 1, output_tokens: 2}\n  a: {input_tokens: 1, output_tokens: 2}\n"
    after = edited(before, a=(3, 4), b=(1234567, 1234567))
    assert after == (
        "version: 1\nworkloads:\n  b: {input_tokens: 1, output_tokens: {expected: 1234567, high: 1234567}}\n"
        "  a: {input_tokens: 1, output_tokens: {expected: 3, high: 4}}\n"
    )
    assert edited(before) == before


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ("  a: &a\n    input_tokens: 5\n", "3:6: workloads.a"),
        ("  a: {input_tokens: 5, output_tokens: &b 7}\n", "3:39: workloads.a.output_tokens"),
        ("  a: {input_tokens: 5, output_tokens: {expected: &c 7}}\n", "3:50: workloads.a.output_tokens.expected"),
    ],
)
def test_what_has_an_anchor_is_left_to_be_changed_by_hand(config: str, where: str) -> None:
    with pytest.raises(TableError) as caught:
        edited(f"version: 1\nworkloads:\n{config}", a=(1, 2))
    expected = "expected a value without an anchor, or output_tokens set by hand, found an anchor"
    assert str(caught.value) == f"gpt41.yaml:{where}: {expected}"


def test_a_workload_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError) as caught:
        edited("version: 1\nworkloads: {a: {input_tokens: 5}}\n", b=(1, 2))
    assert str(caught.value) == 'gpt41.yaml: expected one of the workloads a, found "b"'


SENT = ["requests: a.jsonl", "requests: [a.jsonl, 'b.jsonl']", "prompt: p.md", "input_tokens: 700"]
SENT_IN_LINES = ["requests:\n{in}- a.jsonl # first\n{in}- b.jsonl", "prompt: |-\n{in}p.md\n", "prompt: >+\n{in}a\n\n{in}b\n\n"]
OTHERS = ["model: gpt-4.1", "mode: batch", "budget: {per_request_usd: 5, input_tokens: 9}", "cached: 10%", '"usage_tier": 2']
OTHERS_IN_LINES = ["budget:\n{in}per_request_usd: 5 # ours", "require:\n{in}needs:\n{in}- vision\n{in}until: 2027-01-01"]
ANSWERS = ["output_tokens: 5", "output_tokens: {expected: 5}", "output_tokens: {\"high\": 7, 'expected': 5}"]
ANSWERS_IN_LINES = ["output_tokens:\n{in}5", "output_tokens:\n{in}expected: 5 # mean", "output_tokens: {\n{in} expected: 5}"]


@st.composite
def workloads(draw: st.DrawFn, name: str) -> str:
    """A workload in lines or in brackets, its keys in any order, with comments and blank lines."""
    in_lines = draw(st.booleans())
    keys = [draw(st.sampled_from(SENT + SENT_IN_LINES if in_lines else SENT))]
    keys += draw(st.lists(st.sampled_from(OTHERS + OTHERS_IN_LINES if in_lines else OTHERS), max_size=3))
    keys += draw(st.lists(st.sampled_from(ANSWERS + ANSWERS_IN_LINES if in_lines else ANSWERS), max_size=1))
    keys = draw(st.permutations(list({each.strip('"')[:6]: each for each in keys}.values())))
    if not in_lines:
        between = draw(st.sampled_from([", ", ", # next\n      ", "\n   ,  "]))
        return f"  {name}: {{{between.join(keys)}}}\n"
    indent = " " * draw(st.integers(3, 6))
    between = draw(st.sampled_from(["\n", "\n\n", f"\n{indent}# next\n"]))
    lines = between.join(indent + key.replace("{in}", indent + "  ") for key in keys)
    return f"  {name}: # ours\n{lines}\n"


@given(st.data())
def test_only_the_answers_change_and_every_other_character_stays(data: st.DataObject) -> None:
    drawn = [data.draw(workloads(name)) for name in ("a", "b")]
    before = "version: 1\nworkloads:\n" + "".join(drawn)
    before = before.replace("\n", data.draw(st.sampled_from(["\n", "\r\n"])))
    before = before.rstrip("\r\n") if data.draw(st.booleans()) and "+" not in before else before
    after = edited(before, b=(40, 90))
    old, new = (parse_config(text.encode(), "", CATALOG) for text in (before, after))
    assert new.workloads["b"].output_tokens == AnswerTokens(40, 90)
    assert new.workloads["a"].output_tokens == old.workloads["a"].output_tokens
    assert others(new) == others(old)
    kept = iter(after)
    said = before if old.workloads["b"].output_tokens is None else before.replace("5", "").replace("7", "")
    assert all(character in kept for character in said)


def others(config: Config) -> dict[str, object]:
    return {
        name: each._replace(output_tokens=None, locations={}, own=each.own._replace(output_tokens=None))
        for name, each in config.workloads.items()
    }


@pytest.mark.parametrize("indicator", [">", "|", ">-", "|+", ">2+", "|-2", ">+2"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_text_in_lines_of_its_own_keeps_its_value_at_the_end_of_the_file(indicator: str, end: str) -> None:
    text = f"version: 1\ndefaults: {{model: gpt-4.1}}\nworkloads:\n a:\n  requests: {indicator}  # all\n    a\n    b{end}"
    before = parse_config(text.encode(), "gpt41.yaml", CATALOG).workloads["a"].requests
    after = parse_config(edited(text, a=(40, 90)).encode(), "gpt41.yaml", CATALOG).workloads["a"]
    assert (after.requests, after.output_tokens) == (before, AnswerTokens(40, 90))

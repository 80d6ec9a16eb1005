"""Fine-tuning: what is billed for examples, what is wrong with them, and after how many requests it pays."""

from __future__ import annotations

import gzip
import io
import json
import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, read_catalog
from gpt41_cli.commands.train.training import (
    TrainedModel,
    TrainingOptions,
    TrainingWork,
    TuningComparison,
    price_trained_model,
)
from gpt41_cli.commands.train.training_file import TrainingLines, TrainingTargets, TrainingTokens
from gpt41_cli.commands.train.training_file import read_training_files as read_files
from gpt41_cli.errors import InputError
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.sources import InputSource, find_sources
from gpt41_cli.findings import Finding, Place
from gpt41_cli.pricing import Usage
from gpt41_cli.requests.examples import find_flaws
from gpt41_cli.requests.readers import read_request
from gpt41_cli.rules import Level
from gpt41_cli.tokens import count
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.workload import RequestSize, VariantLoad
from tests.builders import CATALOG, TABLE, market
from tests.conftest import FROZEN, ROOT, Run

TODAY = date(2026, 11, 26)
MINI, LARGE = CATALOG.variant("gpt-4.1-mini"), CATALOG.variant("gpt-4.1")
TICKETS = ROOT / "tests" / "training" / "tickets.jsonl"
ON = "--as-of", "2026-11-26"

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "When do you open?"}
ANSWER = {"role": "assistant", "content": "At nine."}
TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}


def call(name: str = "find", call_id: str = "c1") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": "{}"}}


def result(call_id: str = "c1") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "nine"}


def example(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"messages": list(messages or (SYSTEM, USER, ANSWER)), **more}


def write(path: Path, *examples: Any) -> str:
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in examples))
    return str(path)


def lines(path: str, catalog: Catalog = CATALOG, jobs: int = 1, max_megabytes: int | None = None) -> TrainingLines:
    rules = catalog.limits.fine_tuning
    assert rules
    if max_megabytes is not None:
        rules = rules._replace(file=rules.file._replace(max_megabytes=max_megabytes))
    trained = TrainingTargets(Meter(catalog, "gpt-4.1-mini"), (MINI, LARGE), rules)
    named, _ = find_sources([path], None, lambda: pytest.fail("nothing is read from standard input"))
    return read_files(named, trained, jobs)[0].lines


def trained(run: Run, *arguments: str, code: int = 0) -> Any:
    done = run("train", *arguments, *ON, "--format", "json")
    assert (done.code, done.err) == (code, "")
    return json.loads(done.out)


def rules_of(report: Any) -> list[str]:
    return [each["rule"] for each in report["findings"] if each["level"] == "error"]


# What is billed


def by_the_cookbook(messages: list[dict[str, str]]) -> int:
    """`num_tokens_from_messages` of OpenAI's Chat_finetuning_data_prep, with this family's vocabulary."""
    return 3 + sum(3 + sum(count(value, "o200k_base") for value in message.values()) for message in messages)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
TALKS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3)


@given(TALKS)
def test_an_example_is_counted_as_the_cookbook_counts_it(talk: list[tuple[str, str]]) -> None:
    messages = [{"role": role, "content": said} for pair in talk for role, said in zip(("user", "assistant"), pair, strict=True)]
    sent = read_request(example(*messages), "fine-tuning")
    assert Meter(CATALOG, "gpt-4.1").count(sent).input_tokens == by_the_cookbook(messages)


def test_the_price_of_a_file_term_by_term(run: Run) -> None:
    whole = sum(by_the_cookbook(json.loads(line)["messages"]) - 2 for line in TICKETS.read_text().splitlines())
    found = trained(run, str(TICKETS), "--epochs", "3", "--model", "gpt-4.1-mini")
    (training,) = found["trainings"]
    assert training["trained_tokens"] == 3 * whole
    assert Decimal(training["training_usd"]) == 3 * whole * Decimal("5.00") / 1_000_000
    own, large = (each for each in found["comparisons"] if each["mode"] == "standard")
    assert (own["in_place_of"], large["in_place_of"]) == ("gpt-4.1-mini", "gpt-4.1")
    assert own["pays_after_requests"] is None
    # 12 classes of one token each, and the rest less what frames the answers.
    asked = whole - 12 - 12 * 4 + 12 * 2
    each = [asked * Decimal(rate) + 12 * Decimal(out) for rate, out in (("0.80", "3.20"), ("2.00", "8.00"))]
    saved = Fraction(each[1] - each[0]) / 12 / 1_000_000
    assert large["pays_after_requests"] == -(-Fraction(training["training_usd"]) // saved)
    assert large["pays_at_requests_a_day"] == -(-large["pays_after_requests"] // 49)


def test_a_job_bills_1_token_an_example_besides_its_messages(tmp_path: Path, run: Run) -> None:
    """The figures of a recorded job: 25 examples, whose messages have 1,501 tokens, trained 6,104 in 4 epochs."""
    texts = [" a" * tokens for tokens in [49] * 24 + [50]]
    path = write(tmp_path / "job.jsonl", *(example({"role": "user", "content": text}, ANSWER) for text in texts))
    (training,) = trained(run, path, "--epochs", "4", "--model", "gpt-4.1-mini")["trainings"]
    messages = sum(len(text) // 2 + 4 for text in texts) + 25 * (4 + count("At nine.", "o200k_base"))
    assert messages == 1_501
    assert training["trained_tokens"] == 6_104


def test_of_a_long_example_the_end_is_neither_learned_nor_billed(tmp_path: Path, run: Run) -> None:
    long = example({"role": "user", "content": " a" * 70_000}, ANSWER)
    path = write(tmp_path / "long.jsonl", *[example()] * 9, long)
    found = trained(run, path, "--epochs", "1", "--model", "gpt-4.1")
    (training,) = found["trainings"]
    assert (training["cut_examples"], training["lost_tokens"]) == (1, 70_000 + 3 + 3 + 2 + 3 + 1 + 1 - 65_536 - 1)
    assert training["trained_tokens"] == training["example_tokens"] - training["lost_tokens"]
    (cut,) = (each for each in found["findings"] if each["rule"] == "training-tokens")
    assert (cut["level"], cut["location"]["line"], cut["allowed"]) == ("warning", 10, "65536")


def test_what_is_compressed_or_piped_or_shared_out_is_the_same(tmp_path: Path, run: Run) -> None:
    many = write(
        tmp_path / "many.jsonl", *(example(SYSTEM, {"role": "user", "content": f"{n % 4_000}"}, ANSWER) for n in range(5_000))
    )
    alone, shared = lines(many), lines(many, jobs=2)
    for name in ("line_numbers", "digests", "tokens_by_model", "output_tokens", "size_bytes"):
        assert getattr(alone, name) == getattr(shared, name), name
    assert alone.breaches.counts == shared.breaches.counts == {rules.TRAINING_TWINS: 1_000}
    plain = trained(run, str(TICKETS))
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(TICKETS.read_bytes()))
    for found in (trained(run, str(packed)), json.loads(run("train", *ON, "--format", "json", stdin=TICKETS.read_bytes()).out)):
        assert found["trainings"] == plain["trainings"]
        assert found["files"][0]["bytes"] == len(TICKETS.read_bytes())


def test_several_files_are_one_training(run: Run) -> None:
    one, two = (trained(run, *[str(TICKETS)] * files, "--epochs", "2") for files in (1, 2))
    assert two["examples"] == 2 * one["examples"]
    assert [each["trained_tokens"] for each in two["trainings"]] == [2 * each["trained_tokens"] for each in one["trainings"]]


@pytest.mark.parametrize(
    ("examples", "epochs"),
    [(1, 25), (4, 25), (5, 20), (10, 10), (33, 3), (34, 3), (8_333, 3), (8_334, 2), (25_000, 1), (25_001, 1), (10**6, 1)],
)
def test_the_epochs_of_the_heuristic(examples: int, epochs: int) -> None:
    rules = CATALOG.limits.fine_tuning
    assert rules
    assert rules.epochs.count_epochs(examples) == epochs


# When it pays


def student(
    model: str, served: Usage, base: Usage, platform: str = "openai", requests: int | None = None
) -> list[TuningComparison]:
    conditions = TrainingOptions(market(CATALOG, platform, TODAY), epochs=1, requests=requests)
    lesson = TrainingWork(TrainingTokens(tokens=10**6), served, VariantLoad({RequestSize(1, 0, 1): 1}))
    found = price_trained_model(conditions, CATALOG.variant(model), lesson, 10, [(LARGE, base)])
    assert isinstance(found, TrainedModel)
    return list(found.comparisons)


COUNTS = st.integers(0, 100_000)


@given(st.integers(1, 50), COUNTS, COUNTS, COUNTS, st.sampled_from(["gpt-4.1", "gpt-4.1-mini"]))
def test_it_pays_from_that_request_on_and_not_before(many: int, tuned: int, base: int, output: int, model: str) -> None:
    for each in student(model, Usage(many, tuned, 0, output), Usage(many, base, 0, output)):
        after = each.pays_after_requests
        if after is None:
            assert each.tuned_each_usd >= each.base_each_usd
        else:
            left = [Fraction(each.fixed_usd) - at * each.saved_each_usd for at in (after, after - 1)]
            assert left[0] <= 0 < left[1]
            assert each.pays_at_daily_requests is not None
            assert each.pays_at_daily_requests * 49 >= after > (each.pays_at_daily_requests - 1) * 49


def test_what_is_saved_in_all_is_what_is_served_less_what_is_paid() -> None:
    standard, batch = student("gpt-4.1-mini", Usage(1, 1_000, 0, 100), Usage(1, 1_000, 0, 100), requests=10_000)
    # 0.80 and 3.20 instead of 2.00 and 8.00, and $5 for the million tokens of training
    assert standard.saved_usd == Fraction("0.00168") * 10_000 - 5
    assert batch.saved_usd == Fraction("0.00084") * 10_000 - 5
    assert (standard.pays_after_requests, batch.pays_after_requests) == (2_977, 5_953)


def test_hosting_is_paid_until_the_first_of_the_two_ends() -> None:
    (found,) = student("gpt-4.1-mini", Usage(1, 1_000, 0, 0), Usage(1, 1_000, 0, 0), "azure-global")
    assert found.hosting_usd == Decimal("1.70") * 24 * 139
    assert found.fixed_usd == found.hosting_usd + 5
    assert found.pays_after_requests == -(-Fraction(found.fixed_usd) // Fraction("0.0016"))


def test_hosting_without_an_end_has_no_price() -> None:
    tuned = MINI.model.fine_tuned
    assert tuned
    endless = MINI.model._replace(fine_tuned=tuned._replace(lifecycle={}), lifecycle={})
    catalog = CATALOG._replace(models={**CATALOG.models, "gpt-4.1-mini": endless})
    conditions = TrainingOptions(market(catalog, "azure-global", TODAY))
    base = catalog.variant("gpt-4.1-mini")
    lesson = TrainingWork(TrainingTokens(), Usage(1, 5), VariantLoad({RequestSize(5, 0, 0): 1}))
    found = price_trained_model(conditions, base, lesson, 10, [(base, Usage(1, 5))])
    assert isinstance(found, Finding)
    assert found.message == "no end is known for ft:gpt-4.1-mini, so how long it is hosted isn't known"
    free = price_trained_model(conditions._replace(market=market(catalog, as_of=TODAY)), base, lesson, 10, [(base, Usage(1, 5))])
    assert isinstance(free, TrainedModel)
    assert [(each.ends, each.days, each.pays_at_daily_requests) for each in free.comparisons] == [(None, None, None)] * 2


def test_what_has_ended_is_not_trained_and_not_compared_with(run: Run) -> None:
    found = trained(run, str(TICKETS))
    (nano,) = found["unfit"]
    assert (nano["model"], nano["rule"]) == ("gpt-4.1-nano", "model-shut-down")
    alone = run("train", str(TICKETS), "--model", "gpt-4.1-nano", *ON)
    assert alone.code == 1
    assert alone.out.startswith("Nothing can be trained: gpt-4.1-nano: OpenAI shut it down on 2026-10-23;")
    late = json.loads(run("train", str(TICKETS), "--platform", "azure-global", "--as-of", "2027-05-01", "--format", "json").out)
    assert late["trainings"]
    assert late["comparisons"] == []
    said = run("train", str(TICKETS), "--platform", "azure-global", "--as-of", "2027-05-01").out
    assert "no running model can be compared with it" in said.splitlines()[0]


def test_a_platform_without_a_price_for_training_says_so(run: Run) -> None:
    found = trained(run, str(TICKETS), "--platform", "azure-data-zone", "--model", "gpt-4.1", code=1)
    assert found["unfit"][0]["reason"] == (
        f"no price is known for training it on azure-data-zone: {FROZEN} has one on openai, azure-global"
    )
    early = json.loads(run("train", str(TICKETS), "--model", "gpt-4.1", "--as-of", "2025-05-01", "--format", "json").out)
    assert early["unfit"][0]["reason"] == (
        "no price is known for ft:gpt-4.1 in standard on openai on 2025-05-01: the first known one is of 2025-07-01"
    )


def test_a_request_in_service_is_what_is_said_of_it(run: Run) -> None:
    said = ("--input-tokens", "2_000", "--output-tokens", "100", "--cached", "50%", "--base-input-tokens", "8,000")
    found = trained(run, str(TICKETS), "--model", "gpt-4.1-mini", "--instead-of", "gpt-4o", *said)
    own, _, other, _ = found["comparisons"]
    assert Decimal(own["tuned_each_usd"]) == (1_000 * Decimal("0.80") + 1_000 * Decimal("0.20") + 100 * Decimal("3.20")) / 10**6
    assert Decimal(own["base_each_usd"]) == (4_000 * Decimal("0.40") + 4_000 * Decimal("0.10") + 100 * Decimal("1.60")) / 10**6
    assert other["in_place_of"] == "gpt-4o"
    assert Decimal(other["base_each_usd"]) == (4_000 * Decimal("2.50") + 4_000 * Decimal("1.25") + 100 * Decimal("10.00")) / 10**6


def test_a_prompt_too_short_to_be_cached_is_noticed(run: Run) -> None:
    found = trained(run, str(TICKETS), "--model", "gpt-4.1-mini", "--cached", "50%")
    message = "a prompt below 1,024 tokens is never cached; this one has 57 and gets no discount"
    assert message in [each["message"] for each in found["findings"]]
    plain = trained(run, str(TICKETS), "--model", "gpt-4.1-mini")
    assert found["comparisons"] == plain["comparisons"]


def test_no_more_is_cached_than_the_cache_can_give(run: Run, tmp_path: Path) -> None:
    """Of 1,194 tokens it gives 1,152 at most: 1,024 and a step of 128. A share is of every input, long or short."""
    said = ("--input-tokens", "1194", "--output-tokens", "0", "--cached", "98%", "--base-input-tokens", "10,000")
    own = trained(run, str(TICKETS), "--model", "gpt-4.1-mini", *said)["comparisons"][0]
    assert Decimal(own["tuned_each_usd"]) == (42 * Decimal("0.80") + 1_152 * Decimal("0.20")) / 10**6
    assert Decimal(own["base_each_usd"]) == (200 * Decimal("0.40") + 9_800 * Decimal("0.10")) / 10**6
    # A prompt of 1,300 tokens, of which 1,280 can be read, and nine of 8, of which nothing can.
    turns = [{"role": "user", "content": "word " * 1_292}, {"role": "assistant", "content": "ok"}]
    short = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ok"}]
    examples = [{"messages": turns}, *({"messages": short} for _ in range(9))]
    (tmp_path / "long.jsonl").write_text("".join(json.dumps(each) + "\n" for each in examples))
    found = trained(run, "long.jsonl", "--model", "gpt-4.1-mini", "--output-tokens", "0", "--cached", "100%")
    assert Decimal(found["comparisons"][0]["base_each_usd"]) * 10 == (92 * Decimal("0.40") + 1_280 * Decimal("0.10")) / 10**6


def test_a_request_too_long_for_a_fine_tune_is_found(run: Run) -> None:
    found = trained(run, str(TICKETS), "--model", "gpt-4.1", "--input-tokens", "128000", "--output-tokens", "1", code=1)
    assert rules_of(found) == ["context-window"]


def test_an_unpublished_tokenizer_is_said_to_be_one(run: Run) -> None:
    said = run("train", str(TICKETS), "--instead-of", "gpt-6-luna", "--model", "gpt-4.1-mini", *ON).out
    assert "The tokenizer of gpt-6-luna is not published" in said
    assert "gpt-6-luna bills reasoning tokens as output: none are in its price here." in said


# The road from a teacher


def test_the_whole_road_from_a_teacher_to_its_student(tmp_path: Path, run: Run) -> None:
    prompts = write(tmp_path / "prompts.jsonl", *[{"model": "gpt-4o", "messages": [SYSTEM, USER]}] * 20)
    tokens = by_the_cookbook([SYSTEM, USER])
    arguments = ("--distill-from", "gpt-4.1", "--prompts", prompts, "--output-tokens", "50", "--epochs", "2")
    found = trained(run, *arguments)
    (training,) = found["trainings"]
    assert training["model"] == "gpt-4.1-mini"
    assert Decimal(training["teaching_usd"]) == 20 * (tokens * Decimal("1.00") + 50 * Decimal("4.00")) / 10**6
    assert training["trained_tokens"] == 20 * 2 * (tokens + 4 + 50)
    standard, _ = found["comparisons"]
    assert standard["in_place_of"] == "gpt-4.1"
    assert Decimal(standard["fixed_usd"]) == Decimal(training["teaching_usd"]) + Decimal(training["training_usd"])
    assert Decimal(standard["tuned_each_usd"]) == (tokens * Decimal("0.80") + 50 * Decimal("3.20")) / 10**6
    itself = trained(run, *arguments, "--model", "gpt-4.1")
    assert [each["pays_after_requests"] for each in itself["comparisons"]] == [None, None]


def test_answers_of_no_stated_length_make_a_ceiling(tmp_path: Path, run: Run) -> None:
    prompts = write(tmp_path / "prompts.jsonl", *[{"model": "gpt-4.1", "max_tokens": 70_000, "messages": [USER]}] * 10)
    done = run("train", "--distill-from", "gpt-6-luna", "--prompts", prompts, "--model", "gpt-4.1-mini", *ON)
    assert done.out.startswith("Training gpt-4.1-mini: at most $32.77 for 6,553,600 tokens")
    assert "10 examples longer than 65,536 tokens" in done.out


def test_a_teacher_without_batch_answers_in_standard(tmp_path: Path, run: Run) -> None:
    prompts = write(tmp_path / "prompts.jsonl", *[{"model": "gpt-4.1", "messages": [USER]}] * 10)
    arguments = ("--distill-from", "gpt-6-luna", "--prompts", prompts, "--output-tokens", "9", "--platform", "azure-global")
    assert trained(run, *arguments, "--model", "gpt-4.1-mini")["teacher"]["mode"] == "standard"


def test_a_teacher_that_has_ended_teaches_nothing(tmp_path: Path, run: Run) -> None:
    prompts = write(tmp_path / "prompts.jsonl", *[{"model": "gpt-4.1", "messages": [USER]}] * 10)
    arguments = ("--distill-from", "gpt-4.1-nano", "--prompts", prompts, "--output-tokens", "9", "--model", "gpt-4.1-mini")
    found = trained(run, *arguments, code=1)
    assert [(each["rule"], each["subject"]) for each in found["findings"] if each["level"] == "error"] == [
        ("model-shut-down", "gpt-4.1-nano")
    ]


def test_an_answer_beyond_what_is_learned_is_lost(tmp_path: Path) -> None:
    long = {"role": "user", "content": " a" * 65_600}
    found = lines(
        write(tmp_path / "long.jsonl", example(long, ANSWER), example(USER, {"role": "assistant", "content": " a" * 65_600}))
    )
    lost, cut = found.breaches.by_kind[rules.TRAINING_TOKENS, Level.WARNING].examples
    assert lost.message.endswith(" at its end are cut off, including its whole last answer")
    assert cut.message.endswith(" at its end are cut off")


# What is wrong with examples

MANY_CALLS = {"role": "assistant", "tool_calls": [call(), call(call_id="c2")]}
FLAWS = [
    (example(), []),
    (example(USER, MANY_CALLS, result(), result("c2"), ANSWER, tools=[TOOL]), []),
    (example(USER, MANY_CALLS, tools=[TOOL]), []),
    (example(USER, {**ANSWER, "weight": 0}, USER, {**ANSWER, "weight": 1}), []),
    (
        example(USER, {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}, functions=[{"name": "f"}]),
        [],
    ),
    (example(SYSTEM, USER), ["messages: expected an answer of the assistant to learn from, found none"]),
    (
        example(USER, {"role": "assistant", "content": ""}, USER, {"role": "assistant", "content": None}),
        [f"messages[{index}]: expected an answer to learn, found an empty one" for index in (1, 3)],
    ),
    (example(USER, {"role": "assistant", "content": None, "refusal": "No."}), []),
    (example(ANSWER), ["messages: expected a user to be answered, found none"]),
    (example(USER, ANSWER, USER), ["messages[2].role: expected the assistant last, found user, from which nothing is learned"]),
    (example(USER, SYSTEM, ANSWER), ["messages[1].role: expected system before all others, found it after user"]),
    (example(USER, {**ANSWER, "weight": 0.5}), ["messages[1].weight: expected 0 or 1, found the number 0.5"]),
    (example(USER, {**ANSWER, "weight": True}), ["messages[1].weight: expected 0 or 1, found true or false"]),
    (
        example({**USER, "weight": 0}, ANSWER),
        ["messages[0].weight: expected one on the answers of the assistant only, found one of user"],
    ),
    (
        example(USER, {**ANSWER, "weight": 0}),
        ["messages: expected an answer of weight 1, found only answers of weight 0"],
    ),
    (
        example(user="x", seed=1, n=1, **{"\x1b[31m": 1}),
        ['the example: expected only messages, tools, parallel_tool_calls, functions, found "user", "seed", "n" and 1 more'],
    ),
    (
        example(USER, {**ANSWER, "\x1b[31m": 1}),
        ["messages[1]: expected only role, content, name, weight, refusal, tool_calls, tool_call_id, function_call, found text"],
    ),
    (
        example(USER, MANY_CALLS, result(), ANSWER, tools=[TOOL]),
        ["messages[1].tool_calls[1]: expected a result for each call, found 1 call without one"],
    ),
    (
        example(USER, MANY_CALLS, result("c2"), tools=[TOOL]),
        [
            "messages[2].role: expected the assistant last, found tool, from which nothing is learned",
            "messages[1].tool_calls[0]: expected a result for each call, found 1 call without one",
        ],
    ),
    (
        example(USER, result("c9"), ANSWER),
        ["messages[1].tool_call_id: expected the id of a call right before it, found another"],
    ),
    (
        example(USER, {"role": "assistant", "tool_calls": [call("open")]}, tools=[TOOL, {"type": "other", "function": "x"}]),
        ['messages[1].tool_calls[0].function.name: expected a function that is declared, found "open"'],
    ),
    (
        example(USER, {"role": "assistant", "function_call": {"name": "open", "arguments": "{}"}}),
        ['messages[1].function_call.name: expected a function that is declared, found "open"'],
    ),
    (example(USER, {"role": "assistant", "tool_calls": [{"id": "c1", "type": "custom", "function": "x"}]}), []),
]


@pytest.mark.parametrize(("body", "messages"), FLAWS, ids=range(len(FLAWS)))
def test_what_is_wrong_with_an_example(body: dict[str, Any], messages: list[str]) -> None:
    assert [flaw.message for flaw in read_request(body, "fine-tuning").flaws] == messages
    assert [flaw.message for flaw in find_flaws(body)] == messages


def test_a_preference_is_not_an_example() -> None:
    with pytest.raises(BadBody, match=r"expected messages, found preferences for fine-tuning \(DPO\); gpt41 train reads"):
        read_request({"input": {}, "preferred_output": [], "non_preferred_output": []}, "fine-tuning")


def test_a_file_that_would_be_rejected_fails_with_the_line_of_each_mistake(run: Run) -> None:
    done = run("train", str(ROOT / "tests/training/broken.jsonl"), "--model", "gpt-4o", *ON, "--format", "github")
    assert done.code == 1
    errors = re.findall(r"::error [^\n]*line=(\d+)[^\n]*title=([a-z-]+)", done.out)
    assert sorted(errors, key=lambda each: int(each[0])) == [
        ("2", "training-answer"),
        ("3", "training-weight"),
        ("4", "training-weight"),
        ("5", "training-weight"),
        ("8", "training-tools"),
        ("8", "training-tools"),
        ("9", "training-tools"),
        ("10", "invalid-request"),
    ]
    assert run("train", str(ROOT / "tests/training/broken.jsonl"), *ON, "--fail-on", "never", "-q").code == 0


def test_how_many_examples_there_are(tmp_path: Path, run: Run) -> None:
    for many, level in ((9, "error"), (10, "notice"), (49, "notice"), (50, None)):
        path = write(tmp_path / "some.jsonl", *(example({"role": "user", "content": str(n)}, ANSWER) for n in range(many)))
        found = trained(run, path, code=int(level == "error"))
        assert [each["level"] for each in found["findings"] if each["rule"] == "training-examples"] == ([level] if level else [])


def test_the_same_example_twice_is_noticed(tmp_path: Path) -> None:
    found = lines(write(tmp_path / "twins.jsonl", example(), example(USER, ANSWER), example(), example(tools=[TOOL])))
    (twin,) = found.breaches.by_kind[rules.TRAINING_TWINS, Level.NOTICE].examples
    assert (twin.place, twin.level) == (Place("", 3), Level.NOTICE)


def test_a_file_over_what_the_platform_takes(tmp_path: Path) -> None:
    path = write(tmp_path / "large.jsonl", example({"role": "user", "content": " a" * 500_020}, ANSWER))
    (doubtful,) = lines(path, max_megabytes=1).breaches.by_kind[rules.TRAINING_BYTES, Level.WARNING].examples
    assert (doubtful.level, doubtful.allowed) == (Level.WARNING, "1000000")
    path = write(tmp_path / "larger.jsonl", example({"role": "user", "content": " a" * 530_000}, ANSWER))
    (certain,) = lines(path, max_megabytes=1).breaches.by_kind[rules.TRAINING_BYTES, Level.ERROR].examples
    assert (certain.level, certain.allowed) == (Level.ERROR, "1048576")


@pytest.mark.parametrize(
    ("platform", "day", "levels"),
    [
        ("openai", "2026-01-01", ["warning"]),
        ("openai", "2026-05-07", ["warning"] * 2),
        ("openai", "2027-01-05", ["warning"] * 3),
        ("openai", "2027-01-06", ["error"]),
        ("azure-global", "2026-11-26", ["warning"]),
        ("azure-global", "2027-04-14", ["warning"]),
    ],
)
def test_whom_the_platform_takes_jobs_from(run: Run, platform: str, day: str, levels: list[str]) -> None:
    done = run("train", str(TICKETS), "--model", "gpt-4.1", "--platform", platform, "--as-of", day, "--format", "json")
    found = [each["level"] for each in json.loads(done.out)["findings"] if each["rule"] == "training-closed"]
    assert found == levels


# What cannot be answered


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("folder",), '"folder": expected training files, found a folder; name the files in it'),
        (("none.jsonl",), "none.jsonl: expected a readable file, found: No such file or directory"),
        (("a.jsonl", "--model", "gpt-4o-2024-05-13"), "--model: expected a base model that can be fine-tuned, found"),
        (
            ("a.jsonl", "--model", "ft:gpt-4.1:o::i"),
            '--model: expected a base model that can be fine-tuned, found "ft:gpt-4.1:o::i"',
        ),
        (("a.jsonl", "--prompts", "a.jsonl"), "--prompts: expected --distill-from with it, found it alone"),
        (("a.jsonl", "--cached", "50"), '--cached: expected a share from 0% to 100%, found "50"'),
        (("a.jsonl", "--epochs", "0"), "Invalid value for '--epochs': expected a whole number from 1 to"),
        (
            ("a.jsonl", "--distill-from", "gpt-4.1"),
            "FILE: expected none with --distill-from, which learns from --prompts, found some",
        ),
        (("--distill-from", "gpt-4.1"), "--prompts: expected requests that the teacher answers, found none"),
        (
            ("--distill-from", "gpt-4.1", "--prompts", "text.txt"),
            "--prompts: expected requests that the teacher answers, found text",
        ),
    ],
)
def test_what_cannot_be_answered(tmp_path: Path, run: Run, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_text("no request")
    write(tmp_path / "a.jsonl", example())
    done = run("train", *arguments, *ON)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"gpt41: {message}")


class Broken(io.BytesIO):
    def read(self, *_: Any) -> bytes:
        raise OSError(5, "Input/output error")

    def readinto(self, *_: Any) -> int:
        raise OSError(5, "Input/output error")


def test_a_file_that_stops_being_readable_is_an_error() -> None:
    rules = CATALOG.limits.fine_tuning
    assert rules
    with pytest.raises(InputError, match="^bad.jsonl: expected a readable file, found: Input/output error$"):
        read_files([InputSource("bad.jsonl", Broken)], TrainingTargets(Meter(CATALOG, "gpt-4.1"), (LARGE,), rules), 1)


def test_a_file_without_examples_has_no_price(tmp_path: Path, run: Run) -> None:
    done = run("train", write(tmp_path / "empty.jsonl", "", "[]"), *ON)
    assert done.code == 1
    assert done.out.startswith("Nothing to train on: no example can be read\n")
    assert run("train", str(tmp_path / "empty.jsonl"), *ON, "-q").out == "none\n"


def test_a_table_without_the_rules_says_what_is_missing(tmp_path: Path, run: Run) -> None:
    table = TABLE
    start = table.index("  fine_tuning:\n    provider:")
    mine = tmp_path / "mine.yaml"
    mine.write_text(table[:start] + table[table.index("  prompt_cache:\n", start) :])
    done = run("train", str(TICKETS), "--pricing", "mine.yaml", *ON)
    assert (done.code, done.out) == (2, "")
    assert done.err == "gpt41: mine.yaml: expected limits.fine_tuning, by which training is counted, found none\n"
    assert run("cost", "--input-tokens", "5", "--pricing", "mine.yaml", *ON).code == 0
    with pytest.raises(InputError):
        _ = TrainingOptions(market(read_catalog(mine), as_of=TODAY)).rules


PREFERENCE = (
    '{"input": {"messages": [{"role": "user", "content": "Where is my order?"}]}, '
    '"preferred_output": [{"role": "assistant", "content": "May I have the number of your order?"}]}'
)
PREFERENCES_FOUND = (
    "3 lines of preferences for fine-tuning (DPO), and what training bills for one isn't documented: 36 tokens of input, "
    "75 with the preferred outputs\n"
)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"prompt": "a", "completion": "b"}', "3 lines, all alike: expected messages, found examples of prompt and completion"),
        (
            '{"instruction": "a", "output": "b"}',
            "3 lines, all alike: expected messages, found examples of instruction and output",
        ),
        ('{"conversations": [{"from": "human", "value": "a"}]}', "3 lines, all alike: expected messages, found conversations of"),
        (
            '{"prompt": "a", "chosen": "b", "rejected": "c"}',
            "3 lines, all alike: expected messages, found preferences for fine-t",
        ),
        (PREFERENCE, PREFERENCES_FOUND),
    ],
)
def test_another_training_format_is_named_once(run: Run, tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "f.jsonl").write_text(f"{line}\n" * 3)
    done = run("train", "f.jsonl", "--model", "gpt-4.1-mini", *ON)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"gpt41: f.jsonl: {message}")
    (tmp_path / "f.jsonl").write_text(f"{line}\n" * 3 + '{"messages": [{"role": "assistant", "content": "x"}]}\n')
    assert run("train", "f.jsonl", "--model", "gpt-4.1-mini", *ON).out.count("f.jsonl:2: expected messages, found ") == 1

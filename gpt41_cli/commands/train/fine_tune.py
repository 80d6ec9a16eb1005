"""Fine-tuning as a whole: from a file of examples, or from the answers of a teacher, to a model in service and what it saves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.commands.train import job_checks as training_rules
from gpt41_cli.commands.train.training import MODES, Conditions, Lesson, Student, Unfit, epochs, teach, trainable
from gpt41_cli.commands.train.training_file import Billed, TrainingFile
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints import request_limits as limits
from gpt41_cli.errors import InputError, MissingPrice, quoted
from gpt41_cli.findings import Finding, Level
from gpt41_cli.prices.notes import doubts_of, notes_on_prices
from gpt41_cli.prices.quote import Quote, quote
from gpt41_cli.pricing import Usage
from gpt41_cli.requests.request import Message
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import measure
from gpt41_cli.tokens.prompt import message
from gpt41_cli.work.violations import findings as breach_findings
from gpt41_cli.work.workload import Load, Size, Workload, workload


class Service(NamedTuple):
    """A request in service, where it is not as the examples are in the mean; `base_input_tokens` is what it has at the model that
    answers today. `cached_share`: of every input.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_share: Decimal | None = None
    base_input_tokens: int | None = None


class Tuning(NamedTuple):
    """The answer. `students` are in the order of the table; `files` are those that were read, `teacher` who answered the prompts
    of `work`, and at what price.
    """

    examples: int
    epochs: int
    is_stated: bool
    students: tuple[Student, ...]
    unfit: tuple[Unfit, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    files: tuple[TrainingFile, ...] = ()
    teacher: Quote | None = None
    work: Workload | None = None

    @property
    def lower_bounds(self) -> int:
        """How many examples or prompts have tokens that cannot be counted."""
        return sum(file.lines.lower_bounds for file in self.files) + (self.work.lower_bounds if self.work else 0)


def students_of(catalog: Catalog, names: Sequence[str]) -> tuple[Variant, ...]:
    """The models to be trained: those named, else all of the family that can be. InputError for one that cannot."""
    for variant in map(catalog.variant, names):
        if not trainable(variant):
            raise InputError(f"--model: expected a base model that can be fine-tuned, found {quoted(variant.id)}")
    named = {variant.id: variant for variant in map(catalog.variant, names)}
    return tuple(named.values()) or tuple(filter(trainable, catalog.family))


def train(
    files: Sequence[TrainingFile],
    variants: Sequence[Variant],
    service: Service,
    others: Sequence[Variant],
    conditions: Conditions,
) -> Tuning:
    """Each of the variants trained on all examples of the files, beside its own base and the `others` that it may replace."""
    examples = sum(file.lines.examples for file in files)
    found = list(_judged(files, variants, service, others, conditions)) if examples else []
    findings = [each for file in files for each in breach_findings(file.source, file.lines.breaches)]
    models = [each.model for each in found if isinstance(each, Student)]
    findings += training_rules.pictures(conditions, models, files)
    findings += _uncached(found, service, conditions)
    return _together(found, examples, findings, conditions)._replace(files=tuple(files))


def _judged(
    files: Sequence[TrainingFile],
    variants: Sequence[Variant],
    service: Service,
    others: Sequence[Variant],
    conditions: Conditions,
) -> Iterator[Student | Unfit]:
    examples = sum(file.lines.examples for file in files)
    output_tokens = sum(file.lines.output_tokens for file in files)
    if service.output_tokens is not None:
        output_tokens = service.output_tokens * examples
    for index, variant in enumerate(variants):
        billed = Billed()
        for file in files:
            billed = billed.plus(file.lines.billed[index])
        own = billed.input_tokens if service.input_tokens is None else service.input_tokens * examples
        base = own if service.base_input_tokens is None else service.base_input_tokens * examples
        longest = billed.longest_input_tokens if service.input_tokens is None else service.input_tokens
        load = Load({Size(longest, 0, -(-output_tokens // examples)): 1})
        cached = service.cached_share if longest >= conditions.catalog.limits.prompt_cache.minimum_tokens else None
        served, today = (_usage(examples, tokens, output_tokens, cached) for tokens in (own, base))
        beside = {each.id: (each, today) for each in (variant, *others)}
        yield teach(conditions, variant, Lesson(billed, served, load), examples, list(beside.values()))


def _uncached(found: Sequence[Student | Unfit], service: Service, conditions: Conditions) -> list[Finding]:
    """A notice where a part of the requests is said to be cached, and the longest prompt is too short for that."""
    student = next((each for each in found if isinstance(each, Student)), None)
    if student is None or not service.cached_share:
        return []
    longest = student.lesson.load.range[1]
    served = workload(input_tokens=longest, output_tokens=0, requests=1, cached_share=service.cached_share)
    return limits.check_cache(conditions.catalog, served, student.tuned)


def _usage(requests: int, input_tokens: int, output_tokens: int, cached_share: Decimal | None) -> Usage:
    cached = 0 if cached_share is None else int(input_tokens * cached_share)
    return Usage(requests, input_tokens, cached, output_tokens)


def distil(work: Workload, teacher: Variant, variants: Sequence[Variant], meter: Meter, conditions: Conditions) -> Tuning:
    """The whole road: the teacher answers the prompts of `work`, the variants learn from its answers, and serve in its place.

    MissingPrice where the teacher has no price.
    """
    answered = _answered(work, teacher, conditions)
    _, method = meter.variant_of(teacher.id)
    frame = sum(tokens for _, tokens in measure(message(Message("assistant", "")), meter.memo(method.encoding)))
    found = []
    for variant in variants:
        load = work.on(conditions.catalog, variant)
        billed = _billed(load, frame, conditions.rules.example_tokens.at_most)
        lesson = Lesson(billed, load.usage, load, answered.total_usd)
        today = work.on(conditions.catalog, teacher).usage
        found.append(teach(conditions, variant, lesson, work.requests, [(teacher, today)]))
    findings = limits.check(conditions.catalog, teacher, [answered.mode], work.on(conditions.catalog, teacher))
    findings += lifecycle.check(teacher, conditions.platform, conditions.as_of, Level.ERROR)
    tuning = _together(found, work.requests, findings, conditions)
    notes = (*tuning.notes, *notes_on_prices(conditions.catalog, work, [answered]))
    return tuning._replace(teacher=answered, work=work, notes=tuple(dict.fromkeys(notes)))


def _answered(work: Workload, teacher: Variant, conditions: Conditions) -> Quote:
    """What the teacher's answers cost: in batch, which nobody waits for, or in standard where batch has no price."""
    catalog, platform, as_of = conditions.catalog, conditions.platform, conditions.as_of
    try:
        offer = catalog.offer(teacher, "batch", platform, as_of)
    except MissingPrice:
        offer = catalog.offer(teacher, MODES[0], platform, as_of)
    return quote(catalog, offer, work)


def _billed(load: Load, frame: int, most: int) -> Billed:
    """What training bills for prompts with the answers to them: an example is the prompt, and a message more."""
    billed = Billed()
    for size, many in load.sizes.items():
        tokens = size.input_tokens + frame + size.output_tokens
        lost = max(tokens - most, 0)
        one = Billed(tokens * many, lost * many, many if lost else 0, size.input_tokens * many, size.input_tokens)
        billed = billed.plus(one)
    return billed


def _together(found: Sequence[Student | Unfit], examples: int, findings: Sequence[Finding], conditions: Conditions) -> Tuning:
    students = tuple(each for each in found if isinstance(each, Student))
    unfit = tuple(each for each in found if isinstance(each, Unfit))
    return Tuning(
        examples,
        epochs(conditions, examples) if examples else 0,
        conditions.epochs is not None,
        students,
        unfit,
        (*findings, *_checks(found, examples, conditions)),
        tuple(dict.fromkeys(_notes(students, conditions))),
    )


def _checks(found: Sequence[Student | Unfit], examples: int, conditions: Conditions) -> Iterator[Finding]:
    """What speaks against training at all, and against each student."""
    yield from training_rules.count(conditions, examples)
    yield from lifecycle.closings(conditions.rules, conditions.platform, conditions.as_of)
    level = Level.WARNING if any(isinstance(each, Student) for each in found) else Level.ERROR
    for each in found:
        if isinstance(each, Student):
            yield from limits.check(conditions.catalog, each.tuned, MODES[:1], each.lesson.load)
            yield from lifecycle.check(each.tuned, conditions.platform, conditions.as_of)
        else:
            yield training_rules.unfit(each, level)
    yield from lifecycle.check_table(conditions.catalog, conditions.as_of)


def _notes(students: Sequence[Student], conditions: Conditions) -> Iterator[str]:
    """What a reader of the figures must know."""
    rules = conditions.rules
    yield (
        "Training bills every token of an example, its answers and what frames the messages among them, once an epoch "
        f"[{rules.epochs.source.label}]; no recorded bill confirms the counts."
    )
    yield "Whether a validation file is billed is not documented; none is counted here."
    yield "Fine-tunes are compared by price alone: whether their answers are good enough, only an evaluation tells."
    yield from training_rules.same_rules(conditions)
    for each in students:
        for comparison in each.comparisons:
            for offer in (comparison.tuned, comparison.base):
                yield from doubts_of(offer)
                if not offer.variant.model.encoding.published:
                    yield f"The tokenizer of {offer.variant.id} is not published: its token counts are estimates."
                if offer.variant.model.reasoning:
                    yield f"{offer.variant.id} bills reasoning tokens as output: none are in its price here."

"""Price fine-tuning on examples or on a teacher's answers, the model in service, and what it saves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import reduce
from operator import iadd
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.commands.train import job_checks
from gpt41_cli.commands.train.training import (
    FINE_TUNE_MODES,
    TrainedModel,
    TrainingOptions,
    TrainingWork,
    count_epochs,
    is_trainable,
    price_trained_model,
)
from gpt41_cli.commands.train.training_file import TrainingFile, TrainingTokens
from gpt41_cli.constraints import lifecycle, request_limits
from gpt41_cli.errors import InputError, quote_text
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import write_confidence_notes, write_price_notes
from gpt41_cli.prices.quote import Quote, price_workload
from gpt41_cli.pricing import Usage
from gpt41_cli.requests.request import Message
from gpt41_cli.rules import Level
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import count_pieces
from gpt41_cli.tokens.prompt import build_message
from gpt41_cli.totals import Largest
from gpt41_cli.work.violations import make_violation_findings
from gpt41_cli.work.workload import RequestSize, VariantLoad, Workload, workload


class ServiceOptions(NamedTuple):
    """A request in service, if it differs from the mean example. `base_input_tokens` is its input at today's model;
    `cached_share` is of every input.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_share: Decimal | None = None
    base_input_tokens: int | None = None


class TrainingResult(NamedTuple):
    """The result. `trained_models` are in the order of the table, `files` those that were read; `teacher` answered the prompts of
    `work`, at its price.
    """

    examples: int
    epochs: int
    has_stated_epochs: bool
    trained_models: tuple[TrainedModel, ...]
    unfit: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    files: tuple[TrainingFile, ...] = ()
    teacher: Quote | None = None
    work: Workload | None = None

    @property
    def lower_bounds(self) -> int:
        """The number of examples or prompts with tokens that can't be counted."""
        return sum(file.lines.lower_bounds for file in self.files) + (self.work.lower_bound_requests if self.work else 0)


def find_trainable_models(catalog: Catalog, names: Sequence[str]) -> tuple[Variant, ...]:
    """Return the named models, or all of the family that can be trained. Raises InputError for one that can't."""
    for variant in map(catalog.variant, names):
        if not is_trainable(variant):
            raise InputError("--model", "a base model that can be fine-tuned", quote_text(variant.id))
    named = {variant.id: variant for variant in map(catalog.variant, names)}
    return tuple(named.values()) or tuple(filter(is_trainable, catalog.family))


def price_training(
    files: Sequence[TrainingFile],
    variants: Sequence[Variant],
    service: ServiceOptions,
    others: Sequence[Variant],
    conditions: TrainingOptions,
) -> TrainingResult:
    """Price each variant trained on all examples, next to its own base and the `others` that it may replace."""
    examples = sum(file.lines.examples for file in files)
    outcomes = list(_price_models(files, variants, service, others, conditions)) if examples else []
    findings = [finding for file in files for finding in make_violation_findings(file.source, file.lines.breaches)]
    models = [outcome.model for outcome in outcomes if isinstance(outcome, TrainedModel)]
    findings += job_checks.check_pictures(conditions, models, files)
    findings += _check_cacheable(outcomes, service, conditions)
    return _assemble_result(outcomes, examples, findings, conditions)._replace(files=tuple(files))


def _price_models(
    files: Sequence[TrainingFile],
    variants: Sequence[Variant],
    service: ServiceOptions,
    others: Sequence[Variant],
    conditions: TrainingOptions,
) -> Iterator[TrainedModel | Finding]:
    examples = sum(file.lines.examples for file in files)
    output_tokens = sum(file.lines.output_tokens for file in files)
    if service.output_tokens is not None:
        output_tokens = service.output_tokens * examples
    for index, variant in enumerate(variants):
        billed = reduce(iadd, (file.lines.tokens_by_model[index] for file in files), TrainingTokens())
        own = billed.input_tokens if service.input_tokens is None else service.input_tokens * examples
        base = own if service.base_input_tokens is None else service.base_input_tokens * examples
        longest = billed.longest_input_tokens if service.input_tokens is None else service.input_tokens
        load = VariantLoad({RequestSize(longest, 0, -(-output_tokens // examples)): 1})
        rules = conditions.market.catalog.find_cache_rules(variant.model)
        readable = billed.readable_tokens
        if service.input_tokens is not None:
            readable = rules.count_readable(service.input_tokens) * examples
        served = Usage(examples, own, _count_cached(own, service, readable), output_tokens)
        if service.base_input_tokens is not None:
            readable = rules.count_readable(service.base_input_tokens) * examples
        beside = {}
        for candidate in (variant, *others):
            answers = output_tokens and output_tokens + examples * candidate.model.prompt.added_output_tokens
            beside[candidate.id] = (candidate, Usage(examples, base, _count_cached(base, service, readable), answers))
        yield price_trained_model(conditions, variant, TrainingWork(billed, served, load), examples, list(beside.values()))


def _check_cacheable(
    outcomes: Sequence[TrainedModel | Finding], service: ServiceOptions, conditions: TrainingOptions
) -> list[Finding]:
    """Make a notice if part of the requests is said to be cached but the longest prompt is too short."""
    student = next((outcome for outcome in outcomes if isinstance(outcome, TrainedModel)), None)
    if student is None or not service.cached_share:
        return []
    longest = student.training_work.load.input_range[1]
    served = workload(input_tokens=longest, output_tokens=0, requests=1, cached_share=service.cached_share)
    return request_limits.check_cache_minimum(conditions.market.catalog, served, student.tuned_variant)


def _count_cached(input_tokens: int, service: ServiceOptions, readable_tokens: int) -> int:
    """Count the input that is read from the cache: the stated share, and no more than the cache can give."""
    return min(int(input_tokens * (service.cached_share or 0)), readable_tokens)


def price_distillation(
    work: Workload, teacher: Variant, variants: Sequence[Variant], meter: Meter, conditions: TrainingOptions
) -> TrainingResult:
    """Price a distillation: the teacher answers the prompts of `work`, the variants learn from the answers, and replace it.

    Raises MissingPrice if the teacher has no price.
    """
    market, catalog = conditions.market, conditions.market.catalog
    # In batch, since nobody waits for the answers, or in standard if batch has no price.
    answered = price_workload(market.find_offer(teacher, "batch") or market.offer(teacher, FINE_TUNE_MODES[0]), work)
    today = work.load_on(catalog, teacher)
    _, method = meter.find_variant(teacher.id)
    frame = sum(tokens for _, tokens in count_pieces(build_message(Message("assistant", "")), meter.get_memo(method.encoding)))
    outcomes = []
    for variant in variants:
        load = work.load_on(catalog, variant)
        billed = _count_training_tokens(load, frame, conditions.rules.example_tokens.at_most)
        lesson = TrainingWork(billed, load.usage, load, answered.total_usd)
        outcomes.append(price_trained_model(conditions, variant, lesson, work.requests, [(teacher, today.usage)]))
    findings = request_limits.check_request_limits(catalog, teacher, [answered.mode], today)
    findings += lifecycle.check_lifecycle(market, teacher, Level.ERROR)
    tuning = _assemble_result(outcomes, work.requests, findings, conditions)
    notes = (*tuning.notes, *write_price_notes(catalog, work, [answered]))
    return tuning._replace(teacher=answered, work=work, notes=tuple(dict.fromkeys(notes)))


def _count_training_tokens(load: VariantLoad, frame: int, most: int) -> TrainingTokens:
    """Count what training bills for prompts with their answers: an example is the prompt and one message more."""
    billed = TrainingTokens()
    for size, many in load.sizes.items():
        tokens = size.input_tokens + frame + size.output_tokens
        lost = max(tokens - most, 0)
        input_tokens = size.input_tokens
        billed += TrainingTokens(tokens * many, lost * many, many if lost else 0, input_tokens * many, Largest(input_tokens))
    return billed


def _assemble_result(
    outcomes: Sequence[TrainedModel | Finding], examples: int, findings: Sequence[Finding], conditions: TrainingOptions
) -> TrainingResult:
    students = tuple(outcome for outcome in outcomes if isinstance(outcome, TrainedModel))
    unfit = tuple(outcome for outcome in outcomes if isinstance(outcome, Finding))
    return TrainingResult(
        examples,
        count_epochs(conditions, examples) if examples else 0,
        conditions.epochs is not None,
        students,
        unfit,
        (*findings, *_check_training(outcomes, examples, conditions)),
        tuple(dict.fromkeys(_collect_notes(students, conditions))),
    )


def _check_training(outcomes: Sequence[TrainedModel | Finding], examples: int, conditions: TrainingOptions) -> Iterator[Finding]:
    """Find what speaks against training at all, and against each model."""
    yield from job_checks.check_example_count(conditions, examples)
    yield from lifecycle.find_training_closings(conditions.market, conditions.rules)
    level = Level.WARNING if any(isinstance(outcome, TrainedModel) for outcome in outcomes) else Level.ERROR
    for outcome in outcomes:
        if isinstance(outcome, TrainedModel):
            yield from request_limits.check_request_limits(
                conditions.market.catalog, outcome.tuned_variant, FINE_TUNE_MODES[:1], outcome.training_work.load
            )
            yield from lifecycle.check_lifecycle(conditions.market, outcome.tuned_variant)
        else:
            yield job_checks.name_untrainable_model(outcome, level)
    yield from lifecycle.check_price_table_age(conditions.market)


def _collect_notes(students: Sequence[TrainedModel], conditions: TrainingOptions) -> Iterator[str]:
    """Write the notes that a reader of the figures needs."""
    rules = conditions.rules
    yield (
        "Training bills every token of an example once per epoch, including those of answers and around messages "
        f"[{rules.epochs.source.label}]; four recorded jobs were billed exactly this way."
    )
    yield "Whether a validation file is billed is not documented; none is counted here."
    yield "Fine-tunes are compared by price alone: only an evaluation shows whether their answers are good enough."
    yield from job_checks.note_foreign_rules(conditions)
    for student in students:
        for comparison in student.comparisons:
            for offer in (comparison.tuned_offer, comparison.base_offer):
                yield from write_confidence_notes(offer)
                if not offer.variant.model.encoding.published:
                    yield f"The tokenizer of {offer.variant.id} is not published: its token counts are estimates."
                if offer.variant.model.reasoning:
                    yield f"{offer.variant.id} bills reasoning tokens as output: none are in its price here."

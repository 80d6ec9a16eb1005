"""A Tuning as a Report: what training costs, after how many requests it pays, and every term of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from gpt41_cli.commands.train.fine_tune import Tuning
from gpt41_cli.commands.train.training import MODES, Comparison, Conditions, Student, Unfit, best, earliest
from gpt41_cli.display import decimal, exact, money, number, plural, rate
from gpt41_cli.findings import Level
from gpt41_cli.pricing import EXACT, Usage
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns
from gpt41_cli.reports.quotes import bound, quote_json

SCHEMA = "gpt41.train/1"
_NEVER = "never"


def report(tuning: Tuning, conditions: Conditions) -> Report:
    """The answer, to be read and to be computed with."""
    first = best(tuning.students) if tuning.students else None
    records = tuple(_record(student, each) for student in tuning.students for each in student.comparisons)
    return Report(
        schema=SCHEMA,
        answer=_answer(tuning.students),
        headline=_headline(tuning, first),
        lines=tuple(_lines(tuning, first, conditions)) if first else (),
        tables=(_table(tuning, conditions),) if tuning.students or tuning.unfit else (),
        findings=tuning.findings,
        notes=tuning.notes,
        data={
            "examples": tuning.examples,
            "epochs": tuning.epochs,
            "epochs_stated": tuning.is_stated,
            "requests": conditions.requests,
            "is_ceiling": tuning.work is not None and tuning.work.is_ceiling,
            "lower_bounds": tuning.lower_bounds,
            "teacher": tuning.teacher and quote_json(tuning.teacher),
            "files": [
                {
                    "path": file.source.name,
                    "bytes": file.lines.bytes,
                    "examples": file.lines.examples,
                    "invalid": file.lines.invalid,
                    "breaches": dict(file.lines.breaches.counts),
                }
                for file in tuning.files
            ],
            "trainings": [_training(student) for student in tuning.students],
            "unfit": [{"model": each.model, "rule": each.reason.rule, "reason": each.reason.text} for each in tuning.unfit],
            "comparisons": records,
        },
        records=records,
        catalog=conditions.catalog,
    )


def _answer(students: Sequence[Student]) -> str:
    """The price of training, teaching included: bare for one model, behind its name for several."""
    if len(students) == 1:
        return exact(_paid(students[0]))
    return "\n".join(f"{student.model} {exact(_paid(student))}" for student in students) or "none"


def _paid(student: Student) -> Decimal:
    """What is paid before the first request."""
    return EXACT.add(student.training_usd, student.lesson.teaching_usd)


def _training(student: Student) -> Mapping[str, Json]:
    billed = student.lesson.billed
    return {
        "model": student.model,
        "example_tokens": billed.tokens,
        "lost_tokens": billed.lost_tokens,
        "cut_examples": billed.cut,
        "trained_tokens": student.trained_tokens,
        "usd_per_million": exact(student.price.usd),
        "training_usd": exact(student.training_usd),
        "teaching_usd": exact(student.lesson.teaching_usd),
        "hosting_usd_per_hour": None if student.hosting is None else exact(student.hosting.usd),
        "source": student.price.source.id,
    }


def _record(student: Student, each: Comparison) -> Mapping[str, Json]:
    return {
        "model": student.model,
        "mode": each.tuned.mode,
        "platform": each.tuned.platform.id,
        "in_place_of": each.base.variant.id,
        "training_usd": exact(student.training_usd),
        "teaching_usd": exact(student.lesson.teaching_usd),
        "hosting_usd": exact(each.hosting_usd),
        "fixed_usd": exact(each.fixed_usd),
        "tuned_each_usd": exact(decimal(each.tuned_each_usd)),
        "base_each_usd": exact(decimal(each.base_each_usd)),
        "pays_after_requests": each.pays_after,
        "ends": None if each.ends is None else str(each.ends),
        "pays_at_requests_a_day": each.pays_at_a_day,
        "saved_usd": None if each.saved_usd is None else exact(decimal(each.saved_usd)),
        "source": each.tuned.row.source.id,
        "base_source": each.base.row.source.id,
    }


def _headline(tuning: Tuning, first: Student | None) -> str:
    if first is None and tuning.examples == 0:
        return "Nothing to be trained on: no example can be read"
    if first is None:
        return f"Nothing can be trained: {'; '.join(f'{each.model}: {each.reason.text}' for each in tuning.unfit)}"
    how = f"{plural(tuning.epochs, 'epoch')} of {plural(tuning.examples, 'example')}"
    most = bound(tuning.work) if tuning.work else ""
    what = f"{most}{money(first.training_usd)} for {number(first.trained_tokens)} tokens ({how})"
    if tuning.teacher:
        what += f" and {most}{money(first.lesson.teaching_usd)} for the answers of {tuning.teacher.model}"
    return f"Training {first.model}: {what}; {_when(first)}{_rejected(tuning)}"


def _rejected(tuning: Tuning) -> str:
    """That no job would be taken as it is, and by which rules."""
    rules = dict.fromkeys(each.rule for each in tuning.findings if each.level is Level.ERROR)
    return (
        f"; as it is, it breaks {'a rule' if len(rules) == 1 else plural(len(rules), 'rule')} ({', '.join(rules)})"
        if rules
        else ""
    )


def _when(student: Student) -> str:
    """After how many requests it pays in standard, and in whose place."""
    found = earliest(student)
    if found is None:
        return "nothing runs that it could be compared with"
    if found.pays_after is None:
        names = dict.fromkeys(each.base.variant.id for each in student.comparisons)
        return f"it never pays in place of {' or '.join(names)}"
    return f"it pays after {plural(found.pays_after, 'request')} in place of {found.base.variant.id}"


def _lines(tuning: Tuning, first: Student, conditions: Conditions) -> Iterator[Line]:
    """The terms of the headline."""
    billed, rules = first.lesson.billed, conditions.rules
    if tuning.teacher:
        yield _teaching(tuning)
    yield Line(
        "training",
        f"{number(billed.trained_tokens)} tokens x {plural(tuning.epochs, 'epoch')} at {rate(first.price.usd)} a million: "
        f"{money(first.training_usd)}",
        first.price.source.label,
    )
    if not tuning.is_stated:
        text = "as many as the published heuristic gives, as none are stated; the platform may choose others"
        yield Line("epochs", text, rules.epochs.source.label)
    if billed.cut:
        longer = f"{plural(billed.cut, 'example')} longer than {number(rules.example_tokens.at_most)} tokens"
        text = f"{longer}: {number(billed.lost_tokens)} at their ends are cut off"
        yield Line("cut", text, rules.example_tokens.source.label)
    yield Line("request", f"{_mean(first.lesson.served)} to the fine-tune, in the mean")
    yield from _break_even(first, conditions)


def _teaching(tuning: Tuning) -> Line:
    teacher = tuning.teacher
    assert teacher
    usage = teacher.usage
    tokens = f"{number(usage.input_tokens)} input and {number(usage.output_tokens)} output tokens"
    text = f"{plural(usage.requests, 'prompt')} answered in {teacher.mode}, {tokens}: {money(teacher.total_usd)}"
    return Line("teacher", text, teacher.offer.row.source.label)


def _mean(usage: Usage) -> str:
    """Tokens of the mean request, to the nearest whole one."""
    tokens, output = (Fraction(each, usage.requests) + Fraction(1, 2) for each in (usage.input_tokens, usage.output_tokens))
    cached = int(Fraction(usage.cached_tokens, usage.requests) + Fraction(1, 2))
    of_these = f" ({number(cached)} of them cached)" if cached else ""
    return f"{plural(int(tokens), 'input token')}{of_these} and {plural(int(output), 'output token')}"


def _break_even(student: Student, conditions: Conditions) -> Iterator[Line]:
    """What a request costs beside each that it could replace, in standard."""
    for each in student.comparisons:
        if each.tuned.mode != MODES[0]:
            continue
        tuned, base = money(decimal(each.tuned_each_usd)), money(decimal(each.base_each_usd))
        cited = ", ".join(dict.fromkeys((each.tuned.row.source.label, each.base.row.source.label)))
        label = "pays" if each.pays_after is not None else _NEVER
        yield Line(label, f"{tuned} a request in place of {base} by {each.base.variant.id}{_after(each, conditions)}", cited)
    if student.hosting:
        for until, hosting in {(each.ends, each.hosting_usd): None for each in student.comparisons}:
            text = f"{rate(student.hosting.usd)} an hour, whatever is asked: {money(hosting)} until {until}"
            yield Line("hosting", text, student.hosting.source.label)


def _after(each: Comparison, conditions: Conditions) -> str:
    text = ""
    if each.pays_after is not None:
        text = f": {money(each.fixed_usd)} / {money(decimal(each.saved_each_usd))} = {plural(each.pays_after, 'request')}"
        if each.pays_at_a_day is not None:
            days = plural(each.days or 0, "day")
            text += f", {number(each.pays_at_a_day)} a day until {each.ends} ({days})"
    if each.saved_usd is not None and conditions.requests:
        verb = "saves" if each.saved_usd >= 0 else "loses"
        text += f"; {verb} {money(decimal(abs(each.saved_usd)))} over {plural(conditions.requests, 'request')}"
    return text


def _table(tuning: Tuning, conditions: Conditions) -> Table:
    saved = (">saved",) if conditions.requests else ()
    titles = columns(
        "model", "mode", "in place of", ">fixed", ">fine-tune each", ">replaced each", ">pays after", ">a day", *saved, ""
    )
    rows = [_row(student, each) for student in tuning.students for each in student.comparisons]
    rows += (_unfit_row(each, conditions) for each in tuning.unfit)
    return Table(titles, tuple(rows))


def _row(student: Student, each: Comparison) -> Row:
    saved = () if each.saved_usd is None else (money(decimal(each.saved_usd)),)
    cells = (
        student.model,
        each.tuned.mode,
        each.base.variant.id,
        money(each.fixed_usd),
        money(decimal(each.tuned_each_usd)),
        money(decimal(each.base_each_usd)),
        _NEVER if each.pays_after is None else number(each.pays_after),
        "" if each.pays_at_a_day is None else number(each.pays_at_a_day),
        *saved,
        "",
    )
    return Row(cells)


def _unfit_row(each: Unfit, conditions: Conditions) -> Row:
    empty = ("",) * (8 if conditions.requests else 7)
    return Row((each.model, "", *empty[:-1], each.reason.brief), "faint")

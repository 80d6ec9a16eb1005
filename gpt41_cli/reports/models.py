"""The price table as Reports: the family side by side, or one model in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from gpt41_cli.catalog import MODES, Catalog, Variant
from gpt41_cli.catalog.tables import DatedRates, Model, Platform, RateLimit, Source
from gpt41_cli.decisions import lifecycle
from gpt41_cli.display import exact, money, number, plural
from gpt41_cli.pricing import Rates
from gpt41_cli.reports import Json, Line, Report, Row, Table

SCHEMA = "gpt41.models/1"


def side_by_side(catalog: Catalog, platform: Platform, as_of: date) -> Report:
    """The family in columns, and every other model of the table in a line of its own."""
    family = catalog.with_role("family")
    others = [model for model in catalog.models.values() if model.role != "family"]
    facts: list[tuple[str, list[str]]] = [
        ("state", [_state(model, platform, as_of) for model in family]),
        *((f"{mode}, in / cached / out", [_in_force(model, platform, mode, as_of) for model in family]) for mode in MODES),
        ("context window", [number(model.context_window) for model in family]),
        ("longest answer", [_limit(model.max_output_tokens) for model in family]),
        ("knowledge to", [str(model.knowledge_cutoff or "-") for model in family]),
        ("lacks", [", ".join(sorted(_of_family(family) - model.abilities)) or "nothing" for model in family]),
    ]
    table = Table(("", *(model.id for model in family)), tuple(Row((name, *cells)) for name, cells in facts))
    lines = tuple(Line(model.id, model.summary, model.source.label) for model in family)
    rows = tuple(
        Row((model.id, model.role, _in_force(model, platform, "standard", as_of), _state(model, platform, as_of)))
        for model in others
    )
    rest = Table(("model", "role", "standard, in / cached / out", "state"), rows, "Where people come from, and where they go")
    running = [model for model in family if not lifecycle.ended(Variant(model.id, model), platform, as_of)]
    headline = f"{number(len(running))} of {plural(len(family), 'variant')} can be called on {as_of} ({platform.name})"
    answer = "\n".join(model.id for model in catalog.models.values())
    return _report(catalog, list(catalog.models.values()), headline, lines, (table, rest), answer)


def in_full(catalog: Catalog, variant: Variant, platform: Platform, as_of: date) -> Report:
    """Everything the table says of one model."""
    model = variant.model
    capabilities = [
        ("for", model.summary, model.source.label),
        ("snapshots", ", ".join(model.snapshots), ""),
        ("input", ", ".join(model.input_modalities), ""),
        ("output", ", ".join(model.output_modalities), ""),
        ("endpoints", ", ".join(model.endpoints), ""),
        ("features", ", ".join(model.features), ""),
        ("tools", ", ".join(model.tools), ""),
        ("window", f"{number(model.context_window)} tokens; answers up to {_limit(model.max_output_tokens)}", ""),
        ("knowledge", f"to {model.knowledge_cutoff}" if model.knowledge_cutoff else "", ""),
        ("encoding", _encoding(model), model.encoding.source.label),
        *_statements(catalog, model),
        *_ends(catalog, variant, as_of),
        *(("note", note, "") for note in model.notes),
    ]
    lines = tuple(Line(label, text, cited) for label, text, cited in capabilities if text)
    tables = (
        _prices(catalog, model, as_of),
        _rate_limits(model),
        _images(model),
        _benchmarks(catalog, model),
        _sources(catalog, model),
    )
    headline = f"{model.id}: {_state(model, platform, as_of)}"
    return _report(catalog, [model], headline, lines, tuple(table for table in tables if table.rows), model.id)


def checked(catalog: Catalog) -> Report:
    """That a price table is sound, and how much is in it."""
    headline = (
        f"{catalog.file} is sound: {plural(len(catalog.models), 'model')}, {plural(len(catalog.sources), 'source')}, "
        f"{plural(len(catalog.tasks), 'task')}"
    )
    lines = (Line("sha256", catalog.sha256), Line("checked", f"figures last compared on {catalog.checked_on}"))
    return _report(catalog, list(catalog.models.values()), headline, lines, (), "sound")


def _report(
    catalog: Catalog,
    models: Sequence[Model],
    headline: str,
    lines: tuple[Line, ...],
    tables: tuple[Table, ...],
    answer: str,
) -> Report:
    records = tuple(row for model in models for row in _price_records(model))
    return Report(
        schema=SCHEMA,
        answer=answer,
        headline=headline,
        lines=lines,
        tables=tables,
        findings=(),
        notes=("Prices are US dollars per million tokens.",) if tables else (),
        data={"models": [plain(model) for model in models]},
        records=records,
        catalog=catalog,
    )


def plain(value: object) -> Json:
    """A record of the table as JSON: decimals as exact strings, dates as YYYY-MM-DD, sources as their ids."""
    if isinstance(value, Source):
        return value.id
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    assert value is None or isinstance(value, str | int | bool)
    return value


def _of_family(family: Sequence[Model]) -> frozenset[str]:
    return frozenset().union(*(model.abilities for model in family))


def _limit(tokens: int | None) -> str:
    return "-" if tokens is None else number(tokens)


def _encoding(model: Model) -> str:
    return model.encoding.name + ("" if model.encoding.published else ", not published: counts are estimates")


def _state(model: Model, platform: Platform, as_of: date) -> str:
    variant = Variant(model.id, model)
    if model.released and model.released > as_of:
        return f"released {model.released}"
    if life := lifecycle.ended(variant, platform, as_of):
        return f"shut down {life.shutdown}" + (f", now {life.replacement}" if life.replacement else "")
    if life := lifecycle.retiring(variant, platform, as_of):
        assert life.shutdown is not None
        return f"ends in {number((life.shutdown - as_of).days)} days ({life.shutdown})"
    return "available"


def _in_force(model: Model, platform: Platform, mode: str, as_of: date) -> str:
    rows = [row for row in model.rates.get(platform.id, {}).get(mode, ()) if row.effective_from <= as_of]
    return _rates(rows[-1].rates) if rows else "-"


def _rates(rates: Rates) -> str:
    cached = "-" if rates.cached_input is None else money(rates.cached_input)
    return f"{money(rates.input)} / {cached} / {money(rates.output)}"


def _statements(catalog: Catalog, model: Model) -> list[tuple[str, str, str]]:
    evidence = catalog.evidence
    found = [("speed", each.statement, each.source.label) for each in evidence.latency if each.model == model.id]
    blended = evidence.blended.usd_per_million.get(model.id)
    if blended is not None:
        quotation = f"{money(blended)} a million tokens, as published. {evidence.blended.definition}"
        found.append(("blended", quotation, evidence.blended.source.label))
    if model.surcharge:
        rule = model.surcharge
        text = (
            f"above {number(rule.above_input_tokens)} input tokens: {rule.input_multiplier} times the input, "
            f"{rule.output_multiplier} times the output rate"
        )
        found.append(("surcharge", text, rule.source.label))
    if model.reasoning:
        efforts = f"effort {', '.join(model.reasoning.efforts)}; default {model.reasoning.default_effort}; billed as output"
        found.append(("reasoning", efforts, model.reasoning.source.label))
    return found


def _ends(catalog: Catalog, variant: Variant, as_of: date) -> list[tuple[str, str, str]]:
    found = []
    providers = {platform.provider: platform for platform in catalog.platforms.values()}
    for provider, life in variant.lifecycles.items():
        platform = providers[provider]
        if life.shutdown is None:
            continue
        remark = lifecycle.shut_down(variant, platform, life) if life.shutdown <= as_of else lifecycle.ends(variant, life, as_of)
        announced = f"; announced {life.announced}" if life.announced else ""
        note = f". {life.note}" if life.note else ""
        confidence = "" if life.confidence == "high" else f" ({life.confidence} confidence)"
        found.append((platform.provider_name, f"{remark.text}{announced}{confidence}{note}", remark.cited))
    return found


def _prices(catalog: Catalog, model: Model, as_of: date) -> Table:
    rows = []
    kinds = [(model.id, model.rates)] + ([(f"fine-tuned {model.id}", model.fine_tuned.rates)] if model.fine_tuned else [])
    for name, table in kinds:
        for platform, modes in table.items():
            for mode, dated in modes.items():
                rows += [_price_row(name, platform, mode, row, row is _last(dated, as_of)) for row in dated]
    if model.fine_tuned:
        for platform, price in model.fine_tuned.training.items():
            rows.append(
                Row(
                    (
                        f"fine-tuned {model.id}",
                        platform,
                        "training",
                        "",
                        money(price),
                        "",
                        "",
                        model.fine_tuned.source.label,
                    )
                )
            )
    columns = ("price of", "platform", "mode", "from", ">input", ">cached", ">output", "source")
    return Table(columns, tuple(rows), "Prices")


def _last(dated: Sequence[DatedRates], as_of: date) -> DatedRates | None:
    rows = [row for row in dated if row.effective_from <= as_of]
    return rows[-1] if rows else None


def _price_row(name: str, platform: str, mode: str, row: DatedRates, in_force: bool) -> Row:
    rates = row.rates
    cached = "-" if rates.cached_input is None else money(rates.cached_input)
    source = row.source.label + ("" if row.confidence == "high" else f" ({row.confidence} confidence)")
    cells = (name, platform, mode, str(row.effective_from), money(rates.input), cached, money(rates.output), source)
    return Row(cells, "" if in_force else "faint")


def _rate_limits(model: Model) -> Table:
    columns = ("tier", "requests up to", ">requests/min", ">requests/day", ">tokens/min", ">batch queue tokens")
    if model.rate_limits is None:
        return Table(columns, ())
    pools: list[tuple[str, Mapping[int, RateLimit]]] = [
        ("long context", model.rate_limits.standard),
        ("the context window", model.rate_limits.long_context),
    ]
    rows = tuple(
        Row(
            (
                str(tier),
                upto,
                number(limit.requests_per_minute),
                _limit(limit.requests_per_day),
                number(limit.tokens_per_minute),
                number(limit.batch_queue_tokens),
            )
        )
        for upto, tiers in pools
        for tier, limit in tiers.items()
    )
    note = f". {model.rate_limits.note}" if model.rate_limits.note else ""
    return Table(columns, rows, f"Limits by usage tier [{model.rate_limits.source.label}]{note}")


def _images(model: Model) -> Table:
    if model.images is None:
        return Table(("figure", ">value"), ())
    rows = tuple(Row((name, "-" if figure is None else exact(figure))) for name, figure in model.images.figures.items())
    note = f". {model.images.note}" if model.images.note else ""
    return Table(("figure", ">value"), rows, f"Images are counted by {model.images.method} [{model.images.source.label}]{note}")


def _benchmarks(catalog: Catalog, model: Model) -> Table:
    rows = []
    for benchmark in catalog.evidence.benchmarks.values():
        score = benchmark.scores.get(model.id)
        if score is not None:
            best = max(figure for figure in benchmark.scores.values() if figure is not None)
            rows.append(Row((benchmark.name, benchmark.group, benchmark.unit, exact(score), exact(best))))
    title = f"Launch benchmarks [{catalog.evidence.benchmarks_source.label}]"
    return Table(("benchmark", "group", "unit", ">score", ">best in table"), tuple(rows), title)


def _sources(catalog: Catalog, model: Model) -> Table:
    cited = {model.source.id, model.encoding.source.id, catalog.evidence.benchmarks_source.id}
    tables = [model.rates, *([model.fine_tuned.rates] if model.fine_tuned else [])]
    cited |= {row.source.id for table in tables for modes in table.values() for rows in modes.values() for row in rows}
    cited |= {life.source.id for life in model.lifecycle.values()}
    rows = tuple(Row((each.label, each.title, each.url)) for each in catalog.sources.values() if each.id in cited)
    return Table(("source", "title", "address"), rows, "Sources")


def _price_records(model: Model) -> list[Mapping[str, Json]]:
    return [
        {
            "model": model.id,
            "role": model.role,
            "platform": platform,
            "mode": mode,
            "effective_from": str(row.effective_from),
            "input_usd_per_million": exact(row.rates.input),
            "cached_input_usd_per_million": None if row.rates.cached_input is None else exact(row.rates.cached_input),
            "output_usd_per_million": exact(row.rates.output),
            "source": row.source.id,
        }
        for platform, modes in model.rates.items()
        for mode, rows in modes.items()
        for row in rows
    ]

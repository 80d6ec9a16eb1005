"""`--each`: one entry per request. Formats that can stream do, so memory doesn't grow with the file."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from gpt41_cli.cli import output
from gpt41_cli.cli.inputs import refuse_invalid
from gpt41_cli.cli.output_options import OutputOptions

if TYPE_CHECKING:
    from gpt41_cli.files.trees import SkippedPath
    from gpt41_cli.findings import Finding
    from gpt41_cli.reports import Report


def finish_each(
    found: Iterator[Any],
    report: "Callable[..., Report]",
    record: "Callable[[Any], Mapping[str, Any]]",
    answer: Callable[[Any], str],
    wanted: OutputOptions,
    skip_invalid: bool,
    findings: "Callable[[], Iterable[Finding]] | None" = None,
    left_out: "Sequence[SkippedPath]" = (),
    *,
    find_bound: Callable[[Any], str],
    check_models: "Callable[[Iterable[str]], Iterable[Finding]]",
) -> NoReturn:
    """Print every entry and exit. Bare answers and JSON Lines stream; other formats and files need a report of all entries.

    Invalid requests are an error at the end, unless they are skipped. `findings` is called at the end for other findings; they
    are about every entry, even if the reader of the output has gone. `left_out` collects the skipped files of folders;
    `check_models` makes the findings about the models of the entries, `find_bound` says what a bare answer can't, as
    `choose_bound_prefix` has it.
    """
    from gpt41_cli.display import explain_bound, format_int, pluralize
    from gpt41_cli.files.places import RejectedRequest, Rejections
    from gpt41_cli.reports.findings import make_unreadable_findings
    from gpt41_cli.views.jsonl import format_record

    rejects = Rejections()
    models: dict[str, None] = {}
    bounds: Counter[str] = Counter()
    good = 0

    def counted() -> Iterator[Any]:
        nonlocal good
        for each in found:
            if isinstance(each, RejectedRequest):
                rejects.add(each)
            else:
                good += 1
                bounds[find_bound(each)] += 1
                if each.model is not None:
                    models[each.model] = None
            yield each

    def collect_findings() -> "Iterable[Finding]":
        return (*(findings() if findings else ()), *check_models(models), *make_unreadable_findings(left_out))

    if (wanted.quiet or wanted.format == "jsonl") and not wanted.files:
        answers = (answer(each) + "\n" for each in counted() if not isinstance(each, RejectedRequest))
        records = (format_record(record(each)) for each in counted())
        output.stream_lines(answers if wanted.quiet else records, needs_all=findings is not None)
    else:
        entries = list(counted())
        if good:
            is_incomplete = rejects.count > 0 or any(each.is_unreadable for each in left_out)
            shown = report(entries, rejects, is_incomplete=is_incomplete)
            told = (*collect_findings(), *shown.findings)
            output.show_report(shown._replace(findings=told), wanted)
    for bound in filter(explain_bound, bounds) if wanted.quiet else ():
        output.print_to_stderr(f"{format_int(bounds[bound])} of {pluralize(good, 'figure')}: {explain_bound(bound)}")
    if not (skip_invalid and good):
        refuse_invalid(rejects, good)
    output.exit_with_findings(tuple(collect_findings()), wanted)

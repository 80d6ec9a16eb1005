"""`--each`: one entry per request. Formats that can stream do, so memory doesn't grow with the file."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from gpt41_cli.cli import output
from gpt41_cli.cli.inputs import refuse_invalid
from gpt41_cli.cli.output_options import OutputOptions

if TYPE_CHECKING:
    from gpt41_cli.catalog import Market
    from gpt41_cli.files.trees import SkippedPath
    from gpt41_cli.findings import Finding, Place
    from gpt41_cli.reports.entries import EntryKind
    from gpt41_cli.totals import Occurrences


class _NotedEntries:
    """Facts about the entries that have passed: the invalid ones, the models, the features that end, and the bounds of the good
    figures.
    """

    def __init__(self, kind: "EntryKind") -> None:
        from gpt41_cli.files.places import Rejections

        self.rejects = Rejections()
        self.models: dict[str, None] = {}
        self.features: dict[str, Occurrences[Place]] = {}
        self.bounds: Counter[str] = Counter()
        self._kind = kind

    def track(self, entries: Iterable[Any]) -> Iterator[Any]:
        """Yield all entries, and note them."""
        from gpt41_cli.files.places import RejectedRequest
        from gpt41_cli.totals import Occurrences

        for entry in entries:
            if isinstance(entry, RejectedRequest):
                self.rejects.add(entry)
            else:
                self.bounds[self._kind.find_bound_prefix(entry)] += 1
                if entry.model is not None:
                    self.models[entry.model] = None
                for feature in self._kind.find_features(entry):
                    self.features.setdefault(feature, Occurrences()).add(entry.place)
            yield entry


def finish_each(
    entries: Iterator[Any],
    kind: "EntryKind",
    wanted: OutputOptions,
    *,
    skip_invalid: bool,
    left_out: "Sequence[SkippedPath]",
    check_models: "Callable[[Iterable[str]], Iterable[Finding]]",
    read_market: "Callable[[], Market]",
    find_more: "Callable[[], Iterable[Finding]] | None" = None,
) -> NoReturn:
    """Print every entry and exit. Bare answers and JSON Lines stream; other formats and files need a report of all entries.

    Invalid requests are an error at the end, unless they are skipped. `left_out` collects the skipped files of folders.
    `check_models` makes the findings about the models of the entries. `find_more` is called at the end for other findings; they
    are about every entry, even if the reader of the output has gone.
    """
    from gpt41_cli.constraints.lifecycle import make_feature_findings
    from gpt41_cli.display import format_int, pluralize
    from gpt41_cli.files.places import RejectedRequest
    from gpt41_cli.reports.bounds import explain_bound
    from gpt41_cli.reports.findings import make_unreadable_findings
    from gpt41_cli.views.jsonl import format_record

    noted = _NotedEntries(kind)
    entries = noted.track(entries)

    def collect_findings() -> "Iterable[Finding]":
        ends = find_feature_ends()
        return (*(find_more() if find_more else ()), *check_models(noted.models), *ends, *make_unreadable_findings(left_out))

    def find_feature_ends() -> "tuple[Finding, ...]":
        return tuple(make_feature_findings(read_market(), noted.features)) if noted.features else ()

    if (wanted.quiet or wanted.format == "jsonl") and not wanted.files:
        answers = (kind.make_answer(entry) + "\n" for entry in entries if not isinstance(entry, RejectedRequest))
        records = (format_record(kind.make_record(entry)) for entry in entries)
        output.stream_lines(answers if wanted.quiet else records, needs_all=find_more is not None)
    else:
        shown_entries = list(entries)
        if noted.bounds:
            is_incomplete = noted.rejects.count > 0 or any(path.is_unreadable for path in left_out)
            report = kind.make_report(shown_entries, noted.rejects, is_incomplete=is_incomplete)
            output.show_report(report._replace(findings=(*collect_findings(), *report.findings)), wanted)
    good = noted.bounds.total()
    for bound in filter(explain_bound, noted.bounds) if wanted.quiet else ():
        output.print_to_stderr(f"{format_int(noted.bounds[bound])} of {pluralize(good, 'figure')}: {explain_bound(bound)}")
    for finding in find_feature_ends() if wanted.quiet or wanted.format in output.RECORD_FORMATS else ():
        output.print_to_stderr(finding.message)
    if not (skip_invalid and good):
        refuse_invalid(noted.rejects, good)
    output.exit_with_findings(tuple(collect_findings()), wanted)

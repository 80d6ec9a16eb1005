"""`--each`: one entry per request. Formats that can stream do, so memory doesn't grow with the file."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from gpt41_cli.cli import output
from gpt41_cli.cli.inputs import refuse_invalid
from gpt41_cli.cli.output_options import OutputOptions

if TYPE_CHECKING:
    from gpt41_cli.catalog import Market
    from gpt41_cli.files.trees import SkippedPath
    from gpt41_cli.findings import Finding, Place
    from gpt41_cli.reports import Report
    from gpt41_cli.totals import Occurrences


class _NotedEntries:
    """What is noted of entries as they pass: the invalid ones, the models, the features that end, and what bounds the figures of
    the good ones are.
    """

    def __init__(self, find_bound: Callable[[Any], str], find_features: Callable[[Any], Iterable[str]]) -> None:
        from gpt41_cli.files.places import Rejections

        self.rejects = Rejections()
        self.models: dict[str, None] = {}
        self.features: dict[str, Occurrences[Place]] = {}
        self.bounds: Counter[str] = Counter()
        self._find_bound = find_bound
        self._find_features = find_features

    def track(self, found: Iterable[Any]) -> Iterator[Any]:
        """Yield all entries, and note them."""
        from gpt41_cli.files.places import RejectedRequest
        from gpt41_cli.totals import Occurrences

        for each in found:
            if isinstance(each, RejectedRequest):
                self.rejects.add(each)
            else:
                self.bounds[self._find_bound(each)] += 1
                if each.model is not None:
                    self.models[each.model] = None
                for feature in self._find_features(each):
                    self.features.setdefault(feature, Occurrences()).add(each.place)
            yield each


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
    find_features: Callable[[Any], Iterable[str]],
    read_market: "Callable[[], Market]",
) -> NoReturn:
    """Print every entry and exit. Bare answers and JSON Lines stream; other formats and files need a report of all entries.

    Invalid requests are an error at the end, unless they are skipped. `findings` is called at the end for other findings; they
    are about every entry, even if the reader of the output has gone. `left_out` collects the skipped files of folders;
    `check_models` makes the findings about the models of the entries, `find_bound` says what a bare answer can't, as
    `choose_bound_prefix` has it. `find_features` names the features of an entry that end, by their ids in the price table.
    """
    from gpt41_cli.constraints.lifecycle import make_feature_findings
    from gpt41_cli.display import format_int, pluralize
    from gpt41_cli.files.places import RejectedRequest
    from gpt41_cli.reports.bounds import explain_bound
    from gpt41_cli.reports.findings import make_unreadable_findings
    from gpt41_cli.views.jsonl import format_record

    noted = _NotedEntries(find_bound, find_features)
    entries = noted.track(found)

    def collect_findings() -> "Iterable[Finding]":
        ends = find_feature_ends()
        return (*(findings() if findings else ()), *check_models(noted.models), *ends, *make_unreadable_findings(left_out))

    def find_feature_ends() -> "tuple[Finding, ...]":
        return tuple(make_feature_findings(read_market(), noted.features)) if noted.features else ()

    if (wanted.quiet or wanted.format == "jsonl") and not wanted.files:
        answers = (answer(each) + "\n" for each in entries if not isinstance(each, RejectedRequest))
        records = (format_record(record(each)) for each in entries)
        output.stream_lines(answers if wanted.quiet else records, needs_all=findings is not None)
    else:
        shown_entries = list(entries)
        if noted.bounds:
            is_incomplete = noted.rejects.count > 0 or any(each.is_unreadable for each in left_out)
            shown = report(shown_entries, noted.rejects, is_incomplete=is_incomplete)
            told = (*collect_findings(), *shown.findings)
            output.show_report(shown._replace(findings=told), wanted)
    good = noted.bounds.total()
    for bound in filter(explain_bound, noted.bounds) if wanted.quiet else ():
        output.print_to_stderr(f"{format_int(noted.bounds[bound])} of {pluralize(good, 'figure')}: {explain_bound(bound)}")
    for finding in find_feature_ends() if wanted.quiet or wanted.format in output.RECORD_FORMATS else ():
        output.print_to_stderr(finding.message)
    if not (skip_invalid and good):
        refuse_invalid(noted.rejects, good)
    output.exit_with_findings(tuple(collect_findings()), wanted)

"""`--each`: one entry for every request, as it comes where the format allows, so that memory does not grow with the file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from gpt41_cli.cli import output
from gpt41_cli.cli.inputs import refuse
from gpt41_cli.cli.output_options import Wanted

if TYPE_CHECKING:
    from gpt41_cli.files.places import Done, Invalid
    from gpt41_cli.findings import Finding
    from gpt41_cli.reports import Report


class Drawn(NamedTuple):
    """How a result is to be printed."""

    wanted: Wanted
    skip_invalid: bool


def finish_each(
    found: "Iterator[Done[Any] | Invalid]",
    report: "Callable[..., Report]",
    record: "Callable[[Any], Mapping[str, Any]]",
    answer: Callable[[Any], str],
    drawn: Drawn,
    findings: "Callable[[], Iterable[Finding]]" = tuple,
) -> NoReturn:
    """Print every entry and exit: as bare answers and as JSON Lines while they come, else as a report of all of them, which files
    need too.

    What is no request is an error at the end, unless it is to be skipped. `findings` tells then what else was found.
    """
    from gpt41_cli.files.places import Invalid, Rejects
    from gpt41_cli.views.jsonl import line

    rejects = Rejects()
    good = 0

    def counted() -> "Iterator[Done[Any] | Invalid]":
        nonlocal good
        for each in found:
            if isinstance(each, Invalid):
                rejects.add(each)
            else:
                good += 1
            yield each

    wanted = drawn.wanted
    if wanted.quiet and not wanted.files:
        output.stream(answer(each.result) + "\n" for each in counted() if not isinstance(each, Invalid))
    elif wanted.format == "jsonl" and not wanted.files:
        output.stream(line(record(each)) for each in counted())
    else:
        entries = list(counted())
        if good:
            shown = report(entries, rejects)
            told = (*findings(), *shown.findings)
            output.show(shown._replace(findings=told), wanted)
    if not (drawn.skip_invalid and good):
        refuse(rejects, good)
    output.leave(tuple(findings()), wanted)

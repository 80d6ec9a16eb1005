"""Read what a workload of gpt41.yaml sends: requests, or a prompt and numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from gpt41_cli.catalog import Catalog
from gpt41_cli.config.tables import WorkloadDeclaration
from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import explain_empty
from gpt41_cli.findings import Place
from gpt41_cli.requests.inputs import PictureInput, TextInput
from gpt41_cli.requests.request import Image
from gpt41_cli.tokens import count_stream
from gpt41_cli.tokens.images import count_image_tokens
from gpt41_cli.tokens.meter import get_counting_method
from gpt41_cli.tokens.pieces import IMAGES, TEXT, Entry
from gpt41_cli.work import sizing
from gpt41_cli.work.stream import make_reading, open_input, skip_or_raise
from gpt41_cli.work.tally import Tally
from gpt41_cli.work.violations import RuleViolations, list_request_flaws
from gpt41_cli.work.workload import workload
from gpt41_cli.workloads.contents import WorkloadContents, find_variant, make_assumptions, make_entry
from gpt41_cli.workloads.declared_files import FileLister, count_prediction_tokens, list_sources
from gpt41_cli.workloads.request_files import RequestsReader


def read_contents(
    declared: WorkloadDeclaration,
    files: FileLister,
    catalog: Catalog,
    jobs: int | None = None,
    *,
    inspects_batch: bool = False,
) -> WorkloadContents:
    """Read what a workload sends, each line once; with `inspects_batch`, check the lines of Batch files on the way.

    Raises InputError, with the place in gpt41.yaml, if the workload cannot be read or is of several models.
    """
    if declared.requests:
        sources, skipped = list_sources(declared, "requests", declared.requests, files)
        reading = make_reading(None, jobs, sources.values())
        return RequestsReader(declared, catalog, reading, inspects_batch=inspects_batch).read(sources, skipped)
    if declared.cached.is_simulated:
        with declared.errors_at("cached"):
            raise InputError(expected="requests to replay", found="a prompt or numbers")
    return _read_prompt(declared, files, catalog)


def _read_prompt(declared: WorkloadDeclaration, files: FileLister, catalog: Catalog) -> WorkloadContents:
    """Read texts and pictures, which together are one request, or numbers alone."""
    sources, skipped = list_sources(declared, "prompt", declared.prompt, files)
    variant = find_variant(declared, catalog, declared.model or declared.fallback_model)
    parts: dict[str, Entry] = {}
    images: list[Image] = []
    flaws = RuleViolations()
    with declared.errors_at("prompt"):
        for key, source in sources.items():
            place = Place(source.name)
            try:
                with open_input(source, None) as content:
                    for flaw in sizing.find_input_flaws(content, source.name):
                        flaws.add(flaw)
                    if isinstance(content, TextInput):
                        parts[key] = make_entry({TEXT: count_stream(content.pieces, variant.model.encoding.name)}, place)
                    elif isinstance(content, PictureInput):
                        images.append(Image(content.width, content.height))
                        tokens = count_image_tokens(images[-1], get_counting_method(catalog, variant.model).image_rule)
                        parts[key] = make_entry({IMAGES: tokens}, place)
                    else:
                        raise InputError(
                            expected="text or a picture", found="requests, which belong under requests", location=source.label
                        )
            except InputError as error:
                skipped.append(skip_or_raise(source, error))
        if declared.prompt and not parts:
            raise InputError(expected="text or pictures", found=explain_empty(skipped))
    numbers = declared.input_tokens or 0
    predicted = count_prediction_tokens(declared, files, variant)
    with declared.errors_at("cached"):
        work = workload(
            input_tokens=numbers,
            output_tokens=0,
            requests=1,
            cached_tokens=declared.cached.tokens,
            cached_share=declared.cached.share,
            text_tokens=sum(part.parts[TEXT] for part in parts.values()),
            images=tuple(images),
            tools=declared.tools,
            prediction_tokens=predicted,
        )
    with declared.errors_at("prediction"):
        is_incomplete = any(path.is_unreadable for path in skipped)
        found_flaws = tuple(list_request_flaws(flaws))
        work = replace(work, terms=make_assumptions(declared), is_incomplete=is_incomplete, flaws=found_flaws)
    whole = Counter({TEXT: numbers})
    for part in parts.values():
        whole.update(part.parts)
    at = declared.locate("prompt" if declared.prompt else "input_tokens")
    tally = Tally.from_entries([make_entry(whole, Place(at.path, at.line))])
    tallies = {key: Tally.from_entries([entry]) for key, entry in parts.items()}
    return WorkloadContents(variant, declared.mode or declared.fallback_mode, work, tally, tallies, skipped_files=tuple(skipped))

"""The work that `cost` and `recommend` are asked about: numbers, texts, or both."""

from typing import TYPE_CHECKING

from gpt41_cli.cli.options import read_cached, read_paths, standard_input
from gpt41_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpt41_cli.catalog import Variant
    from gpt41_cli.decisions.workload import Workload


def read_work(
    paths: list[str] | None,
    text: str | None,
    variants: "Sequence[Variant]",
    *,
    input_tokens: int | None,
    cached: str | None,
    output_tokens: int,
    requests: int,
) -> "Workload":
    """The workload: all texts together are the input of one request, on top of `input_tokens`."""
    from gpt41_cli.decisions.workload import workload

    cached_tokens, cached_share = read_cached(cached)
    named = read_paths(paths, text, optional=input_tokens is not None)
    text_tokens = 0
    if named or text is not None:
        from gpt41_cli.decisions.count import count, texts

        inputs, left_out = texts(named, text, standard_input)
        text_tokens = count(inputs, encoding_of(variants), left_out).input_tokens
    if not (text_tokens or input_tokens or output_tokens) and input_tokens is None:
        raise InputError("expected text or --input-tokens, found an empty input")
    return workload(
        input_tokens=input_tokens or 0,
        output_tokens=output_tokens,
        requests=requests,
        cached_tokens=cached_tokens,
        cached_share=cached_share,
        text_tokens=text_tokens,
    )


def encoding_of(variants: "Sequence[Variant]") -> str:
    """The encoding that counts for all of them."""
    names = sorted({variant.model.encoding.name for variant in variants})
    if len(names) > 1:
        raise InputError(f"expected models of one encoding, found {', '.join(names)}; price them one at a time")
    return names[0]

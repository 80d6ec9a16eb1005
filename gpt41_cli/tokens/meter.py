"""How many tokens is one request for one model, part by part, and may the count be called exact?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import ImageRule, Model
from gpt41_cli.requests.readers import Sent
from gpt41_cli.requests.request import CallTurn, Image, Message, Request
from gpt41_cli.tokens import DEFAULT_ENCODING, Memo, count_memo, fast, token_memo
from gpt41_cli.tokens.doubts import doubts
from gpt41_cli.tokens.images import image_tokens
from gpt41_cli.tokens.pieces import IMAGES, PARTS, Entry, measure, texts
from gpt41_cli.tokens.prefix import Prefix, Stretch, prefix, stretches
from gpt41_cli.tokens.prompt import prompt
from gpt41_cli.tokens.schema import without

if TYPE_CHECKING:
    pass

SPARE_KEYWORDS = ("title", "default")
"""Keywords of schemas that are billed and that a model can do without."""


class Method(NamedTuple):
    """How a model counts: all that can make two models count the same request differently."""

    encoding: str
    escapes_results: bool
    images: ImageRule


def method_of(catalog: Catalog, model: Model | None) -> Method:
    """How `model` counts; as the first of the family does, where the table does not say or does not have the model."""
    first = catalog.family[0].model
    images = (model and model.images) or first.images
    assert images is not None
    if model is None:
        return Method(DEFAULT_ENCODING, escapes_results=False, images=images)
    return Method(model.encoding.name, model.prompt.escapes_parallel_results, images)


def _without(request: Request, keyword: str) -> Request:
    """The request without a keyword in its schemas."""
    functions = [each._replace(parameters=without(each.parameters, {keyword})) for each in request.functions]
    declared = request.response_format
    return request._replace(
        functions=functions,
        response_format=declared and declared._replace(schema=without(declared.schema, {keyword})),
    )


def _texts(request: Request, method: Method) -> Iterable[str]:
    """What is going to be counted of a request, but for the names of roles."""
    if request.functions or request.response_format or any(isinstance(turn, CallTurn) or turn.name for turn in request.turns):
        return texts(prompt(request, escapes_results=method.escapes_results))
    return (turn.text for turn in request.turns if isinstance(turn, Message))


class Meter:
    """Counts requests, with one memo for each vocabulary. `model` overrides the one that a request names; `image_size` is
    that of pictures whose size nothing tells. `is_much` as for a memo; `needs_tokens`: prefixes are asked for too, so that texts
    are counted by their tokens, which only tiktoken gives.
    """

    def __init__(
        self,
        catalog: Catalog,
        model: str | None = None,
        image_size: tuple[int, int] | None = None,
        *,
        is_much: bool = False,
        needs_tokens: bool = False,
    ) -> None:
        self.catalog = catalog
        self.model = model
        self.refusable = catalog.refusable
        self.efforts = catalog.efforts
        self._image_size = image_size
        self._is_much = is_much and not needs_tokens
        self._needs_tokens = needs_tokens
        self._memos: dict[str, Memo[int]] = {}
        self._token_memos: dict[str, Memo[bytes]] = {}
        self._variants: dict[str | None, tuple[Variant | None, Method]] = {}

    def memo(self, encoding: str) -> Memo[int]:
        """What counts the texts of a vocabulary."""
        if encoding not in self._memos:
            tokens = self._tokens(encoding) if self._needs_tokens else None
            self._memos[encoding] = count_memo(encoding, is_much=self._is_much, tokens=tokens)
        return self._memos[encoding]

    def _tokens(self, encoding: str) -> Memo[bytes]:
        if encoding not in self._token_memos:
            self._token_memos[encoding] = token_memo(encoding)
        return self._token_memos[encoding]

    @property
    def learner(self) -> Callable[[Sequence[Sent]], None] | None:
        """What counts the texts of many requests at once, before they are asked for; None where nothing is gained by it."""
        return self._learn if self._is_much and fast.is_installed() else None

    def _learn(self, sent: Sequence[Sent]) -> None:
        by_encoding: dict[str, list[str]] = {}
        for each in sent:
            _, method = self.variant_of(self.model or each.request.model)
            by_encoding.setdefault(method.encoding, []).extend(_texts(each.request, method))
        for encoding, found in by_encoding.items():
            self.memo(encoding).learn(found)

    def count(self, sent: Sent, *, keeps_pieces: bool = False) -> Entry:
        """The tokens of a request for the model that it names."""
        name = self.model or sent.request.model
        variant, method = self.variant_of(name)
        request = self.sized(sent.request)
        parts = dict.fromkeys(PARTS, 0)
        pieces = []
        for piece, tokens in measure(prompt(request, escapes_results=method.escapes_results), self.memo(method.encoding)):
            parts[piece.part] += tokens
            if keeps_pieces:
                pieces.append((piece, tokens))
        if request.images:
            parts[IMAGES] = sum(image_tokens(image, method.images) for image in request.images)
        return Entry(
            parts,
            doubts(request, variant and variant.model, is_named=name is not None),
            sent.custom_id,
            name,
            None if sent.is_training else request.endpoint,
            pieces,
            self._savings(request, method, sum(parts.values())) if keeps_pieces else {},
        )

    def _savings(self, request: Request, method: Method, whole: int) -> Mapping[str, int]:
        """What the keywords that say nothing to a model cost: the request is counted again without them."""
        without_it = {keyword: self.input_tokens(_without(request, keyword), method) for keyword in SPARE_KEYWORDS}
        return {keyword: whole - tokens for keyword, tokens in without_it.items() if tokens < whole}

    def input_tokens(self, request: Request, method: Method) -> int:
        """The tokens of a request by one method, in all."""
        pieces = prompt(request, escapes_results=method.escapes_results)
        text = sum(tokens for _, tokens in measure(pieces, self.memo(method.encoding)))
        return text + sum(image_tokens(image, method.images) for image in request.images)

    def stretches(self, request: Request, method: Method) -> list[Stretch]:
        """The prompt as the cache sees it."""
        return stretches(request, escapes_results=method.escapes_results)

    def prefix(self, request: Request) -> Prefix:
        """What of a request can be in the prompt cache; of one that names no model, in that of the first of the family."""
        variant, method = self.variant_of(self.model or request.model)
        return prefix(
            self.stretches(request, method),
            (variant or self.catalog.family[0]).id,
            request.cache_key,
            self._tokens(method.encoding),
            method.images,
            self.catalog.limits.prompt_cache,
        )

    def picture(self, image: Image) -> Entry:
        """A picture as the only thing that is counted."""
        variant, method = self.variant_of(self.model)
        alone = Request(endpoint="", model=self.model, turns=(), images=(image,))
        known = doubts(alone, variant and variant.model)
        return Entry({**dict.fromkeys(PARTS, 0), IMAGES: image_tokens(image, method.images)}, known, model=self.model)

    def variant_of(self, name: str | None) -> tuple[Variant | None, Method]:
        """What a model id stands for, None where the table has none or no model is named; and how it counts."""
        if name not in self._variants:
            variant = self.catalog.known(name) if name else None
            self._variants[name] = variant, method_of(self.catalog, variant and variant.model)
        return self._variants[name]

    def sized(self, request: Request) -> Request:
        """The request with its pictures of unknown size in the size that was stated."""
        if self._image_size is None:
            return request
        width, height = self._image_size
        images = [image if image.width else image._replace(width=width, height=height) for image in request.images]
        return request._replace(images=images)

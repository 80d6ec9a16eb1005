"""Count the tokens of a request for a model, part by part, and decide if the count may be called exact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import ImageRule, Model
from gpt41_cli.errors import UnknownModel
from gpt41_cli.files.fields import BadBody
from gpt41_cli.requests.readers import FramedLine, ParsedRequest
from gpt41_cli.requests.request import CallTurn, Image, Message, Request
from gpt41_cli.tokens import DEFAULT_ENCODING, Memo, make_count_memo, make_token_memo
from gpt41_cli.tokens.doubts.find import find_doubts
from gpt41_cli.tokens.generations import FAMILY, GENERATIONS, GPT_5, PromptRules
from gpt41_cli.tokens.images import count_image_tokens
from gpt41_cli.tokens.pieces import IMAGES, OVERHEAD, PARTS, Entry, count_pieces, join_texts
from gpt41_cli.tokens.prefix import CachePrefix, PrefixDigester, split_prompt
from gpt41_cli.tokens.prompt import build_prompt
from gpt41_cli.tokens.schema import drop_keywords
from gpt41_cli.tokens.text import fast

SPARE_KEYWORDS = ("title", "default")
"""Keywords of schemas that are billed and that a model can do without."""


class CountingMethod(NamedTuple):
    """How a model counts: everything that can make two models count the same request differently."""

    encoding: str
    image_rule: ImageRule
    rules: PromptRules = FAMILY


def get_counting_method(catalog: Catalog, model: Model | None, as_of: date | None = None) -> CountingMethod:
    """Return how `model` counts on a day (None: today); like the first of the family if the table doesn't say or doesn't have the
    model.
    """
    images = catalog.find_image_model(model or catalog.family[0].model).images
    assert images is not None
    if model is None:
        return CountingMethod(DEFAULT_ENCODING, images)
    return CountingMethod(model.encoding.name, images, find_rules(model, as_of))


def find_rules(model: Model, as_of: date | None = None) -> PromptRules:
    """Find the rules by which the server counts for `model` on a day (None: today)."""

    def is_in_force(until: date | None) -> bool:
        return as_of is not None and until is not None and as_of <= until

    return GENERATIONS[model.prompt.generation]._replace(
        reasons_by_default=model.reasoning is not None and model.reasoning.default_effort != "none",
        escapes_results=is_in_force(model.prompt.escapes_parallel_results_until),
        charges_required=is_in_force(model.prompt.charges_required_calls_until),
    )


def _drop_keyword(request: Request, keyword: str) -> Request:
    """Return the request without a keyword in its schemas."""
    functions = [function._replace(parameters=drop_keywords(function.parameters, {keyword})) for function in request.functions]
    declared = request.response_format
    return request._replace(
        functions=functions,
        response_format=declared and declared._replace(schema=drop_keywords(declared.schema, {keyword})),
    )


@lru_cache(1_000)  # the shapes of requests hold it: equal ones must not be many
def _compare_framing(answers: int) -> tuple[int, ...]:
    """Count how many tokens more each part of plain messages has by the rules of the GPT-5 generation, `answers` among them."""
    framing = GPT_5.answer - FAMILY.answer + answers * (GPT_5.answer_in_history - FAMILY.answer_in_history)
    return tuple(framing if part == OVERHEAD else 0 for part in PARTS)


def _list_texts(request: Request, method: CountingMethod) -> Iterable[str]:
    """List the texts of a request that will be counted, except the names of roles."""
    if request.functions or request.response_format or any(isinstance(turn, CallTurn) or turn.name for turn in request.turns):
        return join_texts(build_prompt(request, method.rules))
    return (turn.text for turn in request.turns if isinstance(turn, Message))


class Meter:
    """Counts requests, with one memo per vocabulary.

    `model` overrides the one that a request names. `image_size` is used for pictures of unknown size. `is_much` is as for a memo.
    `needs_tokens`: prefixes will be asked for too, so texts are counted by their tokens, which only tiktoken gives. `as_of` is
    the day on which the server counts; None: today.
    """

    def __init__(
        self,
        catalog: Catalog,
        model: str | None = None,
        image_size: tuple[int, int] | None = None,
        *,
        is_much: bool = False,
        needs_tokens: bool = False,
        as_of: date | None = None,
    ) -> None:
        self.catalog = catalog
        self.model = model
        self.refusable_fields = catalog.refusable_fields
        self.reasoning_efforts = catalog.reasoning_efforts
        self._image_size = image_size
        self._as_of = as_of
        self._is_much = is_much
        self._needs_tokens = needs_tokens
        self._memos: dict[str, Memo[int]] = {}
        self._token_memos: dict[str, Memo[bytes]] = {}
        self._variants: dict[str | None, tuple[Variant | None, CountingMethod]] = {}

    def on_day(self, as_of: date | None) -> Meter:
        """Return a meter that counts as of another day, and shares what it remembers of texts with this one."""
        other = copy(self)
        other._as_of, other._variants = as_of, {}
        return other

    def get_memo(self, encoding: str) -> Memo[int]:
        """Return the memo that counts the texts of a vocabulary."""
        if encoding not in self._memos:
            tokens = self._get_token_memo(encoding) if self._needs_tokens else None
            self._memos[encoding] = make_count_memo(encoding, is_much=self._is_much, tokens=tokens)
        return self._memos[encoding]

    def _get_token_memo(self, encoding: str) -> Memo[bytes]:
        if encoding not in self._token_memos:
            self._token_memos[encoding] = make_token_memo(encoding, is_much=self._is_much)
        return self._token_memos[encoding]

    @property
    def memo_filler(self) -> Callable[[Sequence[ParsedRequest | FramedLine]], None] | None:
        """Return a function that counts the texts of many requests at once, before they are needed; None if that isn't faster."""
        return self._fill_memos if self._is_much and not self._needs_tokens and fast.is_installed() else None

    def _fill_memos(self, sent: Sequence[ParsedRequest | FramedLine]) -> None:
        by_encoding: dict[str, list[str]] = {}
        for entry in sent:
            request = entry.request if isinstance(entry, ParsedRequest) else entry.frame.sent.request
            _, method = self.find_variant(self.model or request.model)
            # What can't be written as a prompt is refused when it is counted, with its place.
            with suppress(BadBody, RecursionError):
                texts = _list_texts(request, method) if isinstance(entry, ParsedRequest) else entry.texts
                by_encoding.setdefault(method.encoding, []).extend(texts)
        for encoding, encoding_texts in by_encoding.items():
            self.get_memo(encoding).fill(encoding_texts)

    def count(self, sent: ParsedRequest, *, keeps_pieces: bool = False) -> Entry:
        """Count a request for the model that it names."""
        name = self.model or sent.request.model
        variant, method = self.find_variant(name)
        request = self.fill_image_sizes(sent.request)
        parts = dict.fromkeys(PARTS, 0)
        pieces = []
        for piece, tokens in count_pieces(build_prompt(request, method.rules), self.get_memo(method.encoding)):
            parts[piece.part] += tokens
            if keeps_pieces:
                pieces.append((piece, tokens))
        if request.images:
            parts[IMAGES] = sum(count_image_tokens(image, method.image_rule) for image in request.images)
        return Entry(
            parts,
            find_doubts(request, variant and variant.model, is_named=name is not None),
            sent.custom_id,
            name,
            None if sent.is_training_example or request.is_text else request.endpoint,
            pieces,
            self._measure_savings(request, method, sum(parts.values())) if keeps_pieces else {},
            sent.place,
        )

    def _measure_savings(self, request: Request, method: CountingMethod, whole: int) -> Mapping[str, int]:
        """Measure the tokens of keywords that a model doesn't need, by counting the request again without each."""
        without_it = {keyword: self.count_input_tokens(_drop_keyword(request, keyword), method) for keyword in SPARE_KEYWORDS}
        return {keyword: whole - tokens for keyword, tokens in without_it.items() if tokens < whole}

    def count_input_tokens(self, request: Request, method: CountingMethod) -> int:
        """Count all tokens of a request by one method."""
        pieces = build_prompt(request, method.rules)
        text = sum(tokens for _, tokens in count_pieces(pieces, self.get_memo(method.encoding)))
        return text + sum(count_image_tokens(image, method.image_rule) for image in request.images)

    def compare_generations(self, request: Request, method: CountingMethod) -> tuple[int, ...]:
        """Count how many tokens more each part of a request (of PARTS) has by the rules of the GPT-5 generation.

        Of plain messages only what frames them differs, so they needn't be counted again.
        """
        if request.is_text:
            return (0,) * len(PARTS)
        texts = [turn for turn in request.turns if isinstance(turn, Message)]
        if request.functions or request.response_format or len(texts) < len(request.turns):
            memo = self.get_memo(method.encoding)
            more = dict.fromkeys(PARTS, 0)
            for rules, sign in ((FAMILY, -1), (GPT_5, 1)):
                for piece, tokens in count_pieces(build_prompt(request, rules), memo):
                    more[piece.part] += sign * tokens
            return tuple(more.values())
        return _compare_framing(answers=sum(turn.role == "assistant" for turn in texts))

    def digest_prefix(self, request: Request) -> CachePrefix:
        """Digest what the prompt cache can hold of a request. Without a model, it is the cache of the first of the family."""
        return self.make_prefix_digester(request).digest()

    def make_prefix_digester(self, request: Request, marks: Sequence[str] = ()) -> PrefixDigester:
        """Return a digester for requests that differ from `request` in the texts that are `marks`."""
        variant, method = self.find_variant(self.model or request.model)
        variant = variant or self.catalog.family[0]
        return PrefixDigester(
            split_prompt(request, method.rules),
            variant.id,
            request.prompt_cache_key,
            self._get_token_memo(method.encoding),
            method.image_rule,
            self.catalog.find_cache_rules(variant.model),
            marks,
        )

    def count_picture(self, image: Image) -> Entry:
        """Count a picture by itself."""
        variant, method = self.find_variant(self.model)
        alone = Request(endpoint="", model=self.model, turns=(), images=(image,))
        known = find_doubts(alone, variant and variant.model)
        return Entry({**dict.fromkeys(PARTS, 0), IMAGES: count_image_tokens(image, method.image_rule)}, known, model=self.model)

    def find_variant(self, name: str | None) -> tuple[Variant | None, CountingMethod]:
        """Look up a model id and how it counts. The variant is None if the table doesn't have it or no model is named."""
        if name not in self._variants:
            variant = self.catalog.find_named_variant(name) if name else None
            self._variants[name] = variant, get_counting_method(self.catalog, variant and variant.model, self._as_of)
        return self._variants[name]

    def require_model(self, name: str | None) -> tuple[Variant | None, CountingMethod]:
        """Look up a model as `find_variant` does. Raises BadBody for one that the table doesn't have."""
        variant, method = self.find_variant(name)
        if name and not variant:
            raise BadBody.from_error(UnknownModel("model", name, self.catalog.models))
        return variant, method

    def fill_image_sizes(self, request: Request) -> Request:
        """Return the request with pictures of unknown size in the stated size."""
        if self._image_size is None:
            return request
        width, height = self._image_size
        images = [image if image.width else image._replace(width=width, height=height) for image in request.images]
        return request._replace(images=images)

"""Does one request fit: the context window, the longest answer, and what a usage tier lets through in a minute?"""

from __future__ import annotations

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import RateLimit, Source
from gpt41_cli.decisions.remarks import Remark
from gpt41_cli.display import number
from gpt41_cli.errors import UnknownName
from gpt41_cli.findings import Finding, Level
from gpt41_cli.pricing import Usage


def exceeded(variant: Variant, request: Usage) -> list[Remark]:
    """Each limit of the variant that the request breaks, with both figures."""
    model = variant.model
    found = []
    needed = request.input_tokens + request.output_tokens
    if needed > variant.context_window:
        text = f"{number(needed)} tokens of input and output are over the context window of {number(variant.context_window)}"
        found.append(_over("context-window", text, "context window", model.source))
    elif model.max_input_tokens is not None and request.input_tokens > model.max_input_tokens:
        text = f"{number(request.input_tokens)} input tokens are over the most it takes, {number(model.max_input_tokens)}"
        found.append(_over("max-input-tokens", text, "input limit", model.source))
    if model.max_output_tokens is not None and request.output_tokens > model.max_output_tokens:
        text = f"{number(request.output_tokens)} output tokens are over the most it gives, {number(model.max_output_tokens)}"
        found.append(_over("max-output-tokens", text, "output limit", model.source))
    return found


def _over(rule: str, text: str, brief: str, source: Source) -> Remark:
    return Remark(rule, text, (source,), f"over the {brief}")


def check(variant: Variant, request: Usage) -> list[Finding]:
    """An error for each limit that the request breaks."""
    return [
        Finding(each.rule, Level.ERROR, f"{variant.id}: {each.text}", subject=variant.id) for each in exceeded(variant, request)
    ]


def check_cache(catalog: Catalog, request: Usage) -> list[Finding]:
    """A notice where cached tokens are stated that the cache cannot give."""
    least = catalog.limits.prompt_cache.minimum_tokens
    if not request.cached_tokens or request.input_tokens >= least:
        return []
    message = f"a prompt below {number(least)} tokens is never cached; this one has {number(request.input_tokens)}"
    return [Finding("cache-minimum", Level.WARNING, message, actual=str(request.input_tokens), allowed=str(least))]


def tier_blocks(catalog: Catalog, variant: Variant, mode: str, request: Usage, tier: int) -> Remark | None:
    """Why a usage tier never lets this one request through; None when it does, or when its limits are not published.

    A request is charged the larger of its input and its longest answer against the tokens per minute, and in batch its
    input against the queue; above the long-context threshold a pool of its own counts.
    """
    if tier not in catalog.limits.usage_tiers:
        raise UnknownName("usage tier", str(tier), map(str, catalog.limits.usage_tiers))
    limits = variant.model.rate_limits
    if limits is None:
        return None
    threshold = catalog.limits.long_context_tokens
    is_long = request.input_tokens > threshold
    limit = (limits.long_context if is_long else limits.standard).get(tier)
    if limit is None:
        return None
    needed, allowed, what = _charge(mode, request, limit)
    if needed <= allowed:
        return None
    pool = "the long-context pool of " if is_long else ""
    text = f"one request needs {number(needed)} {what}; {pool}tier {tier} allows {number(allowed)}"
    above = limits.long_context.get(tier)
    if not is_long and above is not None and mode != "batch" and above.tokens_per_minute > allowed:
        text += (
            f", and its long-context pool of {number(above.tokens_per_minute)} opens only above {number(threshold)} input "
            f"tokens: nothing between {number(allowed)} and {number(threshold)} passes"
        )
    return Remark("usage-tier", text, (limits.source,), f"blocked in tier {tier}")


def _charge(mode: str, request: Usage, limit: RateLimit) -> tuple[int, int, str]:
    if mode == "batch":
        return request.input_tokens, limit.batch_queue_tokens, "tokens in the batch queue"
    return max(request.input_tokens, request.output_tokens), limit.tokens_per_minute, "tokens a minute"

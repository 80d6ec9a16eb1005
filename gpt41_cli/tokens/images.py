"""Count the input tokens of a picture: tiles for some models, patches for others, with the figures of the price table."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil, isqrt

from gpt41_cli.catalog.tables import ImageRule, PatchRule, TileRule
from gpt41_cli.requests.request import Image


def count_image_tokens(image: Image, rule: ImageRule) -> int:
    """Count the input tokens of one picture. A picture of unknown size counts as the most expensive one."""
    if image.detail == "low" and rule.low_detail_tokens is not None:
        return rule.low_detail_tokens
    if image.width is None or image.height is None:
        return _count_largest_image(rule)
    longest = max(image.width, image.height)
    scale = min(Fraction(1), Fraction(rule.fit_px, longest))
    width, height = image.width * scale, image.height * scale
    return _count_tile_tokens(width, height, rule) if isinstance(rule, TileRule) else _count_patch_tokens(width, height, rule)


def _count_largest_image(rule: ImageRule) -> int:
    """Count the most tokens that any picture can have: those of the largest one after scaling."""
    if isinstance(rule, TileRule):
        return _count_tile_tokens(Fraction(rule.fit_px), Fraction(rule.short_side_px), rule)
    return _convert_patches(rule.patch_budget, rule, is_scaled=False)


def _count_tile_tokens(width: Fraction, height: Fraction, rule: TileRule) -> int:
    """Count a base and a figure per tile, after the short side is scaled down to its limit, never up. (41/41 recorded pictures)

    >>> from gpt41_cli.catalog import read_catalog
    >>> rule = read_catalog().family[0].model.images
    >>> [count_image_tokens(Image(*size), rule) for size in ((1024, 1024), (2048, 4096), (128, 64))]
    [765, 1105, 255]
    """
    scale = min(Fraction(1), rule.short_side_px / min(width, height))
    return rule.base_tokens + rule.tile_tokens * ceil(width * scale / rule.tile_px) * ceil(height * scale / rule.tile_px)


def _count_patch_tokens(width: Fraction, height: Fraction, rule: PatchRule) -> int:
    """Count the patches that cover the picture, times the model's multiplier. A picture above the budget is scaled down to fit.

    The guide scales until the patches fill the budget, then further until they fill one side exactly. The side that must shrink
    more decides; comparing whole numbers finds it without a square root.

    >>> from gpt41_cli.catalog import read_catalog
    >>> rule = read_catalog().family[1].model.images
    >>> count_image_tokens(Image(300, 346), rule)
    181
    """
    columns, rows = ceil(width / rule.patch_px), ceil(height / rule.patch_px)
    if columns * rows <= rule.patch_budget:
        return _convert_patches(columns * rows, rule, is_scaled=False)
    columns = isqrt(int(rule.patch_budget * width / height))
    rows = isqrt(int(rule.patch_budget * height / width))
    if columns * height <= rows * width:
        rows = ceil(columns * height / width)
    else:
        columns = ceil(rows * width / height)
    return _convert_patches(columns * rows, rule, is_scaled=True)


def _convert_patches(patches: int, rule: PatchRule, *, is_scaled: bool) -> int:
    """Convert patches to tokens.

    Recorded pictures within the budget fit the product rounded up plus a few tokens (mini 4/5, nano 9/9). No scaled picture
    was recorded; those that users measured fit the product rounded to the nearest (1,536 patches: 2,488 on mini,
    3,779 on nano, https://community.openai.com/t/1281361 and /t/1344040).
    """
    product = patches * rule.multiplier
    if is_scaled:
        return int(product.quantize(Decimal(1), ROUND_HALF_UP))
    return int(product.quantize(Decimal(1), ROUND_CEILING)) + rule.extra_tokens

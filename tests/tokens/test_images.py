"""What a picture costs on each model, and how its size is read."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from gpt41_cli.catalog import Catalog
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.pictures import read_data_url_size, read_picture_size
from gpt41_cli.requests.recognise import recognise_input
from gpt41_cli.requests.request import Image
from gpt41_cli.tokens.images import count_image_tokens
from tests.builders import gif, jpeg, png, webp


def cost(catalog: Catalog, model: str, width: int | None, height: int | None, detail: str = "auto") -> int:
    rule = catalog.variant(model).model.images
    assert rule
    return count_image_tokens(Image(width, height, detail), rule)


@pytest.mark.parametrize(
    ("size", "tokens"),
    [
        ((1, 1), 255),
        ((128, 64), 255),
        ((512, 512), 255),
        ((513, 512), 425),
        ((1024, 1024), 765),
        ((1800, 2400), 765),
        ((1920, 1080), 1105),
        ((2048, 4096), 1105),
        ((4000, 1474), 1445),
        ((100_000, 1), 765),
        ((2**31 - 1, 2**31 - 1), 765),
    ],
)
def test_tiles_are_counted_after_scaling_down_and_never_up(catalog: Catalog, size: tuple[int, int], tokens: int) -> None:
    """1024x1024 and 2048x4096 are worked examples of OpenAI's vision guide; 128x64 and 1800x2400 were measured by users."""
    width, height = size
    assert cost(catalog, "gpt-4.1", width, height) == cost(catalog, "gpt-4.1", height, width) == tokens
    tiles = (tokens - 85) // 170
    assert cost(catalog, "gpt-4o-mini", *size) == 2833 + 5667 * tiles


@pytest.mark.parametrize(
    ("size", "mini", "nano"),
    [
        # within the budget: the product rounded up, and what recordings add
        ((1, 1), 4, 4),
        ((640, 480), 488, 739),
        ((320, 960), 488, 739),  # 300 patches x 1.62 is 486 exactly, which floats would round up to 487
        ((300, 346), 181, 272),
        # scaled down into it: the product rounded to the nearest, as users measured it
        ((1800, 2400), 2352, 3572),
        ((1920, 1080), 2443, 3710),
        ((3840, 2160), 2443, 3710),
        ((2048, 4096), 2362, 3587),
    ],
)
def test_patches_are_multiplied(catalog: Catalog, size: tuple[int, int], mini: int, nano: int) -> None:
    width, height = size
    assert cost(catalog, "gpt-4.1-mini", width, height) == cost(catalog, "gpt-4.1-mini", height, width) == mini
    assert cost(catalog, "gpt-4.1-nano", width, height) == cost(catalog, "gpt-4.1-nano", height, width) == nano


def test_low_detail_is_the_base_of_tiles_and_counts_as_high_with_patches(catalog: Catalog) -> None:
    assert cost(catalog, "gpt-4.1", 4096, 8192, "low") == 85
    assert cost(catalog, "gpt-4o-mini", 10, 10, "low") == 2833
    assert cost(catalog, "gpt-4.1", None, None, "low") == 85, "the size does not matter"
    assert cost(catalog, "gpt-4.1-mini", 640, 480, "low") == cost(catalog, "gpt-4.1-mini", 640, 480, "high")


def test_a_picture_of_unknown_size_counts_as_the_most_expensive(catalog: Catalog) -> None:
    assert cost(catalog, "gpt-4.1", None, None) == 85 + 8 * 170
    assert cost(catalog, "gpt-4o-mini", None, None) == 2833 + 8 * 5667
    assert cost(catalog, "gpt-4.1-mini", None, None) == 2489 + 2
    assert cost(catalog, "gpt-4.1-nano", None, None) == 3779 + 1


PICTURES = [png(640, 481), jpeg(640, 481), jpeg(640, 481, before=12), gif(640, 481), *webp(640, 481)]


@pytest.mark.parametrize(
    "data", PICTURES, ids=["png", "jpeg", "jpeg-late", "gif", "webp-lossy", "webp-lossless", "webp-extended"]
)
def test_a_size_is_read_from_the_header(data: bytes) -> None:
    assert read_picture_size(data) == (640, 481)
    assert read_data_url_size("data:image/any;base64," + base64.b64encode(data).decode(), "") == (640, 481)


@pytest.mark.parametrize(("data", "needed"), list(zip(PICTURES, [24, 11, 11 + 12 * 65_002, 10, 30, 25, 30], strict=True)))
def test_a_header_that_is_cut_off_says_nothing(data: bytes, needed: int) -> None:
    assert read_picture_size(data[:needed]) == (640, 481)
    for end in {needed - 1, needed - 2, needed // 2, 13, 9, 3, 0} - {needed}:
        assert read_picture_size(data[: min(end, needed - 1)]) is None


def test_a_jpeg_may_be_filled_up_between_its_segments() -> None:
    data = jpeg(640, 481)
    assert read_picture_size(data[:2] + b"\xff\xff\xff" + data[2:]) == (640, 481)


def test_what_is_not_a_picture_of_these_formats_says_nothing() -> None:
    for data in (b"", b"%PDF-1.7", b"<svg width='9' height='9'/>", b"BM" + bytes(60), b"II*\0" + bytes(60), png(0, 5)):
        assert read_picture_size(data) is None


@pytest.mark.parametrize("width", [50, 60, 61, 76])
def test_base64_may_be_wrapped_and_lack_its_padding(width: int) -> None:
    encoded = base64.b64encode(jpeg(640, 481, before=12) + bytes(400_000)).decode()
    wrapped = "\n".join(encoded[start : start + width] for start in range(0, len(encoded), width))
    for text in (encoded, wrapped, wrapped.rstrip("=")):
        assert read_data_url_size("data:image/jpeg;base64," + text, "") == (640, 481)
    short = base64.b64encode(png(640, 481)[:25]).decode()
    assert read_data_url_size("data:image/png;base64," + short.rstrip("="), "") == (640, 481)


def test_an_address_is_never_fetched() -> None:
    assert read_data_url_size("https://example.org/a.png", "") is None


def test_a_header_without_a_size_ends() -> None:
    short_segments = b"\xff\xe0\x00\x02" * 1_000_000
    assert read_picture_size(b"\xff\xd8" + short_segments + jpeg(640, 481)[2:]) is None
    assert read_picture_size(b"\xff\xd8\xff" + b"\xff" * 10_000_000) is None
    assert read_picture_size(b"\xff\xd8\xff" + b"\xff" * 10_000_000 + jpeg(640, 481)[2:]) == (640, 481)


def test_no_more_of_a_file_is_read_than_a_header(tmp_path: Path) -> None:
    with (tmp_path / "large.jpg").open("wb") as file:
        file.write(b"\xff\xd8\xff\xe0\x00\x02")
        file.truncate(1 << 30)
    with (tmp_path / "large.jpg").open("rb") as stream:
        with pytest.raises(BadBody, match="expected a picture"):
            recognise_input(stream, "large.jpg")
        assert stream.tell() <= 20_000_000

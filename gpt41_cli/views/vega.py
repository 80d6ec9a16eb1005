"""A Chart as Vega-Lite, which is plain data: marks in layers over one set of values. Colours are the variables of palette.css.

Positions are floats, as no eye tells them from the exact figures; those are in the texts beside the marks, and in the tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import cycle
from typing import Any, TypeAlias

from gpt41_cli.display import printable
from gpt41_cli.reports.chart import Axis, Chart, Mark, Point, Series

Spec: TypeAlias = dict[str, Any]

WIDTH, HEIGHT = 560, 300
COLOURS = tuple(f"var(--c{number})" for number in range(1, 9))

_MARGIN = {"left": 24, "right": 48, "top": 6, "bottom": 6}
"""Room for a font that is wider than the one that texts are measured in."""

_BAND = 26
_LINE_OF_TEXT = 15
_LONGEST_TEXT = 220
_CHOSEN, _ROOM_ABOVE = 3, 1
_TICKS = {
    "usd": "format(datum.value, '$,.10~f')",
    "share": "format(datum.value * 100, '.10~f') + ' %'",
    "count": "format(datum.value, ',.10~f')",
}


def specification(chart: Chart) -> Spec:
    """The chart as a Vega-Lite specification."""
    draw = {"lines": _lines, "bars": _bars, "stack": _stack, "points": _points}[chart.kind]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": WIDTH,
        "padding": _MARGIN,
        "background": None,
        "config": {
            "font": "system-ui, sans-serif",
            "view": {"stroke": None},
            "text": {"color": "var(--ink)", "fontSize": 12, "limit": _LONGEST_TEXT},
            "axis": {
                "labelColor": "var(--ink)",
                "titleColor": "var(--ink)",
                "titleFontWeight": "normal",
                "gridColor": "var(--grid)",
                "domainColor": "var(--grid)",
                "tickColor": "var(--grid)",
                "labelFontSize": 12,
                "titleFontSize": 12,
                "labelFlush": False,
                "labelLimit": _LONGEST_TEXT,
                "titleLimit": WIDTH,
            },
            "legend": {
                "labelColor": "var(--ink)",
                "labelFontSize": 12,
                "labelLimit": _LONGEST_TEXT,
                "title": None,
                "orient": "top",
                "symbolType": "square",
                "columnPadding": 36,
                "columns": 4,
            },
        },
        **draw(_printable(chart)),
    }


def _printable(chart: Chart) -> Chart:
    """The chart with all its texts fit to be drawn: a control character anywhere would abort the process in the library."""

    def point(each: Point) -> Point:
        return Point(printable(each.x) if isinstance(each.x, str) else each.x, each.y, printable(each.remark))

    return chart._replace(
        x=chart.x._replace(title=printable(chart.x.title)),
        y=chart.y._replace(title=printable(chart.y.title)),
        series=tuple(each._replace(name=printable(each.name), points=tuple(map(point, each.points))) for each in chart.series),
        marks=tuple(mark._replace(text=printable(mark.text)) for mark in chart.marks),
    )


def _layer(values: Sequence[Mapping[str, Any]], mark: Mapping[str, Any], **encoding: Any) -> Spec:
    return {"data": {"values": list(values)}, "mark": dict(mark), "encoding": encoding}


def _quantity(field: str, axis: Axis, most: float | None = None, **more: Any) -> Spec:
    scale = {"nice": True, "zero": True} if most is None else {"domain": [0, most], "nice": False}
    drawn = {"title": axis.title, "labelExpr": _TICKS[axis.unit], "tickCount": 6}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": drawn, **more}


def _down(field: str, axis: Axis, most: float | None = None) -> Spec:
    """The axis down the side, its title above it, where the figures beside it may be as wide as they like."""
    drawn = _quantity(field, axis, most)
    place = {
        "titleAngle": 0,
        "titleAlign": "left",
        "titleAnchor": "start",
        "titleX": -28,
        "titleY": -24,
        "titleBaseline": "bottom",
    }
    drawn["axis"] |= place
    return drawn


def _place(field: str) -> Spec:
    return {"field": field, "type": "quantitative"}


def _text(align: str, dx: int = 0, dy: int = 0, **more: Any) -> Spec:
    return {"type": "text", "align": align, "dx": dx, "dy": dy, "baseline": "middle", **more}


def _number(value: Decimal | str | None) -> float:
    assert isinstance(value, Decimal)
    return float(value)


# Lines


def _lines(chart: Chart) -> Spec:
    """Lines with their names where they end, what lies across them, and what is marked on them."""
    most_x = max(_number(point.x) for series in chart.series for point in series.points)
    ends = [_number(series.points[-1].y) for series in chart.series]
    highest = max([*ends, *(_number(point.y) for series in chart.series for point in series.points)]) or 1
    drawn = [mark for mark in chart.marks if (mark.x is None or mark.x <= most_x) and (mark.y is None or mark.y <= highest)]
    x, y = _quantity("x", chart.x, most_x), _down("y", chart.y, highest * (1 + _ROOM_ABOVE / 10))
    layers = [
        _layer(
            [{"x": _number(point.x), "y": _number(point.y)} for point in series.points],
            {"type": "line", "color": colour, **_stroke(series)},
            x=x,
            y=y,
        )
        for series, colour in zip(chart.series, _colours(chart.series), strict=True)
    ]
    step = highest * (1 + _ROOM_ABOVE / 10) / HEIGHT * _LINE_OF_TEXT
    for series, at, colour in zip(chart.series, spread(ends, step), _colours(chart.series), strict=True):
        value = {"x": most_x, "y": at, "text": series.name}
        bold = "bold" if series.tone == "chosen" else "normal"
        layers.append(_layer([value], _text("left", 8, color=colour, fontWeight=bold), x=x, y=y, text={"field": "text"}))
    return {"height": HEIGHT, "layer": [*layers, *_marked(drawn, x, y), *_across(drawn, x, y)]}


def _stroke(series: Series) -> Spec:
    faint = {"strokeDash": [3, 3]} if series.tone == "faint" else {}
    return {"strokeWidth": _CHOSEN if series.tone == "chosen" else 2 if not faint else 1, **faint}


def _across(marks: Sequence[Mark], x: Spec, y: Spec) -> list[Spec]:
    layers = []
    for mark in marks:
        rule = {"type": "rule", "color": "var(--ink)", "strokeDash": [6, 3]}
        if mark.x is None:
            value = {"x": 0, "y": _number(mark.y), "text": mark.text}
            layers.append(_layer([value], rule, y=y))
            layers.append(_layer([value], _text("left", 6, -8), x=x, y=y, text={"field": "text"}))
        elif mark.y is None:
            value = {"x": _number(mark.x), "text": mark.text}
            layers.append(_layer([value], rule, x=x))
            align = "center" if mark.x else "left"
            layers.append(_layer([value], _text(align, 0, -8, y=0), x=x, text={"field": "text"}))
    return layers


def _marked(marks: Sequence[Mark], x: Spec, y: Spec) -> list[Spec]:
    """Points; what they say is in the table below a chart, where there is room for all of them."""
    values = [
        {"x": _number(mark.x), "y": _number(mark.y), "text": mark.text}
        for mark in marks
        if mark.x is not None and mark.y is not None
    ]
    shape = {"type": "point", "filled": True, "size": 70, "color": "var(--ink)", "opacity": 1}
    layers = [_layer(values, shape, x=x, y=y)]
    if len(values) == 1:
        layers.append(_layer(values, _text("center", 0, -14), x=x, y=y, text={"field": "text"}))
    return layers if values else []


def spread(places: Sequence[float], step: float) -> list[float]:
    """The places in their order, moved apart until each two are a step or more from each other.

    >>> spread([5, 0, 1], 2)
    [5, 0, 2]
    """
    found = list(places)
    last: float | None = None
    for index in sorted(range(len(places)), key=lambda index: places[index]):
        if last is not None:
            found[index] = max(found[index], last + step)
        last = found[index]
    return found


def _colours(series: Sequence[Series]) -> list[str]:
    """The first colour for what is chosen, the others in turn."""
    others = cycle(COLOURS[1:])
    return [COLOURS[0] if each.tone == "chosen" else next(others) for each in series]


# Bars


def _values(chart: Chart) -> list[Spec]:
    return [
        {"name": str(point.x), "value": _number(point.y), "series": series.name, "text": _told(chart, point), "order": order}
        for order, series in enumerate(chart.series)
        for point in series.points
    ]


def _told(chart: Chart, point: Point) -> str:
    remark = f"  {point.remark}" if point.remark else ""
    return chart.y.told(point.y) + remark


def _names(chart: Chart) -> list[str]:
    return list(dict.fromkeys(str(point.x) for series in chart.series for point in series.points))


def _category(chart: Chart) -> Spec:
    """Names down the side, in the order of the data."""
    return {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "ticks": False, "domain": False, "labelPadding": 8},
        "scale": {"domain": _names(chart)},
    }


def _colour(chart: Chart) -> Spec:
    names = [series.name for series in chart.series]
    legend = {} if len(names) > 1 else {"legend": None}
    scale = {"domain": names, "range": _colours(chart.series)}
    return {"field": "series", "type": "nominal", "scale": scale, "sort": None, **legend}


def _bars(chart: Chart) -> Spec:
    """Bars side by side, each with its figure at its end."""
    values = _values(chart)
    offset = {"field": "series", "sort": [series.name for series in chart.series]}
    x, y = _quantity("value", chart.y), _category(chart)
    return {
        "height": _BAND * (len(chart.series) * len(_names(chart)) + 1),
        "layer": [
            _layer(values, {"type": "bar"}, x=x, y=y, yOffset=offset, color=_colour(chart)),
            _layer(values, _text("left", 6), x=x, y=y, yOffset=offset, text={"field": "text"}),
        ],
    }


def _stack(chart: Chart) -> Spec:
    """Bars of one length in their parts, one after the other, with the remark of the last part at the end."""
    values = _values(chart)
    ends = [{"name": str(point.x), "value": 1, "text": point.remark} for point in chart.series[-1].points]
    y, shares = _category(chart), Axis(f"share of the {chart.y.title}", "share")
    x = _quantity("value", shares, 1)
    return {
        "height": _BAND * (len(ends) + 1),
        "layer": [
            _layer(values, {"type": "bar"}, x={**x, "stack": "normalize"}, y=y, color=_colour(chart), order=_place("order")),
            _layer(ends, _text("left", 6), x=x, y=y, text={"field": "text"}),
        ],
    }


# Points


def _points(chart: Chart) -> Spec:
    """Points that are named by a model and a mode: the shape says the mode, a thin line leads to the model at the side, and steps
    join some of the points.
    """
    named = [(series, point) for series in chart.series if not series.is_path for point in series.points]
    side = (max(_number(point.x) for _, point in named) or 1) * (1 + _ROOM_ABOVE / 10)
    low, high = _domain([_number(point.y) for _, point in named])
    x, y = _quantity("x", chart.x, side), _down("y", chart.y)
    y["scale"] = {"domain": [low, high], "nice": False, "zero": False}
    step = (high - low) / HEIGHT * _LINE_OF_TEXT
    paths = [_layer(_places(series), _STEPS, x=x, y=y) for series in chart.series if series.is_path]
    return {"height": HEIGHT, "layer": [*paths, *_models(named, side, step, x, y), _modes(named, x, y)]}


_STEPS = {"type": "line", "interpolate": "step-after", "color": "var(--c1)", "strokeDash": [6, 3], "strokeWidth": 2}
_TONES = {"chosen": "var(--c1)", "faint": "var(--faint)", "": "var(--c2)"}
_SHAPES = {"standard": "circle", "batch": "square", "priority": "triangle-up"}


def _places(series: Series) -> list[Spec]:
    return [{"x": _number(point.x), "y": _number(point.y)} for point in series.points]


def _modes(named: Sequence[tuple[Series, Point]], x: Spec, y: Spec) -> Spec:
    """The points themselves."""
    values = [
        {"x": _number(point.x), "y": _number(point.y), "mode": series.name.rpartition(" ")[2], "colour": _TONES[series.tone]}
        for series, point in named
    ]
    there = {series.name.rpartition(" ")[2] for series, _ in named}
    modes = [*(mode for mode in _SHAPES if mode in there), *sorted(there - _SHAPES.keys())]
    scale = {"domain": modes, "range": [_SHAPES.get(mode, "diamond") for mode in modes]}
    legend = {"orient": "bottom", "symbolFillColor": "var(--ink)", "symbolStrokeColor": "var(--ink)"}
    shape = {"field": "mode", "type": "nominal", "scale": scale, "legend": legend}
    colour = {"field": "colour", "type": "nominal", "scale": None, "legend": None}
    return _layer(values, {"type": "point", "filled": True, "size": 90, "opacity": 1}, x=x, y=y, shape=shape, color=colour)


def _models(named: Sequence[tuple[Series, Point]], side: float, step: float, x: Spec, y: Spec) -> list[Spec]:
    """The name of each model once, beside the last of its points, with a line to it."""
    last: dict[str, Point] = {}
    chosen = {series.name.rpartition(" ")[0] for series, _ in named if series.tone == "chosen"}
    for series, point in named:
        model = series.name.rpartition(" ")[0]
        last[model] = max(last.get(model, point), point, key=lambda each: _number(each.x))
    layers = []
    for (model, point), place in zip(last.items(), spread([_number(each.y) for each in last.values()], step), strict=True):
        value = {"x": _number(point.x), "y": _number(point.y), "place": place, "side": side, "text": model}
        leader = {"type": "rule", "color": "var(--faint)", "strokeWidth": 1}
        label = _text("left", 8, fontWeight="bold" if model in chosen else "normal")
        layers += [
            _layer([value], leader, x=x, y=y, x2={"field": "side"}, y2={"field": "place"}),
            _layer([value], label, x={**x, "field": "side"}, y={**y, "field": "place"}, text={"field": "text"}),
        ]
    return layers


def _domain(scores: Sequence[float]) -> tuple[float, float]:
    """From some tenth to a bit above the best: a small difference is to look small."""
    highest = max(scores)
    lowest = min(*scores, highest - 1 / 10)
    room = (highest - lowest) / 10
    return max(lowest - room, 0), highest + room

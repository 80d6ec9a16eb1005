"""Describe a Chart in Vega-Lite, which is plain data: marks in layers over one set of values. Colours are the variables of
palette.css.

Positions are floats, which no eye tells from exact figures. The exact ones are in the labels and in the tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import cycle
from typing import Any, TypeAlias

from gpt41_cli.display import sanitize
from gpt41_cli.reports.chart import Chart, ChartAxis, ChartMark, ChartPoint, ChartSeries

VegaSpec: TypeAlias = dict[str, Any]

CHART_WIDTH, CHART_HEIGHT = 560, 300
SERIES_COLOURS = tuple(f"var(--c{number})" for number in range(1, 9))

_MARGIN = {"left": 24, "right": 48, "top": 6, "bottom": 6}
"""Room for a font that is wider than the one in which texts are measured."""

_BAND_HEIGHT = 26
_TEXT_LINE_HEIGHT = 15
_MAX_TEXT_WIDTH = 220
_NARROW_WIDTHS = {"bars": 105, "stack": 130, "lines": 170, "points": 170}
_NARROW_TEXT_WIDTH, _NARROW_LABEL_WIDTH, _NARROW_FONT_SIZE = 190, 110, 13
_CHOSEN_STROKE_WIDTH, _HEADROOM_TENTHS = 3, 1
_TICK_EXPRESSIONS = {
    "usd": "format(datum.value, '$,.10~f')",
    "share": "format(datum.value * 100, '.10~f') + ' %'",
    "count": "format(datum.value, ',.10~f')",
}


def make_narrow_specification(chart: Chart) -> VegaSpec:
    """Make the Vega-Lite specification of a chart for a phone."""
    specification, width = make_specification(chart), _NARROW_WIDTHS[chart.kind]
    config, font = specification["config"], {"labelFontSize": _NARROW_FONT_SIZE}
    config["text"] |= {"limit": _NARROW_TEXT_WIDTH, "fontSize": _NARROW_FONT_SIZE}
    config["axis"] |= {"labelLimit": _NARROW_LABEL_WIDTH, "titleLimit": 2 * width, "titleFontSize": _NARROW_FONT_SIZE, **font}
    config["axis"] |= {"labelOverlap": "parity", "labelSeparation": 12}
    config["legend"] |= {"columns": 2, "columnPadding": 12, "labelLimit": _NARROW_TEXT_WIDTH, **font}
    return {**_thin_out_ticks(specification), "width": width, "padding": {"left": 16, "right": 28, "top": 6, "bottom": 6}}


def _thin_out_ticks(value: Any) -> Any:
    """Return a specification with half as many ticks on its axes."""
    if isinstance(value, dict):
        return {key: part // 2 if key == "tickCount" else _thin_out_ticks(part) for key, part in value.items()}
    return [_thin_out_ticks(part) for part in value] if isinstance(value, list) else value


def make_specification(chart: Chart) -> VegaSpec:
    """Make the Vega-Lite specification of a chart."""
    draw = {"lines": _draw_lines, "bars": _draw_bars, "stack": _draw_stack, "points": _draw_points}[chart.kind]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": CHART_WIDTH,
        "padding": _MARGIN,
        "background": None,
        "config": {
            "font": "system-ui, sans-serif",
            "view": {"stroke": None},
            "text": {"color": "var(--ink)", "fontSize": 12, "limit": _MAX_TEXT_WIDTH},
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
                "labelLimit": _MAX_TEXT_WIDTH,
                "titleLimit": CHART_WIDTH,
            },
            "legend": {
                "labelColor": "var(--ink)",
                "labelFontSize": 12,
                "labelLimit": _MAX_TEXT_WIDTH,
                "title": None,
                "orient": "top",
                "symbolType": "square",
                "columnPadding": 36,
                "columns": 4,
            },
        },
        **draw(_make_printable(chart)),
    }


def _make_printable(chart: Chart) -> Chart:
    """Make all texts of the chart safe: a control character anywhere would abort the process in the library."""

    def point(datum: ChartPoint) -> ChartPoint:
        return ChartPoint(sanitize(datum.x) if isinstance(datum.x, str) else datum.x, datum.y, sanitize(datum.remark))

    return chart._replace(
        x=chart.x._replace(title=sanitize(chart.x.title)),
        y=chart.y._replace(title=sanitize(chart.y.title)),
        series=tuple(
            sery._replace(
                name=sanitize(sery.name),
                model=sanitize(sery.model),
                mode=sanitize(sery.mode),
                points=tuple(map(point, sery.points)),
            )
            for sery in chart.series
        ),
        marks=tuple(mark._replace(text=sanitize(mark.text)) for mark in chart.marks),
    )


def _make_layer(values: Sequence[Mapping[str, Any]], mark: Mapping[str, Any], **encoding: Any) -> VegaSpec:
    return {"data": {"values": list(values)}, "mark": dict(mark), "encoding": encoding}


def _encode_quantity(field: str, axis: ChartAxis, most: float | None = None, **more: Any) -> VegaSpec:
    scale = {"nice": True, "zero": True} if most is None else {"domain": [0, most], "nice": False}
    drawn = {"title": axis.title, "labelExpr": _TICK_EXPRESSIONS[axis.unit], "tickCount": 6}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": drawn, **more}


def _encode_vertical_axis(axis: ChartAxis, most: float | None = None) -> VegaSpec:
    """Encode the vertical axis with its title above it, where the figures may be as wide as they like."""
    drawn = _encode_quantity("y", axis, most)
    drawn["axis"] |= {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "start", "titleBaseline": "bottom"}
    drawn["axis"] |= {"titleX": -28, "titleY": -24}
    return drawn


def _make_text_layer(
    values: Sequence[Mapping[str, Any]], align: str, dx: int, dy: int = 0, mark: Mapping[str, Any] = {}, **encoding: Any
) -> VegaSpec:
    """Make a layer with the `text` of each value; `mark` is how it looks."""
    looks = {"type": "text", "align": align, "dx": dx, "dy": dy, "baseline": "middle", **mark}
    return _make_layer(values, looks, **encoding, text={"field": "text"})


def _convert_to_float(value: Decimal | str | None) -> float:
    assert isinstance(value, Decimal)
    return float(value)


# Lines


def _draw_lines(chart: Chart) -> VegaSpec:
    """Draw lines with their names at their ends, horizontal lines across them, and marked points on them."""
    most_x = max(_convert_to_float(point.x) for series in chart.series for point in series.points)
    ends = [_convert_to_float(series.points[-1].y) for series in chart.series]
    highest = max([*ends, *(_convert_to_float(point.y) for series in chart.series for point in series.points)]) or 1
    drawn = [mark for mark in chart.marks if (mark.x is None or mark.x <= most_x) and (mark.y is None or mark.y <= highest)]
    x, y = _encode_quantity("x", chart.x, most_x), _encode_vertical_axis(chart.y, highest * (1 + _HEADROOM_TENTHS / 10))
    layers = [
        _make_layer(
            _list_positions(series),
            {"type": "line", "color": colour, **_choose_stroke(series)},
            x=x,
            y=y,
        )
        for series, colour in zip(chart.series, _assign_colours(chart.series), strict=True)
    ]
    step = highest * (1 + _HEADROOM_TENTHS / 10) / CHART_HEIGHT * _TEXT_LINE_HEIGHT
    for series, at, colour in zip(chart.series, spread_labels(ends, step), _assign_colours(chart.series), strict=True):
        value = {"x": most_x, "y": at, "text": series.name}
        bold = "bold" if series.tone == "chosen" else "normal"
        layers.append(_make_text_layer([value], "left", 8, mark={"color": colour, "fontWeight": bold}, x=x, y=y))
    return {"height": CHART_HEIGHT, "layer": [*layers, *_draw_marked_points(drawn, x, y), *_draw_rules(drawn, x, y)]}


def _choose_stroke(series: ChartSeries) -> VegaSpec:
    faint = {"strokeDash": [3, 3]} if series.tone == "faint" else {}
    return {"strokeWidth": _CHOSEN_STROKE_WIDTH if series.tone == "chosen" else 2 if not faint else 1, **faint}


def _draw_rules(marks: Sequence[ChartMark], x: VegaSpec, y: VegaSpec) -> list[VegaSpec]:
    layers = []
    for mark in marks:
        rule = {"type": "rule", "color": "var(--ink)", "strokeDash": [6, 3]}
        if mark.x is None:
            value = {"x": 0, "y": _convert_to_float(mark.y), "text": mark.text}
            layers.append(_make_layer([value], rule, y=y))
            layers.append(_make_text_layer([value], "left", 6, -8, x=x, y=y))
        elif mark.y is None:
            value = {"x": _convert_to_float(mark.x), "text": mark.text}
            layers.append(_make_layer([value], rule, x=x))
            align = "center" if mark.x else "left"
            layers.append(_make_text_layer([value], align, 0, -8, {"y": 0}, x=x))
    return layers


def _draw_marked_points(marks: Sequence[ChartMark], x: VegaSpec, y: VegaSpec) -> list[VegaSpec]:
    """Draw marked points. Their texts are in the table below the chart, which has room for all of them."""
    values = [
        {"x": _convert_to_float(mark.x), "y": _convert_to_float(mark.y), "text": mark.text}
        for mark in marks
        if mark.x is not None and mark.y is not None
    ]
    shape = {"type": "point", "filled": True, "size": 70, "color": "var(--ink)", "opacity": 1}
    layers = [_make_layer(values, shape, x=x, y=y)]
    if len(values) == 1:
        layers.append(_make_text_layer(values, "center", 0, -14, x=x, y=y))
    return layers if values else []


def spread_labels(places: Sequence[float], step: float) -> list[float]:
    """Move the positions apart, keeping their order, until any two are at least a step apart.

    >>> spread_labels([5, 0, 1], 2)
    [5, 0, 2]
    """
    positions = list(places)
    last: float | None = None
    for index in sorted(range(len(places)), key=lambda index: places[index]):
        if last is not None:
            positions[index] = max(positions[index], last + step)
        last = positions[index]
    return positions


def _assign_colours(series: Sequence[ChartSeries]) -> list[str]:
    """Assign the first colour to what is chosen and the others in turn."""
    others = cycle(SERIES_COLOURS[1:])
    return [SERIES_COLOURS[0] if sery.tone == "chosen" else next(others) for sery in series]


# Bars


def _list_values(chart: Chart) -> list[VegaSpec]:
    return [
        {
            "name": str(point.x),
            "value": _convert_to_float(point.y),
            "series": series.name,
            "text": chart.y.format_value(point.y) + (f"  {point.remark}" if point.remark else ""),
            "order": order,
        }
        for order, series in enumerate(chart.series)
        for point in series.points
    ]


def _list_names(chart: Chart) -> list[str]:
    return list(dict.fromkeys(str(point.x) for series in chart.series for point in series.points))


def _encode_category(chart: Chart) -> VegaSpec:
    """Encode names along the vertical axis, in the order of the data."""
    return {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "ticks": False, "domain": False, "labelPadding": 8},
        "scale": {"domain": _list_names(chart)},
    }


def _encode_colour(chart: Chart) -> VegaSpec:
    names = [series.name for series in chart.series]
    legend = {} if len(names) > 1 else {"legend": None}
    scale = {"domain": names, "range": _assign_colours(chart.series)}
    return {"field": "series", "type": "nominal", "scale": scale, "sort": None, **legend}


def _draw_bars(chart: Chart) -> VegaSpec:
    """Draw horizontal bars, each with its figure at its end."""
    values = _list_values(chart)
    offset = {"field": "series", "sort": [series.name for series in chart.series]}
    x, y = _encode_quantity("value", chart.y), _encode_category(chart)
    return {
        "height": _BAND_HEIGHT * (len(chart.series) * len(_list_names(chart)) + 1),
        "layer": [
            _make_layer(values, {"type": "bar"}, x=x, y=y, yOffset=offset, color=_encode_colour(chart)),
            _make_text_layer(values, "left", 6, x=x, y=y, yOffset=offset),
        ],
    }


def _draw_stack(chart: Chart) -> VegaSpec:
    """Draw bars of equal length split into their parts, with the remark of the last part at the end."""
    values = _list_values(chart)
    ends = [{"name": str(point.x), "value": 1, "text": point.remark} for point in chart.series[-1].points]
    y, shares = _encode_category(chart), ChartAxis(f"share of the {chart.y.title}", "share")
    x = _encode_quantity("value", shares, 1)
    return {
        "height": _BAND_HEIGHT * (len(ends) + 1),
        "layer": [
            _make_layer(
                values,
                {"type": "bar"},
                x={**x, "stack": "normalize"},
                y=y,
                color=_encode_colour(chart),
                order={"field": "order", "type": "quantitative"},
            ),
            _make_text_layer(ends, "left", 6, x=x, y=y),
        ],
    }


# Points


def _draw_points(chart: Chart) -> VegaSpec:
    """Draw points named by model and mode: the shape shows the mode, a thin line leads to the model's name, and steps join some
    points.
    """
    named = [(series, point) for series in chart.series if not series.is_path for point in series.points]
    side = (max(_convert_to_float(point.x) for _, point in named) or 1) * (1 + _HEADROOM_TENTHS / 10)
    low, high = _choose_domain([_convert_to_float(point.y) for _, point in named])
    x, y = _encode_quantity("x", chart.x, side), _encode_vertical_axis(chart.y)
    y["scale"] = {"domain": [low, high], "nice": False, "zero": False}
    step = (high - low) / CHART_HEIGHT * _TEXT_LINE_HEIGHT
    paths = [_make_layer(_list_positions(series), _STEP_LINE_MARK, x=x, y=y) for series in chart.series if series.is_path]
    return {
        "height": CHART_HEIGHT,
        "layer": [*paths, *_draw_model_labels(named, side, step, x, y), _draw_mode_points(named, x, y)],
    }


_STEP_LINE_MARK = {"type": "line", "interpolate": "step-after", "color": "var(--c1)", "strokeDash": [6, 3], "strokeWidth": 2}
_TONE_COLOURS = {"chosen": "var(--c1)", "faint": "var(--faint)", "": "var(--c2)"}
_MODE_SHAPES = {"standard": "circle", "batch": "square", "flex": "diamond", "priority": "triangle-up"}


def _list_positions(series: ChartSeries) -> list[VegaSpec]:
    return [{"x": _convert_to_float(point.x), "y": _convert_to_float(point.y)} for point in series.points]


def _draw_mode_points(named: Sequence[tuple[ChartSeries, ChartPoint]], x: VegaSpec, y: VegaSpec) -> VegaSpec:
    """Draw the points themselves."""
    values = [
        {**position, "mode": series.mode, "colour": _TONE_COLOURS[series.tone]}
        for series, _ in named
        for position in _list_positions(series)
    ]
    there = {series.mode for series, _ in named}
    modes = [*(mode for mode in _MODE_SHAPES if mode in there), *sorted(there - _MODE_SHAPES.keys())]
    scale = {"domain": modes, "range": [_MODE_SHAPES.get(mode, "cross") for mode in modes]}
    legend = {"orient": "bottom", "symbolFillColor": "var(--ink)", "symbolStrokeColor": "var(--ink)"}
    shape = {"field": "mode", "type": "nominal", "scale": scale, "legend": legend}
    colour = {"field": "colour", "type": "nominal", "scale": None, "legend": None}
    return _make_layer(values, {"type": "point", "filled": True, "size": 90, "opacity": 1}, x=x, y=y, shape=shape, color=colour)


def _draw_model_labels(
    named: Sequence[tuple[ChartSeries, ChartPoint]], side: float, step: float, x: VegaSpec, y: VegaSpec
) -> list[VegaSpec]:
    """Draw the name of each model once, next to its last point, with a line to it."""
    last: dict[str, ChartPoint] = {}
    chosen = {series.model for series, _ in named if series.tone == "chosen"}
    for series, point in named:
        last[series.model] = max(last.get(series.model, point), point, key=lambda candidate: _convert_to_float(candidate.x))
    layers = []
    for (model, point), place in zip(
        last.items(), spread_labels([_convert_to_float(end.y) for end in last.values()], step), strict=True
    ):
        value = {"x": _convert_to_float(point.x), "y": _convert_to_float(point.y), "place": place, "side": side, "text": model}
        leader = {"type": "rule", "color": "var(--faint)", "strokeWidth": 1}
        bold = {"fontWeight": "bold" if model in chosen else "normal"}
        end_x, end_y = {**x, "field": "side"}, {**y, "field": "place"}
        layers.append(_make_layer([value], leader, x=x, y=y, x2={"field": "side"}, y2={"field": "place"}))
        layers.append(_make_text_layer([value], "left", 8, mark=bold, x=end_x, y=end_y))
    return layers


def _choose_domain(scores: Sequence[float]) -> tuple[float, float]:
    """Choose an axis from some tenth to a bit above the best, so that a small difference looks small."""
    highest = max(scores)
    lowest = min(*scores, highest - 1 / 10)
    room = (highest - lowest) / 10
    return max(lowest - room, 0), highest + room

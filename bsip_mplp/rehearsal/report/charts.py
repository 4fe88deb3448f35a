"""Plots as the page draws them: where each mark stands, in per cent of its track. The page is HTML and SVG only.

The page draws them itself, and no plotting library does, so that their words follow the language that is chosen, their
colours the reader's light or dark, and their width a phone's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.report.numbers import Numbers
from bsip_mplp.rehearsal.statistics import Interval
from bsip_mplp.rehearsal.words import Words

Row = tuple[Words, str, Interval]
"""A label, the name of its colour, and what is shown."""


class Mark(NamedTuple):
    """One row of a chart of ranges: places in per cent from the left, and what is written beside it."""

    label: Words
    colour: str
    middle: float | None
    low: float
    high: float
    text: Words
    range: str


class RangeChart(NamedTuple):
    """Rows of means with their ranges on one scale."""

    marks: tuple[Mark, ...]
    zero: float | None
    threshold: float | None
    least: str
    most: str
    suffix: Words
    same: Words | None
    """What all rows show, where none differs and there is nothing to compare."""


class Line(NamedTuple):
    """A line and the band around it, as points of an SVG path on a field of 1000 by 1000."""

    label: Words
    colour: str
    line: str
    band: str
    dashed: bool


class LineChart(NamedTuple):
    """Lines over time."""

    lines: tuple[Line, ...]
    y_ticks: tuple[tuple[float, str], ...]
    x_ticks: tuple[tuple[float, str], ...]
    x_words: Words


class Cell(NamedTuple):
    """A cell of a heat map: its text, its strength from 0 to 1, and whether that is to the good, the bad or neither."""

    text: str
    strength: int
    tone: str
    range: str = ""
    """The interval of a mean, if one is known."""


class HeatMap(NamedTuple):
    """A table of coloured numbers."""

    x_words: Words
    y_words: Words
    columns: tuple[Words, ...]
    rows: tuple[tuple[Words, tuple[Cell, ...]], ...]


def ranges(rows: Sequence[Row], unit: str, numbers: Numbers, threshold: float | None = None) -> RangeChart:
    """A chart of ranges; its scale holds all of them, 0, and the threshold."""
    ends = [end for _, _, found in rows for end in (found.low, found.middle, found.high) if math.isfinite(end)]
    ends += [0.0] if threshold is None else [0.0, threshold]
    least, most = _widened(min(ends), max(ends))

    def place(value: float) -> float:
        return round(100 * min(1.0, max(0.0, (value - least) / (most - least))), 2)

    marks = []
    for label, colour, found in rows:
        middle = place(found.middle) if math.isfinite(found.middle) else None
        text = numbers.text(found.middle, unit)
        marks.append(Mark(label, colour, middle, place(found.low), place(found.high), text, numbers.range(found, unit)))
    zero = place(0.0) if least < 0 < most else None
    at = None if threshold is None else place(threshold)
    ticks = numbers.bare(least, unit), numbers.bare(most, unit)
    points = {found[:3] for _, _, found in rows}
    same = len(rows) > 1 and len(points) == 1 and all(found.low == found.high for _, _, found in rows)
    return RangeChart(tuple(marks), zero, at, *ticks, numbers.suffix(unit), marks[0].text if same else None)


def _widened(least: float, most: float) -> tuple[float, float]:
    """A scale with some room at both ends; one of no width is given some."""
    if least == most:
        return least, least + 1.0
    room = 0.04 * (most - least)
    return (least - room if least < 0 else least), (most + room if most > 0 else most)


def lines(
    series: Sequence[tuple[Words, str, NDArray[np.float64], bool]], unit: str, numbers: Numbers, from_zero: bool = True
) -> LineChart:
    """Lines with bands: each of several paths (rows) over hours (columns); the median and the middle 80 % are shown."""
    bands = [np.quantile(values, (0.1, 0.5, 0.9), axis=0) for _, _, values, _ in series]
    least = min(float(band.min()) for band in bands)
    most = max(float(band.max()) for band in bands)
    ticks = _ticks(min(0.0, least) if from_zero else least, most)
    least, most = ticks[0], ticks[-1]
    drawn = []
    for (label, colour, values, dashed), band in zip(series, bands, strict=True):
        ys = 1000 * (most - band) / (most - least)
        xs = np.linspace(0, 1000, values.shape[1])
        keep = _thinned(values.shape[1])
        middle = _points(xs[keep], ys[1][keep])
        low, high = _points(xs[keep], ys[0][keep]), _points(xs[keep][::-1], ys[2][keep][::-1])
        drawn.append(Line(label, colour, f"M{middle}", f"M{low}L{high}Z" if values.shape[0] > 1 else "", dashed))
    days = max(1, series[0][2].shape[1] // 24)
    step = next(s for s in (1, 2, 5, 7, 10, 20, 30, 50, 100, 200, 365, 1000) if days / s <= 8)
    x_ticks = tuple((round(100 * day / days, 2), str(day)) for day in range(0, days + 1, step))
    y_ticks = tuple((round(100 * (most - tick) / (most - least), 2), numbers.bare(tick, unit)) for tick in ticks)
    return LineChart(tuple(drawn), y_ticks, x_ticks, Words("day", "天"))


POINTS_MOST = 400


def _thinned(count: int) -> NDArray[np.int64]:
    """Which points are drawn: all, or evenly some of them, with the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, POINTS_MOST)).astype(np.int64))


def _middle(value: float | Interval) -> float:
    return value.middle if isinstance(value, Interval) else value


def _points(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> str:
    return "L".join(f"{x:.0f} {y:.0f}" for x, y in zip(xs, ys, strict=True))


def _ticks(least: float, most: float) -> list[float]:
    """Four to seven round numbers that hold the range."""
    if not most > least:
        most = least + (abs(least) or 1.0)
    raw = (most - least) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    first, last = math.floor(least / step), math.ceil(most / step)
    return [number * step for number in range(first, last + 1)]


def heat(
    x_words: Words,
    y_words: Words,
    columns: Sequence[Words],
    rows: Sequence[tuple[Words, Sequence[float | Interval]]],
    unit: str,
    numbers: Numbers,
    better: int,
    around_zero: bool,
) -> HeatMap:
    """A heat map. `better` is 1 where more is good, -1 where less is; `around_zero` colours by sign.

    Of an interval the middle is shown, and between what it lies under it; one that holds 0 has no colour of its sign.
    """
    values = np.array([[_middle(value) for value in row] for _, row in rows], dtype=np.float64)
    finite = values[np.isfinite(values)]
    largest = float(np.abs(finite).max()) if finite.size else 0.0
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)

    def cell(shown: float | Interval) -> Cell:
        if not isinstance(shown, Interval):
            return plain(shown)
        made = plain(shown.middle)._replace(range=numbers.range(shown, unit))
        is_open = shown.low <= 0 <= shown.high
        return made._replace(tone="plain", strength=0) if around_zero and is_open else made

    def plain(value: float) -> Cell:
        if not math.isfinite(value):
            return Cell("–", 0, "plain")
        if around_zero:
            tone = "plain" if value == 0 or not better else ("good" if value * better > 0 else "bad")
            strength = abs(value) / largest if largest else 0.0
        else:
            tone, strength = "plain", (value - least) / (most - least) if most > least else 0.0
        return Cell(numbers.bare(value, unit), round(100 * strength), tone)

    return HeatMap(
        x_words, y_words, tuple(columns), tuple((name, tuple(cell(value) for value in row)) for name, row in rows)
    )

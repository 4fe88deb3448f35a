"""Numbers as the report shows them: short, with their unit, and a range beside each."""

from __future__ import annotations

import math
from typing import NamedTuple

from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.rehearsal.statistics import Interval
from bsip_mplp.rehearsal.words import Words

STEPS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


class Scale(NamedTuple):
    """What a unit is multiplied by, and how it is written in both languages."""

    factor: float
    suffix: Words


class Numbers:
    """Writes numbers of a scenario, whose assets have their own precisions."""

    def __init__(self, scenario: Scenario) -> None:
        """Take the precisions from the scenario."""
        self._scales = {
            "share": Scale(100, Words(" %", " %")),
            "points": Scale(100, Words(" points", " 个百分点")),
            "permille": Scale(1, Words(" ‰", " ‰")),
            "rate": Scale(100, Words(" % a year", " %/年")),
            "days": Scale(1, Words(" days", " 天")),
            "count": Scale(1, Words("", "")),
            "bitasset": Scale(10**-scenario.chain.bitasset_precision, Words(" bitasset", " 锚定资产")),
            "core": Scale(10**-scenario.chain.core_precision, Words(" BTS", " BTS")),
            "price": Scale(1, Words("", "")),
        }

    def scaled(self, value: float, unit: str) -> float:
        """A value in the unit that is shown."""
        return value * self._scales[unit].factor

    def bare(self, value: float, unit: str) -> str:
        """A value without its unit."""
        return short(self.scaled(value, unit))

    def text(self, value: float, unit: str) -> Words:
        """A value with its unit."""
        suffix = self._scales[unit].suffix
        return Words(self.bare(value, unit) + suffix.en, self.bare(value, unit) + suffix.zh)

    def suffix(self, unit: str) -> Words:
        """How a unit is written behind a number."""
        return self._scales[unit].suffix

    def range(self, found: Interval, unit: str) -> str:
        """The range of an interval, without its unit; empty where it is a point."""
        if not found.paths or math.isinf(found.low):
            return "?"
        if found.low == found.high:
            return ""
        return f"{self.bare(found.low, unit)} … {self.bare(found.high, unit)}"


def short(value: float) -> str:
    """A number in at most four digits: 1234.5 is `1.23 k`, -0.05 is `−0.05`, 0.0001 is `0.0001`."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    sign = "−" if value < 0 else ""
    for step, letter in STEPS:
        if size >= step:
            return f"{sign}{_digits(size / step)} {letter}"
    text = _digits(size)
    return text if text == "0" else sign + text


def _digits(size: float) -> str:
    if size >= 100:
        return f"{size:.0f}"
    if size >= 10:
        return _trimmed(f"{size:.1f}")
    if size >= 1:
        return _trimmed(f"{size:.2f}")
    return _trimmed(f"{size:.3f}") if size >= 0.001 else _trimmed(f"{size:.2g}" if size > 1e-12 else "0")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text

"""A position as it is drawn in a terminal: its amounts as bars, and the prices at which each rule acts as a scale.

Prices are bitasset units per core unit, exactly; ratios per mille. What is drawn decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from bsip_mplp.ratios import PERMILLE, Price, trigger_price

WIDTH = 28
"""Of the bars of a scale, in characters."""

PART, WHOLE = "▏▎▍▌▋▊▉", "█"
EIGHTHS = 8


@dataclass(frozen=True, slots=True)
class Stand:
    """A position and what its market says: own collateral and debt, what is lent, the feed, and the rules' ratios.

    `auction` is the ratio under which an auction opens, exactly (V-7); `floor` is that of short loans (PL-18).
    """

    collateral: int
    debt: int
    lp1: int
    lp2: int
    price: Price
    mcr: int
    mssr: int
    icr: int
    lmcr: int
    floor: int
    auction: Fraction
    has_short: bool
    has_long: bool


class Mark(NamedTuple):
    """A price, and what happens there; `rule` names who acts."""

    price: Fraction
    rule: str
    text: str


def marks(stand: Stand) -> list[Mark]:
    """The prices at which rules act on a position, the highest first; none without debt."""
    if stand.debt <= 0 or stand.collateral <= 0:
        return []
    chain = stand.collateral + stand.lp1, stand.debt - stand.lp2
    own = stand.collateral, stand.debt
    found = [Mark(stand.price.as_fraction(), "now", "the feed now")]
    if chain[1] > 0:
        found.append(Mark(trigger_price(*chain, stand.mcr), "chain", "the chain calls: its ratio is at MCR"))
        if stand.has_long:
            at = trigger_price(*chain, 1) * stand.auction
            found.append(Mark(at, "V-7", "an auction opens, and the risk fund adds collateral"))
        if stand.has_short:
            found.append(Mark(trigger_price(*chain, stand.floor), "PL-18", "short loans end: LCR under the floor"))
    if stand.has_short:
        found.append(Mark(trigger_price(*own, stand.lmcr), "PL-17", "short loans end: CR under LMCR"))
    if stand.has_long:
        found.append(Mark(trigger_price(*own, stand.mssr), "PL-23", "a takeover: CR under MSSR"))
    if stand.lp1 or stand.lp2:
        found.append(Mark(trigger_price(*own, stand.mcr), "chain", "the chain would have called without the loan"))
    else:
        found.append(Mark(trigger_price(*own, stand.lmcr), "PL-14", "below this nothing can be borrowed any more"))
    return sorted(found, key=lambda mark: (-mark.price, mark.rule))


def bar(value: Fraction, whole: Fraction, width: int = WIDTH) -> str:
    """A bar of at most `width` characters for a part of a whole, to an eighth of a character, rounded down."""
    if whole <= 0 or value <= 0:
        return ""
    eighths = min(width * EIGHTHS, value * width * EIGHTHS // whole)
    full, rest = divmod(int(eighths), EIGHTHS)
    return WHOLE * full + (PART[rest - 1] if rest else "")


def fall_text(price: Fraction, now: Fraction) -> str:
    """How far a price is from now, in percent with one digit, towards zero: `−12.3 %`."""
    tenths = abs(price - now) * 1000 // now
    if not tenths:
        return ""
    return f"{'−' if price < now else '+'}{tenths // 10}.{tenths % 10} %"


def rows(found: Sequence[Mark], shown: Sequence[str], width: int = WIDTH) -> list[tuple[str, str, str, str]]:
    """What a scale's lines consist of: the price as `shown`, its bar, how far it is from now, what happens there."""
    now = next(mark.price for mark in found if mark.rule == "now")
    whole = max(mark.price for mark in found)
    return [
        (
            text,
            bar(mark.price, whole, width).ljust(width),
            fall_text(mark.price, now),
            mark.text if mark.rule == "now" else f"{mark.text} ({mark.rule})",
        )
        for mark, text in zip(found, shown, strict=True)
    ]


class Call(NamedTuple):
    """What a margin call for all the debt would take: when, and at the worst price; units of the core asset."""

    at: Fraction
    sold: int
    penalty: int


def call_of(stand: Stand, *, lent: bool) -> Call | None:
    """A margin call of all the debt at the feed at which the chain calls, sold at `feed / MSSR`; None if there is none.

    With `lent` what is lent counts as the chain sees it. The penalty is what is sold over the debt's worth at the
    feed. Both are rounded up.
    """
    collateral = stand.collateral + (stand.lp1 if lent else 0)
    debt = stand.debt - (stand.lp2 if lent else 0)
    if debt <= 0 or collateral <= 0:
        return None
    at = trigger_price(collateral, debt, stand.mcr)
    sold = min(collateral, -int(-(Fraction(debt * stand.mssr, PERMILLE) / at) // 1))
    return Call(at, sold, sold - int(debt / at // 1))

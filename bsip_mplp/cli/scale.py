"""What a terminal draws of a vault: bars, how far a price is from now, and what a margin call would take.

Prices are bitasset units per core unit, exactly. What is drawn decides nothing.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from bsip_mplp.marks import Stand
from bsip_mplp.money import format_units
from bsip_mplp.ratios import PERMILLE, trigger_price

PRICE_DIGITS = 6
"""The least digits of a price after the point."""

PART, WHOLE = "▏▎▍▌▋▊▉", "█"
EIGHTHS = 8


def bar(value: Fraction, whole: Fraction, width: int) -> str:
    """A bar of at most `width` characters for a part of a whole, to an eighth of a character, rounded down."""
    if whole <= 0 or value <= 0:
        return ""
    eighths = min(width * EIGHTHS, value * width * EIGHTHS // whole)
    full, rest = divmod(int(eighths), EIGHTHS)
    return WHOLE * full + (PART[rest - 1] if rest else "")


def price_text(price: Fraction, core_digits: int, bitasset_digits: int) -> str:
    """What a whole unit of the core asset is worth in the bitasset, with a few digits more than that has.

    Rounded up, so that the price shown is never under the one at which a rule acts.
    """
    digits = max(PRICE_DIGITS, bitasset_digits)
    scaled = price * 10 ** (core_digits + digits) / 10**bitasset_digits
    return format_units(int(-(-scaled // 1)), digits)


def fall_text(price: Fraction, now: Fraction) -> str:
    """How far a price is from now, in percent with one digit, towards zero: `−12.3 %`."""
    tenths = abs(price - now) * 1000 // now
    if not tenths:
        return ""
    return f"{'−' if price < now else '+'}{tenths // 10}.{tenths % 10} %"


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

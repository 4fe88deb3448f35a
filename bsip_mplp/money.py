"""Exact money: integer smallest units, interest, cuts and splits (ground rules G-1 and G-3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from fractions import Fraction

MAX_UNITS = 10**15
"""The largest supply that a BitShares asset can have, in smallest units."""

FRACTION_CHARS_MAX = 40
"""The longest fraction that is read; what was read is never written longer."""

DAYS_PER_YEAR = 365
SECONDS_PER_DAY = 86_400


class MoneyError(ValueError):
    """An amount or a rate that can't be used; the text says what is wrong with it."""


class AssetMismatchError(MoneyError):
    """Two amounts of different assets met in one sum or comparison; names both."""


@dataclass(frozen=True, slots=True, order=False)
class Amount:
    """A count of an asset's smallest units (G-1). Amounts of two assets never add up."""

    asset: str
    units: int

    def __add__(self, other: Amount) -> Amount:
        return Amount(self._same(other), self.units + other.units)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self._same(other), self.units - other.units)

    def __neg__(self) -> Amount:
        return Amount(self.asset, -self.units)

    def __lt__(self, other: Amount) -> bool:
        self._same(other)
        return self.units < other.units

    def __le__(self, other: Amount) -> bool:
        self._same(other)
        return self.units <= other.units

    def __bool__(self) -> bool:
        raise MoneyError("an amount is neither true nor false: compare its units with 0")

    def _same(self, other: Amount) -> str:
        if self.asset != other.asset:
            raise AssetMismatchError(f"{self.asset} and {other.asset} are two assets and can't be combined")
        return self.asset


def div_ceil(numerator: int, denominator: int) -> int:
    """The quotient rounded up, exactly; the denominator is positive."""
    return -(-numerator // denominator)


def div_floor(numerator: int, denominator: int) -> int:
    """The quotient rounded down, exactly; the denominator is positive."""
    return numerator // denominator


def ceil_fraction(value: Fraction) -> int:
    """The smallest integer that is not under `value`."""
    return div_ceil(value.numerator, value.denominator)


def interest_units(principal_units: int, rate_per_year: Fraction, days: int) -> int:
    """Interest on a principal for some days, in its smallest units, rounded up for the lender (G-3)."""
    return div_ceil(principal_units * rate_per_year.numerator * days, rate_per_year.denominator * DAYS_PER_YEAR)


def cut_units(paid_units: int, share: Fraction) -> int:
    """The system's share of a payment, rounded down (G-3); the rest is the lender's."""
    return div_floor(paid_units * share.numerator, share.denominator)


def split_by_share(units: int, shares: Sequence[int]) -> list[int]:
    """Split `units` by `shares`: each rounded down, what is left over goes to the largest (first at a tie).

    The parts always add up to `units`. With no positive share nothing can be split and every part is 0 only
    if `units` is 0; otherwise `MoneyError` is raised.
    """
    total = sum(shares)
    if total <= 0:
        if units:
            raise MoneyError(f"{units} units can't be split among no shares")
        return [0] * len(shares)
    parts = [div_floor(units * share, total) for share in shares]
    largest = max(range(len(shares)), key=lambda i: (shares[i], -i))
    parts[largest] += units - sum(parts)
    return parts


def parse_units(text: str, precision: int) -> int:
    """Read a decimal amount such as `12.5` into smallest units, exactly.

    Raises `MoneyError` for what is no decimal number, is negative, has more digits after the point than the
    asset's precision, or is over the largest supply.
    """
    with localcontext() as context:
        context.prec = 60
        try:
            scaled = Decimal(text).scaleb(precision)
        except InvalidOperation:
            raise MoneyError(f"{text!r} is no amount: write a number such as 12.5") from None
        if not scaled.is_finite():
            raise MoneyError(f"{text!r} is no amount: write a number such as 12.5")
        if scaled != scaled.to_integral_value():
            raise MoneyError(f"{text} has more than {precision} digits after the point")
    units = int(scaled)
    if not 0 <= units <= MAX_UNITS:
        raise MoneyError(f"{text} is out of range: an amount is from 0 to {format_units(MAX_UNITS, precision)}")
    return units


def format_units(units: int, precision: int) -> str:
    """Smallest units as a decimal number with all its digits: `format_units(1250000, 5)` is `12.50000`."""
    sign, digits = ("-" if units < 0 else ""), str(abs(units)).rjust(precision + 1, "0")
    return f"{sign}{digits[:-precision]}.{digits[-precision:]}" if precision else f"{sign}{digits}"


def parse_fraction(text: str) -> Fraction:
    """Read an exact number from `0.12`, `12%` or `3/25`; raises `MoneyError` if it is none of these.

    What it reads can be written as a fraction and read again: a number too long for that is refused.
    """
    body, percent = (text[:-1], True) if text.endswith("%") else (text, False)
    if len(body) > FRACTION_CHARS_MAX or any(sign in body for sign in "eE_"):
        raise MoneyError(f"{text[:40]!r} is no number: write 0.12, 12% or 3/25")
    try:
        value = Fraction(body)
    except (ValueError, ZeroDivisionError):
        raise MoneyError(f"{text!r} is no number: write 0.12, 12% or 3/25") from None
    value = value / 100 if percent else value
    if len(str(value)) > FRACTION_CHARS_MAX:
        raise MoneyError(f"{text!r} has too many digits: write 0.12, 12% or 3/25")
    return value

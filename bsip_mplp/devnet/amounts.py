"""Exact amounts and prices with core's rounding (``libraries/protocol/asset.cpp``).

Everything is an integer. A price is a pair of amounts of two assets and is compared by cross multiplication.
"""

from __future__ import annotations

from math import gcd
from typing import Any

from .constants import MAX_SHARE_SUPPLY
from .errors import AssertError, require

#: Two different fractions with parts below 2**63 differ by more than 2**-126, so the floor of the fraction
#: times 2**127 orders prices exactly and can serve as an index key.
KEY_SHIFT = 127


def div_ceil(numerator: int, denominator: int) -> int:
    """Quotient rounded up, for non-negative numerators."""
    return -(-numerator // denominator)


def percent(value: int, per_10000: int) -> int:
    """``value`` × ``per_10000`` / 10,000, rounded down (``detail::calculate_percent``)."""
    return value * per_10000 // 10_000


class Asset:
    """An amount of one asset in its smallest units. Treated as immutable."""

    __slots__ = ("amount", "asset_id")

    def __init__(self, amount: int = 0, asset_id: int = 0) -> None:
        self.amount = amount
        self.asset_id = asset_id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asset) and self.amount == other.amount and self.asset_id == other.asset_id

    def __hash__(self) -> int:
        return hash((self.amount, self.asset_id))

    def __repr__(self) -> str:
        return f"Asset({self.amount}, {self.asset_id})"

    def __neg__(self) -> Asset:
        return Asset(-self.amount, self.asset_id)

    def __add__(self, other: Asset) -> Asset:
        self._same(other)
        return Asset(self.amount + other.amount, self.asset_id)

    def __sub__(self, other: Asset) -> Asset:
        self._same(other)
        return Asset(self.amount - other.amount, self.asset_id)

    def _same(self, other: Asset) -> None:
        if self.asset_id != other.asset_id:
            raise TypeError(f"amounts of assets 1.3.{self.asset_id} and 1.3.{other.asset_id} do not add")

    def __mul__(self, price: Price) -> Asset:
        """Convert at ``price``, rounding down."""
        base, quote = price.base, price.quote
        if self.asset_id != base.asset_id:
            base, quote = quote, base
            if self.asset_id != base.asset_id:
                raise AssertError("invalid asset * price", where="asset.cpp:operator *")
        require(base.amount > 0, "b.base.amount.value > 0: ", where="asset.cpp:operator *")
        return Asset(_capped(self.amount * quote.amount // base.amount), quote.asset_id)

    def times_up(self, price: Price) -> Asset:
        """Convert at ``price``, rounding up (``multiply_and_round_up``)."""
        base, quote = price.base, price.quote
        if self.asset_id != base.asset_id:
            base, quote = quote, base
            if self.asset_id != base.asset_id:
                raise AssertError(
                    "invalid asset::multiply_and_round_up(price)", where="asset.cpp:multiply_and_round_up"
                )
        require(base.amount > 0, "b.base.amount.value > 0: ", where="asset.cpp:multiply_and_round_up")
        return Asset(_capped(div_ceil(self.amount * quote.amount, base.amount)), quote.asset_id)

    def __truediv__(self, other: Asset) -> Price:
        """The price base/quote; no division is done."""
        require(self.asset_id != other.asset_id, "base.asset_id != quote.asset_id: ", where="asset.cpp:operator /")
        return Price(self, other)

    def to_json(self) -> dict[str, Any]:
        """As on the wire."""
        from .serial import wire_int64

        return {"amount": wire_int64(self.amount), "asset_id": f"1.3.{self.asset_id}"}


def _capped(result: int) -> int:
    if result > MAX_SHARE_SUPPLY:
        raise AssertError("result <= GRAPHENE_MAX_SHARE_SUPPLY: ", where="asset.cpp:operator *")
    return result


class Price:
    """A pair of amounts, base per quote. Equal and ordered by value within one pair of assets."""

    __slots__ = ("base", "quote")

    def __init__(self, base: Asset, quote: Asset) -> None:
        self.base = base
        self.quote = quote

    def __invert__(self) -> Price:
        return Price(self.quote, self.base)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Price):
            return NotImplemented
        a, b, c, d = self.base, self.quote, other.base, other.quote
        return a.asset_id == c.asset_id and b.asset_id == d.asset_id and d.amount * a.amount == b.amount * c.amount

    def __hash__(self) -> int:
        return hash((self.base.asset_id, self.quote.asset_id))

    def __lt__(self, other: Price) -> bool:
        a, b, c, d = self.base, self.quote, other.base, other.quote
        if a.asset_id != c.asset_id:
            return a.asset_id < c.asset_id
        if b.asset_id != d.asset_id:
            return b.asset_id < d.asset_id
        return d.amount * a.amount < b.amount * c.amount

    def __gt__(self, other: Price) -> bool:
        return other < self

    def __le__(self, other: Price) -> bool:
        return not other < self

    def __ge__(self, other: Price) -> bool:
        return not self < other

    def __repr__(self) -> str:
        return f"Price({self.base!r}, {self.quote!r})"

    @property
    def is_null(self) -> bool:
        """True of core's default price, which stands for "none"."""
        return self.base.asset_id == 0 and self.quote.asset_id == 0

    def key(self) -> int:
        """An integer that orders prices of one pair of assets exactly as they compare."""
        return (self.base.amount << KEY_SHIFT) // self.quote.amount

    def validate(self) -> None:
        """Refuse what core refuses."""
        require(self.base.amount > 0, "base.amount.value > 0: Base amount should be positive")
        require(self.quote.amount > 0, "quote.amount.value > 0: Quote amount should be positive")
        require(
            self.base.asset_id != self.quote.asset_id,
            "base.asset_id != quote.asset_id: Base asset ID and quote asset ID should be different",
        )

    def scaled(self, numerator: int, denominator: int) -> Price:
        """The price times a ratio, brought within the largest supply as core does it."""
        self.validate()
        require(numerator > 0 and denominator > 0, "r.numerator() > 0 && r.denominator() > 0: ")
        if numerator == denominator:
            return self
        exact = _reduced(self.base.amount * numerator, self.quote.amount * denominator)
        (num, den), inexact, shrunk = _shrink(exact)
        if shrunk:
            num, den = _closer(exact, (num, den))
        result = Price(Asset(num, self.base.asset_id), Asset(den, self.quote.asset_id))
        ratio_num, ratio_den = _reduced(numerator, denominator)
        if inexact and ((result < self) if ratio_num > ratio_den else (result > self)):
            result = self  # flipped by the rounding: an out-of-range price stays as it was
        result.validate()
        return result

    def to_json(self) -> dict[str, Any]:
        """As on the wire."""
        return {"base": self.base.to_json(), "quote": self.quote.to_json()}


def _reduced(num: int, den: int) -> tuple[int, int]:
    divisor = gcd(num, den)
    return num // divisor, den // divisor


def _shrink(exact: tuple[int, int]) -> tuple[tuple[int, int], bool, bool]:
    """Halve until both parts fit; returns the fraction, whether it is inexact, whether it was halved."""
    num, den = exact
    shrunk = False
    while num > MAX_SHARE_SUPPLY or den > MAX_SHARE_SUPPLY:
        if num == 1:
            return (1, MAX_SHARE_SUPPLY), True, shrunk
        if den == 1:
            return (MAX_SHARE_SUPPLY, 1), True, shrunk
        num, den = _reduced(num >> 1, den >> 1)
        shrunk = True
    return (num, den), shrunk, shrunk


def _closer(exact: tuple[int, int], halved: tuple[int, int]) -> tuple[int, int]:
    """Of the halved fraction and the one with a part of 1, the one closer to the exact value."""
    num, den = exact
    whole = (min(num // den, MAX_SHARE_SUPPLY), 1) if num > den else (1, min(den // num, MAX_SHARE_SUPPLY))
    if MAX_SHARE_SUPPLY in whole:
        return whole
    from_whole = _distance(whole, exact)
    from_halved = _distance(halved, exact)
    return whole if from_whole[0] * from_halved[1] < from_halved[0] * from_whole[1] else halved


def _distance(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return abs(a[0] * b[1] - b[0] * a[1]), a[1] * b[1]


def price_max(base: int, quote: int) -> Price:
    """The highest price of a pair of assets."""
    return Price(Asset(MAX_SHARE_SUPPLY, base), Asset(1, quote))


def price_min(base: int, quote: int) -> Price:
    """The lowest price of a pair of assets."""
    return Price(Asset(1, base), Asset(MAX_SHARE_SUPPLY, quote))


NULL_PRICE = Price(Asset(), Asset())

"""The prices that follow from a feed, and the chain's rounding, on plain integers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bsip_mplp.devnet.amounts import Asset, Price
from bsip_mplp.ratios import PERMILLE

Pair = tuple[int, int]

FEEDS_KEPT: Final = 1 << 14
"""The feeds of two paths of a fortnight by the minute."""


def scaled(price: Pair, numerator: int, denominator: int) -> Pair:
    """A price times a ratio, within the largest supply as the chain does it. Either way around."""
    made = Price(Asset(price[0], 1), Asset(price[1], 2)).scaled(numerator, denominator)
    return made.base.amount, made.quote.amount


def up(units: int, multiplier: int, divisor: int) -> int:
    """`units × multiplier / divisor`, rounded up."""
    return -(-units * multiplier // divisor)


@dataclass(frozen=True, slots=True)
class FeedPrices:
    """The feed in force, and the prices that follow from it; see `feed_prices`."""

    price: Pair
    mcr: int
    mssr: int
    icr: int
    call_numerator: int
    order_price: Pair
    """Debt per collateral at which margin calls stand in the book: feed / (MSSR − MCFR)."""
    squeeze: Pair
    """Debt per collateral that a called position pays: feed / MSSR."""
    maintenance: Pair
    """Collateral per debt at MCR."""
    initial: Pair
    """Collateral per debt at ICR."""

    def same_for_calls(self, other: FeedPrices) -> bool:
        """Whether nothing that concerns margin calls differs."""
        same_price = self.price[0] * other.price[1] == other.price[0] * self.price[1]
        return same_price and (self.mcr, self.mssr) == (other.mcr, other.mssr)


@lru_cache(maxsize=FEEDS_KEPT)
def feed_prices(price: Pair, mcr: int, mssr: int, icr: int, call_numerator: int) -> FeedPrices:
    """A feed with its prices, worked out once: a path has the same feeds under each rule set."""
    inverse = (price[1], price[0])
    maintenance = scaled(inverse, mcr, PERMILLE)
    return FeedPrices(
        price,
        mcr,
        mssr,
        icr,
        call_numerator,
        order_price=scaled(price, PERMILLE, call_numerator),
        squeeze=scaled(price, PERMILLE, mssr),
        maintenance=maintenance,
        initial=scaled(inverse, icr, PERMILLE) if icr > mcr else maintenance,
    )

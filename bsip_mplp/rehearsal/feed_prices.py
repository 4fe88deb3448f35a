"""The prices that follow from a feed, and the chain's rounding, on plain integers."""

from __future__ import annotations

from dataclasses import dataclass, field

from bsip_mplp.devnet.amounts import Asset, Price
from bsip_mplp.ratios import PERMILLE

Pair = tuple[int, int]


def scaled(price: Pair, numerator: int, denominator: int) -> Pair:
    """A price times a ratio, within the largest supply as the chain does it. Either way around."""
    made = Price(Asset(price[0], 1), Asset(price[1], 2)).scaled(numerator, denominator)
    return made.base.amount, made.quote.amount


def up(units: int, multiplier: int, divisor: int) -> int:
    """`units × multiplier / divisor`, rounded up."""
    return -(-units * multiplier // divisor)


@dataclass(slots=True)
class FeedPrices:
    """The feed in force, and the prices that follow from it, each worked out once."""

    price: Pair
    mcr: int
    mssr: int
    icr: int
    call_numerator: int
    order_price: Pair = field(init=False)
    """Debt per collateral at which margin calls stand in the book: feed / (MSSR − MCFR)."""
    squeeze: Pair = field(init=False)
    """Debt per collateral that a called position pays: feed / MSSR."""
    maintenance: Pair = field(init=False)
    """Collateral per debt at MCR."""
    initial: Pair = field(init=False)
    """Collateral per debt at ICR."""

    def __post_init__(self) -> None:
        inverse = (self.price[1], self.price[0])
        self.order_price = scaled(self.price, PERMILLE, self.call_numerator)
        self.squeeze = scaled(self.price, PERMILLE, self.mssr)
        self.maintenance = scaled(inverse, self.mcr, PERMILLE)
        self.initial = scaled(inverse, self.icr, PERMILLE) if self.icr > self.mcr else self.maintenance

    def same_for_calls(self, other: FeedPrices) -> bool:
        """Whether nothing that concerns margin calls differs."""
        same_price = self.price[0] * other.price[1] == other.price[0] * self.price[1]
        return same_price and (self.mcr, self.mssr) == (other.mcr, other.mssr)

"""Bonds as the engine holds them: a series with its holders, and an offer to pass some on (PL-37, PL-43)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, Literal

ON_CHAIN: Final = "(chain)"
"""Who holds, in the ledger, the bonds that stand behind units on the chain; no account can have this name."""


@dataclass(slots=True)
class Series:
    """A series of risk bonds (PL-37): what is offered, who holds it, and the coupon accrued so far."""

    number: int
    market: str
    amount: int
    opened: int
    window_ends: int
    coupon: Fraction
    forced: str
    sold: int = 0
    on_offer: bool = True
    holdings: dict[str, int] = field(default_factory=dict)
    """Bonds by holder, in the order in which they first came to hold some."""
    accrued: Fraction = Fraction(0)
    accrued_to: int = 0
    redeemed: int = 0
    coupon_paid: int = 0
    asset: str = ""
    """The symbol of its asset on the chain (PL-43), "" while none was asked for."""
    asset_made: bool = False
    """Whether the chain has made that asset for the pool's account."""
    on_chain: int = 0
    """Units of that asset that stand for what `ON_CHAIN` holds: on the chain, or still to be sent there."""
    waiting: list[tuple[str, int]] = field(default_factory=list)
    """Who gets how many units once the asset is made, in the order in which they asked."""

    @property
    def pot(self) -> str:
        """The ledger's account of what bonds on the chain have earned, and of units that were brought back."""
        return f"bonds/{self.number}"

    def purse(self, holder: str) -> str:
        """The ledger's account that what a holder's bonds earn is paid to."""
        return self.pot if holder == ON_CHAIN else f"free/{holder}"

    def give(self, holder: str, units: int) -> None:
        """More bonds to a holder."""
        self.holdings[holder] = self.holdings.get(holder, 0) + units

    def take(self, holder: str, units: int) -> None:
        """Bonds from a holder who has them."""
        self.holdings[holder] -= units
        if not self.holdings[holder]:
            del self.holdings[holder]

    @property
    def outstanding(self) -> int:
        """Bonds not redeemed yet, in smallest units of the bitasset."""
        return self.sold - self.redeemed

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "number": self.number,
            "market": self.market,
            "amount": self.amount,
            "opened": self.opened,
            "window_ends": self.window_ends,
            "coupon": str(self.coupon),
            "forced": self.forced,
            "sold": self.sold,
            "on_offer": self.on_offer,
            "holdings": dict(sorted(self.holdings.items())),
            "accrued": str(self.accrued),
            "accrued_to": self.accrued_to,
            "redeemed": self.redeemed,
            "coupon_paid": self.coupon_paid,
            "asset": self.asset,
            "asset_made": self.asset_made,
            "on_chain": self.on_chain,
            "waiting": [list(one) for one in self.waiting],
        }


@dataclass(slots=True)
class Offer:
    """Bonds that one account offers to another for bitasset (PL-43)."""

    number: int
    series: int
    seller: str
    to: str
    units: int
    price: int
    state: Literal["open", "taken", "kept"] = "open"

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "number": self.number,
            "series": self.series,
            "seller": self.seller,
            "to": self.to,
            "units": self.units,
            "price": self.price,
            "state": self.state,
        }

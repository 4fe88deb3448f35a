"""The market inside: balances, positions, the order book, and the chain's rules of margin calls (RE-3).

`Market` is what a run needs of it. There are two: `fast_market.FastMarket`, on plain integers, and
`plain_market.PlainMarket`, the embedded node's own code in this process; a test holds them to the same unit.

An account is a number. Amounts are smallest units. A price is a pair (bitasset units, core units). Operations cost
no network fee here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

CORE: Final = 0
USD: Final = 1
Side = Literal[0, 1]
"""An asset of the market, named by what an order sells."""

Units = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MarketOptions:
    """What the asset's owner set: the margin call fee per mille, the market fee of the bitasset per 10,000."""

    margin_call_fee: int = 0
    market_fee: int = 0


class Called(NamedTuple):
    """A margin call's fill: collateral given, debt covered, the fee in core, and what came free if it was closed."""

    account: int
    collateral: int
    debt: int
    fee: int
    closed: bool
    freed: int


class Swan(NamedTuple):
    """A global settlement: the bitasset's supply, the core gathered for it, and how many positions were closed."""

    supply: int
    fund: int
    positions: int


class Market(Protocol):
    """What a run needs of the inside market. Views are arrays by account that are never to be written to."""

    core: Units
    bitasset: Units
    collateral: Units
    debt: Units
    calls: list[Called]
    """Fills of margin calls since it was last emptied."""
    swans: list[Swan]
    """Global settlements since it was last emptied."""
    touched: set[int]
    """Accounts whose position changed by anything since it was last emptied."""

    @property
    def last_price(self) -> tuple[int, int] | None:
        """The price of the last trade."""

    @property
    def settled(self) -> bool:
        """Whether the bitasset is globally settled."""

    @property
    def supply(self) -> int:
        """Bitasset units that exist."""

    @property
    def fund(self) -> int:
        """Core units that stand for the bitasset while it is globally settled."""

    @property
    def fees(self) -> tuple[int, int]:
        """The owner's fees not claimed yet: core units, bitasset units."""

    def resting(self) -> list[tuple[int, Side, int]]:
        """What stands in orders: seller, side, units."""

    def create_core(self, account: int, units: int) -> None:
        """Genesis money."""

    def has(self, account: int, side: Side, units: int) -> bool:
        """Whether an account has so much, free."""

    def transfer(self, sender: int, receiver: int, side: Side, units: int) -> bool:
        """Move free money; false if it is not there."""

    def adjust(self, account: int, collateral: int, debt: int, *, payer: int, target: int | None) -> bool:
        """Change a position by so much, with the payer's money; false if the chain refuses it."""

    def place(self, account: int, sell: Side, units: int, receive: int) -> int:
        """A limit order; gives its number if a part of it rests in the book, else 0 (also if it is refused)."""

    def cancel(self, account: int, order: int) -> bool:
        """Take an order back; false if it is gone or another's."""

    def best(self, sells: Side) -> tuple[int, int] | None:
        """The price of the best order that sells an asset, or None."""

    def publish(self, price: tuple[int, int], mcr: int, mssr: int, icr: int) -> None:
        """A new feed in force; positions are called by it."""

    def exempt(self, account: int, exempt: bool) -> None:
        """Whether the rules of lending judge a position, in place of the chain's margin call (PL-20)."""

    def take_collateral(self, account: int, units: int, receiver: int) -> None:
        """Take collateral out of an exempt position, by order of the rules."""

    def pay_debt(self, account: int, units: int, payer: int) -> None:
        """Pay an exempt position's debt, by order of the rules; without debt left it is closed."""

    def settle(self, account: int, units: int) -> int:
        """After a global settlement: bitasset for the fund's core; gives the core units got, 0 if refused."""

    def bid_collateral(self, account: int, collateral: int, debt: int) -> bool:
        """After a global settlement: bid collateral for taking debt over; a debt of 0 takes the bid back."""

    def claim_fees(self, receiver: int) -> tuple[int, int]:
        """Pay the owner's fees out to an account; gives what they were: core units, bitasset units."""

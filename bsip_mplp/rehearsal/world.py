"""What simulated users see and can do: arrays of everybody's money and positions, and the same actions as real users'.

Users are numbered, grouped by kind. Views are NumPy arrays of smallest units, to be read for a whole kind at once;
actions are taken user by user, in whole units, and are refused as the chain and the rules refuse them.
"""

from __future__ import annotations

import enum
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.desk import Desk, Wallets
from bsip_mplp.rehearsal.market import CORE, USD, Market, Side
from bsip_mplp.rehearsal.rulesets import RuleSet
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import Ask
from bsip_mplp.rules.outcomes import Outcome

__all__ = ["CORE", "USD", "AgentKind", "Event", "World", "pair", "price_of"]

PAIR_CORE: Final = 10**9
"""The core units that integer prices of this room are for."""

CORE_PRECISION: Final = 5
USD_PRECISION: Final = 4
WHOLE_CORE: Final = 10**CORE_PRECISION
WHOLE_USD: Final = 10**USD_PRECISION
UNITS_PER_PRICE: Final = WHOLE_USD / WHOLE_CORE
"""Bitasset units per core unit at a price of 1 bitasset for 1 core asset."""


def pair(price: float) -> tuple[int, int]:
    """A price in whole assets as an integer pair (bitasset units, core units), never 0."""
    return max(1, round(price * UNITS_PER_PRICE * PAIR_CORE)), PAIR_CORE


def price_of(bitasset_units: int, core_units: int) -> float:
    """An integer pair as a price in whole assets: bitasset for one core asset."""
    return bitasset_units / (core_units * UNITS_PER_PRICE)


class Event(enum.IntFlag):
    """What a kind of user can be woken by."""

    TIME = 1
    """The time that it asked for has come."""
    FEED = 2
    """The feed in force changed."""
    OUTSIDE = 4
    """The outside price moved by the kind's `moved_permille` since it last acted."""
    AUCTION = 8
    """An auction opened, ended or got a bid."""
    CALLED = 16
    """A position was called, or stands called without a buyer."""
    BOND = 32
    """Bonds came on offer."""
    LOAN = 64
    """A loan was made or ended."""
    SWAN = 128
    """Global settlement."""


class AgentKind(Protocol):
    """A kind of user, all of them at once."""

    name: str
    wakes: Event
    moved_permille: int

    def enter(self, world: World, who: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Draw private traits, found one's money and positions; the same draws under every rule set."""

    def act(self, world: World, why: Event) -> int | None:
        """Do what one wants to do now; gives the chain time at which to be woken at the latest, or None."""


class World:
    """One run as its users see it. `now` is chain time in seconds; prices are floats, bitasset for one core asset."""

    def __init__(
        self,
        market: Market,
        desk: Desk | None,
        wallets: Wallets,
        rules: RuleSet,
        *,
        users: int,
        start: int,
        days: int,
        step_seconds: int,
        outside_fee_permille: int,
    ) -> None:
        self.market, self.desk, self.wallets, self.rules = market, desk, wallets, rules
        self.users, self.days, self.step_seconds = users, days, step_seconds
        self.now, self.step = start, 0
        self.founding = True
        self.why = ""
        """The last refusal, in words."""
        self.outside_price = self.feed_price = 0.0
        self.mcr = self.mssr = self.icr = 0
        self.events = Event(0)
        self._outside_fee_permille = outside_fee_permille
        self.wealth: NDArray[np.int64] = np.zeros(users, dtype=np.int64)
        """What each user starts with, in core units at the outside price; the same under every rule set."""
        self.called: NDArray[np.bool_] = np.zeros(users, dtype=bool)
        """Whether a user's position was ever called."""
        self.chosen: NDArray[np.bool_] = np.zeros(users, dtype=bool)
        """Set by a kind whose users let themselves be called on purpose (RE-9)."""
        self.holder: NDArray[np.int64] = wallets.holder
        """Who holds the position of each account: a won auction changes it."""
        self.lp1, self.lp2, self.state = wallets.lp1, wallets.lp2, wallets.state

    # --- reading ------------------------------------------------------------------------------------------

    @property
    def core(self) -> NDArray[np.int64]:
        """Free core units on the chain, by user."""
        return self.market.core[: self.users]

    @property
    def bitasset(self) -> NDArray[np.int64]:
        """Free bitasset units on the chain, by user."""
        return self.market.bitasset[: self.users]

    @property
    def collateral(self) -> NDArray[np.int64]:
        """Collateral of the position of each account, without what is lent to it."""
        return self.market.collateral[: self.users]

    @property
    def debt(self) -> NDArray[np.int64]:
        """Debt of the position of each account."""
        return self.market.debt[: self.users]

    @property
    def engine(self) -> Engine | None:
        """The rules of lending, to be read; None under a rule set without lending."""
        return None if self.desk is None else self.desk.engine

    @property
    def best_bid(self) -> float:
        """The best price bid for collateral inside, nan if nobody bids."""
        best = self.market.best(USD)
        return float("nan") if best is None else price_of(*best)

    @property
    def best_ask(self) -> float:
        """The best price asked for collateral inside, nan if nobody offers."""
        best = self.market.best(CORE)
        return float("nan") if best is None else price_of(*best)

    @property
    def inside_price(self) -> float:
        """The price of the last trade inside, or the feed before the first."""
        last = self.market.last_price
        return self.feed_price if last is None else price_of(*last)

    def ratios(self) -> NDArray[np.float64]:
        """CR of each account's position at the feed; infinite without debt. For deciding only, money stays exact."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self.collateral * (self.feed_price * UNITS_PER_PRICE) / self.debt
        return np.where(self.debt > 0, found, np.inf)

    def name(self, index: int) -> str:
        """What the rules call a user."""
        return self.wallets.names[index]

    def index(self, name: str) -> int:
        """A user by the name that the rules know."""
        return self.wallets.index[name]

    def free(self, index: int, asset: str) -> int:
        """A user's free balance with the rules, in smallest units."""
        return 0 if self.desk is None else self.desk.engine.book.free(self.name(index), asset)

    # --- acting -------------------------------------------------------------------------------------------

    def _refused(self, why: str) -> bool:
        self.why = why
        return False

    def endow(self, index: int, *, core: int = 0, bitasset: int = 0) -> None:
        """Give a user money to begin with; only while users enter. Core is made, bitasset is the founder's."""
        if not self.founding:
            raise ValueError("money is given only while users enter")
        self.market.create_core(index, core)
        if bitasset and not self.market.transfer(self.wallets.founder, index, USD, bitasset):
            raise ValueError(f"the founder has not got {bitasset} units of bitasset to give")

    def adjust(self, index: int, *, collateral: int = 0, debt: int = 0, position: int | None = None) -> bool:
        """Add to or take from a position, with the user's money; collateral in core units, debt in bitasset units.

        Opens it if there is none, closes it when both reach 0. The chain refuses what would be called at once.
        """
        account = index if position is None else position
        if self.holder[account] != index:
            return self._refused("somebody else holds this position")
        if self.desk is not None and (reason := self.desk.forbids(account, collateral, debt)):
            return self._refused(reason)
        target = self.rules.target_permille
        if not self.market.adjust(account, collateral, debt, payer=index, target=target):
            return self._refused("the chain refuses it")
        return True

    def place(self, index: int, sell: Side, units: int, receive: int) -> int:
        """Place an order: sell `units` for at least `receive`. Gives the number of what rests, 0 if nothing does."""
        return self.market.place(index, sell, units, receive)

    def cancel(self, index: int, order: int) -> bool:
        """Take one's order back."""
        return self.market.cancel(index, order)

    def trade(self, index: int, sell: Side, units: int, least: int) -> int:
        """Sell up to `units` at no less than `least` for all of them, to what stands in the book now; units got."""
        money = self.market.bitasset if sell == CORE else self.market.core
        before = int(money[index])
        order = self.market.place(index, sell, units, least)
        if order:
            self.market.cancel(index, order)
        return int(money[index]) - before

    def outside_trade(self, index: int, sell: Side, units: int) -> int:
        """Sell at the outside exchange, at its price less its fee; gives the units got, 0 if the money is not there."""
        bitasset, core = pair(self.outside_price)
        keep = 1000 - self._outside_fee_permille
        got = units * bitasset * keep // (core * 1000) if sell == CORE else units * core * keep // (bitasset * 1000)
        other = USD if sell == CORE else CORE
        outside = self.wallets.outside
        if got <= 0 or not self.market.has(index, sell, units) or not self.market.transfer(outside, index, other, got):
            self.why = "the money for it is not there"
            return 0
        self.market.transfer(index, outside, sell, units)
        return got

    def ask(self, index: int, ask: Ask, asset: str | None = None, units: int = 0) -> Outcome | None:
        """Ask something of the rules, with money along from the chain's free balance; None if there are no rules.

        The position of the user is shown to the rules before. Money that is not there is a refusal (`why`).
        """
        if self.desk is None:
            self.why = "nobody lends under this rule set"
            return None
        outcome = self.desk.ask(index, ask, asset, units)
        self.why = "the money for it is not there" if outcome is None else ""
        if outcome is not None and outcome.refusals:
            self.why = f"{outcome.refusals[-1].rule}: {outcome.refusals[-1].reason}"
        return outcome

    def withdraw(self, index: int, asset: str) -> int:
        """Have all free balance of an asset paid out to the chain; gives the units."""
        return 0 if self.desk is None else self.desk.withdraw(index, asset)

    def settle(self, index: int, units: int) -> int:
        """After a global settlement: give bitasset for the fund's core; gives the core units got."""
        return self.market.settle(index, units)

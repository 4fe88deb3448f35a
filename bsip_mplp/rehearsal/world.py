"""What simulated users see and can do: arrays of everybody's money and positions, and the same actions as real users'.

Users are numbered, grouped by kind. Views are NumPy arrays of smallest units, to be read for a whole kind at once;
actions are taken user by user, in whole units, and are refused as the chain and the rules refuse them.
"""

from __future__ import annotations

import enum
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.desk import CORE_SYMBOL, USD_SYMBOL, Desk
from bsip_mplp.rehearsal.market import CORE, USD, Called, Market, Side
from bsip_mplp.rehearsal.rulesets import RuleSet
from bsip_mplp.rehearsal.wallets import BLACK, CARRIED, FREE, IN_AUCTION, NONE, PROTECTED, TAKEN_OVER, Wallets
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import Ask
from bsip_mplp.rules.outcomes import Event as RuleEvent
from bsip_mplp.rules.outcomes import Outcome
from bsip_mplp.rules.state import Position

__all__ = [
    "BLACK",
    "CARRIED",
    "CORE",
    "CORE_SYMBOL",
    "FREE",
    "IN_AUCTION",
    "NONE",
    "PROTECTED",
    "TAKEN_OVER",
    "USD",
    "USD_SYMBOL",
    "AgentKind",
    "Event",
    "Scale",
    "World",
]

PAIR_CORE: Final = 10**9
"""The core units that integer prices of this room are for."""

ALWAYS: Final = (float("inf"), float("-inf"))
"""A band that no price lies in: every feed wakes."""


ALL: Final = slice(None)


class Scale:
    """Whole assets and smallest units, and prices in both: whole bitasset for one core asset, or an integer pair."""

    def __init__(self, core_precision: int, bitasset_precision: int) -> None:
        self.whole_core, self.whole_bitasset = 10**core_precision, 10**bitasset_precision
        self.units_per_price: float = self.whole_bitasset / self.whole_core
        """Bitasset units per core unit at a price of 1."""

    def pair(self, price: float) -> tuple[int, int]:
        """A price in whole assets as an integer pair (bitasset units, core units), never 0."""
        return max(1, round(price * self.units_per_price * PAIR_CORE)), PAIR_CORE

    def price_of(self, bitasset_units: int, core_units: int) -> float:
        """An integer pair as a price in whole assets."""
        return float(bitasset_units / (core_units * self.units_per_price))


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
    feed_band: tuple[float, float]
    """Feed prices strictly between these two wake nobody of this kind; `ALWAYS` for none. It is read after each act."""
    in_vault: bool
    """Whether its users have their position in a vault where loans are made in vaults: who may want to borrow."""

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
        scale: Scale,
        start: int,
        days: int,
        step_seconds: int,
        outside_fee_permille: int,
    ) -> None:
        self.market, self.desk, self.wallets, self.rules = market, desk, wallets, rules
        self.users, self.days, self.step_seconds = wallets.users, days, step_seconds
        users = self.users
        self.scale, self.pair, self.price_of = scale, scale.pair, scale.price_of
        self.whole_core, self.whole_bitasset = scale.whole_core, scale.whole_bitasset
        self.now, self.step = start, 0
        self.founding = True
        self.why = ""
        """The last refusal, in words."""
        self.outside_price = self.feed_price = 0.0
        self.mcr = self.mssr = self.icr = 0
        self.events = Event(0)
        """What happened since the kinds were last woken."""
        self.chain_calls: list[Called] = []
        """Fills of margin calls since they were last counted."""
        self.swan_fills: list[Called] = []
        """Positions that a global settlement closed, since they were last counted."""
        self.swans = 0
        self.rule_events: list[RuleEvent] = []
        """What happened by the rules since it was last counted."""
        self.endowed: NDArray[np.int64] = np.zeros((2, users), dtype=np.int64)
        """Money that each user was given while users entered: core units, bitasset units."""
        self._outside_fee_permille = outside_fee_permille
        self.wealth: NDArray[np.int64] = np.zeros(users, dtype=np.int64)
        """What each user starts with, in core units at the outside price; the same under every rule set."""
        self.called: NDArray[np.bool_] = np.zeros(users, dtype=bool)
        """Whether a user's position was ever called."""
        self.chosen: NDArray[np.bool_] = np.zeros(users, dtype=bool)
        """Set by a kind whose users let themselves be called on purpose (RE-9)."""
        self.holder: NDArray[np.int64] = wallets.holder[:users]
        """Who holds the position of each account: a won auction changes it."""
        self.lp1, self.lp2, self.state = wallets.lp1[:users], wallets.lp2[:users], wallets.state[:users]

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
        own = self.market.collateral[: self.users]
        return own + self.wallets.vault_collateral[: self.users] if self.rules.vaults else own

    @property
    def debt(self) -> NDArray[np.int64]:
        """Debt of the position of each account, what is lent of it counted as owed."""
        own = self.market.debt[: self.users]
        return own + self.wallets.vault_debt[: self.users] if self.rules.vaults else own

    @property
    def engine(self) -> Engine | None:
        """The rules of lending, to be read; None under a rule set without lending."""
        return None if self.desk is None else self.desk.engine

    @property
    def best_bid(self) -> float:
        """The best price bid for collateral inside, nan if nobody bids."""
        best = self.market.best(USD)
        return float("nan") if best is None else self.price_of(*best)

    @property
    def best_ask(self) -> float:
        """The best price asked for collateral inside, nan if nobody offers."""
        best = self.market.best(CORE)
        return float("nan") if best is None else self.price_of(*best)

    @property
    def inside_price(self) -> float:
        """The price of the last trade inside, or the feed before the first."""
        last = self.market.last_price
        return self.feed_price if last is None else self.price_of(*last)

    def ratios(self, who: NDArray[np.int64] | slice = ALL) -> NDArray[np.float64]:
        """CR of accounts' positions at the feed; infinite without debt. For deciding only, money stays exact."""
        debt = self.debt[who]
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self.collateral[who] * (self.feed_price * self.scale.units_per_price) / debt
        return np.where(debt > 0, found, np.inf)

    def name(self, index: int) -> str:
        """What the rules call a user."""
        return self.wallets.names[index]

    def index(self, name: str) -> int:
        """A user by the name that the rules know."""
        return self.wallets.index[name]

    def position(self, index: int) -> Position | None:
        """The position of a user as the rules have it; None if they never saw one."""
        return None if self.desk is None else self.desk.position(index)

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
        if index < self.users:
            self.endowed[CORE, index] += core
            self.endowed[USD, index] += bitasset

    def adjust(self, index: int, *, collateral: int = 0, debt: int = 0, position: int | None = None) -> bool:
        """Add to or take from a position, with the user's money; collateral in core units, debt in bitasset units.

        Opens it if there is none, closes it when both reach 0. The chain refuses what would be called at once.
        """
        account = index if position is None else position
        if self.holder[account] != index:
            return self._refused("somebody else holds this position")
        if self.desk is not None and self.desk.vaults is not None and self.wallets.in_vault[account]:
            self.why = self.desk.vaults.adjust(index, account, collateral, debt)
            return not self.why
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
        bitasset, core = self.pair(self.outside_price)
        keep = 1000 - self._outside_fee_permille
        got = units * bitasset * keep // (core * 1000) if sell == CORE else units * core * keep // (bitasset * 1000)
        other: Side = USD if sell == CORE else CORE
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

    # --- the course of the run -----------------------------------------------------------------------------

    def publish(self, price: tuple[int, int], expires: int) -> None:
        """A new feed in force, for the chain and then for the rules."""
        self.feed_price = self.price_of(*price)
        self.events |= Event.FEED
        self.market.publish(price, self.mcr, self.mssr, self.icr)
        if self.desk is not None:
            self.desk.feed(price, self.mcr, self.mssr, self.icr, expires)
        self.catch_up()

    # --- what follows from what was done --------------------------------------------------------------------

    def catch_up(self) -> None:
        """After anything was done: tell the rules what became of positions, note whom it wakes, until all is told."""
        market, desk = self.market, self.desk
        while market.touched or market.calls or market.swans or (desk is not None and desk.events):
            self._sort_fills()
            touched = set(market.touched)
            market.calls.clear()
            market.swans.clear()
            market.touched.clear()
            if desk is not None:
                desk.show_known(touched)
                for event in desk.events:
                    self.events |= _WAKES.get((event.kind, event.what), Event(0))
                self.rule_events += desk.events
                desk.events.clear()

    def _sort_fills(self) -> None:
        """Margin calls, and what a global settlement closed: it comes last, and nothing is called after it."""
        market = self.market
        closed = market.swans[-1].positions if market.swans else 0
        calls = market.calls[: len(market.calls) - closed]
        self.chain_calls += [self._at_place(call) for call in calls]
        self.swan_fills += [self._at_place(call) for call in market.calls[len(calls) :]]
        for call in calls:
            self.wallets.sold_by_force(int(self.wallets.place[call.account]), call.collateral, call.debt)
        for call in market.calls:
            self._freed(call)
        for call in calls:
            place = self.wallets.place[call.account]
            if place < self.users:
                self.called[place] = True
        self.swans += len(market.swans)
        if market.swans:
            self.events |= Event.SWAN
        if calls:
            self.events |= Event.CALLED

    def _at_place(self, call: Called) -> Called:
        return call._replace(account=int(self.wallets.place[call.account]))

    def _freed(self, call: Called) -> None:
        """What comes free of a called position is its holder's, who need not be the account's owner (PL-28)."""
        holder = int(self.wallets.holder[call.account])
        if call.freed and holder != call.account:
            self.market.transfer(call.account, holder, CORE, call.freed)


_WAKES: Final = {
    ("auction", "opened"): Event.AUCTION,
    ("auction", "ended"): Event.AUCTION,
    ("bid", "placed"): Event.AUCTION,
    ("series", "offered"): Event.BOND,
    ("loan", "made"): Event.LOAN,
    ("loan", "ended"): Event.LOAN,
    ("loan", "renewed"): Event.LOAN,
    ("loan", "missed interest"): Event.LOAN,
    ("participant", "called"): Event.CALLED,
    ("participant", "owned by the pool"): Event.CALLED,
}
"""Which facts of the rules wake whom, by the object's kind and what happened."""

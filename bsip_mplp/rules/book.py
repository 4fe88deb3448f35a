"""The book that all rules write in: the state, the ledger, and the outcome of the input at hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Protocol

from bsip_mplp.ledger import Entry, Ledger, Posting
from bsip_mplp.market import Feed
from bsip_mplp.money import format_units
from bsip_mplp.rules.bond_state import Offer, Series
from bsip_mplp.rules.outcomes import Event, Notice, Order, Outcome, Refusal
from bsip_mplp.rules.schedule import Schedule
from bsip_mplp.rules.shared_state import SharedPool
from bsip_mplp.rules.state import (
    Asset,
    Auction,
    Bid,
    ChainOrder,
    Claim,
    Loan,
    Market,
    Pool,
    Position,
    Protection,
)
from bsip_mplp.rules.transitions import PositionState, check_transition
from bsip_mplp.rules.vault_state import Unwinding, Vault


class Refused(Exception):
    """A rule forbids what was asked for. Raised before anything has changed, and turned into a `Refusal`."""

    def __init__(self, rule: str, reason: str, remedy: str = "") -> None:
        super().__init__(f"{rule}: {reason}")
        self.rule, self.reason, self.remedy = rule, reason, remedy


_NOTHING: Mapping[str, Any] = {}


class _Kept(Protocol):
    def as_json(self) -> dict[str, Any]: ...


class Book:
    """State and ledger, and what the present input brought about so far. `now` is the chain's time (G-4)."""

    def __init__(self, *, shows: bool = True) -> None:
        self._shows = shows
        self.now = 0
        self.ledger = Ledger()
        self.schedule = Schedule()
        self.assets: dict[str, Asset] = {}
        self.markets: dict[str, Market] = {}
        self.market_names: list[str] = []
        self.pools: dict[int, Pool] = {}
        self.cheapest: dict[str, list[tuple[int, int]]] = {}
        """Pools by the asset that they lend, the cheapest first, the older of equals: a rate's key and a number."""
        self.loans: dict[int, Loan] = {}
        self.overdue: dict[str, dict[int, None]] = {}
        """Loans with overdue interest by borrower, in the order in which it fell due (PL-45)."""
        self.positions: dict[tuple[str, str], Position] = {}
        self.position_keys: list[tuple[str, str]] = []
        self.protections: dict[int, Protection] = {}
        self.armed: dict[tuple[str, str], dict[int, None]] = {}
        """Armed requests by (market, account), in the order armed (PL-D17)."""
        self.orders: dict[int, ChainOrder] = {}
        self.auctions: dict[int, Auction] = {}
        self.bids: dict[int, Bid] = {}
        self.claims: dict[int, Claim] = {}
        self.series: dict[int, Series] = {}
        self.offers: dict[int, Offer] = {}
        self.bond_assets: dict[str, int] = {}
        """Series by the symbol of their asset on the chain, ordered or made (PL-43)."""
        self.shared_pools: dict[str, SharedPool] = {}
        self.vaults: dict[str, Vault] = {}
        self.vaults_held: dict[tuple[str, str], dict[str, None]] = {}
        """Vaults by (market, holder), but those whose account the chain refused."""
        self.unwindings: dict[int, Unwinding] = {}
        self.held: dict[tuple[str, str], dict[str, None]] = {}
        """Positions on the chain by (market, holder)."""
        self.short_lent: dict[str, dict[Fraction, int]] = {}
        """What short loans lend by asset and rate: the going rate is read from it (PL-50)."""
        self.to_look_at: set[tuple[str, str]] = set()
        """Positions to be looked at before the input is done (PL-D11)."""
        self.to_serve: set[str] = set()
        """Markets whose funds have something to do before the input is done (PL-40)."""
        self._begin()

    def _begin(self) -> None:
        self._entries: list[Entry] = []
        self._events: list[Event] = []
        self._touched: dict[tuple[str, str], _Kept] = {}
        self._orders: list[Order] = []
        self._notices: list[Notice] = []
        self._refusals: list[Refusal] = []

    def finish(self) -> Outcome:
        """The outcome of the input at hand; the next one starts on an empty page."""
        outcome = Outcome(
            time=self.now,
            entries=tuple(self._entries),
            events=tuple(self._events),
            objects={key: kept.as_json() for key, kept in self._touched.items()} if self._shows else self._hidden(),
            orders=tuple(self._orders),
            notices=tuple(self._notices),
            refusals=tuple(self._refusals),
        )
        self._begin()
        return outcome

    def _hidden(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        return dict.fromkeys(self._touched, _NOTHING)

    # --- writing ------------------------------------------------------------------------------------------

    def move(self, rule: str, text: str, *postings: tuple[str, str, int]) -> None:
        """Post a balanced entry (G-5); postings of 0 units are left out."""
        kept = tuple(Posting(*p) for p in postings if p[2])
        if kept:
            entry = Entry(self.now, rule, text, kept)
            self.ledger.post(entry)
            self._entries.append(entry)

    def touch(self, kind: str, key: str | int, kept: _Kept) -> None:
        """Note that an object changed, so that the outcome shows it."""
        self._touched[kind, str(key)] = kept

    def event(self, rule: str, kind: str, key: str | int, what: str, **values: Any) -> None:
        """Note a fact."""
        self._events.append(Event(self.now, rule, kind, str(key), what, values))

    def order(self, order: Order) -> None:
        """Ask for something to be carried out on the chain."""
        self._orders.append(order)

    def notify(self, account: str, rule: str, text: str) -> None:
        """Tell a person something."""
        self._notices.append(Notice(self.now, account, rule, text))

    def refuse(self, account: str, refused: Refused) -> None:
        """Note a refusal, and tell the person (G-6)."""
        self._refusals.append(Refusal(self.now, account, refused.rule, refused.reason, refused.remedy))
        remedy = f" {refused.remedy}" if refused.remedy else ""
        self.notify(account, refused.rule, f"Refused: {refused.reason}.{remedy}")

    def change_state(self, position: Position, state: PositionState, rule: str) -> None:
        """Change a position's state, by one rule, which is recorded with it (PL-I4)."""
        check_transition(position.state, state, rule)
        self.event(rule, "position", position.key, "changed", was=position.state, now=state)
        position.state, position.state_rule = state, rule
        self.touch("position", position.key, position)
        self.look_at(position)

    # --- reading ------------------------------------------------------------------------------------------

    def free(self, account: str, asset: str) -> int:
        """An account's free balance."""
        return self.ledger.balance(f"free/{account}", asset)

    def prepaid(self, account: str, asset: str) -> int:
        """An account's prepaid interest (P2): one balance per asset for all markets (PL-D40)."""
        return self.ledger.balance(f"prepaid/{account}", asset)

    def position(self, market: str, account: str) -> Position | None:
        """A position, if it was ever seen."""
        return self.positions.get((market, account))

    def position_of(self, loan: Loan) -> Position:
        """The position that a loan counts for."""
        return self.positions[loan.market, loan.account]

    def live_loans(self, position: Position) -> list[Loan]:
        """A position's live loans, oldest first."""
        return [self.loans[number] for number in position.loans]

    def feed_to_convert(self, market: str) -> Feed:
        """The feed by which an amount is converted: the valid one, or the last that was (PL-D4)."""
        kept = self.markets[market]
        feed = kept.valid_feed or kept.last_valid
        if feed is None:
            raise Refused("PL-D4", f"no valid feed of {market} was seen yet")
        return feed

    def check_size(self, asset: str, units: int) -> None:
        """PL-D39: refuse an amount under the least size of its asset: what is done on the chain costs fees."""
        least = self.assets[asset].least_size
        if units < least:
            raise Refused("PL-D39", f"the least is {self.show(asset, least)}, this is {self.show(asset, units)}")

    def show(self, asset: str, units: int) -> str:
        """An amount as people read it: with the asset's digits after the point, or in units if they are unknown."""
        known = self.assets.get(asset)
        return f"{units} units of {asset}" if known is None else f"{format_units(units, known.precision)} {asset}"

    def look_at(self, position: Position) -> None:
        """Have a position looked at before the input is done (PL-D11)."""
        self.to_look_at.add((position.market, position.account))


def show_time(time: int) -> str:
    """A chain time as people read it, in UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

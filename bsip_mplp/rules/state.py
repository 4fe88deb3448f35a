"""The nouns of the proposals as the engine holds them. They change only through the functions of this package."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from bsip_mplp.market import Feed, Parameters
from bsip_mplp.rules.inputs import Borrow, Custody
from bsip_mplp.rules.triggers import TriggerIndex

PositionState = Literal["free", "protected", "closed"]
Trigger = Literal["takeover", "auction"]


@dataclass(slots=True)
class Asset:
    """An asset that can be lent; `least_size` bounds pools and loans from below (PL-D39)."""

    symbol: str
    precision: int
    least_size: int

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {"symbol": self.symbol, "precision": self.precision, "least_size": self.least_size}


@dataclass(slots=True)
class Market:
    """A bitasset and its backing asset, with the last feed seen and the indexes of what a feed can trigger."""

    name: str
    core: str
    parameters: Parameters
    number: int
    feed: Feed | None = None
    last_valid: Feed | None = None
    invalid: str | None = "no feed was seen yet"
    watched: set[str] = field(default_factory=set)
    """Accounts whose position has a trigger that is being held (PL-25)."""
    waiting: dict[int, None] = field(default_factory=dict)
    """Loans that missed their interest without a valid feed, in the order in which it fell due (PL-47)."""
    under_mssr: TriggerIndex[str] = field(default_factory=TriggerIndex)
    under_mcr: TriggerIndex[str] = field(default_factory=TriggerIndex)
    under_lmcr: TriggerIndex[str] = field(default_factory=TriggerIndex)
    under_floor: TriggerIndex[str] = field(default_factory=TriggerIndex)
    protections: TriggerIndex[int] = field(default_factory=TriggerIndex)

    @property
    def valid_feed(self) -> Feed | None:
        """The feed, if ratios may be decided by it (PL-47)."""
        return self.feed if self.invalid is None else None

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        feed = self.feed
        return {
            "market": self.name,
            "core_asset": self.core,
            "parameters": self.parameters.as_json(),
            "feed": None
            if feed is None
            else {
                "price": [feed.price.bitasset, feed.price.core],
                "mcr": feed.mcr,
                "mssr": feed.mssr,
                "icr": feed.icr,
                "expires": feed.expires,
            },
            "invalid": self.invalid,
        }


@dataclass(slots=True)
class Pool:
    """A personal lending pool, P1 (PL-1). Amounts in smallest units, `rate` per year."""

    number: int
    owner: str
    asset: str
    rate: Fraction
    term_days: int
    period_days: int
    interest_asset: str
    renews: bool
    available: int = 0
    lent: int = 0
    earned: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "number": self.number,
            "owner": self.owner,
            "asset": self.asset,
            "rate": str(self.rate),
            "term_days": self.term_days,
            "period_days": self.period_days,
            "interest_asset": self.interest_asset,
            "renews": self.renews,
            "available": self.available,
            "lent": self.lent,
            "earned": dict(sorted(self.earned.items())),
        }


@dataclass(frozen=True, slots=True)
class Terms:
    """What a loan's next period costs, fixed when its interest falls due (PL-6, PL-D6)."""

    rate: Fraction
    term_days: int
    period_days: int
    new_term: bool


@dataclass(slots=True)
class Loan:
    """One pool's loan to one position (PL-15). Times in chain seconds; `floor` per mille (PL-18, PL-D41)."""

    number: int
    pool: int
    lender: str
    borrower: str
    market: str
    asset: str
    principal: int
    rate: Fraction
    term_days: int
    period_days: int
    interest_asset: str
    long: bool
    floor: int
    made: int
    term_ends: int
    paid_until: int
    interest_due: int
    overdue: Terms | None = None
    """Interest that fell due and could not be taken yet, and what it is for."""
    judged: Literal["", "ends", "auction"] = ""
    """What PL-21 decided about missed interest; it decides once (PL-D15)."""
    goes_home: int = 0
    """Units that end when the time already paid for ends; all of the principal if the loan will not go on."""
    home_by: str = ""
    home_at: int = 0
    ended: int | None = None
    ended_by: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "number": self.number,
            "pool": self.pool,
            "lender": self.lender,
            "borrower": self.borrower,
            "market": self.market,
            "asset": self.asset,
            "principal": self.principal,
            "rate": str(self.rate),
            "term_days": self.term_days,
            "period_days": self.period_days,
            "interest_asset": self.interest_asset,
            "long": self.long,
            "floor": self.floor,
            "made": self.made,
            "term_ends": self.term_ends,
            "paid_until": self.paid_until,
            "interest_due": self.interest_due,
            "overdue": self.overdue is not None,
            "judged": self.judged,
            "goes_home": self.goes_home,
            "ended": self.ended,
            "ended_by": self.ended_by,
        }


@dataclass(slots=True)
class Hold:
    """A trigger that must hold without a break (PL-25); its time stands still without a valid feed (PL-D59)."""

    remaining: int
    since: int | None


@dataclass(frozen=True, slots=True)
class Due:
    """An auction or a takeover that fell due: when, and by which rule."""

    time: int
    rule: str


@dataclass(slots=True)
class Position:
    """A call order as it was last seen, and what is lent to it. `number` is the order in which it was first seen."""

    market: str
    account: str
    number: int
    custody: Custody
    collateral: int
    debt: int
    state: PositionState = "free"
    state_rule: str = "PL-46"
    lp1: int = 0
    lp2: int = 0
    loans: list[int] = field(default_factory=list)
    holds: dict[Trigger, Hold] = field(default_factory=dict)
    due: dict[Trigger, Due] = field(default_factory=dict)
    shrunk: bool = False
    """Whether it was seen smaller while it had loans (PL-D54)."""
    home_judged: int = -1

    @property
    def key(self) -> str:
        """The name of the position's object."""
        return f"{self.market}/{self.account}"

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "market": self.market,
            "account": self.account,
            "custody": self.custody,
            "collateral": self.collateral,
            "debt": self.debt,
            "state": self.state,
            "state_rule": self.state_rule,
            "lp1": self.lp1,
            "lp2": self.lp2,
            "loans": list(self.loans),
            "holds": {
                name: {"remaining": hold.remaining, "since": hold.since} for name, hold in sorted(self.holds.items())
            },
            "due": {name: {"time": due.time, "rule": due.rule} for name, due in sorted(self.due.items())},
        }


@dataclass(slots=True)
class Protection:
    """A request to borrow that waits for `CR ≤ at` (PL-16)."""

    number: int
    account: str
    at: Fraction
    ask: Borrow
    told: str = ""
    """Why it was last refused, so that its holder is told once."""
    live: bool = True

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        ask = self.ask
        return {
            "number": self.number,
            "account": self.account,
            "market": ask.market,
            "at": str(self.at),
            "asset": ask.asset,
            "amount": ask.amount,
            "pools": list(ask.pools),
            "highest_rate": None if ask.highest_rate is None else str(ask.highest_rate),
            "shortest_days": ask.shortest_days,
            "longest_days": ask.longest_days,
            "armed": self.live,
            "refused": self.told,
        }


@dataclass(slots=True)
class Payout:
    """An order to pay free balance out on the chain."""

    number: int
    account: str
    asset: str
    units: int
    state: Literal["open", "done", "failed"] = "open"
    transaction: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "number": self.number,
            "kind": "payout",
            "account": self.account,
            "asset": self.asset,
            "units": self.units,
            "state": self.state,
            "transaction": self.transaction,
        }

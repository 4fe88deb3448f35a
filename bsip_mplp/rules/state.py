"""The nouns of the proposals as the engine holds them. They change only through the functions of this package."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from bsip_mplp.market import Feed, Parameters
from bsip_mplp.rules.inputs import Borrow, Custody
from bsip_mplp.rules.locked import Locked
from bsip_mplp.rules.outcomes import Step
from bsip_mplp.rules.shared_state import Participant
from bsip_mplp.rules.transitions import PositionState
from bsip_mplp.rules.triggers import TriggerIndex
from bsip_mplp.rules.vault_state import OrderKind, Task

Trigger = Literal["takeover", "auction", "floor", "cure"]

IN_AUCTION: tuple[PositionState, ...] = ("in_auction", "taken_over")
CARRIED: tuple[PositionState, ...] = ("carried", "black")


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
    opened: int
    feed: Feed | None = None
    price_since: int = 0
    """Since when the price of the valid feed stands (PL-D56)."""
    last_valid: Feed | None = None
    invalid: str | None = "no feed was seen yet"
    watched: set[str] = field(default_factory=set)
    """Accounts whose position has a trigger that is being held (PL-25), or is in an auction."""
    restless: set[str] = field(default_factory=set)
    """Accounts whose position is looked at with every feed."""
    judged_by: tuple[int, int, int, Parameters] | None = None
    """MCR, MSSR, ICR and parameters by which positions stand in `falls` and `rises`; None without a valid feed."""
    falls: TriggerIndex[str] = field(default_factory=TriggerIndex)
    """What is held, in auction or carried, by the price under which another thing is true of it."""
    rises: TriggerIndex[str] = field(default_factory=TriggerIndex)
    """Likewise, by the price over which."""
    waiting: dict[int, None] = field(default_factory=dict)
    """Loans that missed their interest without a valid feed, in the order in which it fell due (PL-47)."""
    under_mssr: TriggerIndex[str] = field(default_factory=TriggerIndex)
    under_mcr: TriggerIndex[str] = field(default_factory=TriggerIndex)
    under_lmcr: TriggerIndex[str] = field(default_factory=TriggerIndex)
    under_floor: TriggerIndex[str] = field(default_factory=TriggerIndex)
    vaults_under: TriggerIndex[str] = field(default_factory=TriggerIndex)
    """Vaults by LCR, whose auction begins over MCR (V-7)."""
    homeward: TriggerIndex[str] = field(default_factory=TriggerIndex)
    """Vaults with loans on their way home, by collateral over debt: what a rising feed lets home (V-5)."""
    has_vaults: bool = False
    vaults: dict[str, None] = field(default_factory=dict)
    """Accounts of vaults for which the risk fund has something to do, or may have (V-5, V-7, V-9)."""
    uncovered: str | None = None
    """Why no core asset alone is covered in its vaults, as it was last said (V-12)."""
    cover_ratios: tuple[int, int] = (0, 0)
    """MCR and MSSR by which the cover of its vaults was last judged (V-11)."""
    capital_out: int = 0
    """Bitasset of the risk fund that closed vaults and was not replaced yet (V-5)."""
    buffer_out: int = 0
    """Core asset of the risk fund that holds up vaults (V-7)."""
    short: dict[int, None] = field(default_factory=dict)
    """What did not come home in full, until bonds have raised it or the lenders have lost it (V-10)."""
    protections: TriggerIndex[int] = field(default_factory=TriggerIndex)
    barred: TriggerIndex[int] = field(default_factory=TriggerIndex)
    """Armed requests that were refused while CR was under LMCR (PL-14), by the price from which it no longer is."""
    carried: dict[str, None] = field(default_factory=dict)
    """Accounts whose position is carried or black."""
    claims: dict[int, None] = field(default_factory=dict)
    """Interest owed that outlived its loan and is not paid yet, oldest first (PL-D36)."""
    series: dict[int, None] = field(default_factory=dict)
    """Series of bonds that are on offer or outstanding, oldest first."""
    on_offer: int | None = None
    fresh_income: int = 0
    """Income in bitasset since the fund last served (PL-39)."""
    failed_to_pay: bool = False
    """Whether the fund could not pay an interest on its prepay date since it last served (PL-37)."""
    locked: dict[tuple[str, str], Locked] = field(default_factory=dict)
    """What is lent in the market by (lender, asset), and its weight for the next dividend (PL-41)."""

    @property
    def valid_feed(self) -> Feed | None:
        """The feed, if ratios may be decided by it (PL-47)."""
        return self.feed if self.invalid is None else None

    def auction_limit(self, position: Position, feed: Feed) -> int | Fraction:
        """What LCR must not fall under, per mille: MCR (PL-22), and more for a vault (V-7)."""
        return self.parameters.buffered(feed.mcr) if position.custody == "vault" else feed.mcr

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
    pending: int = 0
    """Set aside for loans whose orders are under way (V-4)."""
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
            "pending": self.pending,
            "earned": dict(sorted(self.earned.items())),
        }


@dataclass(frozen=True, slots=True)
class Terms:
    """What a loan's next period costs, fixed when its interest falls due (PL-6, PL-D6)."""

    rate: Fraction
    term_days: int
    period_days: int
    new_term: bool
    due: int


@dataclass(slots=True)
class Loan:
    """One pool's loan to one position (PL-15). Times in chain seconds; `floor` per mille (PL-18, PL-D41)."""

    number: int
    pool: int
    lender: str
    borrower: str
    """The holder of the position; a won auction changes it (PL-28)."""
    market: str
    account: str
    """The account on the chain whose position the loan counts for."""
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
    unpaid: list[Terms] = field(default_factory=list)
    """Periods whose interest fell due and is not paid yet, oldest first; more than one only while carried."""
    judged: bool = False
    """Whether PL-21 has decided about missed interest; it decides once (PL-D15)."""
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
            "account": self.account,
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
            "unpaid": [[terms.due, str(terms.rate), terms.period_days] for terms in self.unpaid],
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


@dataclass(slots=True)
class Position:
    """A call order as it was last seen, and what is lent to it. `number` is the order in which it was first seen."""

    market: str
    account: str
    number: int
    custody: Custody
    collateral: int
    debt: int
    holder: str
    state: PositionState = "free"
    state_rule: str = "PL-46"
    lp1: int = 0
    lp2: int = 0
    loans: list[int] = field(default_factory=list)
    holds: dict[Trigger, Hold] = field(default_factory=dict)
    auction: int | None = None
    cure_held: bool = False
    """Whether `LCR ≥ MCR` has held long enough for a cure (PL-D56)."""
    rest_until: int = 0
    """Until when the triggers of PL-22 and PL-23 rest (PL-32)."""
    risk_lp1: int = 0
    risk_lp2: int = 0
    """What of lp1 and lp2 the risk fund lends (PL-35)."""
    last_end_rule: str = ""
    """The rule by which its last loan ended."""
    orders: dict[int, None] = field(default_factory=dict)
    """Open orders to be carried out on the chain."""
    shrunk: bool = False
    """Whether it was seen smaller while it had loans (PL-D54)."""
    home_judged: int = -1
    placed_by: tuple[Any, ...] | None = None
    """What it was given its places in the indexes of its market by, if it still has them."""
    participant: Participant | None = None
    """Its part in the shared pool, if it takes part (SP-18)."""
    placed_lp1: int = 0
    placed_lp2: int = 0
    """What was lent and is really in the vault: loans, what the risk fund lends, and what is on its way home (V-4)."""
    buffer: int = 0
    """Core asset by which the risk fund holds up its ratio (V-7); it is in the vault besides."""
    unwinding: list[int] = field(default_factory=list)
    """What is on its way home, oldest first (V-5)."""
    called: bool = False
    """Whether its debt was closed on the chain from outside, and what is left was not shared out yet (V-5 c)."""

    @property
    def chain_collateral(self) -> int:
        """What the chain has as a vault's collateral: own, lent, and the buffer."""
        return self.collateral + self.placed_lp1 + self.buffer

    @property
    def chain_debt(self) -> int:
        """What the chain has as a vault's debt: without what is lent to it."""
        return self.debt - self.placed_lp2

    @property
    def owed_units(self) -> int:
        """The debt without what is lent to it: `D − lp2 − e`, the debt of `LCR`."""
        extra = 0 if self.participant is None else self.participant.extra_units()
        return self.debt - self.lp2 - extra

    @property
    def key(self) -> str:
        """The name of the position's object."""
        return f"{self.market}/{self.account}"

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them; those of a vault only where there is one."""
        body = {
            "market": self.market,
            "account": self.account,
            "holder": self.holder,
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
            "auction": self.auction,
            "rest_until": self.rest_until,
            "risk_lp1": self.risk_lp1,
            "risk_lp2": self.risk_lp2,
        }
        if self.custody == "vault":
            body |= {
                "placed_lp1": self.placed_lp1,
                "placed_lp2": self.placed_lp2,
                "buffer": self.buffer,
                "unwinding": list(self.unwinding),
                "called": self.called,
            }
        return body


@dataclass(slots=True)
class Protection:
    """A request to borrow that waits for `CR ≤ at` (PL-16)."""

    number: int
    account: str
    position: str
    """The account on the chain whose position it is for."""
    at: Fraction
    ask: Borrow
    told: str = ""
    """Why it was last refused, so that its holder is told once."""
    live: bool = True
    barred: tuple[PositionState, int, int] | None = None
    """State, collateral and debt of the position with which it was refused under LMCR; None otherwise."""

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        ask = self.ask
        return {
            "number": self.number,
            "account": self.account,
            "market": ask.market,
            "position": self.position,
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
class ChainOrder:
    """An order to be carried out on the chain, and what came of it; kinds as in `outcomes.Order`."""

    number: int
    kind: OrderKind
    account: str
    asset: str
    units: int
    market: str = ""
    state: Literal["open", "done", "failed"] = "open"
    limit: tuple[int, int] | None = None
    to: str = ""
    filled: int = 0
    got: int = 0
    """What a sale brought so far."""
    from_shared: str = ""
    """Where money that is not used goes, if it is a shared pool's."""
    transaction: str = ""
    steps: tuple[Step, ...] = ()
    task: Task | None = None
    """What an order of a vault is for; it says what follows once it is done, or failed."""

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        body: dict[str, Any] = {
            "number": self.number,
            "kind": self.kind,
            "account": self.account,
            "asset": self.asset,
            "units": self.units,
            "market": self.market,
            "state": self.state,
            "limit": None if self.limit is None else list(self.limit),
            "to": self.to,
            "filled": self.filled,
            "transaction": self.transaction,
        }
        if self.task is not None:
            body |= {"steps": [list(step) for step in self.steps], "task": self.task.name, "got": self.got}
        return body


def round_end(opened: int, round_seconds: int, limit_seconds: int, time: int) -> int:
    """The end of the round that a time falls in: closed on the left, open on the right (PL-27)."""
    rounds = (time - opened) // round_seconds + 1
    return opened + min(rounds * round_seconds, limit_seconds)


@dataclass(slots=True)
class Auction:
    """A position with its long loans, offered for interest (PL-27). It keeps the round and limit it opened with."""

    number: int
    market: str
    account: str
    rule: str
    opened: int
    round_seconds: int
    limit_seconds: int
    bids: dict[int, None] = field(default_factory=dict)
    """Open bids, in the order in which they came."""
    closes: int = 0
    """When the round that has bids closes; 0 while it has none."""
    ended: int | None = None
    ended_by: str = ""
    winner: str = ""
    price: int = 0

    def round_end(self, time: int) -> int:
        """The end of the round that a time falls in."""
        return round_end(self.opened, self.round_seconds, self.limit_seconds, time)

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them; bids are sealed, so only their number shows (PL-30)."""
        return {
            "number": self.number,
            "market": self.market,
            "account": self.account,
            "rule": self.rule,
            "opened": self.opened,
            "round_seconds": self.round_seconds,
            "limit_seconds": self.limit_seconds,
            "bids": len(self.bids),
            "ended": self.ended,
            "ended_by": self.ended_by,
            "winner": self.winner,
            "price": self.price,
        }


@dataclass(slots=True)
class Bid:
    """A sealed bid with its money (PL-30)."""

    number: int
    auction: int
    account: str
    units: int
    time: int
    state: Literal["open", "returned", "won"] = "open"

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "number": self.number,
            "auction": self.auction,
            "account": self.account,
            "units": self.units,
            "time": self.time,
            "state": self.state,
        }


@dataclass(slots=True)
class Claim:
    """Interest that the fund owes a lender for days begun after the paid time of a loan that ended (PL-D36, PL-D60)."""

    number: int
    market: str
    account: str
    loan: int
    lender: str
    asset: str
    units: int
    made: int
    paid: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "number": self.number,
            "market": self.market,
            "account": self.account,
            "loan": self.loan,
            "lender": self.lender,
            "asset": self.asset,
            "units": self.units,
            "made": self.made,
            "paid": self.paid,
        }

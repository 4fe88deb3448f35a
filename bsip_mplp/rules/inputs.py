"""What goes into the engine: facts seen on the chain, and what people ask for. All frozen, all dated.

A `time` is the chain's, in whole seconds since 1970 (G-4). Amounts are smallest units. An account is its chain
name, an asset its symbol, and a market goes by the symbol of its bitasset. `source` names the place on the chain
that an input came from; the journal accepts each source once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Literal

from bsip_mplp.rules.vault_asks import VaultAdd, VaultClose, VaultDraw, VaultOpen, VaultPay, VaultTake

Custody = Literal["books", "vault", "protocol"]
"""V-1: in `books` nothing is done on the chain, a `vault` is a chain account, `protocol` is for a simulated chain."""


# --- requests: what a person may ask for, in the order of peer-lending.md ---------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Lend:
    """Make a personal pool, or add to one's pool `pool` (PL-1). Without `asset` and `amount`: what came along."""

    do: ClassVar[str] = "lend"
    asset: str | None = None
    amount: int | None = None
    rate: Fraction | None = None
    term_days: int | None = None
    period_days: int | None = None
    interest_asset: str | None = None
    renews: bool = True
    pool: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """A short pool at the going rate that renews (PL-50). Without `asset` and `amount`: what came along."""

    do: ClassVar[str] = "stake"
    asset: str | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePool:
    """Change a pool's rate, term, period or renewal (PL-7); what is left out stays."""

    do: ClassVar[str] = "change_pool"
    pool: int
    rate: Fraction | None = None
    term_days: int | None = None
    period_days: int | None = None
    renews: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlend:
    """Take what is available out of a pool, back to the free balance (PL-2). Without `amount`: all of it.

    `asset` is what the asker takes the amount to be in; if the pool holds another, nothing is taken.
    """

    do: ClassVar[str] = "unlend"
    pool: int
    amount: int | None = None
    asset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepay:
    """Deposit interest ahead (PL-8). Without `asset` and `amount`: what came along."""

    do: ClassVar[str] = "prepay"
    asset: str | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unprepay:
    """Take prepaid interest that no rule has taken yet back to the free balance (PL-9)."""

    do: ClassVar[str] = "unprepay"
    asset: str
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrow:
    """Borrow for a position (PL-11, PL-15): an amount, or the least (`amount` left out).

    Either `pools`, used in the order named, or limits: highest rate, shortest and longest term. Money that comes
    along is prepaid interest; if the request is refused it stays free balance. `position` names the account on the
    chain whose position it is for, where that was won in an auction.
    """

    do: ClassVar[str] = "borrow"
    market: str
    asset: str
    amount: int | None = None
    pools: tuple[int, ...] = ()
    highest_rate: Fraction | None = None
    shortest_days: int | None = None
    longest_days: int | None = None
    position: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protect:
    """Arm a request to borrow that runs by itself once `CR ≤ at` (PL-16, PL-50).

    Without `at`: `protect_at_mcr` × MCR. Without `asset`: the core asset. Money that comes along is prepaid interest.
    """

    do: ClassVar[str] = "protect"
    market: str
    at: Fraction | None = None
    asset: str | None = None
    amount: int | None = None
    pools: tuple[int, ...] = ()
    highest_rate: Fraction | None = None
    shortest_days: int | None = None
    longest_days: int | None = None
    position: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unprotect:
    """Take back an armed request."""

    do: ClassVar[str] = "unprotect"
    protection: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repay:
    """End a loan (PL-19, PL-24). Interest already taken is not returned."""

    do: ClassVar[str] = "repay"
    loan: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Send free balance to the account on the chain. Without `amount`: all of the asset."""

    do: ClassVar[str] = "withdraw"
    asset: str
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Give what came along to the operator's reserve, from which the chain's fees of payouts are paid."""

    do: ClassVar[str] = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid:
    """Bid interest for a position in auction (PL-27, PL-30). Without `amount`: all that came along."""

    do: ClassVar[str] = "bid"
    auction: int
    asset: str | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Insure:
    """Add to a market's insurance fund, its risk fund, or its shared pool's insurance pool (PL-35, PL-42, SP-17).

    Without `amount`: what came along.
    """

    do: ClassVar[str] = "insure"
    market: str
    fund: Literal["insurance", "risk", "shared"] = "insurance"
    asset: str | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyBond:
    """Buy risk bonds on offer, 1 : 1 in the bitasset (PL-37). Without `amount`: what came along."""

    do: ClassVar[str] = "buy_bond"
    series: int
    asset: str | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassBond:
    """Offer bonds to another account for bitasset (PL-43); they change hands once it takes them.

    `asset` is what the asker takes amount and price to be in; if the series is of another, nothing is offered.
    """

    do: ClassVar[str] = "pass_bond"
    series: int
    amount: int
    to: str
    price: int = 0
    asset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBond:
    """Take bonds that were offered, for the price asked (PL-43), from free balance."""

    do: ClassVar[str] = "take_bond"
    offer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepBond:
    """Take an offer of bonds back (PL-43)."""

    do: ClassVar[str] = "keep_bond"
    offer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeem:
    """Exchange bonds 1 : 1 for bitasset of the fund, where `bond_forced` is `option` (PL-39).

    `asset` is what the asker takes the amount to be in; if the series is of another, nothing is exchanged.
    """

    do: ClassVar[str] = "redeem"
    series: int
    amount: int | None = None
    asset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueBond:
    """Put bonds on the chain, as units of the series' asset, to one's account (PL-43). Without `amount`: all of them.

    `asset` is what the asker takes the amount to be in; if the series is of another, nothing is issued.
    """

    do: ClassVar[str] = "issue_bond"
    series: int
    amount: int | None = None
    asset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseBlack:
    """Pay a black position's debt and what it owes, and get its collateral (PL-38, PL-D35)."""

    do: ClassVar[str] = "close_black"
    market: str
    position: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Lend to a market's shared pool (SP-3). Without `amount`: what came along; without `market`: that asset's.

    `paid_in` says what rewards are paid in: the bitasset, or the core asset it settles into (SP-6).
    """

    do: ClassVar[str] = "supply"
    market: str | None = None
    asset: str | None = None
    amount: int | None = None
    paid_in: Literal["bitasset", "core"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavePool:
    """Take out what one lent to the shared pool: at once, or as it comes free (SP-9). Without `amount`: all."""

    do: ClassVar[str] = "leave"
    market: str
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewards:
    """Have what one earned in the shared pool, and what came free, paid out (SP-5, SP-6, SP-9)."""

    do: ClassVar[str] = "rewards"
    market: str
    paid_in: Literal["bitasset", "core"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Take part in the shared pool, or change one's own `mcr` there (SP-7, SP-18).

    One at MCR or over means the service of upper only (SP-10). Without `mcr`: MCR for who takes part newly; for who
    does already, the present one stays. Money that comes along is added to the position's interest balance. `position`
    names the account on the chain.
    """

    do: ClassVar[str] = "hold"
    market: str
    mcr: Fraction | None = None
    position: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhold:
    """Leave the shared pool with a position: the extra debt asset goes home at once (SP-10)."""

    do: ClassVar[str] = "unhold"
    market: str
    position: str | None = None


Ask = (
    Lend
    | Stake
    | ChangePool
    | Unlend
    | Prepay
    | Unprepay
    | Borrow
    | Protect
    | Unprotect
    | Repay
    | Withdraw
    | Operator
    | Bid
    | Insure
    | BuyBond
    | PassBond
    | TakeBond
    | KeepBond
    | Redeem
    | IssueBond
    | CloseBlack
    | Supply
    | LeavePool
    | Rewards
    | Hold
    | Unhold
    | VaultOpen
    | VaultAdd
    | VaultPay
    | VaultDraw
    | VaultTake
    | VaultClose
)


# --- inputs ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetSeen:
    """An asset that can be lent, its precision, and the least size of a pool and of a loan in it (PL-D39)."""

    kind: ClassVar[str] = "asset"
    time: int
    symbol: str
    precision: int
    least_size: int = 1
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOpened:
    """A market: its bitasset, its core asset, and the parameters that differ from the defaults."""

    kind: ClassVar[str] = "market"
    time: int
    market: str
    core_asset: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersChanged:
    """The committee changes parameters of a market while it runs."""

    kind: ClassVar[str] = "parameters"
    time: int
    market: str
    changes: Mapping[str, Any]
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPoolSet:
    """A market's shared pool is opened, or its parameters are changed; those left out stay (SP-2, SP-22)."""

    kind: ClassVar[str] = "shared_pool"
    time: int
    market: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSeen:
    """A market's feed as the chain has it now; `price` is (bitasset units, core units), or None: no feed."""

    kind: ClassVar[str] = "feed"
    time: int
    market: str
    price: tuple[int, int] | None = None
    mcr: int = 0
    mssr: int = 0
    icr: int = 0
    expires: int = 0
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSeen:
    """An account's position as the chain has it now; a debt of 0 says that it is closed.

    In `protocol` custody a closed position may still have collateral: it came to the pool's account (PL-D50). Figures
    of a `vault` are the chain's, with all that was placed in it and without open orders.
    """

    kind: ClassVar[str] = "position"
    time: int
    market: str
    account: str
    collateral: int
    debt: int
    custody: Custody = "books"
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSeen:
    """The authorities of a vault's account, read from the chain: whether they are as agreed, and if not why (V-2)."""

    kind: ClassVar[str] = "vault"
    time: int
    account: str
    sound: bool
    reason: str = ""
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultBalance:
    """What lies in a vault's account outside its position, after all its orders that are done (V-11)."""

    kind: ClassVar[str] = "vault_balance"
    time: int
    account: str
    asset: str
    units: int
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Money that reached the pool's account, with what its memo asked for, or why the memo can't be understood."""

    kind: ClassVar[str] = "deposit"
    time: int
    account: str
    asset: str
    amount: int
    ask: Ask | None = None
    unreadable: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something asked for with no money along."""

    kind: ClassVar[str] = "request"
    time: int
    account: str
    ask: Ask
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Nothing but a time (G-7)."""

    kind: ClassVar[str] = "tick"
    time: int
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDone:
    """An order was carried out on the chain, irreversibly; `fee` is what the chain took for it."""

    kind: ClassVar[str] = "order_done"
    time: int
    order: int
    fee_asset: str
    fee: int
    transaction: str
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled:
    """What a simulated chain did of an order: `units` of it are carried out and brought `got`; `done` if that is all.

    For orders of a position in `protocol` custody, and for rewards to be settled into the core asset (SP-6). What they
    did to the position is reported as `PositionSeen` before it: reported after it, the debt just paid would be ordered
    to be paid again. The last report says what the chain took for it.
    """

    kind: ClassVar[str] = "order_filled"
    time: int
    order: int
    units: int
    got: int = 0
    done: bool = True
    fee_asset: str = ""
    fee: int = 0
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFailed:
    """An order can't be carried out, for good, and never was; its money is free balance again.

    `fee` is what the chain took for trying, such as for proposals that were never approved. With `final` nothing like
    it can be carried out either: a vault's account is tried under no other name.
    """

    kind: ClassVar[str] = "order_failed"
    time: int
    order: int
    reason: str
    fee_asset: str = ""
    fee: int = 0
    final: bool = False
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Money is gone from the pool's account for good: the operator's reserve bears it, and nobody else (G-5)."""

    kind: ClassVar[str] = "loss"
    time: int
    asset: str
    amount: int
    reason: str
    source: str | None = None


Input = (
    AssetSeen
    | MarketOpened
    | ParametersChanged
    | SharedPoolSet
    | FeedSeen
    | PositionSeen
    | VaultSeen
    | VaultBalance
    | Deposit
    | Request
    | Tick
    | OrderDone
    | OrderFilled
    | OrderFailed
    | Loss
)

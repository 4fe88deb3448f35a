"""Vaults as the engine holds them: accounts, what their orders are for, what is on its way home (V-2 to V-5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from bsip_mplp.rules.vault_asks import VaultAdd, VaultClose, VaultDraw, VaultPay, VaultTake

OrderKind = Literal[
    "payout", "pay_debt", "close", "hand_over", "settle", "vault", "vault_open", "vault_owner", "sell",
    "bond_asset", "bond_issue", "bond_pay",
]  # fmt: skip

VaultAsk = VaultAdd | VaultPay | VaultDraw | VaultTake | VaultClose

TaskName = Literal[
    "make", "enter", "add", "pay", "draw", "take", "take_loose", "close", "lend", "home", "wind_up", "gather",
    "hold_up", "pay_down", "owner", "replace",
]  # fmt: skip


class Lent(NamedTuple):
    """What one pool gives to a loan that is being placed, at the terms of the moment it was asked for (V-4)."""

    pool: int
    units: int
    interest_asset: str
    interest: int
    rate: str
    term_days: int
    period_days: int


@dataclass(frozen=True, slots=True)
class Task:
    """What an order of a vault is for. Units are smallest; which of them a task uses is its function's to say."""

    name: TaskName
    who: str = ""
    core: int = 0
    bitasset: int = 0
    lent: tuple[Lent, ...] = ()
    capital: int = 0
    """What of the bitasset that closes a position is the risk fund's; the rest is the insurance fund's."""
    items: tuple[int, ...] = ()
    """Numbers of what comes home with it."""


@dataclass(slots=True)
class Vault:
    """A chain account that the operator made for one holder and one market (V-2).

    `ordered`: the account is being made. `made`: its authorities were not read back yet. `sound`: they are as agreed.
    `unsound`: they are not; nothing more goes in. `failed`: the chain refused the account.
    """

    number: int
    account: str
    holder: str
    market: str
    state: Literal["ordered", "made", "sound", "unsound", "failed"] = "ordered"
    reason: str = ""
    tried: int = 1
    """How many names were tried for it."""
    wanted_core: int = 0
    wanted_debt: int = 0
    """The position that waits to be opened; its collateral is set aside as `entering/<account>`."""
    queue: list[tuple[str, VaultAsk]] = field(default_factory=list)
    """Requests that wait for the order under way, by whom; their money stays free balance meanwhile."""
    order: int | None = None
    """The one order of its transactions that is under way."""
    wait_until: int = 0
    """Until when nothing is ordered by itself, since the chain refused the last order."""
    loose: dict[str, int] = field(default_factory=dict)
    """What lies in the account outside the position, by asset (V-11)."""

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "number": self.number,
            "account": self.account,
            "holder": self.holder,
            "market": self.market,
            "state": self.state,
            "reason": self.reason,
            "wanted_core": self.wanted_core,
            "wanted_debt": self.wanted_debt,
            "queued": [{"account": account, "do": ask.do} for account, ask in self.queue],
            "order": self.order,
            "loose": dict(sorted(self.loose.items())),
        }


@dataclass(slots=True)
class Unwinding:
    """Principal of a loan that ended by `rule`, on its way home (V-5). It ends in exactly one `way`.

    `a`: taken out, the ratio being above ICR without it. `b`: working capital closed the position. `c`: the debt was
    closed on the chain, and it came from what was left. Loss: units that did not come home after all of V-10.
    """

    number: int
    loan: int
    pool: int
    lender: str
    market: str
    account: str
    asset: str
    units: int
    rule: str
    since: int
    order: int | None = None
    way: Literal["", "a", "b", "c"] = ""
    home: int | None = None
    came: int = 0
    """Units that are home, or were made good."""
    in_other: int = 0
    """Units of those that were made good in the other asset, at the feed price (V-10)."""
    lost: int = 0
    series: int = 0
    """The bonds that are offered for what lacks (V-10)."""

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "number": self.number,
            "loan": self.loan,
            "pool": self.pool,
            "lender": self.lender,
            "market": self.market,
            "account": self.account,
            "asset": self.asset,
            "units": self.units,
            "rule": self.rule,
            "since": self.since,
            "order": self.order,
            "way": self.way,
            "home": self.home,
            "came": self.came,
            "in_other": self.in_other,
            "lost": self.lost,
        }

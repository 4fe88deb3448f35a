"""What comes out of the engine for one input: postings, events, orders, notices and refusals. All plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from bsip_mplp.ledger import Entry


class Event(NamedTuple):
    """A fact that came to be: when, by which rule, what happened to which object, with its figures.

    `kind` and `key` name the object as in `Outcome.objects`; `what` is a past participle such as `made`, `ended`.
    """

    time: int
    rule: str
    kind: str
    key: str
    what: str
    values: Mapping[str, Any]


class Step(NamedTuple):
    """One operation of a transaction on a vault (V-4). Units are smallest; an account of "" is the pool's.

    `transfer`: `units` of `asset` from `frm` to `to`. `adjust`: the position of `frm` in `asset` changes by
    `collateral` and `debt`, less where negative.
    """

    kind: Literal["transfer", "adjust"]
    frm: str
    to: str
    asset: str
    units: int = 0
    collateral: int = 0
    debt: int = 0


class Order(NamedTuple):
    """Something to be carried out on the chain, by kind.

    `payout`: `units` of `asset` are paid out to `account`. For a position in `protocol` custody, whose account on the
    chain is `account`: `pay_debt` pays `units` of its debt; `close` sells up to `units` of its collateral, at no less
    than `limit` (bitasset, core), to buy back its debt; `hand_over` gives its collateral to `to`. `settle`: `units` of
    the bitasset are settled into the core asset for `account` (SP-6).

    For the vault `account` (V-2, V-4, V-8): `vault_open` makes the account for the holder `to`; `vault` carries all
    of `steps` out in one transaction, or none; `vault_owner` gives the holder's half of its owner authority to `to`.
    `sell`: up to `units` of `asset` are sold from the pool's account at no less than `limit`.

    For bonds on the chain (PL-43): `bond_asset` makes the asset `asset`, of which there are `units` at the most;
    `bond_issue` issues `units` of it to `account`, and `bond_pay` sends it units that were brought back.
    """

    number: int
    kind: str
    account: str
    asset: str
    units: int
    memo: str
    limit: tuple[int, int] | None = None
    to: str = ""
    steps: tuple[Step, ...] = ()


class Notice(NamedTuple):
    """Something a person is told: whom it is for, the rule it comes from, and the words."""

    time: int
    account: str
    rule: str
    text: str


class Refusal(NamedTuple):
    """Something asked for that a rule forbids: whose it was, the rule, why, and what would help."""

    time: int
    account: str
    rule: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that one input brought about, in order; `objects` holds each touched object as it is now.

    The key of `objects` is (kind, key): kinds are asset, market, position, pool, loan, protection,
    auction, bid, claim, series, offer, order, shared_pool, participant, lender, vault, unwinding.
    An engine that does not show objects leaves each empty.
    """

    time: int
    entries: tuple[Entry, ...] = ()
    events: tuple[Event, ...] = ()
    objects: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    orders: tuple[Order, ...] = ()
    notices: tuple[Notice, ...] = ()
    refusals: tuple[Refusal, ...] = ()

"""Operations made from integers, as the node's JSON has them; each a fresh value. Fees are filled in later.

Ids are the chain's (`1.2.N`, `1.3.N`), amounts smallest units, ratios per mille, times seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from bsip_mplp.chain.clock import text_of
from bsip_mplp.money import MAX_UNITS

TRANSFER, LIMIT_ORDER_CREATE, LIMIT_ORDER_CANCEL, CALL_ORDER_UPDATE = 0, 1, 2, 3
ACCOUNT_CREATE, ACCOUNT_UPDATE, ACCOUNT_UPGRADE = 5, 6, 8
ASSET_CREATE, FEED_PRODUCERS, ASSET_ISSUE, ASSET_RESERVE, ASSET_SETTLE = 10, 13, 14, 15, 17
PUBLISH_FEED, ASSET_CLAIM_FEES = 19, 43
PROPOSAL_CREATE, PROPOSAL_UPDATE, PROPOSAL_DELETE = 22, 23, 24

FILL_ORDER, SETTLE_CANCEL = 4, 42
"""What the chain does by itself: an order, a position or a settlement was filled; a settlement was given back."""

PAYERS = {
    TRANSFER: "from",
    LIMIT_ORDER_CREATE: "seller",
    LIMIT_ORDER_CANCEL: "fee_paying_account",
    CALL_ORDER_UPDATE: "funding_account",
    ACCOUNT_CREATE: "registrar",
    ACCOUNT_UPDATE: "account",
    ACCOUNT_UPGRADE: "account_to_upgrade",
    ASSET_CREATE: "issuer",
    FEED_PRODUCERS: "issuer",
    ASSET_ISSUE: "issuer",
    ASSET_RESERVE: "payer",
    ASSET_SETTLE: "account",
    PUBLISH_FEED: "publisher",
    ASSET_CLAIM_FEES: "issuer",
    PROPOSAL_CREATE: "fee_paying_account",
    PROPOSAL_UPDATE: "fee_paying_account",
    PROPOSAL_DELETE: "fee_paying_account",
}
"""Which field of an operation names the account that pays its fee, of those that this program makes."""

RATIO_PERMILLE_MAX = 65_535

LOCK_MAX_SUPPLY, DISABLE_NEW_SUPPLY = 0x200, 0x400
"""Flags of an asset; as permissions they say that its owner may not change the flag (core's `types.hpp`)."""


class Units(NamedTuple):
    """An amount of an asset by its id."""

    asset_id: str
    units: int

    def json(self, least: int = 0) -> dict[str, Any]:
        """As the node takes it; raises `ValueError` where it is out of range."""
        if isinstance(self.units, bool) or not isinstance(self.units, int) or not least <= self.units <= MAX_UNITS:
            raise ValueError(f"{self.units!r} units of {self.asset_id} are out of range")
        return {"amount": self.units, "asset_id": self.asset_id}


Operation = tuple[int, dict[str, Any]]


def _operation(number: int, **fields: Any) -> Operation:
    return number, {"fee": {"amount": 0, "asset_id": "1.3.0"}, **fields}


def transfer(from_id: str, to_id: str, money: Units, memo: Mapping[str, Any] | None = None) -> Operation:
    """Money from one account to another; the memo is sealed already (`envelope`)."""
    fields: dict[str, Any] = {"from": from_id, "to": to_id, "amount": money.json(least=1), "extensions": []}
    if memo is not None:
        fields["memo"] = dict(memo)
    return _operation(TRANSFER, **fields)


def call_order_update(account_id: str, collateral: Units, debt: Units, target_ratio_permille: int | None) -> Operation:
    """Change a position by collateral and debt, either of which may be negative.

    The target ratio must be the position's own, read before: whatever is sent overwrites it, and leaving it out
    erases it (chain.md). It is per mille, as it is.
    """
    if target_ratio_permille is not None and not 0 < target_ratio_permille <= RATIO_PERMILLE_MAX:
        raise ValueError(f"a target ratio of {target_ratio_permille} per mille is out of range")
    extensions = {} if target_ratio_permille is None else {"target_collateral_ratio": target_ratio_permille}
    return _operation(
        CALL_ORDER_UPDATE,
        funding_account=account_id,
        delta_collateral=collateral.json(least=-MAX_UNITS),
        delta_debt=debt.json(least=-MAX_UNITS),
        extensions=extensions,
    )


def limit_order_create(
    account_id: str, sell: Units, receive: Units, expires: int, *, fill_or_kill: bool = False
) -> Operation:
    """Sell an amount for at least another, until a time in chain seconds."""
    return _operation(
        LIMIT_ORDER_CREATE,
        seller=account_id,
        amount_to_sell=sell.json(least=1),
        min_to_receive=receive.json(least=1),
        expiration=text_of(expires),
        fill_or_kill=fill_or_kill,
        extensions=[],
    )


def limit_order_cancel(account_id: str, order_id: str) -> Operation:
    """Take a limit order back."""
    return _operation(LIMIT_ORDER_CANCEL, fee_paying_account=account_id, order=order_id, extensions=[])


def publish_feed(publisher_id: str, price: tuple[Units, Units], *, mcr: int, mssr: int, icr: int | None) -> Operation:
    """A feed: the price as (bitasset, core), the ratios per mille. The library would lose the ICR (chain.md, 12)."""
    bitasset, core = price
    rate = {"base": bitasset.json(least=1), "quote": core.json(least=1)}
    feed: dict[str, Any] = {
        "settlement_price": rate,
        "maintenance_collateral_ratio": mcr,
        "maximum_short_squeeze_ratio": mssr,
        "core_exchange_rate": rate,
    }
    extensions = {} if icr is None else {"initial_collateral_ratio": icr}
    return _operation(
        PUBLISH_FEED, publisher=publisher_id, asset_id=bitasset.asset_id, feed=feed, extensions=extensions
    )


class Authority(NamedTuple):
    """Who may act: accounts by id and keys, each with its weight, that together must reach the threshold."""

    threshold: int
    accounts: tuple[tuple[str, int], ...] = ()
    keys: tuple[tuple[str, int], ...] = ()

    def json(self) -> dict[str, Any]:
        """As the node has it: accounts by the number of their id."""
        return {
            "weight_threshold": self.threshold,
            "account_auths": [list(one) for one in sorted(self.accounts, key=lambda one: _number_of(one[0]))],
            "key_auths": [list(one) for one in sorted(self.keys)],
            "address_auths": [],
        }


def _number_of(object_id: str) -> int:
    return int(object_id.split(".")[2])


def account_create(
    registrar_id: str, name: str, owner: str | Authority, active: str | Authority, memo_key: str
) -> Operation:
    """A new account; a key stands for an authority of that key alone. Only a lifetime member may make one."""
    return _operation(
        ACCOUNT_CREATE,
        registrar=registrar_id,
        referrer=registrar_id,
        referrer_percent=0,
        name=name,
        owner=_authority(owner).json(),
        active=_authority(active).json(),
        options={
            "memo_key": memo_key,
            "voting_account": "1.2.5",
            "num_witness": 0,
            "num_committee": 0,
            "votes": [],
            "extensions": [],
        },
        extensions={},
    )


def _authority(found: str | Authority) -> Authority:
    return Authority(1, keys=((found, 1),)) if isinstance(found, str) else found


def account_update(
    account_id: str, *, owner: str | Authority | None = None, active: str | Authority | None = None
) -> Operation:
    """Other authorities for an account; what is None stays. A new owner authority needs the old one's approval."""
    changes = {"owner": owner, "active": active}
    new = {name: _authority(one).json() for name, one in changes.items() if one is not None}
    return _operation(ACCOUNT_UPDATE, account=account_id, **new, extensions={})


def account_upgrade(account_id: str) -> Operation:
    """Become a lifetime member, who may make accounts."""
    return _operation(ACCOUNT_UPGRADE, account_to_upgrade=account_id, upgrade_to_lifetime_member=True, extensions=[])


def bitasset_create(
    issuer_id: str,
    symbol: str,
    precision: int,
    backing_id: str,
    *,
    feed_lifetime_seconds: int = 86_400,
    settlement_delay_seconds: int = 86_400,
) -> Operation:
    """A market-pegged asset without fees whose feed is anyone's that the issuer names, one being enough."""
    unit_of_each = {"base": {"amount": 1, "asset_id": "1.3.0"}, "quote": {"amount": 1, "asset_id": "1.3.1"}}
    return _operation(
        ASSET_CREATE,
        issuer=issuer_id,
        symbol=symbol,
        precision=precision,
        common_options=_asset_options(unit_of_each),
        bitasset_opts={
            "feed_lifetime_sec": feed_lifetime_seconds,
            "minimum_feeds": 1,
            "force_settlement_delay_sec": settlement_delay_seconds,
            "force_settlement_offset_percent": 0,
            "maximum_force_settlement_volume": 2000,
            "short_backing_asset": backing_id,
            "extensions": {},
        },
        is_prediction_market=False,
        extensions=[],
    )


FIXED = {"issuer_permissions": LOCK_MAX_SUPPLY | DISABLE_NEW_SUPPLY, "flags": LOCK_MAX_SUPPLY}
"""Nobody may take, freeze or tax units, or let there be more of them: not even the owner can ever allow it."""


def asset_create(issuer_id: str, symbol: str, precision: int, *, fixed_supply: int | None = None) -> Operation:
    """A user-issued asset without fees; with `fixed_supply` there are never more units, and its rules are `FIXED`."""
    unit_of_each = {"base": {"amount": 1, "asset_id": "1.3.0"}, "quote": {"amount": 1, "asset_id": "1.3.1"}}
    fixed: dict[str, Any] = {} if fixed_supply is None else {**FIXED, "max_supply": fixed_supply}
    return _operation(
        ASSET_CREATE,
        issuer=issuer_id,
        symbol=symbol,
        precision=precision,
        common_options={**_asset_options(unit_of_each), **fixed},
        is_prediction_market=False,
        extensions=[],
    )


def _asset_options(core_exchange_rate: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "max_supply": MAX_UNITS,
        "market_fee_percent": 0,
        "max_market_fee": MAX_UNITS,
        "issuer_permissions": 0x4F,
        "flags": 0,
        "core_exchange_rate": dict(core_exchange_rate),
        "whitelist_authorities": [],
        "blacklist_authorities": [],
        "whitelist_markets": [],
        "blacklist_markets": [],
        "description": "",
        "extensions": [],
    }


def asset_issue(issuer_id: str, to_id: str, money: Units, memo: Mapping[str, Any] | None = None) -> Operation:
    """New units of one's own asset, to an account."""
    fields: dict[str, Any] = {"issuer": issuer_id, "asset_to_issue": money.json(least=1), "issue_to_account": to_id}
    if memo is not None:
        fields["memo"] = dict(memo)
    return _operation(ASSET_ISSUE, **fields, extensions=[])


def asset_claim_fees(issuer_id: str, money: Units, claim_from: str | None = None) -> Operation:
    """Take the fees that one's own asset collected in it, or, with `claim_from`, that bitasset in what backs it."""
    extensions = {} if claim_from is None else {"claim_from_asset_id": claim_from}
    return _operation(ASSET_CLAIM_FEES, issuer=issuer_id, amount_to_claim=money.json(least=1), extensions=extensions)


def feed_producers(issuer_id: str, asset_id: str, producer_ids: Iterable[str]) -> Operation:
    """Who may publish an asset's feed."""
    return _operation(
        FEED_PRODUCERS,
        issuer=issuer_id,
        asset_to_update=asset_id,
        new_feed_producers=sorted(producer_ids, key=_number_of),
        extensions=[],
    )


def asset_settle(account_id: str, money: Units) -> Operation:
    """Ask for the collateral behind an amount of a bitasset, at the feed, after the asset's delay."""
    return _operation(ASSET_SETTLE, account=account_id, amount=money.json(least=1), extensions=[])


def proposal_create(payer_id: str, operations: Iterable[Operation], expires: int) -> Operation:
    """Propose operations until a time in chain seconds; they are carried out, all or none, once approved."""
    return _operation(
        PROPOSAL_CREATE,
        fee_paying_account=payer_id,
        expiration_time=text_of(expires),
        proposed_ops=[{"op": list(operation)} for operation in operations],
        extensions=[],
    )


def proposal_update(
    payer_id: str, proposal_id: str, *, approve: Iterable[str] = (), revoke: Iterable[str] = ()
) -> Operation:
    """Approve a proposal by the active authorities of accounts, or take such approvals back."""
    return _operation(
        PROPOSAL_UPDATE,
        fee_paying_account=payer_id,
        proposal=proposal_id,
        active_approvals_to_add=sorted(approve, key=_number_of),
        active_approvals_to_remove=sorted(revoke, key=_number_of),
        owner_approvals_to_add=[],
        owner_approvals_to_remove=[],
        key_approvals_to_add=[],
        key_approvals_to_remove=[],
        extensions=[],
    )


def proposal_delete(payer_id: str, proposal_id: str) -> Operation:
    """Veto a proposal that needs one's own approval."""
    return _operation(
        PROPOSAL_DELETE, fee_paying_account=payer_id, using_owner_authority=False, proposal=proposal_id, extensions=[]
    )

"""Orders of a vault: making its account, and one transaction of several steps, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bsip_mplp.chain.builders import (
    PAYERS,
    Operation,
    Units,
    account_create,
    account_update,
    call_order_update,
    transfer,
)
from bsip_mplp.chain.chain import CORE_ID, Account, Chain
from bsip_mplp.chain.deeds import Context, Followed, Needs, done
from bsip_mplp.chain.envelope import seal_for
from bsip_mplp.chain.orders import OrderLike, StepLike
from bsip_mplp.chain.own import Own, Seen
from bsip_mplp.chain.transactions import with_fees
from bsip_mplp.chain.vaults import Terms


class VaultOpen:
    """V-2: the account `account` for holder `to`, with the authorities that the terms ask for."""

    lasts = False

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def prepare(self, order: OrderLike, context: Context) -> Needs:
        """The account's creation, which the pool's account pays for and signs alone."""
        pool, chain = context.pool, context.chain
        owner, active = self._terms.owner(chain, order.to), self._terms.active(chain)
        return Needs([account_create(pool.id, order.account, owner, active, pool.memo_key)], [pool])

    def follow(self, order: OrderLike, own: Own, seen: Seen, context: Context) -> Followed:
        """It is made; whether by these terms is read back before any money goes in."""
        return done(order, own, context)


def owner_operations(terms: Terms) -> Callable[[OrderLike, Context], list[Operation]]:
    """V-8: how the owner authority of the vault `account` becomes holder `to` and the guard, both needed."""

    def operations(order: OrderLike, context: Context) -> list[Operation]:
        chain, vault = context.chain, context.chain.account(order.account)
        change = account_update(vault.id, owner=terms.owner(chain, order.to))
        return [_fees_to(vault, _fees_paid_by(vault.id, [change], chain), order, context), change]

    return operations


class VaultSteps:
    """V-4, V-5: the order's steps in one transaction that one keeper signs, with the pool's account."""

    lasts = False

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def prepare(self, order: OrderLike, context: Context) -> Needs:
        """The steps, and in front of them the fees that the vault pays for some of them."""
        return Needs(operations_of(order, context), [context.pool, *self._keeper(context)])

    def follow(self, order: OrderLike, own: Own, seen: Seen, context: Context) -> Followed:
        """All of it is done."""
        return done(order, own, context)

    def _keeper(self, context: Context) -> list[Account]:
        """The keeper that signs beside the pool's account: none, if that is a keeper itself."""
        if context.pool.name in self._terms.keepers:
            return []
        found = [context.chain.account(name) for name in self._terms.keepers]
        able = [one for one in found if any(context.keyring.has(key) for key in one.active_keys)]
        return able[:1] or found[:1]


def operations_of(order: OrderLike, context: Context) -> list[Operation]:
    """The operations of the order's steps, the vault's fees in front of them; raises `ValueError` for odd steps.

    The memo of the pool's first transfer names the order, and makes the transaction another than any before.
    """
    chain, pool = context.chain, context.pool
    names = {name for step in order.steps for name in (step.frm, step.to) if name} | {order.account}
    ids = {"": pool.id, **chain.account_ids(sorted(names))}
    steps = [_operation(step, chain, ids) for step in order.steps]
    if not steps:
        raise ValueError(f"order {order.number} has no steps")
    vault = chain.account(order.account)
    payers = [fields[PAYERS[kind]] for kind, fields in steps]
    if not {pool.id, vault.id}.issuperset(payers):
        raise ValueError(f"order {order.number} takes money of others than the pool and the vault {vault.name}")
    fees_units = _fees_paid_by(vault.id, steps, chain)
    if fees_units:
        return [_fees_to(vault, fees_units, order, context), *steps]
    if pool.id not in payers:
        raise ValueError(f"order {order.number}: on a chain without fees a vault's transaction needs the pool's part")
    steps[payers.index(pool.id)][1]["memo"] = _memo(vault, order, context)
    return steps


def _fees_to(vault: Account, units: int, order: OrderLike, context: Context) -> Operation:
    return transfer(context.pool.id, vault.id, Units(CORE_ID, units), _memo(vault, order, context))


def _memo(vault: Account, order: OrderLike, context: Context) -> dict[str, Any]:
    return seal_for(order.memo or f"mplp order {order.number}", context.keyring, context.pool, vault)


def _operation(step: StepLike, chain: Chain, ids: dict[str, str]) -> Operation:
    if step.kind == "transfer":
        return transfer(ids[step.frm], ids[step.to], Units(chain.asset(step.asset).id, step.units))
    if step.kind != "adjust":
        raise ValueError(f"a step of kind {step.kind} is none of a vault")
    bitasset = chain.asset(step.asset)
    core = chain.asset(chain.core_of(step.asset))
    # Whatever is sent as target ratio overwrites the position's own (chain.md)
    target = chain.positions(step.asset, [step.frm])[step.frm].target_ratio_permille
    collateral, debt = Units(core.id, step.collateral), Units(bitasset.id, step.debt)
    return call_order_update(ids[step.frm], collateral, debt, target)


def _fees_paid_by(account_id: str, operations: Sequence[Operation], chain: Chain) -> int:
    return sum(
        int(fields["fee"]["amount"])
        for kind, fields in with_fees(chain, operations)
        if fields[PAYERS[kind]] == account_id
    )

"""Bonds as an asset of the chain (PL-43): making a series' asset, issuing units of it, and what of it there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bsip_mplp.chain.builders import FIXED, Units, asset_create, asset_issue
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.deeds import Context, Followed, Needs, done
from bsip_mplp.chain.envelope import seal_for
from bsip_mplp.chain.errors import NotFoundError
from bsip_mplp.chain.orders import OrderLike
from bsip_mplp.chain.own import Own, Seen


class BondAsset:
    """The asset `asset` of the pool's account, of which there are `units` at the most, with the bitasset's digits."""

    lasts = False

    def prepare(self, order: OrderLike, context: Context) -> Needs:
        """Its creation, by rules that nobody can change."""
        precision = context.chain.asset(order.market).precision
        made = asset_create(context.pool.id, order.asset, precision, fixed_supply=order.units)
        return Needs([made], [context.pool])

    def follow(self, order: OrderLike, own: Own, seen: Seen, context: Context) -> Followed:
        """It is made."""
        return done(order, own, context)


class BondIssue:
    """`units` of `asset` are made, and are `account`'s."""

    lasts = False

    def prepare(self, order: OrderLike, context: Context) -> Needs:
        """The issue; raises `ValueError` if the asset is not as it was made."""
        chain, pool, receiver = context.chain, context.pool, context.chain.account(order.account)
        (found,) = chain.call("lookup_asset_symbols", [order.asset])
        fault = _fault(found, pool.id)
        if fault is not None:
            raise ValueError(f"{order.asset} {fault}")
        memo = seal_for(order.memo, context.keyring, pool, receiver)  # so that no two are the same transaction
        return Needs([asset_issue(pool.id, receiver.id, Units(chain.asset(order.asset).id, order.units), memo)], [pool])

    def follow(self, order: OrderLike, own: Own, seen: Seen, context: Context) -> Followed:
        """They are there."""
        return done(order, own, context)


def _fault(found: Any, pool_id: str) -> str | None:
    """What is wrong with an asset by whose units bonds are to be had; None if nothing is."""
    if found is None:
        return "is not on the chain"
    if str(found["issuer"]) != pool_id:
        return "is not the pool's account's any more"
    options = found["options"]
    if any(int(options[name]) != bits for name, bits in FIXED.items()):
        return "has other permissions or flags than it was made with"
    return None


def read_supplies(chain: Chain, symbols: Sequence[str]) -> dict[str, int]:
    """How many units of assets there are, by symbol; raises `NotFoundError` naming one that is not there."""
    ids = []
    for symbol, found in zip(symbols, chain.call("lookup_asset_symbols", list(symbols)), strict=True):
        if found is None:
            raise NotFoundError(f"the chain has no asset {symbol}")
        ids.append(str(found["dynamic_asset_data_id"]))
    dynamic = chain.call("get_objects", ids) if ids else []
    return {symbol: int(one["current_supply"]) for symbol, one in zip(symbols, dynamic, strict=True)}

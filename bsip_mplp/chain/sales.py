"""What takes its time on the chain: a limit order of the pool's account, and a settlement, filled in parts.

What was filled is read from irreversible blocks, and reported once for each fill: the order's `filled` says how much
the ledger has counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from bsip_mplp.chain.builders import (
    FILL_ORDER,
    LIMIT_ORDER_CANCEL,
    SETTLE_CANCEL,
    Units,
    asset_settle,
    limit_order_create,
)
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.deeds import Context, Followed, Needs
from bsip_mplp.chain.history import Entry
from bsip_mplp.chain.orders import OrderLike, Waiting
from bsip_mplp.chain.own import Own, Seen
from bsip_mplp.rules.inputs import OrderFilled

SALE_SECONDS = 600
"""How long a limit order stands on the market before the chain gives back what nobody took."""


class Fill(NamedTuple):
    """A part that was carried out: `units` of what was offered brought `got` after the market's fees."""

    source: str
    units: int
    got: int


class Sale:
    """`units` of `asset` for at least `limit` of the other asset of `market`, by a limit order that expires."""

    lasts = True

    def prepare(self, order: OrderLike, context: Context) -> Needs:
        """The limit order. The least it takes is rounded up, for it is no less than the limit."""
        sell, receive = _offer(order, context.chain)
        expires = context.chain.head().time + SALE_SECONDS
        return Needs([limit_order_create(context.pool.id, sell, receive, expires)], [context.pool])

    def follow(self, order: OrderLike, own: Own, seen: Seen, context: Context) -> Followed:
        """The fills by now; it is over when all is sold, or the chain took what is left off the market."""
        made = own.made()
        if made is None:
            raise ValueError(f"the node does not tell which limit order transaction {own.transaction} made")
        fills = _fills(made, context.pool.id, seen.entries)
        cancel = next(
            (one for one in seen.entries if one.kind == LIMIT_ORDER_CANCEL and str(one.fields["order"]) == made), None
        )
        fee_units = own.fee_units
        if cancel is not None:
            kept = int(cancel.fields["fee"]["amount"])
            # Unfilled, the fee of making it came back, less what the chain kept for the cancellation. After a fill
            # only someone's own cancellation costs
            if not fills:
                fee_units = kept
            elif cancel.virtual is None:
                fee_units += kept
        return _told(order, own, fills, cancel, fee_units, context)


class Settlement:
    """SP-6: `units` of the bitasset `asset` are settled into its collateral, at the feed, after the asset's delay."""

    lasts = True

    def prepare(self, order: OrderLike, context: Context) -> Needs:
        """The request."""
        return Needs(
            [asset_settle(context.pool.id, Units(context.chain.asset(order.asset).id, order.units))], [context.pool]
        )

    def follow(self, order: OrderLike, own: Own, seen: Seen, context: Context) -> Followed:
        """What came at once, from a settlement fund, and then fill by fill; the rest may be given back."""
        made, at_once = own.made(), _paid_at_once(own)
        fills, cancel = at_once, None
        if made is not None:
            fills = at_once + _fills(made, context.pool.id, seen.entries)
            cancel = next(
                (one for one in seen.entries if one.kind == SETTLE_CANCEL and str(one.fields["settlement"]) == made),
                None,
            )
        is_over = made is None or cancel is not None
        return _told(order, own, fills, cancel, own.fee_units, context, is_over=is_over)


def _offer(order: OrderLike, chain: Chain) -> tuple[Units, Units]:
    if order.limit is None:
        raise ValueError(f"order {order.number} names no limit to sell at")
    bitasset, core = chain.asset(order.market), chain.asset(chain.core_of(order.market))
    bitasset_units, core_units = order.limit
    if order.asset == core.symbol:
        return Units(core.id, order.units), Units(bitasset.id, -(-order.units * bitasset_units // core_units))
    if order.asset == bitasset.symbol:
        return Units(bitasset.id, order.units), Units(core.id, -(-order.units * core_units // bitasset_units))
    raise ValueError(f"order {order.number} sells {order.asset}, which is neither {bitasset.symbol} nor {core.symbol}")


def _fills(object_id: str, account_id: str, entries: Iterable[Entry]) -> list[Fill]:
    return [
        _fill(entry)
        for entry in entries
        if entry.kind == FILL_ORDER
        and str(entry.fields["order_id"]) == object_id
        and str(entry.fields["account_id"]) == account_id
    ]


def _fill(entry: Entry) -> Fill:
    pays, receives, fee = (entry.fields[name] for name in ("pays", "receives", "fee"))
    return Fill(entry.source, int(pays["amount"]), _net(receives, fee))


def _net(receives: Mapping[str, Any], fee: Mapping[str, Any]) -> int:
    return int(receives["amount"]) - (int(fee["amount"]) if fee["asset_id"] == receives["asset_id"] else 0)


def _paid_at_once(own: Own) -> list[Fill]:
    """What a settlement fund paid; what it received is told without the fees already."""
    for entry in own.entries:
        if entry.virtual is None and entry.operation == 0 and entry.result is not None:
            result = entry.result[1]
            if isinstance(result, Mapping) and result.get("paid"):
                pairs = zip(result["paid"], result["received"], strict=True)
                units, got = map(sum, zip(*((int(a["amount"]), int(b["amount"])) for a, b in pairs), strict=True))
                return [Fill(own.source, units, got)]
    return []


def _told(
    order: OrderLike,
    own: Own,
    fills: list[Fill],
    cancel: Entry | None,
    fee_units: int,
    context: Context,
    is_over: bool = False,
) -> Followed:
    """The fills that the ledger doesn't have yet; the last one says that it is over, and what the chain took."""
    is_over = is_over or cancel is not None or sum(one.units for one in fills) >= order.units
    fresh = list(_after(fills, order.filled))
    if is_over and not fresh:
        fresh = [Fill(own.source if cancel is None else cancel.source, 0, 0)]
    symbol = context.chain.assets_by_id([own.fee_asset_id])[own.fee_asset_id].symbol
    reports = []
    for place, fill in enumerate(fresh, 1):
        is_last = is_over and place == len(fresh)
        reports.append(
            OrderFilled(
                time=context.time,
                order=order.number,
                units=fill.units,
                got=fill.got,
                done=is_last,
                source=fill.source,
                fee_asset=symbol if is_last else "",
                fee=fee_units if is_last else 0,
            )
        )
    waiting = Waiting(order.number, f"transaction {own.transaction} counts, and is filled in parts")
    return Followed(reports or [waiting], is_over=is_over)


def _after(fills: Iterable[Fill], filled: int) -> Iterator[Fill]:
    """The fills after so many units of them; one is reported whole or not at all."""
    for fill in fills:
        if filled >= fill.units:
            filled -= fill.units
        else:
            yield fill

"""What takes its time on the chain: a limit order of the pool's account, and a settlement, filled in parts.

What was filled is read from irreversible blocks, and reported once for each fill: the order's `filled` says how much
the ledger has counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

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
from bsip_mplp.chain.errors import DisagreementError
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


class Course(NamedTuple):
    """What came of a limit order or a settlement by now; `end` is the place where it ended, None while it lasts.

    `fee_units` is what the chain took for it in the end, `returned_units` what of its fee it gave back.
    """

    fills: Sequence[Fill]
    end: str | None
    fee_units: int
    returned_units: int = 0


def course_of_sale(created: Entry, entries: Iterable[Entry]) -> Course:
    """What came of a limit order, by the operation that made it and the account's operations after that."""
    entries, order_id = list(entries), made_by(created)
    fills = _fills(order_id, entries)
    paid = int(created.fields["fee"]["amount"])
    cancel = next((one for one in entries if _names(one, LIMIT_ORDER_CANCEL, "order", order_id)), None)
    if cancel is None:
        offered = int(created.fields["amount_to_sell"]["amount"])
        is_sold = sum(one.units for one in fills) >= offered
        return Course(fills, fills[-1].source if is_sold else None, paid)
    kept = int(cancel.fields["fee"]["amount"])
    if fills:  # the fee was used up by the first fill; only someone's own cancellation costs more
        return Course(fills, cancel.source, paid if cancel.virtual is not None else paid + kept)
    return Course(fills, cancel.source, kept, paid - kept if cancel.virtual is not None else paid)


def course_of_settlement(created: Entry, entries: Iterable[Entry]) -> Course:
    """What came of a request to settle: at once from a fund, then fill by fill; the rest may be given back."""
    entries, paid = list(entries), int(created.fields["fee"]["amount"])
    at_once = paid_at_once(created)
    if not _has_made(created):
        return Course(at_once, created.source, paid)
    settlement_id = made_by(created)
    fills = at_once + _fills(settlement_id, entries)
    cancel = next((one for one in entries if _names(one, SETTLE_CANCEL, "settlement", settlement_id)), None)
    is_paid = sum(one.units for one in fills) >= int(created.fields["amount"]["amount"])
    end = cancel.source if cancel is not None else fills[-1].source if is_paid else None
    return Course(fills, end, paid)


def _names(entry: Entry, kind: int, field: str, object_id: str) -> bool:
    return entry.kind == kind and str(entry.fields[field]) == object_id


def made_by(created: Entry) -> str:
    """The id of the object that an operation made; raises `DisagreementError` if the node doesn't tell it."""
    found = _new_object(created)
    if found is None:
        raise DisagreementError(f"the node does not tell what operation {created.source} made")
    return found


def _has_made(created: Entry) -> bool:
    return _new_object(created) is not None


def _new_object(created: Entry) -> str | None:
    tag, value = created.result or (0, None)
    if tag == 1:
        return str(value)
    new = value.get("new_objects") if isinstance(value, Mapping) else None
    return str(new[0]) if new else None


def _fills(object_id: str, entries: Iterable[Entry]) -> list[Fill]:
    return [_fill(entry) for entry in entries if _names(entry, FILL_ORDER, "order_id", object_id)]


def _fill(entry: Entry) -> Fill:
    return Fill(entry.source, int(entry.fields["pays"]["amount"]), net_of(entry))


def net_of(fill: Entry) -> int:
    """What a fill brought, less the market's fee."""
    receives, fee = fill.fields["receives"], fill.fields["fee"]
    return int(receives["amount"]) - (int(fee["amount"]) if fee["asset_id"] == receives["asset_id"] else 0)


def paid_at_once(created: Entry) -> list[Fill]:
    """What a settlement fund paid; what it received is told without the fees already."""
    _, result = created.result or (0, None)
    if not isinstance(result, Mapping) or not result.get("paid"):
        return []
    units = sum(int(one["amount"]) for one in result["paid"])
    return [Fill(created.source, units, sum(int(one["amount"]) for one in result["received"]))]


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
        return _told(order, own, course_of_sale(own.first, seen.entries), context)


class Settlement:
    """SP-6: `units` of the bitasset `asset` are settled into its collateral, at the feed, after the asset's delay."""

    lasts = True

    def prepare(self, order: OrderLike, context: Context) -> Needs:
        """The request."""
        return Needs(
            [asset_settle(context.pool.id, Units(context.chain.asset(order.asset).id, order.units))], [context.pool]
        )

    def follow(self, order: OrderLike, own: Own, seen: Seen, context: Context) -> Followed:
        """The fills by now; it is over when all is paid, or the chain gave the rest back."""
        return _told(order, own, course_of_settlement(own.first, seen.entries), context)


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


def _told(order: OrderLike, own: Own, course: Course, context: Context) -> Followed:
    """The fills that the ledger doesn't have yet; the last one says that it is over, and what the chain took."""
    fresh = list(_after(course.fills, order.filled))
    if course.end is not None and (not fresh or fresh[-1].source != course.end):
        fresh.append(Fill(course.end, 0, 0))
    symbol = context.chain.assets_by_id([own.fee_asset_id])[own.fee_asset_id].symbol
    reports = []
    for fill in fresh:
        is_last = fill.source == course.end
        reports.append(
            OrderFilled(
                time=context.time,
                order=order.number,
                units=fill.units,
                got=fill.got,
                done=is_last,
                source=fill.source,
                fee_asset=symbol if is_last else "",
                fee=course.fee_units if is_last else 0,
            )
        )
    if not reports:
        return Followed([Waiting(order.number, f"transaction {own.transaction} counts, and is filled in parts")])
    return Followed(reports, is_over=course.end is not None)


def _after(fills: Iterable[Fill], filled: int) -> Iterator[Fill]:
    """The fills after so many units of them; one is reported whole or not at all."""
    for fill in fills:
        if filled >= fill.units > 0:
            filled -= fill.units
        else:
            yield fill

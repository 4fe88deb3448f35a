"""Orders as the outbox takes them, made from what stands in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from bsip_mplp.chain.orders import Order
from bsip_mplp.journal import read
from bsip_mplp.rules.outcomes import Step


def order_of(connection: Connection, ordered: read.Ordered) -> Order:
    """An order with all that its kind needs, as the outbox takes it."""
    found = read.one_object(connection, "order", str(ordered.number))
    body: Mapping[str, Any] = {} if found is None else found.body
    limit = body.get("limit")
    return Order(
        number=ordered.number,
        kind=ordered.kind,
        account=ordered.account,
        asset=ordered.asset,
        units=ordered.units,
        memo=ordered.memo,
        limit=None if limit is None else (limit[0], limit[1]),
        to=body.get("to", ""),
        market=body.get("market", ""),
        steps=tuple(Step(*step) for step in body.get("steps", ())),
        filled=body.get("filled", 0),
    )

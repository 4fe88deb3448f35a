"""The outbox's memory: each signed transaction of an order, written down before it is broadcast.

An order has at most one attempt that may still count on the chain; the next one is made only once the last has
expired for good (chain.md, "A keeper that holds other people's money").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from bsip_mplp.journal import tables
from bsip_mplp.journal.errors import AttemptError
from bsip_mplp.rules.codec import canonical

AttemptState = Literal["signed", "expired", "confirmed"]


class Attempt(NamedTuple):
    """A signed transaction for order `number`: `expires` in chain seconds, `reference_block` as TaPoS names it."""

    number: int
    attempt: int
    transaction_id: str
    signed_transaction: Mapping[str, Any]
    expires: int
    reference_block: int
    state: AttemptState


def read_attempts(
    connection: Connection, number: int | None = None, state: AttemptState | None = None
) -> list[Attempt]:
    """Attempts of an order, or in a state, or all, in the order of their numbers."""
    query = select(tables.attempts).order_by(tables.attempts.c.number, tables.attempts.c.attempt)
    if number is not None:
        query = query.where(tables.attempts.c.number == number)
    if state is not None:
        query = query.where(tables.attempts.c.state == state)
    return [
        Attempt(n, attempt, transaction_id, json.loads(signed), expires, reference, its_state)
        for n, attempt, transaction_id, signed, expires, reference, its_state in connection.execute(query)
    ]


def write_attempt(
    connection: Connection,
    number: int,
    *,
    transaction_id: str,
    signed_transaction: Mapping[str, Any],
    expires: int,
    reference_block: int,
) -> Attempt:
    """Write the next attempt of an open order; raises `AttemptError` while an earlier one may still count."""
    order_state = connection.execute(
        select(tables.orders.c.state).where(tables.orders.c.number == number)
    ).scalar_one_or_none()
    if order_state != "open":
        raise AttemptError(f"order {number} is {order_state or 'unknown'}: there is nothing to be carried out")
    stands = tables.attempts.c.number == number
    live = connection.execute(
        select(tables.attempts.c.transaction_id).where(stands, tables.attempts.c.state != "expired")
    ).scalar()
    if live is not None:
        raise AttemptError(f"order {number} has transaction {live}, which may still count: ask the chain about it")
    last = connection.execute(select(func.max(tables.attempts.c.attempt)).where(stands)).scalar()
    attempt = Attempt(number, (last or 0) + 1, transaction_id, signed_transaction, expires, reference_block, "signed")
    row = attempt._asdict() | {"signed_transaction": canonical(signed_transaction)}
    connection.execute(insert(tables.attempts), row)
    return attempt


def close_attempt(connection: Connection, number: int, attempt: int, state: Literal["expired", "confirmed"]) -> None:
    """Say what became of a signed attempt; raises `AttemptError` if it isn't there, or became something else."""
    one = (tables.attempts.c.number == number) & (tables.attempts.c.attempt == attempt)
    stands = connection.execute(select(tables.attempts.c.state).where(one)).scalar_one_or_none()
    if stands == state:
        return
    if stands != "signed":
        raise AttemptError(f"attempt {attempt} of order {number} is {stands or 'unknown'} and can't become {state}")
    connection.execute(update(tables.attempts).where(one).values(state=state))

"""What readers ask: plain functions on a connection (`Journal.reading`), plain values back. Money in smallest units."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from bsip_mplp.journal import tables


class Balance(NamedTuple):
    """What an account of the ledger holds of an asset."""

    account: str
    asset: str
    units: int


class Object(NamedTuple):
    """An object (market, pool, loan, …) as the input `seq` left it."""

    kind: str
    key: str
    body: Mapping[str, Any]
    seq: int


class Line(NamedTuple):
    """A line of an account's statement: `units` came (went, if negative), `balance_after` stood then."""

    seq: int
    time: int
    rule: str
    text: str
    asset: str
    units: int
    balance_after: int


class Fact(NamedTuple):
    """Something that happened to an object, with its figures, by a rule; `event` counts within the input."""

    seq: int
    time: int
    rule: str
    kind: str
    key: str
    what: str
    values: Mapping[str, Any]
    event: int


class Told(NamedTuple):
    """Something that a person was told."""

    seq: int
    time: int
    account: str
    rule: str
    text: str


class Refused(NamedTuple):
    """Something that a rule forbade, why, and what would help."""

    seq: int
    time: int
    account: str
    rule: str
    reason: str
    remedy: str


class Ordered(NamedTuple):
    """Something to be carried out on the chain; `state` is open, done or failed, since the input `state_seq`."""

    number: int
    seq: int
    kind: str
    account: str
    asset: str
    units: int
    memo: str
    state: str
    state_seq: int


class Counts(NamedTuple):
    """How much there is; `last_time` is the chain's time of the last input, None in an empty journal."""

    inputs: int
    last_time: int | None
    refusals: int
    orders_open: int
    orders_done: int
    orders_failed: int
    objects: Mapping[str, int]


class Came(NamedTuple):
    """An input as it was journaled: its number, when it counted, and what it was (`docs/journal.md`)."""

    seq: int
    time: int
    kind: str
    source: str | None
    body: Mapping[str, Any]


def balances(connection: Connection, account: str) -> list[Balance]:
    """What an account holds, by asset, without what is 0."""
    return _balances(connection, select(tables.balances).where(tables.balances.c.account == account))


def all_balances(connection: Connection) -> list[Balance]:
    """What every account holds, by account and asset, without what is 0."""
    return _balances(connection, select(tables.balances))


def _balances(connection: Connection, query: Select[Any]) -> list[Balance]:
    columns = tables.balances.c
    rows = connection.execute(query.where(columns.units != 0).order_by(columns.account, columns.asset))
    return [Balance(row.account, row.asset, row.units) for row in rows]


def objects(connection: Connection, kind: str) -> list[Object]:
    """All objects of a kind, in the order in which each first came to be numbered, else by name."""
    rows = connection.execute(select(tables.objects).where(tables.objects.c.kind == kind))
    found = [Object(row.kind, row.key, json.loads(row.body), row.seq) for row in rows]
    return sorted(found, key=lambda item: (0, int(item.key), "") if item.key.isdecimal() else (1, 0, item.key))


def one_object(connection: Connection, kind: str, key: str) -> Object | None:
    """One object, or None if there never was one."""
    query = select(tables.objects).where(tables.objects.c.kind == kind, tables.objects.c.key == key)
    row = connection.execute(query).first()
    return None if row is None else Object(row.kind, row.key, json.loads(row.body), row.seq)


def statement(connection: Connection, account: str, limit: int | None = None) -> list[Line]:
    """The last `limit` movements of an account of the ledger, oldest first."""
    posting, entry = tables.postings, tables.entries
    same = (posting.c.seq == entry.c.seq) & (posting.c.entry == entry.c.entry)
    columns = (posting.c.seq, entry.c.time, entry.c.rule, entry.c.text, posting.c.asset, posting.c.units)
    query = (
        select(*columns, posting.c.balance_after)
        .join(entry, same)
        .where(posting.c.account == account)
        .order_by(posting.c.seq.desc(), posting.c.entry.desc(), posting.c.posting.desc())
        .limit(limit)
    )
    return [Line(*row) for row in connection.execute(query)][::-1]


def events(
    connection: Connection,
    kind: str | None = None,
    key: str | None = None,
    *,
    after_seq: int = 0,
    limit: int | None = None,
) -> list[Fact]:
    """The last `limit` facts of a kind of object, of one object, or of all, oldest first."""
    query = select(tables.events).where(tables.events.c.seq > after_seq)
    if kind is not None:
        query = query.where(tables.events.c.kind == kind)
    if key is not None:
        query = query.where(tables.events.c.key == key)
    query = query.order_by(tables.events.c.seq.desc(), tables.events.c.event.desc()).limit(limit)
    rows = connection.execute(query)
    return [Fact(r.seq, r.time, r.rule, r.kind, r.key, r.what, json.loads(r.body), r.event) for r in rows][::-1]


def notices(
    connection: Connection, account: str | None = None, *, after_seq: int = 0, limit: int | None = None
) -> list[Told]:
    """The last `limit` things that a person, or anyone, was told after an input, oldest first."""
    query = select(tables.notices).where(tables.notices.c.seq > after_seq)
    if account is not None:
        query = query.where(tables.notices.c.account == account)
    query = query.order_by(tables.notices.c.seq.desc(), tables.notices.c.notice.desc()).limit(limit)
    return [Told(r.seq, r.time, r.account, r.rule, r.text) for r in connection.execute(query)][::-1]


def refusals(
    connection: Connection, account: str | None = None, *, after_seq: int = 0, limit: int | None = None
) -> list[Refused]:
    """The last `limit` refusals to a person, or to anyone, after an input, oldest first."""
    query = select(tables.refusals).where(tables.refusals.c.seq > after_seq)
    if account is not None:
        query = query.where(tables.refusals.c.account == account)
    query = query.order_by(tables.refusals.c.seq.desc(), tables.refusals.c.refusal.desc()).limit(limit)
    return [Refused(r.seq, r.time, r.account, r.rule, r.reason, r.remedy) for r in connection.execute(query)][::-1]


def orders(connection: Connection, state: str | None = None) -> list[Ordered]:
    """Orders in a state, or all, by number."""
    query = select(tables.orders).order_by(tables.orders.c.number)
    if state is not None:
        query = query.where(tables.orders.c.state == state)
    return [Ordered(*row) for row in connection.execute(query)]


def order(connection: Connection, number: int) -> Ordered | None:
    """One order, or None if there never was one."""
    row = connection.execute(select(tables.orders).where(tables.orders.c.number == number)).first()
    return None if row is None else Ordered(*row)


def begun_since(connection: Connection, time: int) -> dict[str, int]:
    """How much of each asset was paid out or is under way, of what was signed to expire after a time."""
    attempt, order = tables.attempts.c, tables.orders.c
    query = (
        select(order.asset, func.sum(order.units))
        .join(tables.attempts, attempt.number == order.number)
        .where(attempt.expires > time, attempt.state != "expired")
        .group_by(order.asset)
    )
    return {str(asset): int(units) for asset, units in connection.execute(query)}


class Signed(NamedTuple):
    """A transaction that was signed for an order and not given up, and the order's state."""

    number: int
    transaction_id: str
    signed_transaction: Mapping[str, Any]
    reference_block: int
    order_state: str
    asset: str
    units: int


def signed(connection: Connection, transactions: Sequence[str] = ()) -> list[Signed]:
    """Those of open orders, and those of any order with one of the ids."""
    attempt, order = tables.attempts.c, tables.orders.c
    query = (
        select(
            order.number, attempt.transaction_id, attempt.signed_transaction, attempt.reference_block,
            order.state, order.asset, order.units,
        )
        .join(tables.attempts, attempt.number == order.number)
        .where(attempt.state != "expired")
        .where((order.state == "open") | attempt.transaction_id.in_(transactions))
    )  # fmt: skip
    return [Signed(row[0], row[1], json.loads(row[2]), *row[3:]) for row in connection.execute(query)]


def input_of_source(connection: Connection, source: str) -> Came | None:
    """The input that came from a place on the chain; None if it did not count yet."""
    row = connection.execute(select(tables.inputs).where(tables.inputs.c.source == source)).first()
    return None if row is None else Came(row.seq, row.time, row.kind, row.source, json.loads(row.body))


def last_inputs(connection: Connection, kind: str | None = None, limit: int = 1) -> list[Came]:
    """The last inputs of a kind, or of all kinds, oldest first."""
    query = select(tables.inputs).order_by(tables.inputs.c.seq.desc()).limit(limit)
    if kind is not None:
        query = query.where(tables.inputs.c.kind == kind)
    return [Came(r.seq, r.time, r.kind, r.source, json.loads(r.body)) for r in connection.execute(query)][::-1]


def counts(connection: Connection) -> Counts:
    """How much there is of everything."""
    inputs, last_time = connection.execute(
        select(func.count(), func.max(tables.inputs.c.time)).select_from(tables.inputs)
    ).one()
    refused = connection.execute(select(func.count()).select_from(tables.refusals)).scalar_one()
    states = _count_by(connection, tables.orders.c.state)
    return Counts(
        inputs=inputs,
        last_time=last_time,
        refusals=refused,
        orders_open=states.get("open", 0),
        orders_done=states.get("done", 0),
        orders_failed=states.get("failed", 0),
        objects=_count_by(connection, tables.objects.c.kind),
    )


def _count_by(connection: Connection, column: Any) -> dict[str, int]:
    rows = connection.execute(select(column, func.count()).group_by(column))
    return {str(name): int(number) for name, number in rows}

"""The projections: what an outcome adds to the tables that readers look at. The one place that knows how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Insert, Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from bsip_mplp.journal import tables
from bsip_mplp.ledger import MAY_BE_NEGATIVE, LedgerError, check_balanced
from bsip_mplp.rules.codec import OutcomeTexts

Row = tuple[Any, ...]
"""The values of a row, in the order of the table's columns."""

Balances = dict[tuple[str, str], int]
T = TypeVar("T")

CHUNK: Final = 500
"""How many values one query names at once; SQLite takes 999 in older versions."""

NUL: Final = "\0"
INSTEAD: Final = "\ufffd"
"""PostgreSQL's text takes every character but NUL, which anyone can write in a memo: projections show this for it.

The journal's own text is JSON, where it stands as an escape: nothing is lost.
"""

OPEN: Final = "open"
"""The state of an order until its object says otherwise."""


@dataclass(slots=True)
class Rows:
    """Rows to be written: some are added, the others (by key) take the place of what stood there."""

    entries: list[Row] = field(default_factory=list)
    postings: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    notices: list[Row] = field(default_factory=list)
    refusals: list[Row] = field(default_factory=list)
    orders: dict[int, Row] = field(default_factory=dict)
    order_states: dict[int, tuple[str, int]] = field(default_factory=dict)
    balances: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    objects: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def added(self) -> tuple[tuple[Table, list[Row]], ...]:
        """The rows of the tables that only grow."""
        return (
            (tables.entries, self.entries),
            (tables.postings, self.postings),
            (tables.events, self.events),
            (tables.notices, self.notices),
            (tables.refusals, self.refusals),
        )


def storable(text: str) -> str:
    """A text as either database takes it."""
    return text.replace(NUL, INSTEAD) if NUL in text else text


def fold(rows: Rows, seq: int, outcome: Mapping[str, Any], held: Balances, texts: OutcomeTexts) -> None:
    """Add what the outcome of input `seq` (as JSON) brings; `held` has the balances before it and after it.

    Raises `LedgerError` for an entry that isn't balanced or leaves a balance negative that must not be (G-5).
    """
    for number, (time, rule, text, postings) in enumerate(outcome["entries"]):
        rows.entries.append((seq, number, time, rule, storable(text)))
        _fold_postings(rows, seq, number, postings, held)
    for number, (time, rule, kind, key, what, _) in enumerate(outcome["events"]):
        rows.events.append((seq, number, time, rule, kind, key, what, texts.events[number]))
    for number, (time, account, rule, text) in enumerate(outcome["notices"]):
        rows.notices.append((seq, number, time, account, rule, storable(text)))
    for number, (time, account, rule, reason, remedy) in enumerate(outcome["refusals"]):
        rows.refusals.append((seq, number, time, account, rule, storable(reason), storable(remedy)))
    for number, kind, account, asset, units, memo, *_ in outcome["orders"]:
        rows.orders[number] = (number, seq, kind, account, asset, units, storable(memo))
        rows.order_states[number] = (OPEN, seq)
    for kind, objects in outcome["objects"].items():
        for key, body in objects.items():
            rows.objects[kind, key] = (texts.objects[kind][key], seq)
            if kind == "order" and "state" in body:
                rows.order_states[int(key)] = (body["state"], seq)


def _fold_postings(rows: Rows, seq: int, entry: int, postings: Sequence[tuple[str, str, int]], held: Balances) -> None:
    check_balanced(postings)
    for number, (account, asset, units) in enumerate(postings):
        key = account, asset
        held[key] = after = held.get(key, 0) + units
        rows.balances[key] = after, seq
        rows.postings.append((seq, entry, number, account, asset, units, after))
    for account, asset, _ in postings:
        if held[account, asset] < 0 and account not in MAY_BE_NEGATIVE:
            raise LedgerError(f"input {seq}: {account} would hold {held[account, asset]} {asset}")


def load_balances(connection: Connection, accounts: Iterable[str]) -> Balances:
    """The stored balances of these accounts, by (account, asset)."""
    held: Balances = {}
    columns = (tables.balances.c.account, tables.balances.c.asset, tables.balances.c.units)
    for part in chunks(sorted(accounts)):
        for account, asset, units in connection.execute(select(*columns).where(columns[0].in_(part))):
            held[account, asset] = units
    return held


def store(connection: Connection, rows: Rows) -> None:
    """Write the rows, one statement a table; nothing is committed here."""
    for table, new in rows.added():
        add(connection, table, new)
    _replace(connection, tables.balances, [(*key, units, seq) for key, (units, seq) in rows.balances.items()])
    _replace(connection, tables.objects, [(*key, body, seq) for key, (body, seq) in rows.objects.items()])
    _store_orders(connection, rows)


def _store_orders(connection: Connection, rows: Rows) -> None:
    new, changed = [], []
    for number, (state, seq) in rows.order_states.items():
        if number in rows.orders:
            new.append((*rows.orders[number], state, seq))
        else:
            changed.append({"its_number": number, "state": state, "state_seq": seq})
    add(connection, tables.orders, new)
    if changed:
        same = tables.orders.c.number == bindparam("its_number")
        connection.execute(update(tables.orders).where(same), changed)


def add(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Insert rows, if there are any, in one statement."""
    _execute_many(connection, table, insert(table), rows)


def _replace(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Insert rows, each in place of the one with its key; both databases know ON CONFLICT."""
    flavour = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = flavour.insert(table)
    keys = [column.name for column in table.primary_key]
    others = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    _execute_many(connection, table, statement.on_conflict_do_update(index_elements=keys, set_=others), rows)


def _execute_many(connection: Connection, table: Table, statement: Insert, rows: list[Row]) -> None:
    """Hand the rows to the driver as they are: they are plain integers and text, and blocks of them are large."""
    if not rows:
        return
    names = [column.name for column in table.c]
    compiled = statement.compile(dialect=connection.dialect)
    if isinstance(compiled, SQLCompiler) and compiled.positiontup == names:
        connection.exec_driver_sql(str(compiled), rows)
    else:
        connection.exec_driver_sql(str(compiled), [dict(zip(names, row, strict=True)) for row in rows])


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part

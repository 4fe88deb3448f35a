"""Comparison of the stored projections with folded rows, a range of inputs at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Connection, Table, select, tuple_

from bsip_mplp.journal import tables
from bsip_mplp.journal.differences import Differences
from bsip_mplp.journal.projection import Row, chunks


def compare_added(
    connection: Connection, found: Differences, table: Table, expected: Iterable[Row], low: int, high: int
) -> None:
    """Compare the rows that inputs `low` to `high` added to a table with those that they must have added."""
    rows = list(expected)
    names = list(rows[0]) if rows else [column.name for column in table.c]
    keys = [column.name for column in table.primary_key]
    columns = [table.c[name] for name in names]
    query = select(*columns).where(table.c.seq.between(low, high))
    stored = {_key(row, keys): row for row in (dict(zip(names, r, strict=True)) for r in connection.execute(query))}
    folded = {_key(row, keys): row for row in rows}
    if stored == folded:
        return
    for key in sorted(stored.keys() | folded.keys()):
        there, right = stored.get(key), folded.get(key)
        what = f"{table.name} {_name(key)}"
        if right is None:
            found.add(stored[key]["seq"], what, "stands, and the input brought none such")
        elif there is None:
            found.add(right["seq"], what, "is missing")
        elif there != right:
            found.add(right["seq"], what, _changed(there, right))


class _Replaced(NamedTuple):
    """A table whose rows hold the last value of something, and since which input."""

    keys: tuple[Column[Any], ...]
    value: Column[Any]
    since: Column[Any]


_REPLACED: Final[Mapping[Table, _Replaced]] = {
    tables.balances: _Replaced(
        (tables.balances.c.account, tables.balances.c.asset), tables.balances.c.units, tables.balances.c.seq
    ),
    tables.objects: _Replaced(
        (tables.objects.c.kind, tables.objects.c.key), tables.objects.c.body, tables.objects.c.seq
    ),
    tables.orders: _Replaced((tables.orders.c.number,), tables.orders.c.state, tables.orders.c.state_seq),
}


def compare_replaced(
    connection: Connection,
    found: Differences,
    table: Table,
    expected: Mapping[Any, tuple[Any, int]],
    low: int,
    high: int,
) -> None:
    """Compare the rows last changed by inputs `low` to `high` with the last values that those inputs gave.

    A row that a later input changed is compared when that input's turn comes; here it must only be there.
    """
    shape = _REPLACED[table]
    query = select(*shape.keys, shape.value, shape.since).where(shape.since.between(low, high))
    stored = {tuple(key): (value, since) for *key, value, since in connection.execute(query)}
    folded = {key if isinstance(key, tuple) else (key,): value for key, value in expected.items()}
    for key, (value, since) in stored.items():
        right = folded.get(key)
        if right is None:
            found.add(since, f"{table.name} {_name(key)}", "stands, and the input didn't change it")
        elif right != (value, since):
            there = {shape.value.name: value, shape.since.name: since}
            text = _changed(there, {shape.value.name: right[0], shape.since.name: right[1]})
            found.add(right[1], f"{table.name} {_name(key)}", text)
    absent = [key for key in folded if key not in stored]
    later = _since(connection, shape, absent)
    for key in absent:
        if key not in later:
            found.add(folded[key][1], f"{table.name} {_name(key)}", "is missing")
        elif later[key] <= high:
            found.add(folded[key][1], f"{table.name} {_name(key)}", f"is still as input {later[key]} left it")


def _since(connection: Connection, shape: _Replaced, keys: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], int]:
    found: dict[tuple[Any, ...], int] = {}
    for part in chunks(keys, 200):
        query = select(*shape.keys, shape.since).where(tuple_(*shape.keys).in_(part))
        found.update((tuple(key), since) for *key, since in connection.execute(query))
    return found


def _key(row: Row, names: Iterable[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def _name(key: Iterable[Any]) -> str:
    return "/".join(str(part) for part in key)


def _changed(there: Row, right: Row) -> str:
    parts = [
        f"{name}: {there[name]!r} stands, {right[name]!r} is right" for name in right if there[name] != right[name]
    ]
    return "; ".join(parts)

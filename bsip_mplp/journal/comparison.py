"""Comparison of the stored projections with folded rows, a range of inputs at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Connection, Table, select, tuple_

from bsip_mplp.journal import tables
from bsip_mplp.journal.differences import Differences
from bsip_mplp.journal.projection import Row, chunks

_COMPARED_APART: Final = ("state", "state_seq")
"""The columns of orders that later inputs change: `compare_replaced` looks at them."""


def compare_added(
    connection: Connection, found: Differences, table: Table, expected: Iterable[Row], low: int, high: int
) -> None:
    """Compare the rows that inputs `low` to `high` added to a table with those that they must have added."""
    names = [column.name for column in table.c if column.name not in _COMPARED_APART]
    keys = [names.index(column.name) for column in table.primary_key]
    since = names.index("seq")
    query = select(*(table.c[name] for name in names)).where(table.c.seq.between(low, high))
    stored = {tuple(row[at] for at in keys): tuple(row) for row in connection.execute(query)}
    folded = {tuple(row[at] for at in keys): row for row in expected}
    if stored == folded:
        return
    for key in sorted(stored.keys() | folded.keys()):
        there, right = stored.get(key), folded.get(key)
        what = f"{table.name} {_name(key)}"
        if right is None:
            found.add(stored[key][since], what, "stands, and the input brought none such")
        elif there is None:
            found.add(right[since], what, "is missing")
        elif there != right:
            found.add(right[since], what, _changed(names, there, right))


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
            text = _changed([shape.value.name, shape.since.name], (value, since), right)
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


def _name(key: Iterable[Any]) -> str:
    return "/".join(str(part) for part in key)


def _changed(names: Iterable[str], there: Row, right: Row) -> str:
    columns = zip(names, there, right, strict=True)
    return "; ".join(f"{name}: {one!r} stands, {other!r} is right" for name, one, other in columns if one != other)

"""How far the chain was read: the last irreversible block worked off, its time, and the last operation seen."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from bsip_mplp.journal import tables
from bsip_mplp.journal.errors import CursorError

_READ = select(tables.cursor.c.block, tables.cursor.c.time, tables.cursor.c.operation)


class Cursor(NamedTuple):
    """A block's number, its time in chain seconds, and the id of the last operation read (`1.11.N`, or nothing)."""

    block: int
    time: int
    operation: str = ""


def read_cursor(connection: Connection) -> Cursor | None:
    """Where reading goes on; None if nothing was read yet."""
    row = connection.execute(_READ).first()
    return None if row is None else Cursor(*row)


def move_cursor(connection: Connection, cursor: Cursor) -> None:
    """Move the cursor on; raises `CursorError` if it would go back."""
    stands = read_cursor(connection)
    if stands is None:
        connection.execute(insert(tables.cursor).values(id=1, **cursor._asdict()))
        return
    if cursor.block < stands.block or cursor.time < stands.time:
        raise CursorError(
            f"the cursor stands at block {stands.block} (time {stands.time}) and can't go back to "
            f"block {cursor.block} (time {cursor.time})"
        )
    connection.execute(update(tables.cursor).values(**cursor._asdict()))

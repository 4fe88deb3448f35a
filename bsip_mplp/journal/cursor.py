"""How far the chain was read: the last irreversible block worked off, its time, and the last operation seen.

The block's id stands in `meta`: a chain that was begun anew has other blocks under the same numbers.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection, insert, select, update

from bsip_mplp.journal import meta, tables
from bsip_mplp.journal.errors import CursorError

_READ = select(tables.cursor.c.block, tables.cursor.c.time, tables.cursor.c.operation)

BLOCK_ID: Final = "cursor_block_id"
"""The name in `meta` of the id of the cursor's block."""


class Cursor(NamedTuple):
    """A block's number, its time in chain seconds, and the id of the last operation read (`1.11.N`, or nothing).

    `block_id` is the block's own id, "" where it isn't known.
    """

    block: int
    time: int
    operation: str = ""
    block_id: str = ""


def read_cursor(connection: Connection) -> Cursor | None:
    """Where reading goes on; None if nothing was read yet."""
    row = connection.execute(_READ).first()
    return None if row is None else Cursor(*row)._replace(block_id=meta.read_meta(connection).get(BLOCK_ID, ""))


def move_cursor(connection: Connection, cursor: Cursor) -> None:
    """Move the cursor on; raises `CursorError` if it would go back."""
    stands = read_cursor(connection)
    values = {"block": cursor.block, "time": cursor.time, "operation": cursor.operation}
    meta.write_meta(connection, BLOCK_ID, cursor.block_id)
    if stands is None:
        connection.execute(insert(tables.cursor).values(id=1, **values))
        return
    if cursor.block < stands.block or cursor.time < stands.time:
        raise CursorError(
            f"the cursor stands at block {stands.block} (time {stands.time}) and can't go back to "
            f"block {cursor.block} (time {cursor.time})"
        )
    connection.execute(update(tables.cursor).values(**values))

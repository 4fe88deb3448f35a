"""What the journal knows of itself: the chain and the pool account it belongs to, and its last hash."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from bsip_mplp.journal import tables
from bsip_mplp.journal.errors import OtherPlaceError
from bsip_mplp.journal.hash_chain import GENESIS_HASH


class Head(NamedTuple):
    """The last input's number and hash; number 0 in an empty journal. Whoever keeps it can prove later changes."""

    seq: int
    hash: str


class Place(NamedTuple):
    """What a journal belongs to: a chain, by its id, and the pool's account on it."""

    chain_id: str
    pool_account: str


EMPTY = Head(0, GENESIS_HASH)

_READ = select(tables.meta.c.name, tables.meta.c.value)


def read_meta(connection: Connection) -> dict[str, str]:
    """All that stands in `meta`, by name."""
    return {str(name): str(value) for name, value in connection.execute(_READ)}


def write_meta(connection: Connection, name: str, value: str) -> None:
    """Let a name stand for a value."""
    if not connection.execute(update(tables.meta).where(tables.meta.c.name == name).values(value=value)).rowcount:
        connection.execute(insert(tables.meta).values(name=name, value=value))


def read_head(connection: Connection) -> Head:
    """The head as `meta` has it."""
    known = read_meta(connection)
    return Head(int(known.get("head_seq", "0")), known.get("head_hash", GENESIS_HASH))


def read_place(connection: Connection) -> Place | None:
    """What the journal belongs to; None before `mplp init` has said so."""
    known = read_meta(connection)
    return Place(known["chain_id"], known["pool_account"]) if "chain_id" in known else None


def move_head(connection: Connection, head: Head) -> None:
    """Write the new head down."""
    same = tables.meta.c.name == bindparam("its_name")
    rows = [{"its_name": "head_seq", "value": str(head.seq)}, {"its_name": "head_hash", "value": head.hash}]
    connection.execute(update(tables.meta).where(same), rows)


def write_place(connection: Connection, place: Place) -> None:
    """Say once what the journal belongs to; raises `OtherPlaceError` if it belongs to something else."""
    stands = read_place(connection)
    if stands == place:
        return
    if stands is not None:
        raise OtherPlaceError(
            f"this journal belongs to {stands.pool_account} on chain {stands.chain_id}, not to "
            f"{place.pool_account} on chain {place.chain_id}: name another file"
        )
    connection.execute(insert(tables.meta), [{"name": n, "value": v} for n, v in place._asdict().items()])

"""Snapshots: what the inputs up to one of them made of the state, kept so that starting folds only what came after.

A snapshot is no part of the journal: deleting it loses nothing but time. What is in its body is its maker's affair.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from bsip_mplp.journal import tables
from bsip_mplp.journal.meta import Head


class Snapshot(NamedTuple):
    """A state at the input that `head` names, made by a `program`: another program may mean something else by it."""

    head: Head
    program: str
    body: bytes


def read_snapshot(connection: Connection) -> Snapshot | None:
    """The newest snapshot; None if there is none."""
    kept = tables.snapshots.c
    row = connection.execute(
        select(kept.seq, kept.hash, kept.program, kept.body).order_by(kept.seq.desc()).limit(1)
    ).first()
    return None if row is None else Snapshot(Head(row.seq, row.hash), row.program, row.body)


def write_snapshot(connection: Connection, snapshot: Snapshot) -> None:
    """Keep a snapshot in place of those before it."""
    head, program, body = snapshot
    connection.execute(delete(tables.snapshots))
    connection.execute(insert(tables.snapshots).values(seq=head.seq, hash=head.hash, program=program, body=body))

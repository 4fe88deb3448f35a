"""Changes of parameters on their way in: queued by `mplp params`, handed in by whoever keeps the journal.

The queue is no part of the journal, which has one writer. A change counts once: its source is its own, and the
journal takes each source once.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, insert, inspect, select

from bsip_mplp.journal import Journal
from bsip_mplp.journal.database import WRITING, connect, read_url
from bsip_mplp.rules.codec import canonical

_metadata = MetaData()

_queue = Table(
    "keeper_changes",
    _metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False, unique=True),
    Column("market", Text, nullable=False),
    Column("changes", Text, nullable=False),
    Column("queued", BigInteger, nullable=False),
)


class Change(NamedTuple):
    """Parameters of a market to be changed, in the rules' own form; `source` is the input's."""

    source: str
    market: str
    changes: Mapping[str, Any]


def queue(database_url: str, market: str, changes: Mapping[str, Any], now: int) -> str:
    """Put a change into the queue; `now` is the machine's clock. Returns the source by which it will be known."""
    source = f"params.{secrets.token_hex(8)}"
    engine = connect(read_url(database_url), read_only=False)
    try:
        with engine.execution_options(**{WRITING: True}).begin() as connection:
            _metadata.create_all(connection)
            row = {"source": source, "market": market, "changes": canonical(changes), "queued": now}
            connection.execute(insert(_queue).values(row))
    finally:
        engine.dispose()
    return source


def waiting(journal: Journal) -> list[Change]:
    """The changes that did not count yet, in the order in which they were queued."""
    with journal.reading() as connection:
        if not inspect(connection).has_table(_queue.name):
            return []
        rows = connection.execute(select(_queue).order_by(_queue.c.number)).all()
    known = journal.known_sources([row.source for row in rows])
    return [Change(row.source, row.market, json.loads(row.changes)) for row in rows if row.source not in known]

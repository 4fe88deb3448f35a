"""The last audit, and what the account held of its own, kept in the journal's database for those who look.

It is no part of the journal. Payouts go by what was found since the keeper started, not by what stands here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple, Protocol

from sqlalchemy import BigInteger, Column, Engine, MetaData, Table, Text, insert, inspect, select, update

from bsip_mplp.chain.holdings import Holdings
from bsip_mplp.journal import Journal, read
from bsip_mplp.journal.cursor import Cursor, read_cursor
from bsip_mplp.journal.database import WRITING, connect, read_url
from bsip_mplp.keeper.audit import Audit, Books, Figure, Payout

_metadata = MetaData()

audits = Table(
    "keeper_audit",
    _metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("own", Text),
    Column("last", Text),
)


class Kept(NamedTuple):
    """What the account held of its own, None while that isn't known, and the last audit, None before the first."""

    own: Mapping[str, int] | None = None
    last: Audit | None = None


class Board(Protocol):
    """Where audits are kept."""

    def read(self) -> Kept: ...  # noqa: D102
    def write(self, kept: Kept) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class AuditBoard:
    """The table of the last audit, read by anyone and written by the keeper."""

    def __init__(self, database_url: str, *, read_only: bool = False) -> None:
        self._engine: Engine = connect(read_url(database_url), read_only=read_only)
        self._writing = self._engine.execution_options(**{WRITING: True})
        if not read_only:
            with self._writing.begin() as connection:
                _metadata.create_all(connection)

    def read(self) -> Kept:
        """What is kept."""
        with self._engine.begin() as connection:
            if not inspect(connection).has_table(audits.name):
                return Kept()
            row = connection.execute(select(audits.c.own, audits.c.last)).first()
        if row is None:
            return Kept()
        return Kept(row.own and json.loads(row.own), row.last and audit_from_json(json.loads(row.last)))

    def write(self, kept: Kept) -> None:
        """Put it in place of what stood there."""
        values = {
            "own": None if kept.own is None else json.dumps(kept.own),
            "last": None if kept.last is None else json.dumps(audit_to_json(kept.last)),
        }
        with self._writing.begin() as connection:
            if not connection.execute(update(audits).values(values)).rowcount:
                connection.execute(insert(audits).values(id=1, **values))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def audit_to_json(audit: Audit) -> dict[str, Any]:
    """An audit as JSON, units as integers."""
    return asdict(audit)


def audit_from_json(body: Mapping[str, Any]) -> Audit:
    """Inverse of `audit_to_json`."""
    figures = tuple(Figure(**one) for one in body["figures"])
    texts = {name: tuple(body[name]) for name in ("unknown", "strange")}
    return Audit(**{**body, "figures": figures, **texts})


def first_block(journal: Journal, cursor: Cursor) -> int:
    """From which block on movements must be known to compare: before whatever is under way."""
    with journal.reading() as connection:
        return min([cursor.block, *(one.reference_block for one in read.signed(connection))])


def read_books(journal: Journal, holdings: Holdings, own: Mapping[str, int] | None, core_asset: str) -> Books | None:
    """The ledger as it stands now, with the payouts that the chain tells of; None before anything was read."""
    transactions = [one.transaction for one in holdings.movements if one.transaction]
    with journal.reading() as connection:
        cursor = read_cursor(connection)
        if cursor is None:
            return None
        outside = {one.asset: one.units for one in read.balances(connection, "outside")}
        signed = read.signed(connection, transactions)
    payouts = {one.transaction_id: _payout(one, core_asset) for one in signed}
    return Books(cursor.block, cursor.time, outside, payouts, own)


def _payout(one: read.Signed, core_asset: str) -> Payout:
    fee = one.signed_transaction["operations"][0][1]["fee"]
    return Payout(one.number, one.asset, one.units, core_asset, int(fee["amount"]), one.order_state == "done")

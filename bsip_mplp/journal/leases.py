"""Who may write where several keepers share one journal: a lease, fenced by the number of its leadership.

Only on a database server. Each leadership is a row with a number one higher than the last (`epoch`). Every writing
transaction holds the database's writing lock and looks whether its own number is still the newest; a new leader takes
its number under the same lock. So what a leader began before it lost the lead is either done before the new one
reads, or never. Times are milliseconds since 1970 on the database's clock; a keeper's own clock decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    cast,
    exists,
    extract,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from bsip_mplp.journal import tables
from bsip_mplp.journal.database import WRITING_LOCK, writing
from bsip_mplp.journal.errors import LostLeadError, WriteError

_LEASE: Final = tables.leases.c
_EPOCH: Final = select(func.coalesce(func.max(_LEASE.epoch), 0))

_END_WRITERS: Final = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND ((classid::bigint << 32) | objid::bigint) = :key AND objsubid = 1 AND pid <> pg_backend_pid()"
)


class Lease(NamedTuple):
    """A leadership: its number, who has it, since when, and how long it lasts from now if it isn't renewed."""

    epoch: int
    holder: str
    began: int
    left_milliseconds: int

    @property
    def is_live(self) -> bool:
        """Whether nobody else may take the lead yet."""
        return self.left_milliseconds > 0


def read_epoch(connection: Connection) -> int:
    """The number of the newest leadership; 0 if nobody ever led."""
    return int(connection.execute(_EPOCH).scalar_one())


def read_lease(connection: Connection) -> Lease | None:
    """The newest leadership; None if nobody ever led, or the database is a file."""
    if connection.dialect.name == "sqlite":
        return None
    query = select(_LEASE.epoch, _LEASE.holder, _LEASE.began, _LEASE.until - _now())
    row = connection.execute(query.order_by(_LEASE.epoch.desc()).limit(1)).first()
    return None if row is None else Lease(*row)


def take_lease(connection: Connection, holder: str, milliseconds: int) -> Lease | None:
    """Begin the next leadership, on a connection that holds the writing lock; None if another is live."""
    stands = read_lease(connection)
    if stands is not None and stands.is_live:
        return None
    row = {"epoch": stands.epoch + 1 if stands else 1, "holder": holder}
    connection.execute(insert(tables.leases).values(began=_now(), until=_now() + milliseconds, **row))
    return read_lease(connection)


def renew_lease(connection: Connection, epoch: int, milliseconds: int) -> bool:
    """Make a leadership last from now on; False if another has followed. It waits for no lock of a writer."""
    later = tables.leases.alias("later")
    mine = (_LEASE.epoch == epoch) & ~exists().where(later.c.epoch > epoch)
    return bool(connection.execute(update(tables.leases).where(mine).values(until=_now() + milliseconds)).rowcount)


def give_back(connection: Connection, epoch: int) -> None:
    """End a leadership, so that the next one need not wait."""
    connection.execute(update(tables.leases).where(_LEASE.epoch == epoch).values(until=_now()))


def check_epoch(connection: Connection, epoch: int) -> None:
    """Raise `LostLeadError` if a leadership has followed on that one."""
    newest = read_epoch(connection)
    if newest != epoch:
        raise LostLeadError(f"another keeper leads (leadership {newest}, this was {epoch}): nothing was written")


def check_live(connection: Connection, epoch: int) -> None:
    """Raise `LostLeadError` unless that leadership is the newest, and has not run out."""
    check_epoch(connection, epoch)
    lease = read_lease(connection)
    if lease is not None and not lease.is_live:
        raise LostLeadError(f"leadership {epoch} ran out {-lease.left_milliseconds} ms ago: nothing is sent")


@contextmanager
def writing_as(engine: Engine, epoch: int | None) -> Iterator[Connection]:
    """A transaction that writes beside the journal, under a leadership or, without one, under none.

    Raises `LostLeadError` if another has followed on it, and `WriteError` if the database refuses.
    """
    try:
        with writing(engine).begin() as connection:
            if epoch is not None:
                check_epoch(connection, epoch)
            yield connection
    except DBAPIError as error:
        raise WriteError(f"the database refused, nothing was kept: {' '.join(str(error.orig).split())}") from error


def end_writers(connection: Connection) -> int:
    """End the connections that hold the writing lock; how many. For a lease that ran out while its holder writes.

    A leader that stands still within a transaction would keep the lock for good. What it had not committed is undone.
    """
    return int(connection.execute(_END_WRITERS, {"key": WRITING_LOCK}).scalar_one())


def _now() -> ColumnElement[Any]:
    """The database's clock, which goes on within a transaction."""
    return cast(func.floor(extract("epoch", func.clock_timestamp()) * 1000), BigInteger)

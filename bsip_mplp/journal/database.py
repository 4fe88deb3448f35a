"""How the database is reached, made for money: SQLite by default, PostgreSQL where several keepers stand by.

SQLite: WAL, full synchronisation, foreign keys. PostgreSQL: all who write hold one lock of the database, so that each
sees what the one before it has written; readers see one moment and wait for nobody.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from bsip_mplp.journal.errors import MissingError, NotAJournalError, ReadError, UnreachableError

BUSY_SECONDS: Final = 10
"""How long a connection waits for another process to finish its transaction."""

WRITING: Final = "journal_writing"
"""The execution option of a connection that is going to write: the writing lock is taken at the start then."""

LOCK_MILLISECONDS: Final = "journal_lock_milliseconds"
"""The execution option that says how long a server's writing lock is waited for, if not `BUSY_SECONDS`."""

WRITING_LOCK: Final = 0x6D706C70
"""The advisory lock of PostgreSQL that writers of a journal hold: one journal a database."""

IDLE_SECONDS: Final = 60
"""A transaction that writes and is left alone for so long is ended by the server."""

_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}

_SERVER_OPTIONS: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8_000,
}
"""A server that is cut off is noticed within seconds, not by the system's own patience of hours."""

_BEGIN_WRITING: Final = """SELECT set_config('lock_timeout', %(lock)s, true),
    set_config('idle_in_transaction_session_timeout', %(idle)s, true),
    CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
        THEN set_config('synchronous_commit', 'on', true) END"""


def read_url(text: str) -> URL:
    """A database's address: an SQLAlchemy address, or a path, which is an SQLite file.

    Raises `UnreachableError` for anything else, and for SQLite without a file.
    """
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = make_url(text)
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    except ArgumentError:
        raise UnreachableError(f"{text} is no database address: write a path or sqlite:///PATH") from None
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise UnreachableError(f"{text} names no file: write a path or sqlite:///PATH")
        return url.set(database=str(Path(url.database).expanduser()))
    return url


def file_of(url: URL) -> Path | None:
    """The file of an SQLite database; None for a database server."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def shown(url: URL) -> str:
    """The address as it may be shown: a path, or an address as people write it, without its password."""
    path = file_of(url)
    if path:
        return str(path)
    driver = next((plain for plain, full in _DRIVERS.items() if full == url.drivername), url.drivername)
    return url.set(drivername=driver).render_as_string(hide_password=True).replace("%2F", "/")


def make_file(path: Path) -> None:
    """Make an empty file that only its owner may read, with the folders above it, unless it stands already."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if path.parent.is_dir():
            return
        raise UnreachableError(f"{path} can't be made: {path.parent} is no folder") from None
    except OSError as error:
        raise UnreachableError(f"{path} can't be made: {error.strerror}") from None


def connect(url: URL, *, read_only: bool) -> Engine:
    """An engine for that address; raises `MissingError`, `NotAJournalError` or `UnreachableError`."""
    path = file_of(url)
    if path is None:
        return _connect_server(url)
    if not path.exists():
        raise MissingError(f"there is no journal at {path}: make one with `mplp init`")
    if not path.is_file():
        raise NotAJournalError(f"{path} is no file: name the journal's file")
    if not os.access(path, os.R_OK if read_only else os.R_OK | os.W_OK):
        raise UnreachableError(f"{path} may not be {'read' if read_only else 'written'} by this user")
    return _connect_file(path, read_only=read_only)


def writing(engine: Engine, lock_milliseconds: int = BUSY_SECONDS * 1000) -> Engine:
    """The same database, for transactions that write.

    On a server each statement sees what was committed before it: with the lock held that is the last of everything.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{WRITING: True})
    options: dict[str, Any] = {WRITING: True, LOCK_MILLISECONDS: lock_milliseconds}
    return engine.execution_options(isolation_level="READ COMMITTED", **options)


@contextmanager
def reading(engine: Engine, place: str) -> Iterator[Connection]:
    """A transaction that reads; all that is read in it is of one moment. `place` is how the database is shown.

    Raises `ReadError` if the database refuses.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise ReadError(f"{place} can't be read: {' '.join(str(error.orig).split())}") from error


def _connect_server(url: URL) -> Engine:
    if url.get_backend_name() != "postgresql":
        raise UnreachableError(f"{shown(url)} can't be used: a journal is in SQLite or PostgreSQL")
    try:
        engine = create_engine(
            url, isolation_level="REPEATABLE READ", pool_pre_ping=True, connect_args=dict(_SERVER_OPTIONS)
        )
    except ModuleNotFoundError:
        raise UnreachableError(
            f"{shown(url)} needs a driver that is not installed: pip install 'bsip-mplp[postgresql]'"
        ) from None
    except (ArgumentError, ImportError) as error:
        raise UnreachableError(f"{shown(url)} can't be reached: {error}") from None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(WRITING, False):
            settings = {"lock": str(options[LOCK_MILLISECONDS]), "idle": str(IDLE_SECONDS * 1000)}
            connection.exec_driver_sql(_BEGIN_WRITING, settings)
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITING_LOCK})")

    return engine


def _connect_file(path: Path, *, read_only: bool) -> Engine:
    """SQLite in the mode that never makes a file by itself; each transaction begins in words of ours."""
    address = f"file:{quote(str(path.absolute()))}?mode={'ro' if read_only else 'rw'}"

    def dial() -> sqlite3.Connection:
        connection = sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    engine = create_engine("sqlite://", creator=dial, poolclass=QueuePool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine

"""How the database is reached: SQLite by default, made for money (WAL, full synchronisation, foreign keys)."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from bsip_mplp.journal.errors import MissingError, NotAJournalError, UnreachableError

BUSY_SECONDS: Final = 10
"""How long a connection waits for another process to finish its transaction."""

WRITING: Final = "journal_writing"
"""The execution option of a connection that is going to write: SQLite takes its lock at the start then."""


def read_url(text: str) -> URL:
    """A database's address: an SQLAlchemy address, or a path, which is an SQLite file.

    Raises `UnreachableError` for anything else, and for SQLite without a file.
    """
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = make_url(text)
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
    """The address as it may be shown: a path, or an address without its password."""
    path = file_of(url)
    return str(path) if path else url.render_as_string(hide_password=True)


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


def _connect_server(url: URL) -> Engine:
    try:
        return create_engine(url, isolation_level="REPEATABLE READ")
    except (ArgumentError, ImportError) as error:
        raise UnreachableError(f"{shown(url)} can't be reached: {error}") from None


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

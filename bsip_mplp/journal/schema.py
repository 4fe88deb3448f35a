"""The version of the tables: checked at each opening, brought up to date by `mplp init` alone."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, OperationalError

from bsip_mplp.journal.database import shown, writing
from bsip_mplp.journal.errors import NewSchemaError, NotAJournalError, OldSchemaError, OpenError, UnreachableError
from bsip_mplp.journal.tables import SCHEMA

_VERSION_TABLE = "alembic_version"


def check(engine: Engine, url: URL) -> None:
    """Raise an `OpenError` with one line of advice unless the tables are exactly this program's."""
    version = _version(engine, url)
    if version is None:
        raise NotAJournalError(f"{shown(url)} is empty: make a journal there with `mplp init`")
    _refuse_newer(version, url)
    if version != SCHEMA:
        raise OldSchemaError(
            f"{shown(url)} has tables of version {version}, this program needs {SCHEMA}: "
            "copy the file, then run `mplp init` to bring it up to date"
        )


def upgrade(engine: Engine, url: URL) -> None:
    """Make the tables, or bring them up to date, in one transaction; raises an `OpenError`."""
    version = _version(engine, url)
    if version == SCHEMA:
        return
    if version is not None:
        _refuse_newer(version, url)
    from alembic import command  # heavy, and needed by nobody who only reads or writes
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "bsip_mplp.journal:migrations")
    try:
        with writing(engine).begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, SCHEMA)
    except OperationalError as error:
        raise UnreachableError(f"{shown(url)} can't be brought up to date: {_line(error.orig)}") from None


def _refuse_newer(version: str, url: URL) -> None:
    if not version.isdigit() or int(version) > int(SCHEMA):
        raise NewSchemaError(
            f"{shown(url)} has tables of version {version}, this program knows {SCHEMA}: use a newer bsip_mplp"
        )


def _version(engine: Engine, url: URL) -> str | None:
    """The version that stands there; None for an empty database."""
    try:
        with engine.connect() as connection:
            tables = inspect(connection).get_table_names()
            if not tables:
                return None
            version = None
            if _VERSION_TABLE in tables:
                version = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()
    except (DatabaseError, sqlite3.DatabaseError) as error:
        raise _explain(error, url) from None
    if version is None:
        raise NotAJournalError(f"{shown(url)} is a database of something else: name another file")
    return str(version)


def _explain(error: DatabaseError | sqlite3.DatabaseError, url: URL) -> OpenError:
    cause = error.orig if isinstance(error, DatabaseError) else error
    if isinstance(cause, sqlite3.DatabaseError) and not isinstance(cause, sqlite3.OperationalError):
        return NotAJournalError(f"{shown(url)} is no journal ({cause}): name another file, or restore a copy")
    return UnreachableError(f"{shown(url)} can't be opened: {_line(cause)}")


def _line(cause: object) -> str:
    """What a driver says, in one line."""
    return " ".join(str(cause).split())

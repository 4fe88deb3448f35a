from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from bsip_mplp.journal import (
    Journal,
    MissingError,
    NewSchemaError,
    NotAJournalError,
    OldSchemaError,
    OpenError,
    UnreachableError,
    errors,
    tables,
)
from bsip_mplp.journal.database import read_url, shown
from tests.databases import Postgres, altering
from tests.journal.conftest import course, take
from tests.journal.fake_engine import FakeEngine


def refused(url: str | Path, kind: type[OpenError], *words: str, create: bool = False, read_only: bool = False) -> None:
    with pytest.raises(kind) as caught:
        Journal.open(str(url), create=create, read_only=read_only)
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text


def set_version(path: Path, version: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        assert database.execute("UPDATE alembic_version SET version_num = ?", (version,)).rowcount == 1


@pytest.mark.parametrize("read_only", [False, True])
def test_a_missing_journal_is_not_made_by_chance(path: Path, read_only: bool) -> None:
    refused(path, MissingError, str(path), "mplp init", read_only=read_only)
    assert not path.exists()


def test_an_empty_file_is_no_journal_yet(path: Path) -> None:
    path.touch()
    refused(path, NotAJournalError, "empty", "mplp init")
    Journal.open(str(path), create=True).close()
    Journal.open(str(path)).close()


def test_something_else_is_left_alone(path: Path) -> None:
    path.write_text("dear diary, this is no database at all\n" * 50)
    before = path.read_bytes()
    for create in (False, True):
        refused(path, NotAJournalError, "no journal", create=create)
    refused(path, NotAJournalError, "no journal", read_only=True)
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    for create in (False, True):
        refused(path, NotAJournalError, "something else", create=create)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_older_tables_are_named_and_brought_up_to_date_by_init_alone(path: Path) -> None:
    Journal.open(str(path), create=True).close()
    set_version(path, "0000")
    refused(path, OldSchemaError, "0000", tables.SCHEMA, "mplp init")


@pytest.mark.parametrize("version", ["0999", "f00d"])
@pytest.mark.parametrize("create", [False, True])
def test_newer_tables_are_left_alone(path: Path, version: str, create: bool) -> None:
    Journal.open(str(path), create=True).close()
    set_version(path, version)
    refused(path, NewSchemaError, version, "newer bsip_mplp", create=create)


def test_making_it_twice_changes_nothing(path: Path) -> None:
    with Journal.open(str(path), create=True) as journal:
        take(journal, FakeEngine(), course())
    with Journal.open(str(path), create=True) as journal:
        assert list(journal.inputs()) == course()


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    refused(tmp_path, NotAJournalError, "no file")


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused(tmp_path / "file" / "journal.sqlite", UnreachableError, "can't be made", create=True)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "nonsense://", "postgresql+nodriver://u:secret@127.0.0.1/x"]
)
def test_a_bad_address_is_named(url: str) -> None:
    refused(url, UnreachableError)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(UnreachableError) as caught:
        Journal.open("postgresql+nodriver://u:secret@127.0.0.1/x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://ann@/mplp?host=/tmp", "postgresql://db.example:5433/mplp"])
def test_a_server_is_shown_as_it_was_configured(url: str) -> None:
    assert shown(read_url(url)) == url


def test_an_address_and_a_path_are_the_same_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    odd = tmp_path / "a b?c#d%20.sqlite"
    with Journal.open(str(odd), create=True) as journal:
        take(journal, FakeEngine(), course())
    assert odd.exists()
    os.rename(odd, tmp_path / "plain.sqlite")
    for url in ("~/plain.sqlite", f"sqlite:///{tmp_path}/plain.sqlite"):
        with Journal.open(url, read_only=True) as journal:
            assert journal.head.seq == 10


def test_a_half_made_journal_is_made_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making the tables is one transaction: a crash within it leaves an empty file."""

    class CrashError(Exception):
        pass

    def crash(*_: object) -> None:
        raise CrashError

    with monkeypatch.context() as patched:
        patched.setattr("alembic.op.bulk_insert", crash)
        with pytest.raises(CrashError):
            Journal.open(str(path), create=True)
    refused(path, NotAJournalError, "empty")
    with Journal.open(str(path), create=True) as journal:
        take(journal, FakeEngine(), course())


def test_the_migrations_make_exactly_the_tables(journal: Journal) -> None:
    with journal.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_newest_migration_is_the_programs_version() -> None:
    config = Config()
    config.set_main_option("script_location", "bsip_mplp.journal:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [tables.SCHEMA]


def test_the_tables_can_stand_on_postgresql() -> None:
    """Numbers are BIGINT there, and nothing of SQLite's is in the words."""
    dialect = postgresql.dialect()
    for table in tables.metadata.sorted_tables:
        text = str(CreateTable(table).compile(dialect=dialect))
        assert "SERIAL" not in text
        assert " INTEGER" not in text
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))


def test_the_errors_are_the_tree_that_is_drawn() -> None:
    drawn = errors.__doc__ or ""
    classes = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert classes == {word for word in drawn.split() if word.endswith("Error")}
    assert all(issubclass(getattr(errors, name), errors.JournalError) for name in classes)


@pytest.mark.parametrize(("version", "since"), [("0001", ("leases", "snapshots")), ("0002", ("snapshots",))])
def test_a_journal_of_an_older_version_is_brought_up_to_date_with_all_that_stands_in_it(
    path: Path, postgres: Postgres, version: str, since: tuple[str, ...]
) -> None:
    """What the older version has made, on either database."""
    for url in (f"sqlite:///{path}", postgres.with_tables()):
        with Journal.open(url, create=True) as journal:
            take(journal, FakeEngine(), course())
        with altering(url) as database:
            for table in since:
                database.execute(f"DROP TABLE {table}")
            database.execute(f"UPDATE alembic_version SET version_num = '{version}'")
        refused(url, OldSchemaError, version, tables.SCHEMA, "mplp init")
        with Journal.open(url, create=True) as journal:
            assert list(journal.inputs()) == course()
            with journal.reading() as connection:
                context = MigrationContext.configure(connection, opts={"compare_type": True})
                assert compare_metadata(context, tables.metadata) == []


def test_a_server_that_can_not_be_used_is_named_in_one_line(postgres: Postgres, tmp_path: Path) -> None:
    nowhere = read_url(postgres.empty()).set(database="nowhere").render_as_string(hide_password=False)
    refused(nowhere, UnreachableError, "nowhere", "does not exist")
    refused(f"postgresql:///x?host={tmp_path}", UnreachableError, "can't be opened")
    refused("mysql://127.0.0.1/x", UnreachableError, "SQLite or PostgreSQL")


def test_an_empty_database_of_a_server_is_no_journal_yet(postgres: Postgres) -> None:
    url = postgres.empty()
    refused(url, NotAJournalError, "empty", "mplp init")
    makers = [threading.Thread(target=lambda: Journal.open(url, create=True).close()) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    with Journal.open(url) as journal:
        take(journal, FakeEngine(), course())

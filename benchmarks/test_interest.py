"""Interest that falls due for all loans at one moment, journaled, beside the bare database writing the very same rows.

Each round is one time at which all loans owe interest: the engine works it off, the journal writes it, and then the
bare database is handed the finished rows, in one transaction with the same durability. The journal also encodes,
hashes, and checks balances. MPLP_LOANS says how many loans.
"""

import os
import shutil
import sqlite3
import time
from fractions import Fraction
from statistics import median

import psycopg
import pytest
from sqlalchemy import select

from benchmarks.test_engine import borrower, market
from bsip_mplp.journal import Journal, tables
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import Deposit, Lend, Tick
from bsip_mplp.rules.schedule import DueKind
from tests.databases import Postgres

LOANS = int(os.environ.get("MPLP_LOANS", "100000"))
ROUNDS = 3
BLOCK = 3_000
LEAST = Fraction(1, 2)
"""How fast the journal must be beside the bare database."""

REPLACED = (tables.balances, tables.objects)


class Recorder:
    """An engine whose inputs and outcomes are written into journals, in blocks."""

    def __init__(self, journals):
        self.engine = Engine()
        self.journals = journals
        self.batch = []

    def apply(self, item):
        self.batch.append((item, self.engine.apply(item)))
        if len(self.batch) >= BLOCK:
            self.flush()

    def flush(self):
        for journal in self.journals:
            journal.write(self.batch)
        self.batch = []


@pytest.fixture(scope="module")
def server():
    found = Postgres(durable=True)
    yield found
    found.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def book(request, tmp_path):
    """An engine with loans at a journal, and a bare connection to a copy of it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/journal.sqlite"
        opened = Journal.open(url, create=True)
    else:
        url = request.getfixturevalue("server").with_tables()
        opened = Journal.open(url)
    recorder = Recorder([opened])
    market(recorder)
    recorder.apply(
        Deposit(time=0, account="lender", asset="BTS", amount=10**15, ask=Lend(rate=Fraction(1, 10), term_days=14))
    )
    for number in range(LOANS):
        for item in borrower(number, 1_500_000 + number % 50_000):
            recorder.apply(item)
    recorder.flush()
    opened.close()
    if request.param == "sqlite":
        shutil.copyfile(tmp_path / "journal.sqlite", tmp_path / "bare.sqlite")
        bare = sqlite3.connect(tmp_path / "bare.sqlite", isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            bare.execute(f"PRAGMA {pragma}")
    else:
        bare = psycopg.connect(request.getfixturevalue("server").copy(url), autocommit=True)
    with Journal.open(url) as journal:
        yield recorder.engine, journal, bare
    bare.close()


def rows_of(journal, seq):
    """The rows that an input brought, by table, as the journal wrote them."""
    with journal.reading() as connection:
        changed = (table for table in tables.metadata.sorted_tables if "seq" in table.c)
        found = {table: connection.execute(select(table).where(table.c.seq == seq)).fetchall() for table in changed}
    return {table: [tuple(row) for row in rows] for table, rows in found.items() if rows}


def write_bare(bare, found):
    """Write finished rows in one transaction, as anyone would; gives the seconds it took."""
    mark = "?" if isinstance(bare, sqlite3.Connection) else "%s"
    statements = []
    for table, rows in found.items():
        statement = f"INSERT INTO {table.name} VALUES ({', '.join([mark] * len(table.c))})"
        if table in REPLACED:
            keys = [column.name for column in table.primary_key]
            others = ", ".join(f"{one.name} = excluded.{one.name}" for one in table.c if one.name not in keys)
            statement += f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {others}"
        statements.append((statement, rows))
    cursor = bare.cursor()
    began = time.perf_counter()
    cursor.execute("BEGIN")
    for statement, rows in statements:
        cursor.executemany(statement, rows)
    cursor.execute("COMMIT")
    return time.perf_counter() - began


def test_interest_of_all_loans_at_once(benchmark, book):
    engine, journal, bare = book
    engine_seconds, bare_seconds, counts = [], [], []

    def fall_due():
        if engine_seconds:
            beside()
        item = Tick(time=engine.next_due((DueKind.INTEREST,)))
        began = time.perf_counter()
        outcome = engine.apply(item)
        engine_seconds.append(time.perf_counter() - began)
        assert sum(event.what == "paid" for event in outcome.events) == LOANS
        return ([(item, outcome)],), {}

    def beside():
        """Let the bare database write what the journal wrote last."""
        found = rows_of(journal, journal.head.seq)
        counts.append(sum(map(len, found.values())))
        bare_seconds.append(write_bare(bare, found))

    benchmark.pedantic(journal.write, setup=fall_due, rounds=ROUNDS)
    beside()
    if benchmark.stats is None:
        return
    journal_seconds = benchmark.stats.stats.median
    ratio = median(bare_seconds) / journal_seconds
    benchmark.extra_info["rows"] = counts[-1]
    benchmark.extra_info["bare_seconds"] = round(median(bare_seconds), 2)
    benchmark.extra_info["percent_of_bare"] = round(100 * ratio)
    benchmark.extra_info["engine_seconds"] = round(median(engine_seconds), 2)
    benchmark.extra_info["loans_per_second_with_engine"] = round(LOANS / (journal_seconds + median(engine_seconds)))
    print(benchmark.extra_info)
    assert ratio >= LEAST

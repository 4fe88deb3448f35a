"""Journal postings per second, beside bare sqlite3 `executemany` of the very same rows into the very same tables.

Both write blocks of 1,000 inputs, a transaction each, with the same durability (WAL, synchronous=FULL, foreign keys).
The journal also encodes, hashes, checks the sources and the balances; the bare database is handed finished rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bsip_mplp.journal import Journal, tables
from bsip_mplp.ledger import Entry, Posting
from bsip_mplp.rules.inputs import Deposit, Input
from bsip_mplp.rules.outcomes import Event, Notice, Outcome

BLOCK = 1_000
POSTINGS = 2 * BLOCK
ROUNDS = 20

Batch = list[tuple[Input, Outcome]]


def block(number: int) -> Batch:
    """A block of deposits by 500 people, each with an entry of two postings, an event, a notice and an object."""
    batch: Batch = []
    for n in range(BLOCK):
        account, units, time = f"person-{n % 500}", 100_000 + n, 1_700_000_000 + 3 * number
        item = Deposit(time=time, account=account, asset="TEST", amount=units, source=f"{number}:{n}:0")
        moved = (Posting("outside", "TEST", -units), Posting(f"free/{account}", "TEST", units))
        outcome = Outcome(
            time=time,
            entries=(Entry(time, "G-6", "deposit", moved),),
            events=(Event(time, "G-6", "pool", str(n), "credited", {"units": units}),),
            objects={("pool", str(n % 500)): {"number": n % 500, "owner": account, "available": units, "rate": "3/25"}},
            notices=(Notice(time, account, "G-6", f"{units} TEST came in."),),
        )
        batch.append((item, outcome))
    return batch


@pytest.fixture
def numbers() -> Iterator[int]:
    """Numbers of blocks, each once."""
    return count(1)


def journal_writer(path: Path) -> tuple[Journal, Callable[[Batch], None]]:
    """A new journal, and what is measured."""
    journal = Journal.open(str(path), create=True)
    return journal, journal.write


def test_journal_writes_blocks(benchmark: BenchmarkFixture, tmp_path: Path, numbers: Iterator[int]) -> None:
    """Blocks with their outcomes, as the keeper writes them."""
    journal, write = journal_writer(tmp_path / "journal.sqlite")
    with journal:
        benchmark.pedantic(write, setup=lambda: ((block(next(numbers)),), {}), rounds=ROUNDS, warmup_rounds=1)
        note(benchmark)
        assert journal.head.seq == BLOCK * (next(numbers) - 1)


def test_bare_sqlite_writes_the_same_rows(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """The rows are taken from a journal that was written before, block by block."""
    rows = written_rows(tmp_path / "source.sqlite")
    Journal.open(str(tmp_path / "bare.sqlite"), create=True).close()
    database = sqlite3.connect(tmp_path / "bare.sqlite", isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        database.execute(f"PRAGMA {pragma}")

    def write(statements: list[tuple[str, list[tuple[object, ...]]]]) -> None:
        database.execute("BEGIN IMMEDIATE")
        for statement, values in statements:
            database.executemany(statement, values)
        database.execute("COMMIT")

    blocks = iter(rows)
    benchmark.pedantic(write, setup=lambda: ((next(blocks),), {}), rounds=ROUNDS, warmup_rounds=1)
    note(benchmark)
    [postings] = database.execute("SELECT count(*) FROM postings").fetchone()
    assert postings > 0
    database.close()


def written_rows(path: Path) -> list[list[tuple[str, list[tuple[object, ...]]]]]:
    """Statements and rows of each block, as the journal wrote them."""
    journal, write = journal_writer(path)
    out = []
    with journal, sqlite3.connect(path) as database:
        for number in range(1, ROUNDS + 2):
            write(block(number))
            since = BLOCK * (number - 1)
            statements = []
            for table in tables.metadata.sorted_tables:
                if "seq" not in table.c:
                    continue
                query = f"SELECT * FROM {table.name} WHERE seq > {since}"
                found = database.execute(query).fetchall()
                if found:
                    marks = ", ".join("?" * len(table.c))
                    statements.append((f"INSERT OR REPLACE INTO {table.name} VALUES ({marks})", found))
            out.append(statements)
    return out


def note(benchmark: BenchmarkFixture) -> None:
    """Add the figure that is compared."""
    if benchmark.stats is not None:
        benchmark.extra_info["postings_per_second"] = round(POSTINGS / benchmark.stats.stats.mean)

from __future__ import annotations

import pytest

from bsip_mplp.journal import BrokenChainError, Journal, tables
from bsip_mplp.journal.verify import verify
from bsip_mplp.rules.inputs import Deposit
from tests.databases import altering, rows_of
from tests.journal.conftest import course, take
from tests.journal.fake_engine import FakeEngine
from tests.journal.test_journal import save

MEMORY = ("inputs", "attempts", "cursor", "leases", "snapshots", "meta")


@pytest.fixture
def written(journal: Journal) -> Journal:
    engine = FakeEngine()
    take(journal, engine, course())
    save(journal, 3, "aa")
    take(
        journal, engine, [Deposit(time=200 + n, account=f"u{n % 9}", asset="TEST", amount=n + 1) for n in range(1_500)]
    )
    return journal


def test_every_projection_comes_back(written: Journal, url: str) -> None:
    before = rows_of(url)
    projections = {table.name for table in tables.PROJECTIONS}
    assert all(before[name] for name in projections)
    assert projections | {*MEMORY, "alembic_version"} == set(before)
    with altering(url) as database:
        for name in projections:
            database.execute(f"DELETE FROM {name}")
    assert not verify(written, FakeEngine()).holds
    calls: list[tuple[int, int]] = []
    assert written.rebuild(lambda done, total: calls.append((done, total))) == 1_510
    assert calls == [(1_000, 1_510), (1_510, 1_510)]
    assert rows_of(url) == before
    assert verify(written, FakeEngine()).holds


def test_what_was_altered_is_put_right(written: Journal, url: str) -> None:
    before = rows_of(url)
    with altering(url) as database:
        database.execute("UPDATE balances SET units = units + 1")
        database.execute("UPDATE orders SET state = 'open'")
        database.execute("INSERT INTO objects VALUES ('loan', '1', '{}', 1)")
    written.rebuild()
    assert rows_of(url) == before


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE inputs SET outcome = replace(outcome, '5000', '6000') WHERE seq = 1", 1),
        ("DELETE FROM inputs WHERE seq = 7", 7),
        ("DELETE FROM inputs WHERE seq = 1510", 1_510),
        ("UPDATE meta SET value = '1509' WHERE name = 'head_seq'", 1_510),
    ],
)
def test_nothing_is_rebuilt_from_an_altered_journal(written: Journal, url: str, statement: str, seq: int) -> None:
    with altering(url) as database:
        assert database.execute(statement).rowcount == 1
    before = rows_of(url)
    with pytest.raises(BrokenChainError, match=f"input {seq} "):
        written.rebuild()
    assert rows_of(url) == before

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from bsip_mplp.journal import Journal, read
from bsip_mplp.rules.inputs import Tick
from bsip_mplp.rules.outcomes import Outcome
from tests.journal.conftest import course, take
from tests.journal.fake_engine import FakeEngine


@pytest.fixture
def connection(journal: Journal) -> Iterator[Connection]:
    engine = FakeEngine()
    take(journal, engine, course()[:5])
    take(journal, engine, course()[5:])
    with journal.reading() as opened:
        yield opened


def test_balances_leave_out_what_is_nothing(connection: Connection) -> None:
    assert read.balances(connection, "free/alice") == [("free/alice", "TEST", 4_000)]
    assert read.balances(connection, "free/nobody") == []
    assert read.all_balances(connection) == [
        ("free/alice", "TEST", 4_000),
        ("free/bob", "TEST", 70),
        ("free/carol", "TEST", 1),
        ("operator", "TEST", -20),
        ("outside", "TEST", -4_051),
        ("outside", "USD", -9),
        ("payout/3", "USD", 9),
    ]


def test_a_statement_runs_to_the_balance(connection: Connection) -> None:
    assert read.statement(connection, "free/alice") == [
        (1, 100, "G-6", "deposit", "TEST", 5_000, 5_000),
        (3, 103, "PL-9", "withdraw", "TEST", -1_000, 4_000),
        (8, 115, "G-6", "deposit", "USD", 9, 9),
        (9, 115, "PL-9", "withdraw", "USD", -9, 0),
    ]
    assert [line.seq for line in read.statement(connection, "free/alice", 2)] == [8, 9]
    assert read.statement(connection, "free/nobody") == []


def test_objects_by_kind_and_by_key(connection: Connection) -> None:
    assert [item.key for item in read.objects(connection, "position")] == ["alice", "bob", "carol"]
    assert read.one_object(connection, "position", "alice") == (
        "position",
        "alice",
        {"name": "alice", "deposits": 2},
        8,
    )
    assert read.one_object(connection, "position", "dave") is None
    assert read.objects(connection, "loan") == []


def test_numbered_objects_come_by_number(journal: Journal) -> None:
    journal.write([(Tick(time=1), Outcome(time=1, objects={("pool", str(n)): {} for n in (10, 9, 2)}))])
    with journal.reading() as connection:
        assert [item.key for item in read.objects(connection, "pool")] == ["2", "9", "10"]


def test_events_of_an_object_of_a_kind_and_of_all(connection: Connection) -> None:
    facts = read.events(connection, "position", "alice")
    assert [(fact.seq, fact.what, fact.values) for fact in facts] == [
        (1, "credited", {"units": 5_000}),
        (8, "credited", {"units": 9}),
    ]
    assert [fact.seq for fact in read.events(connection, "position")] == [1, 2, 8, 10]
    assert [fact.seq for fact in read.events(connection, limit=2)] == [8, 10]
    assert [fact.seq for fact in read.events(connection, after_seq=2)] == [8, 10]


def test_notices_and_refusals(connection: Connection) -> None:
    assert read.notices(connection, "carol") == [(10, 118, "carol", "G-6", "1 TEST came in: 收到")]
    assert [notice.seq for notice in read.notices(connection)] == [1, 2, 8, 10]
    assert [notice.seq for notice in read.notices(connection, limit=1)] == [10]
    refused = [(4, 106, "bob", "PL-9", "there are not 71 TEST", "Ask for less.")]
    assert read.refusals(connection) == refused
    assert read.refusals(connection, "bob", limit=5) == refused
    assert read.refusals(connection, "alice") == []
    assert read.refusals(connection, after_seq=4) == []


def test_an_input_is_found_by_its_source(connection: Connection) -> None:
    came = read.input_of_source(connection, "11:1:0")
    assert came is not None
    assert (came.seq, came.time, came.kind) == (3, 103, "request")
    assert came.body["ask"] == {"do": "withdraw", "asset": "TEST", "amount": 1_000}
    assert read.input_of_source(connection, "99:0:0") is None
    assert [item.seq for item in read.last_inputs(connection, "deposit", 2)] == [8, 10]
    assert [item.seq for item in read.last_inputs(connection)] == [10]


def test_counts(connection: Connection) -> None:
    assert read.counts(connection) == read.Counts(
        inputs=10,
        last_time=118,
        refusals=1,
        orders_open=1,
        orders_done=1,
        orders_failed=1,
        objects={"order": 3, "position": 3},
    )


def test_counts_of_an_empty_journal(journal: Journal) -> None:
    with journal.reading() as connection:
        assert read.counts(connection) == (0, None, 0, 0, 0, 0, {})

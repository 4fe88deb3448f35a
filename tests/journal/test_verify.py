"""Every kind of tampering is found and named. Each test alters a sound journal behind its back, in one place."""

from __future__ import annotations

import json

import pytest

from bsip_mplp.journal import Journal
from bsip_mplp.journal.differences import MOST_LISTED
from bsip_mplp.journal.errors import BrokenChainError
from bsip_mplp.journal.hash_chain import link
from bsip_mplp.journal.verify import Report, verify
from bsip_mplp.rules.inputs import Deposit, Tick
from tests.databases import alter, altering
from tests.journal.conftest import course, take
from tests.journal.fake_engine import FakeEngine


@pytest.fixture
def written(journal: Journal) -> Journal:
    engine = FakeEngine()
    take(journal, engine, course()[:4])
    take(journal, engine, course()[4:])
    return journal


def found(url: str) -> list[tuple[int | None, str]]:
    with Journal.open(url, read_only=True) as journal:
        report = verify(journal, FakeEngine())
    assert report.holds is (not report.differences)
    return [(difference.seq, difference.what) for difference in report.differences]


def test_a_sound_journal_holds(written: Journal) -> None:
    calls: list[tuple[int, int]] = []
    report = verify(written, FakeEngine(), lambda done, total: calls.append((done, total)))
    assert report == Report(inputs=10, folded=10, head=written.head, differences=(), more=0)
    assert report.holds
    assert calls == [(10, 10)]


def test_an_empty_journal_holds(journal: Journal) -> None:
    assert verify(journal, FakeEngine()).holds


def test_parts_are_read_one_after_another(journal: Journal) -> None:
    """Objects and balances last changed in a later part are compared when that part's turn comes."""
    engine = FakeEngine()
    for start in range(0, 2_500, 500):
        take(
            journal,
            engine,
            [Deposit(time=n, account=f"user{n % 7}", asset="TEST", amount=n + 1) for n in range(start, start + 500)],
        )
    calls: list[int] = []
    report = verify(journal, FakeEngine(), lambda done, _: calls.append(done))
    assert report.differences == ()
    assert calls == [1_000, 2_000, 2_500]


ALTERED = [
    ("UPDATE inputs SET body = replace(body, '5000', '5001') WHERE seq = 1", (1, "hash")),
    ("UPDATE inputs SET body = 'nonsense' WHERE seq = 6", (6, "input")),
    ("UPDATE inputs SET outcome = replace(outcome, '5000', '5001') WHERE seq = 1", (1, "outcome")),
    ("UPDATE inputs SET outcome = replace(outcome, ':', ': ') WHERE seq = 10", (10, "outcome")),
    ("UPDATE inputs SET outcome = 'nonsense' WHERE seq = 2", (2, "outcome")),
    ("UPDATE inputs SET hash = replace(hash, substr(hash, 1, 4), 'beef') WHERE seq = 5", (5, "hash")),
    ("UPDATE inputs SET previous_hash = hash WHERE seq = 5", (5, "previous hash")),
    ("UPDATE inputs SET time = time + 1 WHERE seq = 4", (4, "inputs.time")),
    ("UPDATE inputs SET kind = 'tick' WHERE seq = 4", (4, "inputs.kind")),
    ("UPDATE inputs SET source = NULL WHERE seq = 4", (4, "inputs.source")),
    ("UPDATE inputs SET seq = 11 WHERE seq = 10", (10, "inputs")),
    ("DELETE FROM inputs WHERE seq = 1", (1, "inputs")),
    ("DELETE FROM inputs WHERE seq = 5", (5, "inputs")),
    ("DELETE FROM inputs WHERE seq = 10", (10, "inputs")),
    ("DELETE FROM inputs WHERE seq > 7", (8, "inputs")),
    ("UPDATE meta SET value = '9' WHERE name = 'head_seq'", (10, "head")),
    ("UPDATE meta SET value = 'beef' WHERE name = 'head_hash'", (10, "head")),
    ("UPDATE entries SET text = 'gift' WHERE seq = 3", (3, "entries 3/0")),
    ("DELETE FROM entries WHERE seq = 3", (3, "entries 3/0")),
    ("INSERT INTO entries VALUES (4, 0, 106, 'G-5', 'gift')", (4, "entries 4/0")),
    ("INSERT INTO entries VALUES (44, 0, 106, 'G-5', 'gift')", (44, "entries 44/0")),
    ("UPDATE postings SET units = units + 1 WHERE seq = 3 AND posting = 1", (3, "postings 3/0/1")),
    ("UPDATE postings SET balance_after = 0 WHERE seq = 1 AND posting = 0", (1, "postings 1/0/0")),
    ("UPDATE postings SET account = 'free/eve' WHERE seq = 1 AND posting = 1", (1, "postings 1/0/1")),
    ("DELETE FROM postings WHERE seq = 6 AND posting = 0", (6, "postings 6/0/0")),
    (
        "UPDATE balances SET units = units + 1 WHERE account = 'free/alice' AND asset = 'TEST'",
        (3, "balances free/alice/TEST"),
    ),
    ("UPDATE balances SET seq = 4 WHERE account = 'free/alice' AND asset = 'TEST'", (3, "balances free/alice/TEST")),
    ("DELETE FROM balances WHERE account = 'outside' AND asset = 'USD'", (8, "balances outside/USD")),
    ("INSERT INTO balances VALUES ('free/eve', 'TEST', 1, 10)", (10, "balances free/eve/TEST")),
    ("INSERT INTO balances VALUES ('free/eve', 'TEST', 0, 0)", (0, "balances free/eve/TEST")),
    ("UPDATE objects SET body = replace(body, '2', '3') WHERE key = 'alice'", (8, "objects position/alice")),
    ("DELETE FROM objects WHERE key = 'carol'", (10, "objects position/carol")),
    ("INSERT INTO objects VALUES ('loan', '1', '{}', 5)", (5, "objects loan/1")),
    ("UPDATE events SET body = '{}' WHERE seq = 2", (2, "events 2/0")),
    ("DELETE FROM events WHERE seq = 10", (10, "events 10/0")),
    ("UPDATE notices SET text = '' WHERE seq = 8", (8, "notices 8/0")),
    ("DELETE FROM refusals WHERE seq = 4", (4, "refusals 4/0")),
    ("UPDATE orders SET account = 'eve' WHERE number = 1", (3, "orders 1")),
    ("UPDATE orders SET units = units * 2 WHERE number = 3", (9, "orders 3")),
    ("UPDATE orders SET state = 'open' WHERE number = 1", (6, "orders 1")),
    ("UPDATE orders SET state = 'done' WHERE number = 3", (9, "orders 3")),
    ("DELETE FROM orders WHERE number = 2", (5, "orders 2")),
    ("INSERT INTO orders VALUES (9, 5, 'payout', 'eve', 'TEST', 1, '', 'open', 5)", (5, "orders 9")),
    ("INSERT INTO attempts VALUES (9, 1, 'aa', '{}', 1, 1, 'signed')", (None, "attempt 1 of order 9")),
]


@pytest.mark.parametrize(("statement", "first"), ALTERED, ids=[statement[:60] for statement, _ in ALTERED])
def test_an_alteration_is_found_where_it_was_made(
    written: Journal, url: str, statement: str, first: tuple[int | None, str]
) -> None:
    alter(url, statement)
    all_found = found(url)
    assert first in all_found
    assert all_found[0][0] == first[0]


def test_an_altered_balance_shows_in_the_sum_of_its_asset_too(written: Journal, url: str) -> None:
    alter(url, "UPDATE balances SET units = units + 1 WHERE account = 'free/bob'")
    assert (None, "balances of TEST") in found(url)


def test_an_outcome_altered_with_all_its_hashes_is_found_by_folding(written: Journal, url: str) -> None:
    """Somebody who rewrites an outcome, the whole chain after it and the head still can't fool the engine."""
    with altering(url) as database:
        rows = database.execute("SELECT seq, body, outcome FROM inputs ORDER BY seq").fetchall()
        previous = "0" * 64
        for seq, body, outcome in rows:
            text = outcome.replace("1000", "1001") if seq == 3 else outcome
            new = link(previous, body, text)
            values = (text.replace("'", "''"), previous, new, seq)
            database.execute(
                "UPDATE inputs SET outcome = '{}', previous_hash = '{}', hash = '{}' WHERE seq = {}".format(*values)
            )
            previous = new
        database.execute(f"UPDATE meta SET value = '{previous}' WHERE name = 'head_hash'")
    assert found(url) == [(3, "outcome")]


def test_a_difference_says_what_stands_and_what_is_right(written: Journal, url: str) -> None:
    alter(url, "UPDATE inputs SET outcome = replace(outcome, '\"payout 1\"', '\"payout 7\"') WHERE seq = 3")
    with Journal.open(url) as journal:
        report = verify(journal, FakeEngine())
    assert [str(difference) for difference in report.differences] == [
        "input 3: hash doesn't fit: the input, its outcome or a hash was altered",
        "input 3: outcome orders[0][5]: 'payout 7' stands, 'payout 1' is right",
    ]


def test_an_input_that_the_engine_can_not_apply_ends_the_folding_but_not_the_reading(
    written: Journal, url: str
) -> None:
    """Without alice's deposit her withdrawal is refused, and order 1 never comes to be."""
    alter(url, "UPDATE inputs SET body = replace(body, 'alice', 'mallory') WHERE seq = 1")
    with Journal.open(url) as journal:
        report = verify(journal, FakeEngine())
    assert report.inputs == 10
    assert {difference.seq for difference in report.differences} >= {1, 3, 6}


class _Faulty(FakeEngine):
    def apply(self, item):
        if item.time == 109:
            raise ZeroDivisionError("a fault")
        return super().apply(item)


class _Forgetful(FakeEngine):
    """Moves money without saying so: its ledger and its postings part."""

    def apply(self, item):
        outcome = super().apply(item)
        if item.time == 118:
            self._move("G-5", "silent", ("free/carol", "TEST", -1), ("outside", "TEST", 1))
        return outcome


def test_a_fault_of_the_engine_is_a_finding(written: Journal) -> None:
    report = verify(written, _Faulty())
    assert report.differences == ((6, "engine", "can't apply the input: ZeroDivisionError: a fault"),)
    assert (report.inputs, report.folded) == (10, 5)


def test_the_engines_own_ledger_is_compared(written: Journal) -> None:
    assert [difference.what for difference in verify(written, _Forgetful()).differences] == [
        "ledger free/carol",
        "ledger outside",
    ]


class _Secretive(FakeEngine):
    """Changes an object, and makes one, without saying so in an outcome."""

    def apply(self, item):
        outcome = super().apply(item)
        if item.time == 118:
            self.deposits |= {"alice": 7, "eve": 1}
        return outcome


def test_the_engines_own_state_is_compared(written: Journal) -> None:
    differences = verify(written, _Secretive()).differences
    assert [(difference.seq, difference.what) for difference in differences] == [
        (8, "state of position alice"),
        (None, "state of position eve"),
    ]
    assert '"deposits":2' in differences[0].text
    assert '"deposits":7' in differences[0].text


def test_differences_are_bounded(journal: Journal, url: str) -> None:
    take(journal, FakeEngine(), [Tick(time=n) for n in range(500)])
    alter(url, "UPDATE inputs SET time = 7777")
    with Journal.open(url) as altered:
        report = verify(altered, FakeEngine())
    assert (len(report.differences), report.more) == (MOST_LISTED, 500 - MOST_LISTED)


def test_it_reads_one_moment_while_a_keeper_writes(journal: Journal, url: str) -> None:
    engine = FakeEngine()
    take(journal, engine, [Tick(time=n) for n in range(2_000)])

    def write_more(done: int, total: int) -> None:
        take(journal, engine, [Deposit(time=3_000 + done, account="dave", asset="TEST", amount=done)])

    with Journal.open(url, read_only=True) as reader:
        report = verify(reader, FakeEngine(), write_more)
        assert (report.holds, report.inputs) == (True, 2_000)
        assert verify(reader, FakeEngine()).inputs == 2_002


def test_the_hash_can_be_computed_by_anyone(written: Journal) -> None:
    """The form that docs/journal.md gives: three lines of UTF-8 under SHA-256."""
    from hashlib import sha256

    record = next(written.records())
    assert json.loads(record.body)["account"] == "alice"
    text = "0" * 64 + "\n" + record.body + "\n" + record.outcome
    assert record.hash == sha256(text.encode("utf-8")).hexdigest()


def test_an_altered_input_is_not_folded_either(written: Journal, url: str) -> None:
    alter(url, "UPDATE inputs SET body = body || ' ' WHERE seq = 3")
    with Journal.open(url, read_only=True) as journal, pytest.raises(BrokenChainError, match="input 3 .*mplp verify"):
        list(journal.inputs())

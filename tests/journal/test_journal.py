from __future__ import annotations

import stat
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.journal import (
    AttemptError,
    Cursor,
    CursorError,
    DuplicateSourceError,
    Journal,
    MovedError,
    OtherPlaceError,
    Place,
    UnreadableError,
    WriteError,
    read,
)
from bsip_mplp.ledger import Entry, LedgerError, Posting
from bsip_mplp.money import MoneyError, parse_fraction
from bsip_mplp.rules.inputs import Deposit, Input, Lend, MarketOpened, Prepay, Tick
from bsip_mplp.rules.outcomes import Notice, Order, Outcome, Refusal
from tests.databases import rows_of
from tests.journal.conftest import course, take
from tests.journal.fake_engine import FakeEngine

DEPOSIT = Deposit(time=100, account="alice", asset="TEST", amount=5, source="10:0:0")


def test_a_new_file_may_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal.sqlite"
    with Journal.open(str(path), create=True) as journal:
        take(journal, FakeEngine(), course())
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_file_is_kept_as_money_needs_it(path: Path) -> None:
    with Journal.open(str(path), create=True) as journal, journal.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_inputs_come_back_equal_and_in_order(journal: Journal, url: str) -> None:
    take(journal, FakeEngine(), course()[:6])
    with Journal.open(url) as again:
        engine = FakeEngine()
        for item in again.inputs():
            engine.apply(item)
        take(again, engine, course()[6:])
        assert list(again.inputs()) == course()
        assert list(again.inputs(after_seq=8)) == course()[8:]
        assert again.head.seq == 10


def test_long_journals_are_read_in_parts(journal: Journal) -> None:
    items = [Tick(time=number) for number in range(2_500)]
    take(journal, FakeEngine(), items)
    assert list(journal.inputs()) == items


def test_a_source_counts_once(journal: Journal, url: str) -> None:
    engine = FakeEngine()
    take(journal, engine, [DEPOSIT], Cursor(10, 100))
    before = rows_of(url)
    other = Deposit(time=101, account="bob", asset="TEST", amount=7, source="11:0:0")
    with pytest.raises(DuplicateSourceError, match="10:0:0 is input 1 already") as caught:
        take(journal, engine, [other, DEPOSIT], Cursor(11, 103))
    assert (caught.value.source, caught.value.seq) == ("10:0:0", 1)
    assert rows_of(url) == before
    assert journal.known_sources(["10:0:0", "11:0:0"]) == {"10:0:0"}


def test_a_source_twice_in_one_batch_writes_nothing(journal: Journal, url: str) -> None:
    before = rows_of(url)
    with pytest.raises(DuplicateSourceError, match="twice in one batch"):
        take(journal, FakeEngine(), [DEPOSIT, DEPOSIT])
    assert rows_of(url) == before


def test_many_sources_are_looked_up_at_once(journal: Journal) -> None:
    items = [Tick(time=n, source=f"{n}:0:0") for n in range(1_700)]
    take(journal, FakeEngine(), items)
    assert journal.known_sources(f"{n}:0:0" for n in range(1_000, 3_000)) == {f"{n}:0:0" for n in range(1_000, 1_700)}


@pytest.mark.parametrize(
    ("postings", "complaint"),
    [
        ([("outside", "TEST", -5), ("free/alice", "TEST", 4)], "add up to -1"),
        ([("outside", "TEST", -5), ("free/alice", "USD", 5)], "add up to"),
        ([("free/alice", "TEST", -1), ("outside", "TEST", 1)], "free/alice would hold -1"),
    ],
)
def test_the_net_catches_what_the_engine_must_never_do(
    journal: Journal, url: str, postings: list[tuple[str, str, int]], complaint: str
) -> None:
    before = rows_of(url)
    entry = Entry(100, "G-5", "broken", tuple(Posting(*posting) for posting in postings))
    with pytest.raises(LedgerError, match=complaint):
        journal.write([(DEPOSIT, Outcome(time=100, entries=(entry,)))], Cursor(10, 100))
    assert rows_of(url) == before


@pytest.mark.parametrize(
    "item",
    [
        Deposit(time=1, account="a", asset="TEST", amount=1, ask=Lend(rate=Fraction(1, 10**60))),
        Deposit(time=1, account="a", asset="TEST", amount=1.5),  # type: ignore[arg-type]
        Deposit(time=1, account="a", asset="TEST", amount=-1),
        Deposit(time=1, account="a", asset="TEST", amount=1, unreadable="half a character: \ud800"),
        Deposit(time=1, account="a", asset="TEST", amount=1, ask=Prepay(amount=10**30)),
        MarketOpened(time=1, market="USD", core_asset="TEST", parameters={"stake_rate": Fraction(1, 3)}),
    ],
)
def test_what_could_not_be_read_again_is_not_written(journal: Journal, url: str, item: Input) -> None:
    before = rows_of(url)
    with pytest.raises(UnreadableError, match="input 1 "):
        journal.write([(item, Outcome(time=1))])
    assert rows_of(url) == before


@given(digits=st.integers(0, 10**40), places=st.integers(0, 41), percent=st.booleans())
def test_a_rate_that_a_memo_can_give_can_be_read_again(digits: int, places: int, percent: bool) -> None:
    text = str(Decimal(digits).scaleb(-places)) + "%" * percent
    try:
        rate = parse_fraction(text)
    except MoneyError:
        return
    assert parse_fraction(str(rate)) == rate


def test_the_operator_may_owe(journal: Journal) -> None:
    entry = Entry(100, "G-5", "fee", (Posting("operator", "TEST", -3), Posting("outside", "TEST", 3)))
    journal.write([(Tick(time=100), Outcome(time=100, entries=(entry,)))])
    with journal.reading() as connection:
        assert read.balances(connection, "operator") == [("operator", "TEST", -3)]


def test_the_cursor_moves_with_the_inputs_and_never_back(journal: Journal, url: str) -> None:
    assert journal.cursor() is None
    take(journal, FakeEngine(), [DEPOSIT], Cursor(10, 100, "1.11.5"))
    journal.write([], Cursor(12, 106, "1.11.5"))
    assert journal.cursor() == Cursor(12, 106, "1.11.5")
    before = rows_of(url)
    for backwards in (Cursor(11, 106), Cursor(13, 105)):
        with pytest.raises(CursorError, match="can't go back"):
            journal.write([(Tick(time=200), Outcome(time=200))], backwards)
    assert rows_of(url) == before


def test_a_second_writer_is_told_to_start_again(journal: Journal, url: str) -> None:
    with Journal.open(url) as other:
        take(other, FakeEngine(), [DEPOSIT])
    with pytest.raises(MovedError, match="start again"):
        take(journal, FakeEngine(), [Tick(time=101)])
    assert list(journal.inputs()) == [DEPOSIT]


def test_a_reader_reads_while_a_writer_writes_and_can_not_write(journal: Journal, url: str) -> None:
    engine = FakeEngine()
    take(journal, engine, course()[:1])
    with Journal.open(url, read_only=True) as reader:
        with reader.reading() as connection:
            before = read.all_balances(connection)
            take(journal, engine, course()[1:])
            assert read.all_balances(connection) == before
        with reader.reading() as connection:
            assert read.counts(connection).inputs == 10
        with pytest.raises(WriteError, match="reading only"):
            reader.write([])
        with pytest.raises(WriteError, match="reading only"):
            reader.set_place(Place("cd" * 32, "pool"))


def test_a_database_that_refuses_keeps_nothing(path: Path) -> None:
    """A full disk is played by a bound on the file's pages."""
    engine = FakeEngine()
    with Journal.open(str(path), create=True) as journal:
        take(journal, engine, course()[:2])
        before = rows_of(str(path))
        with journal._engine.begin() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(WriteError, match="full"):
            take(journal, engine, [Tick(time=200 + n) for n in range(2_000)])
        assert rows_of(str(path)) == before
        assert journal.head.seq == 2


def test_a_journal_belongs_to_one_place(journal: Journal, url: str) -> None:
    assert journal.place() is None
    journal.set_place(Place("cd" * 32, "pool"))
    journal.set_place(Place("cd" * 32, "pool"))
    with Journal.open(url) as again:
        assert again.place() == Place("cd" * 32, "pool")
        with pytest.raises(OtherPlaceError, match="belongs to pool"):
            again.set_place(Place("cd" * 32, "other"))


def test_orders_are_open_until_their_object_says_otherwise(journal: Journal) -> None:
    engine = FakeEngine()
    items = course()
    take(journal, engine, items[:5])
    with journal.reading() as connection:
        assert [order.number for order in read.orders(connection, "open")] == [1, 2]
    take(journal, engine, items[5:])
    with journal.reading() as connection:
        assert [(o.number, o.seq, o.state, o.state_seq) for o in read.orders(connection)] == [
            (1, 3, "done", 6),
            (2, 5, "failed", 7),
            (3, 9, "open", 9),
        ]
        assert read.order(connection, 3) == (3, 9, "payout", "alice", "USD", 9, "payout 3", "open", 9)
        assert read.order(connection, 4) is None


def save(journal: Journal, number: int, transaction_id: str) -> int:
    signed = {"operations": [[0, {"amount": 2**60}]], "signatures": ["20ff"]}
    attempt = journal.save_attempt(
        number, transaction_id=transaction_id, signed_transaction=signed, expires=160, reference_block=13
    )
    return attempt.attempt


def test_an_order_has_one_attempt_that_may_count(journal: Journal, url: str) -> None:
    take(journal, FakeEngine(), course()[:5])
    assert save(journal, 1, "aa") == 1
    with pytest.raises(AttemptError, match="aa, which may still count"):
        save(journal, 1, "bb")
    journal.close_attempt(1, 1, "expired")
    journal.close_attempt(1, 1, "expired")
    assert save(journal, 1, "bb") == 2
    with Journal.open(url, read_only=True) as reader:
        [first, second] = reader.attempts(1)
        assert (first.state, second.state) == ("expired", "signed")
        assert second.signed_transaction == {"operations": [[0, {"amount": 2**60}]], "signatures": ["20ff"]}
        assert reader.attempts(state="signed") == [second]
    journal.close_attempt(1, 2, "confirmed")
    with pytest.raises(AttemptError, match="confirmed and can't become expired"):
        journal.close_attempt(1, 2, "expired")
    with pytest.raises(AttemptError, match="may still count"):
        save(journal, 1, "cc")


def test_no_attempt_without_an_open_order(journal: Journal) -> None:
    take(journal, FakeEngine(), course())
    for number, state in ((1, "done"), (2, "failed"), (77, "unknown")):
        with pytest.raises(AttemptError, match=f"order {number} is {state}"):
            save(journal, number, f"{number}")
    with pytest.raises(AttemptError, match="unknown"):
        journal.close_attempt(1, 1, "expired")


def test_a_character_that_a_database_does_not_take_is_shown_by_another(journal: Journal, url: str) -> None:
    """NUL in a memo: the input keeps it, what people are shown has another character, and all of it holds."""
    odd = Deposit(time=1, account="a", asset="TEST", amount=1, unreadable="nothing\0here")
    told = Outcome(
        time=1,
        notices=(Notice(1, "a", "G-6", "not \0 understood"),),
        refusals=(Refusal(1, "a", "G-6", "because \0", "write no \0"),),
        orders=(Order(1, "payout", "a", "TEST", 1, "back \0"),),
    )
    journal.write([(odd, told)])
    assert list(journal.inputs()) == [odd]
    with journal.reading() as connection:
        assert [notice.text for notice in read.notices(connection)] == ["not \ufffd understood"]
        assert [(one.reason, one.remedy) for one in read.refusals(connection)] == [
            ("because \ufffd", "write no \ufffd")
        ]
        assert [order.memo for order in read.orders(connection)] == ["back \ufffd"]
    before = rows_of(url)
    journal.rebuild()
    assert rows_of(url) == before

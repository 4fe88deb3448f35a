"""Intake is the one way in: what is taken is written, what counted before is passed over, a fault stops it."""

import pytest

from bsip_mplp.journal import Cursor, CursorError, Journal
from bsip_mplp.keeper.errors import EngineAheadError
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.rules.inputs import AssetSeen, Borrow, Deposit, FeedSeen, Lend, MarketOpened, PositionSeen, Prepay, Tick
from tests import long_course

SETUP = [
    AssetSeen(time=0, symbol="TEST", precision=5),
    AssetSeen(time=0, symbol="CNY", precision=4),
    MarketOpened(time=0, market="CNY", core_asset="TEST"),
]


def deposit(number, account="alice", amount=1000, ask=None):
    return Deposit(time=10 + number, account=account, asset="TEST", amount=amount, ask=ask, source=f"deposit {number}")


@pytest.fixture
def journal(url):
    with Journal.open(url) as opened:
        yield opened


def test_what_is_taken_is_written_with_the_cursor(journal):
    intake = Intake.load(journal)
    outcomes = intake.take([*SETUP, deposit(1)], Cursor(5, 20))
    assert len(outcomes) == 4
    assert journal.head.seq == 4
    assert journal.cursor() == Cursor(5, 20)
    assert list(Intake.load(journal).journal.inputs())[-1] == deposit(1)


def test_an_input_that_counted_before_is_passed_over(journal):
    intake = Intake.load(journal)
    intake.take([*SETUP, deposit(1)])
    outcomes = intake.take([deposit(1), deposit(2)])
    assert len(outcomes) == 1
    assert journal.head.seq == 5


def test_after_a_failed_write_nothing_is_taken_until_the_journal_is_folded_anew(journal):
    intake = Intake.load(journal)
    intake.take([*SETUP, deposit(1)], Cursor(5, 20))
    with pytest.raises(CursorError):
        intake.take([deposit(2)], Cursor(4, 19))
    assert intake.is_ahead
    with pytest.raises(EngineAheadError):
        intake.take([deposit(2)])
    again = Intake.load(journal)
    again.take([deposit(2)], Cursor(6, 21))
    assert journal.head.seq == 5
    assert again._engine.state() == Intake.load(journal)._engine.state()


def test_sightings_are_the_same_live_and_folded(journal):
    intake = Intake.load(journal)
    feed = FeedSeen(time=11, market="CNY", price=(1, 10), mcr=1750, mssr=1200, icr=1800, expires=10**9)
    sight = PositionSeen(time=11, market="CNY", account="bob", collateral=160_000, debt=10_000)
    intake.take(
        [
            *SETUP,
            feed,
            sight,
            deposit(1, amount=10**6, ask=Lend(rate=0, term_days=14)),
            deposit(2, "carol", ask=Prepay()),
            deposit(3, "bob", ask=Borrow(market="CNY", asset="TEST")),
            Tick(time=30),
        ]
    )
    seen = intake.sightings
    assert seen.markets == {"CNY": "TEST"}
    assert seen.feeds == {"CNY": feed}
    assert seen.positions == {("CNY", "bob"): sight}
    assert seen.watched() == ["bob", "carol"]
    assert Intake.load(journal).sightings == seen


def test_an_account_with_nothing_at_stake_is_watched_no_more(journal):
    from bsip_mplp.rules.inputs import Request, Unprepay

    intake = Intake.load(journal)
    intake.take([*SETUP, deposit(1, ask=Prepay())])
    assert intake.sightings.watched() == ["alice"]
    intake.take([Request(time=40, account="alice", ask=Unprepay(asset="TEST"))])
    assert intake.sightings.watched() == []


def test_a_position_stays_watched_when_another_holds_it_or_the_fund_carries_it(journal):
    intake = Intake.load(journal)
    intake.take(long_course.until(long_course.WON))
    assert set(intake.sightings.watched()) >= {"bob", "erin"}
    intake.take([*long_course.CARRIED, *long_course.OWED, *long_course.BLACK])
    assert set(intake.sightings.watched()) >= {"bob", "erin"}
    assert "frank" not in intake.sightings.watched()  # he holds bob's, and has none of his own
    assert Intake.load(journal).sightings == intake.sightings

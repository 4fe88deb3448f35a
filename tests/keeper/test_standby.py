"""What stands by has the journal folded ahead: it goes on from there, and from nothing if that isn't the journal."""

import pytest

from bsip_mplp.journal import BrokenChainError, Cursor, Journal
from bsip_mplp.keeper import standby
from bsip_mplp.keeper.folded import Folded
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.standby import Ahead
from bsip_mplp.rules.inputs import AssetSeen, Deposit
from tests import databases


def deposit(number):
    return Deposit(time=number, account="ann", asset="TEST", amount=number, source=f"{number}.0.0")


def write(url, *items):
    with Journal.open(url) as journal:
        Intake.load(journal).take(items, Cursor(items[-1].time, items[-1].time))


@pytest.fixture
def begun(url):
    write(url, AssetSeen(time=1, symbol="TEST", precision=2), *(deposit(n) for n in range(2, 30)))
    return url


def test_it_follows_what_is_written_and_taking_over_folds_only_what_came_since(begun, caplog):
    caplog.set_level("INFO", "mplp.keeper")
    ahead = Ahead(begun)
    assert ahead.follow()
    assert "ready to take over: 29 inputs are folded" in caplog.text
    write(begun, deposit(40), deposit(41))
    assert ahead.follow()
    write(begun, deposit(50))
    folded = ahead.take()
    assert folded.head.seq == 31
    with Journal.open(begun) as journal:
        intake = Intake.load(journal, folded)
        assert folded.head == journal.head
        assert intake._engine is folded.engine
        assert intake._engine.state() == Intake.load(journal)._engine.state()
        assert intake._engine.ledger.balances() == Intake.load(journal)._engine.ledger.balances()
        assert intake.sightings == Intake.load(journal).sightings
        intake.take([deposit(60)], Cursor(60, 60))
    assert ahead.take() is None


def test_a_long_journal_is_folded_in_parts(begun, monkeypatch):
    monkeypatch.setattr(standby, "FOLD_SECONDS_MAX", 0.0)
    ahead, parts = Ahead(begun), 1
    while not ahead.follow():
        parts += 1
    assert parts > 20
    assert ahead.take().head.seq == 29


def test_another_journal_in_its_place_is_folded_from_the_beginning(begun, fresh):
    other = fresh()
    write(other, AssetSeen(time=1, symbol="OTHER", precision=2))
    write(other, *(Deposit(time=n, account="bob", asset="OTHER", amount=7, source=f"{n}.1.1") for n in range(2, 60)))
    folded = Folded()
    with Journal.open(begun) as journal:
        assert folded.fold_on(journal)
    with Journal.open(other) as journal:
        assert not folded.belongs_to(journal)
        intake = Intake.load(journal, folded)
        assert intake._engine is not folded.engine
        assert intake._engine.ledger.balance("free/bob", "OTHER") == 58 * 7


def test_an_altered_journal_is_not_followed(begun):
    ahead = Ahead(begun)
    assert ahead.follow()
    write(begun, deposit(40))
    databases.alter(begun, "UPDATE inputs SET body = replace(body, '40', '41') WHERE seq = 30")
    assert ahead.follow()
    assert ahead.take() is None
    with Journal.open(begun) as journal, pytest.raises(BrokenChainError):
        Intake.load(journal)


def test_a_journal_that_can_not_be_read_now_is_followed_later(tmp_path):
    ahead = Ahead(str(tmp_path / "nothing.sqlite"))
    assert ahead.follow()
    assert ahead.take() is None

"""Leading on a server: one process at a time, renewed whatever it does, given up when it ends or can't renew."""

import threading

import pytest

from bsip_mplp.journal import LostLeadError, leases
from bsip_mplp.journal.database import connect, read_url, writing
from bsip_mplp.keeper import lead as leading
from bsip_mplp.keeper.errors import OtherKeeperError
from bsip_mplp.keeper.lead import Lead, lead, leader_of
from bsip_mplp.keeper.status import BotStatus, StatusBoard


def usurp(url):
    """Take the lead from whoever has it, as a standby does once the lease ran out."""
    engine = connect(read_url(url), read_only=False)
    with writing(engine).begin() as connection:
        leases.give_back(connection, leases.read_epoch(connection))
        taken = leases.take_lease(connection, "usurper", 60_000)
    engine.dispose()
    return taken


def test_one_leads_and_all_can_see_who(postgres_url):
    assert leader_of(postgres_url) is None
    with lead(postgres_url) as first:
        assert (first.epoch, first.is_lost) == (1, False)
        seen = leader_of(postgres_url)
        assert "process" in seen.holder
        assert seen.epoch == 1
        with pytest.raises(OtherKeeperError, match="a keeper leads on .* already"), lead(postgres_url):
            pytest.fail("two lead")
    assert leader_of(postgres_url) is None
    with lead(postgres_url) as second:
        assert second.epoch == 2


def test_a_file_is_led_by_its_lock(tmp_path):
    url = f"sqlite:///{tmp_path}/j.sqlite"
    with lead(url) as held:
        assert held.epoch is None
        assert leader_of(url).holder.startswith("process ")
        with pytest.raises(OtherKeeperError), lead(url):
            pytest.fail("two lead")
    assert leader_of(url) is None


def test_a_leader_that_was_followed_is_told(postgres_url, monkeypatch):
    monkeypatch.setattr(leading, "RENEW_SECONDS", 0.05)
    told = threading.Event()
    with lead(postgres_url) as held:
        held.when_lost(told.set)
        usurp(postgres_url)
        assert told.wait(60)
        assert held.is_lost
    assert leader_of(postgres_url).holder == "usurper"  # it was not given back by the one who lost it


def test_a_leader_whose_database_is_gone_counts_itself_out(postgres, monkeypatch):
    monkeypatch.setattr(leading, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(leading, "LEASE_SECONDS", 0.3)
    url, told = postgres.with_tables(), threading.Event()
    with lead(url) as held:
        held.when_lost(told.set)
        postgres.drop(url)
        assert told.wait(60)


def test_a_loss_before_anybody_asked_is_told_at_once():
    held, told = Lead(1), []
    held.lose("a test")
    held.when_lost(lambda: told.append(True))
    assert told == [True]


def test_a_writer_that_stands_still_does_not_keep_the_lead(postgres_url):
    stopped = connect(read_url(postgres_url), read_only=False)
    with writing(stopped).begin() as connection:
        leases.take_lease(connection, "stopped", -1)
    connection = writing(stopped).connect()
    connection.begin()
    with lead(postgres_url) as held:
        assert held.epoch == 2
    connection.invalidate()
    stopped.dispose()


def test_only_the_leader_writes_how_bots_are(postgres_url):
    with lead(postgres_url) as held:
        board = StatusBoard(postgres_url, epoch=held.epoch)
        board.write(BotStatus("inbox", 3000, last_error="a memo with \0 in it"))
        usurp(postgres_url)
        with pytest.raises(LostLeadError):
            board.write(BotStatus("inbox", 3000, did="something"))
        assert [status.last_error for status in board.read()] == ["a memo with \ufffd in it"]
        board.close()

"""The lease and its fence: one leads, a later number shuts out an earlier one, no transaction is in the way."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bsip_mplp.journal import Journal, LostLeadError, MovedError, Place, WriteError, leases
from bsip_mplp.journal.database import connect, read_url, writing
from bsip_mplp.rules.inputs import Deposit, Tick
from tests.databases import rows_of
from tests.journal.conftest import course, take
from tests.journal.fake_engine import FakeEngine
from tests.journal.test_journal import save

LONG, OVER = 60_000, -1
"""A lease that outlives any test, and one that has run out as it begins."""


@pytest.fixture
def database(postgres_url):
    engine = connect(read_url(postgres_url), read_only=False)
    yield engine
    engine.dispose()


def taken(database, holder, milliseconds=LONG):
    with writing(database).begin() as connection:
        return leases.take_lease(connection, holder, milliseconds)


def test_one_leads_until_its_lease_runs_out_or_is_given_back(database):
    assert taken(database, "one", OVER).epoch == 1
    second = taken(database, "two")
    assert (second.epoch, second.holder, second.is_live) == (2, "two", True)
    assert taken(database, "three") is None
    with database.begin() as connection:
        assert leases.read_lease(connection).holder == "two"
        leases.give_back(connection, 2)
    assert taken(database, "three").epoch == 3


def test_a_lease_is_renewed_by_its_holder_alone(database):
    taken(database, "one", OVER)
    with database.begin() as connection:
        assert leases.renew_lease(connection, 1, LONG)
        assert leases.read_lease(connection).is_live
        leases.give_back(connection, 1)
    taken(database, "two")
    with database.begin() as connection:
        assert not leases.renew_lease(connection, 1, LONG)
        assert leases.read_lease(connection).holder == "two"


def test_of_many_who_try_at_once_one_leads(database):
    found = []

    def attempt(name):
        found.append(taken(database, name))

    threads = [threading.Thread(target=attempt, args=(f"keeper {number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (leader,) = [lease for lease in found if lease is not None]
    assert (leader.epoch, len(found)) == (1, 5)


def test_who_led_before_can_write_nothing(postgres_url, database):
    """Inputs, cursor, place, attempts and the fold: whatever writes, asks who leads in the same transaction."""
    engine = FakeEngine()
    taken(database, "one", OVER)
    with Journal.open(postgres_url) as journal:
        journal.lead(1)
        take(journal, engine, course()[:5])
        save(journal, 1, "aa")
        taken(database, "two")
        before = rows_of(postgres_url)
        for attempt in (
            lambda: take(journal, engine, [Tick(time=200)]),
            lambda: journal.set_place(Place("cd" * 32, "pool")),
            lambda: save(journal, 2, "bb"),
            lambda: journal.close_attempt(1, 1, "expired"),
            journal.rebuild,
            journal.check_lead,
            lambda: journal.lead(1),
        ):
            with pytest.raises(LostLeadError, match="leadership 2, this was 1"):
                attempt()
        assert rows_of(postgres_url) == before
        with Journal.open(postgres_url) as other:
            other.lead(2)
            other.check_lead()
            assert [one.transaction_id for one in other.attempts(state="signed")] == ["aa"]
            other.close_attempt(1, 1, "expired")


def test_a_journal_opened_before_a_leader_came_can_write_nothing_either(postgres_url, database):
    with Journal.open(postgres_url) as journal:
        taken(database, "one")
        with pytest.raises(LostLeadError):
            take(journal, FakeEngine(), course())


def test_nothing_is_sent_on_a_lease_that_ran_out_though_nobody_followed(postgres_url, database):
    taken(database, "one", OVER)
    with Journal.open(postgres_url) as journal:
        take(journal, FakeEngine(), course())
        with pytest.raises(LostLeadError, match="ran out"):
            journal.check_lead()


def test_a_writer_that_stands_still_is_ended_and_what_it_began_is_undone(postgres_url, database):
    """The next leader waits a bounded time for the writing lock, then ends the connection that holds it."""
    taken(database, "one", OVER)
    stopped = connect(read_url(postgres_url), read_only=False)
    connection = writing(stopped).connect()
    connection.begin()
    connection.execute(text("INSERT INTO meta VALUES ('half', 'done')"))
    with pytest.raises(DBAPIError, match="lock timeout"), writing(database, 50).begin():
        pytest.fail("two writers at once")
    with database.begin() as other:
        assert leases.end_writers(other) == 1
    assert taken(database, "two").epoch == 2
    with pytest.raises(DBAPIError):
        connection.commit()
    connection.invalidate()
    connection.close()
    stopped.dispose()
    assert ("half", "done") not in rows_of(postgres_url)["meta"]


def test_readers_and_renewals_wait_for_no_writer(database):
    taken(database, "one")
    with writing(database).begin() as held:
        held.execute(text("UPDATE meta SET value = '1' WHERE name = 'head_seq'"))
        with database.begin() as connection:
            assert leases.read_lease(connection).epoch == 1
            assert leases.renew_lease(connection, 1, LONG)
        held.rollback()


def test_a_journal_that_moved_is_noticed_while_two_write_at_once(postgres_url):
    """The second waits for the lock, and then sees what the first one wrote."""
    with Journal.open(postgres_url) as one, Journal.open(postgres_url) as other:
        outcomes = []

        def write(journal, number):
            try:
                take(journal, FakeEngine(), [Deposit(time=number, account="a", asset="TEST", amount=1)])
                outcomes.append("written")
            except MovedError:
                outcomes.append("moved")

        threads = [threading.Thread(target=write, args=(journal, n)) for n, journal in enumerate((one, other))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(outcomes) == ["moved", "written"]


def test_a_file_needs_no_lease(tmp_path):
    with Journal.open(str(tmp_path / "j.sqlite"), create=True) as journal:
        journal.check_lead()
        with journal.reading() as connection:
            assert leases.read_lease(connection) is None


def test_a_server_that_is_gone_is_a_fault_that_says_so(postgres):
    url = postgres.with_tables()
    with Journal.open(url) as journal:
        postgres.drop(url)
        with pytest.raises(WriteError, match="nothing was kept"):
            take(journal, FakeEngine(), course())

"""Two keepers on one PostgreSQL, as processes: one leads, the other takes over, and each payout is made once.

The leader is stopped (SIGSTOP) in the midst of its work and goes on when another leads already; the next one is
killed. Nothing waits for a time to pass but the lease itself.
"""

import json
import signal

import pytest

from bsip_mplp.journal import Journal, read
from bsip_mplp.keeper.lead import leader_of
from tests.cli.world import GIVEN_UNITS, World, until
from tests.kit import devnet


@pytest.fixture
def world(tmp_path, postgres_url):
    with devnet("--block-interval", "0.1") as url:
        made = World(url, tmp_path, postgres_url).build()
        status, _, err = made.mplp("init")
        assert status == 0, err
        made.started = {}
        yield made
        for process in made.started.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(30)


def start(world, name):
    world.started[name] = world.keeper(log=f"{name}.log")
    return world.started[name]


def log_of(world, name):
    return (world.folder / f"{name}.log").read_text()


def leads(world, name):
    return world.leads(world.started[name])


def send(world, *words):
    status, out, err = world.mplp("-a", world.alice, *words)
    assert status == 0, err + out


def shows(world, *words):
    """What a command says, whatever its exit status."""
    return json.loads(world.mplp(*words, "--json")[1])


def orders(world):
    with Journal.open(world.database, read_only=True) as journal, journal.reading() as connection:
        return [order.state for order in read.orders(connection)]


def signed(world):
    """Transactions that were written down and may still count."""
    with Journal.open(world.database, read_only=True) as journal:
        return journal.attempts(state="signed")


def test_a_leader_that_stops_or_dies_is_followed_and_nothing_is_paid_twice(world):
    start(world, "first")
    until(lambda: leads(world, "first"), "the first leads")
    start(world, "second")
    until(lambda: "standing by: a keeper leads on" in log_of(world, "second"), "the second stands by")
    status, _, err = world.mplp("keeper", "run")
    assert (status, "a keeper leads on" in err) == (2, True)
    send(world, "keeper", "reserve", "500")
    send(world, "stake", "100", world.core, "--wait")
    send(world, "unlend", "1", "50", "--wait")

    send(world, "withdraw", "1", world.core)
    until(lambda: signed(world), "the first has written down a transaction", every=0.01)
    world.started["first"].send_signal(signal.SIGSTOP)
    send(world, "withdraw", "2", world.core)
    until(lambda: leads(world, "second"), "the second took over")
    send(world, "withdraw", "3", world.core, "--wait")
    until(lambda: orders(world) == ["done"] * 3, "all is paid by the second")

    before = shows(world, "verify")
    world.started["first"].send_signal(signal.SIGCONT)
    until(lambda: log_of(world, "first").count("standing by: a keeper leads on") == 1, "the first stepped back")
    assert "the lead is lost" in log_of(world, "first")
    assert world.started["first"].poll() is None
    assert leads(world, "second")
    assert before["holds"]
    status = shows(world, "keeper", "status")
    assert status["leader"]["holder"].endswith(f"process {world.started['second'].pid}")
    assert not any(bot["failures"] for bot in status["bots"])
    assert "another process has written" not in log_of(world, "second")

    send(world, "withdraw", "4", world.core)
    until(lambda: signed(world), "the second has written down a transaction", every=0.01)
    world.started["second"].kill()
    until(lambda: leads(world, "first"), "the first leads again")
    send(world, "withdraw", "5", world.core, "--wait")
    until(lambda: orders(world) == ["done"] * 5, "all is paid")
    world.started["first"].send_signal(signal.SIGTERM)
    assert world.started["first"].wait(60) == 0
    assert leader_of(world.database) is None

    assert shows(world, "verify")["holds"]
    with Journal.open(world.database, read_only=True) as journal, journal.reading() as connection:
        (outside,) = read.balances(connection, "outside")
        told = [one for one in read.notices(connection, world.alice) if "was sent" in one.text]
    assert len(told) == 5
    assert world.chain.balances(world.pool)[world.core] - GIVEN_UNITS == -outside.units

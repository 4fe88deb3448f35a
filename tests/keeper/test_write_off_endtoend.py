"""What docs/operations.md says under "The audit differs", done: real node, real keeper, real commands.

An operation made by hand took the chain's fee out of the pool's account. Payouts stop; the operator sends what is
missing and writes it off; ledger and chain agree again, the payout goes out, and the journal verifies.
"""

import signal

import pytest
from click.testing import CliRunner

from bsip_mplp.chain import builders
from bsip_mplp.cli.main import cli
from bsip_mplp.journal import Journal, read
from tests.cli.world import GIVEN_UNITS, World, until
from tests.keeper.test_endtoend import json_of
from tests.kit import devnet

UNIT = 10**5
WHY = "an asset made by hand"


@pytest.fixture
def world(tmp_path, url):
    with devnet("--block-interval", "0.1") as node:
        made = World(node, tmp_path, url).build()
        config = tmp_path / "mplp.toml"
        config.write_text(config.read_text().replace("[health]", "auditor.every_seconds = 0.2\n\n[health]"))
        done(made, "init")
        made.running = None
        yield made
        if made.running is not None:
            made.running.kill()
            made.running.wait(30)


def done(world, *words):
    """What a command says that ends well, run in this process."""
    ran = CliRunner(mix_stderr=False, env=world.environment).invoke(cli, words)
    assert ran.exit_code == 0, ran.stderr
    return ran.stdout


def write_off(world):
    """The command as it is typed; gives its exit status and what it said."""
    status, out, err = world.mplp("audit", "--write-off", world.core, "--reason", WHY)
    return status, out if status == 0 else err


def start(world):
    world.running = world.keeper()
    until(lambda: world.leads(world.running), "a keeper runs")


def stop(world):
    """As `systemctl stop` does."""
    world.running.send_signal(signal.SIGTERM)
    assert world.running.wait(60) == 0


def text_of(units):
    return f"{units // UNIT}.{units % UNIT:05}"


def told(world, text):
    return [line for line in json_of(world, "health")["reasons"] if text in line]


def figure(world):
    """How the core asset stands in the audit."""
    audit = json_of(world, "audit")
    return audit["verdict"], *(one["difference"] for one in audit["assets"] if one["asset"] == world.core)


def payouts(world):
    with Journal.open(world.database, read_only=True) as journal, journal.reading() as connection:
        return [(one.state, one.units) for one in read.orders(connection)]


def test_G_5_money_is_missing_payouts_stop_and_go_on_once_the_operator_bore_it(world):
    start(world)
    done(world, "-a", world.alice, "stake", "100", world.core, "--wait")
    done(world, "-a", world.bob, "keeper", "reserve", "50", "--wait")
    until(lambda: figure(world) == ("agrees", "0.00000"), "ledger and chain agree")

    before = world.chain.balances(world.pool)[world.core]
    world.do(world.pool, builders.asset_create(world.id(world.pool), f"{world.market}X", 2))  # by hand, with its key
    fee_units = before - world.chain.balances(world.pool)[world.core]
    assert fee_units > 50 * UNIT
    until(lambda: told(world, "too little; payouts are stopped"), "the alarm")
    assert figure(world) == ("differs", f"-{text_of(fee_units)}")
    done(world, "-a", world.alice, "unlend", "1", "60")
    assert "Not paid out yet" in done(world, "-a", world.alice, "withdraw", "60", world.core, "--wait")

    status, said = write_off(world)
    assert (status, "a keeper" in said, said.count("\n")) == (2, True, 1)
    done(world, "-a", world.bob, "keeper", "reserve", text_of(fee_units - 60 * UNIT), "--wait")
    stop(world)
    status, said = write_off(world)
    assert (status, "Ledger and chain agree to the last unit." in said) == (0, True)
    status, said = write_off(world)
    assert (status, "is missing" in said, said.count("\n")) == (2, True, 1)
    start(world)
    until(lambda: told(world, "held back: the fee is"), "no fee can be paid")
    assert payouts(world) == [("open", 60 * UNIT)]  # the reserve is 10 below 0, and nobody else pays for it

    done(world, "-a", world.bob, "keeper", "reserve", "50", "--wait")
    until(lambda: payouts(world) == [("done", 60 * UNIT)], "the payout went out")
    until(lambda: figure(world) == ("agrees", "0.00000"), "ledger and chain agree")
    stop(world)
    assert json_of(world, "verify")["holds"]
    with Journal.open(world.database, read_only=True) as journal, journal.reading() as connection:
        (loss,) = read.last_inputs(connection, "loss")
        (outside,) = read.balances(connection, "outside")
        (operator,) = read.balances(connection, "operator")
        (pool,) = read.balances(connection, "pool/1/available")
    assert (loss.body["amount"], loss.body["reason"]) == (fee_units, WHY)
    assert pool.units == 40 * UNIT
    assert 0 < operator.units < 50 * UNIT
    assert world.chain.balances(world.pool)[world.core] - GIVEN_UNITS == -outside.units

"""What is missing in the account is written off at the operator's cost: journaled, verified, and nothing else is."""

from dataclasses import replace

import pytest

from bsip_mplp import config
from bsip_mplp.journal import Cursor, Journal, read
from bsip_mplp.journal.verify import verify
from bsip_mplp.keeper.audit import Audit, Figure
from bsip_mplp.keeper.errors import KeeperError, OtherKeeperError
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.lead import lead
from bsip_mplp.keeper.write_off import write_off
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import AssetSeen, Deposit, Operator

SHORT = Audit(9, 90, 9, (Figure("TEST", 600, 570, 0, 0), Figure("USD", 5, 5, 0, 0)))


@pytest.fixture
def settings(url):
    chain = {"nodes": ["ws://one"], "core_asset": "TEST", "pool_account": "pool"}
    with Journal.open(url) as journal:
        ann = Deposit(time=2, account="ann", asset="TEST", amount=500, source="1.1.1")
        operator = Deposit(time=2, account="op", asset="TEST", amount=100, ask=Operator(), source="1.1.2")
        Intake.load(journal).take([AssetSeen(time=1, symbol="TEST", precision=2), ann, operator], Cursor(9, 90))
    return config.read({"place": "x", "chain": chain, "database": {"url": url}})


def balances(settings):
    with Journal.open(settings.database_url, read_only=True) as journal, journal.reading() as connection:
        names = ("outside", "operator", "free/ann")
        assert verify(journal, Engine()).holds
        return [one.units for name in names for one in read.balances(connection, name)]


def test_what_is_missing_is_borne_by_the_operator_alone(settings):
    assert write_off(settings, SHORT, "TEST", "a fee by hand") == 30
    assert balances(settings) == [-570, 70, 500]
    with Journal.open(settings.database_url, read_only=True) as journal, journal.reading() as connection:
        (written,) = read.last_inputs(connection, "loss")
        assert (written.body["amount"], written.body["reason"]) == (30, "a fee by hand")


@pytest.mark.parametrize(
    ("audit", "asset", "said"),
    [
        (SHORT, "USD", "no USD is missing"),
        (SHORT, "NONE", "no NONE is missing"),
        (replace(SHORT, unknown=("ab",)), "TEST", "transaction ab is unknown"),
        (replace(SHORT, figures=(Figure("TEST", 600, 500, 0, 40),)), "TEST", "under way"),
    ],
)
def test_nothing_else_is_written_off(settings, audit, asset, said):
    before = balances(settings)
    with pytest.raises(KeeperError, match=said):
        write_off(settings, audit, asset, "because")
    assert balances(settings) == before


def test_not_while_a_keeper_runs(settings):
    with lead(settings.database_url), pytest.raises(OtherKeeperError):
        write_off(settings, SHORT, "TEST", "because")
    assert balances(settings) == [-600, 100, 500]

"""A place to run commands in: a configuration and a journal of their own, and `mplp` as its main function runs it."""

import json
import logging
import sys
from typing import NamedTuple

import pytest

from bsip_mplp.cli import main as cli_main
from bsip_mplp.journal import Cursor, Journal
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.rules.inputs import (
    AssetSeen,
    Borrow,
    Deposit,
    FeedSeen,
    Lend,
    MarketOpened,
    PositionSeen,
    Prepay,
    Protect,
    Withdraw,
)
from tests import databases

CONFIG = """
place = "trial"
account = "bob"

[chain]
nodes = ["ws://127.0.0.1:9"]
core_asset = "TEST"
pool_account = "mplp-pool"

[database]
url = "{database}"

[markets.CNY]
"""
NOON = 1_700_000_000


class Ran(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def deposit(number, account, amount, ask=None, asset="TEST"):
    return Deposit(time=NOON + number, account=account, asset=asset, amount=amount, ask=ask, source=f"7.{number}.0")


COURSE = [
    AssetSeen(time=NOON, symbol="TEST", precision=5),
    AssetSeen(time=NOON, symbol="CNY", precision=4),
    MarketOpened(time=NOON, market="CNY", core_asset="TEST"),
    FeedSeen(time=NOON, market="CNY", price=(1, 10), mcr=1550, mssr=1100, icr=1600, expires=NOON + 10**8),
    PositionSeen(time=NOON, market="CNY", account="bob", collateral=163_400_000, debt=10_000_000),
    deposit(1, "alice", 10**8, Lend(rate="3/25", term_days=14)),
    deposit(2, "carol", 5 * 10**8, Lend(rate="1/10", term_days=30)),
    deposit(3, "bob", 10**7, Prepay()),
    deposit(4, "bob", 1, Borrow(market="CNY", asset="TEST")),
    deposit(5, "bob", 1, Protect(market="CNY", at="3/2")),
    deposit(6, "bob", 100, None),
    deposit(7, "bob", 1, Withdraw(asset="TEST", amount=50)),
    deposit(8, "bob", 1, Withdraw(asset="CNY", amount=50)),
]


@pytest.fixture
def database(tmp_path):
    """The address of a database with nothing in it."""
    return databases.new(tmp_path)


@pytest.fixture
def place(tmp_path, database, monkeypatch):
    file = tmp_path / "mplp.toml"
    file.write_text(CONFIG.format(database=database))
    monkeypatch.setenv("MPLP_CONFIG", str(file))
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


@pytest.fixture
def journal(place, database):
    from bsip_mplp.rules.codec import input_from_json, input_to_json

    with Journal.open(database, create=True) as opened:
        course = [input_from_json(input_to_json(item)) for item in COURSE]
        Intake.load(opened).take(course, Cursor(7, NOON + 60))
        yield opened


@pytest.fixture
def mplp(place, monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["mplp", *words])
        with pytest.raises(SystemExit) as ended:
            cli_main.main()
        said = capsys.readouterr()
        for handler in list(logging.getLogger().handlers):
            if type(handler) is logging.StreamHandler:  # a command's log goes to this run's stderr, which is no more
                logging.getLogger().removeHandler(handler)
        return Ran(ended.value.code, said.out, said.err)

    return run

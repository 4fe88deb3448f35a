"""What keeps a story from being played: one line that says what to do, and nothing left behind."""

import subprocess

import pytest

from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.keys import Secret
from bsip_mplp.journal import Journal, Place
from bsip_mplp.story.errors import FaucetError, KeeperEndedError, LateError
from bsip_mplp.story.keeper import MPLP, KeeperProcess
from bsip_mplp.story.patience import Patience
from bsip_mplp.story.people import new_keyring
from bsip_mplp.story.town import Town
from tests import kit


def mplp(*words):
    ran = subprocess.run([*MPLP, *words], capture_output=True, text=True, check=False, timeout=60)
    return ran.returncode, ran.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--faucet", "nathan"], "--node"),
        (["--node", "ws://127.0.0.1:9"], "ws://127.0.0.1:9"),
        (["--data", "/"], "not empty"),
        (["--data", "/proc/foo"], "--data /proc/foo: can't be made (No such file or directory); name a directory"),
    ],
)
def test_one_line_and_status_2(words, says):
    status, error = mplp("story", *words)
    assert status == 2
    assert says in error
    assert len(error.splitlines()) == 1


def test_a_database_that_a_journal_stands_in(url):
    with Journal.open(url) as journal:
        journal.set_place(Place("another", "pool"))
    status, error = mplp("story", "--database", url)
    assert (status, len(error.splitlines())) == (2, 1), error
    assert "another" in error


@pytest.fixture
def connection(node_url):
    opened = Connection([node_url])
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("faucet", "wif", "says"),
    [
        ("nobody-is-called-this", kit.FAUCET_WIF, "no account nobody-is-called-this"),
        (kit.FAUCET, "5Knonsense", "no private key"),
    ],
)
def test_a_faucet_that_does_not_fit(connection, faucet, wif, says):
    with pytest.raises(FaucetError, match=says):
        Town(connection, faucet, Secret(wif), Patience(1))


def test_another_account_s_key(connection):
    keyring = new_keyring(connection.network.prefix)
    wif = keyring.secret(keyring.public_keys[0]).reveal()
    with pytest.raises(FaucetError, match="not the active key of nathan") as caught:
        Town(connection, kit.FAUCET, Secret(wif), Patience(1))
    assert wif not in str(caught.value)


def test_a_faucet_without_money(world, connection):
    poor = world.person("poor", core=10**5)
    town = Town(connection, poor.name, Secret(poor.wif), Patience(1))
    with pytest.raises(FaucetError, match=f"{poor.name} holds 1.00000"):
        town.settle({"Hong": "100"})


def test_waiting_ends():
    with pytest.raises(LateError, match=r"0\.01 s in vain for the end of days"):
        Patience(0.01).until("the end of days", lambda: None)


def test_a_keeper_that_ends_by_itself_is_noticed_with_its_log(tmp_path):
    (tmp_path / "mplp.toml").write_text("place = 'x'\n")
    keeper = KeeperProcess(tmp_path / "mplp.toml", tmp_path / "keeper.log")
    keeper.start()
    patience = Patience(30)
    patience.look_after = keeper.check
    try:
        with pytest.raises(KeeperEndedError, match="chain"):
            patience.until("what can't come", lambda: None)
    finally:
        keeper.stop()

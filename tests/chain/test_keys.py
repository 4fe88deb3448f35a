"""Keys are read from a safe file or the wallet that `uptick` made, and show nowhere."""

import pickle
import stat
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from bsip_mplp.chain import keys
from bsip_mplp.chain.errors import KeysError
from bsip_mplp.chain.keys import Secret, keyring_of, read_key_file, read_uptick_wallet

WIF = "5KQwrPbwdL6PhXujxW37FSSQZ1JiwsST4cqQzDeyXtP79zkvFD3"
PUBLIC = "6MRyAjQq8ud7hVNYcfnVPJqcVpscN5So8BhtHuGYqET5GDW5CV"


def key_file(tmp_path, text=f"# the pool's\n{WIF}  # active\n\n", mode=0o600):
    path = tmp_path / "keys"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_file_gives_its_keys(tmp_path):
    keyring = read_key_file(key_file(tmp_path), "TEST")
    assert keyring.public_keys == ("TEST" + PUBLIC,)
    assert keyring.secret("TEST" + PUBLIC).reveal() == WIF
    assert not keyring.has("BTS" + PUBLIC)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_key_file_that_others_may_read_is_refused(tmp_path, mode):
    with pytest.raises(KeysError, match="chmod 600"):
        read_key_file(key_file(tmp_path, mode=mode), "TEST")


@pytest.mark.parametrize(
    ("text", "says"), [("", "no key"), ("# none\n", "no key"), (f"{WIF}\n{WIF[:-1]}x\n", "key 2"), ("é", "key 1")]
)
def test_a_key_file_that_is_wrong_says_so_without_showing_a_key(tmp_path, text, says):
    with pytest.raises(KeysError, match=says) as caught:
        read_key_file(key_file(tmp_path, text), "TEST")
    shown = "".join(traceback.format_exception(caught.value))
    assert WIF[:20] not in shown


def test_a_missing_key_file_is_named(tmp_path):
    with pytest.raises(KeysError, match="can't be read"):
        read_key_file(tmp_path / "none", "TEST")


def test_a_key_shows_nowhere():
    keyring = keyring_of([WIF], "TEST")
    secret = keyring.secret("TEST" + PUBLIC)
    raw = secret.raw().hex()
    for shown in (repr(secret), str(secret), f"{secret}", repr(keyring), str(vars(keyring))):
        assert WIF not in shown
        assert raw not in shown
    with pytest.raises(KeysError):
        pickle.dumps(secret)
    with pytest.raises(KeysError, match="not among the 1 keys"):
        keyring.secret("TEST" + PUBLIC[::-1])


MAKE_WALLET = """
import sys
from bitshares.storage import get_default_config_store, get_default_key_store
store = get_default_key_store(config=get_default_config_store())
store.unlock("a passphrase")
for key in sys.argv[1:]:
    store.add(*key.split("=", 1))
"""


@pytest.fixture(scope="module")
def wallet_home(tmp_path_factory):
    """A wallet as `uptick` makes it, by the library itself: world-readable."""
    home = tmp_path_factory.mktemp("home")
    entries = [f"{WIF}=TEST{PUBLIC}", f"{WIF}=BTS{PUBLIC}"]
    environment = {"XDG_DATA_HOME": str(home), "PATH": ""}
    subprocess.run([sys.executable, "-c", MAKE_WALLET, *entries], check=True, env=environment)
    return home


@pytest.fixture
def wallet(wallet_home, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(wallet_home))
    monkeypatch.delenv("UNLOCK", raising=False)
    path = keys.uptick_wallet_file()
    path.chmod(0o644)
    return path


def test_the_wallet_is_unlocked_once_and_made_safe(wallet):
    asked = []

    def ask(prompt):
        asked.append(prompt)
        return "a passphrase"

    keyring = read_uptick_wallet("TEST", ask)
    assert keyring.public_keys == ("TEST" + PUBLIC,)
    assert keyring.secret("TEST" + PUBLIC).reveal() == WIF
    assert keyring.secret("TEST" + PUBLIC) is keyring.secret("TEST" + PUBLIC)
    assert asked == ["Current Wallet Passphrase"]
    assert stat.S_IMODE(Path(wallet).stat().st_mode) == 0o600


def test_unlock_from_the_environment_is_taken_and_nobody_is_asked(wallet, monkeypatch):
    monkeypatch.setenv("UNLOCK", "a passphrase")
    keyring = read_uptick_wallet("BTS", lambda prompt: pytest.fail("asked"))
    assert keyring.secret("BTS" + PUBLIC).reveal() == WIF


def test_a_wrong_passphrase_and_a_wallet_without_keys_of_the_chain_are_one_line(wallet):
    with pytest.raises(KeysError, match="passphrase of the wallet is wrong"):
        read_uptick_wallet("TEST", lambda prompt: "another")
    with pytest.raises(KeysError, match="no key of a chain with the prefix ODD"):
        read_uptick_wallet("ODD", lambda prompt: "a passphrase")


def test_where_there_is_no_wallet_none_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(KeysError, match="uptick createwallet"):
        read_uptick_wallet("TEST", lambda prompt: "x")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_secret_is_not_shown_either():
    assert repr(Secret("")) == "Secret(…)"

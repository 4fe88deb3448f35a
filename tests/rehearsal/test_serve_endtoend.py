"""RE-8, end to end: `mplp rehearse serve` and two players, each a process of its own.

The chain is real, the keeper runs beside it, and everything that the players do is signed by their own keys.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import CORE_ID, Chain
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.envelope import seal_plain
from bsip_mplp.chain.keys import Secret, public_key_of, read_key_file
from bsip_mplp.chain.transactions import broadcast, sign
from bsip_mplp.public.joining import JoiningError, join
from bsip_mplp.story.keeper import MPLP
from bsip_mplp.story.node import DEVELOPMENT_WIF

WAIT_SECONDS = 60
KEYS = ("owner_key", "active_key", "memo_key")


class Serving:
    """The server's process, and what its page says."""

    def __init__(self, directory, *options):
        self.log = directory.parent / f"{directory.name}.log"
        command = [
            *MPLP, "rehearse", "serve", "calm", "--data", str(directory), "--listen", "127.0.0.1:0",
            "--web", "127.0.0.1:0", "--block-interval", "0.05", "--minute", "1", *options,
        ]  # fmt: skip
        self._file = self.log.open("ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._file, text=True)
        lines = [self.process.stdout.readline() for _ in range(3)]
        assert lines[0].startswith("page http://127.0.0.1:"), self.log.read_text()
        self.url = lines[0].split()[1]
        self.figures()

    def figures(self):
        return self.until("figures", lambda: self._read() or None)

    def _read(self):
        with urllib.request.urlopen(f"{self.url}table.json", timeout=10) as answer:
            return json.loads(answer.read())

    def player(self, name):
        return next((one for one in self._read()["players"] if one["player"] == name), None)

    def until(self, what, look):
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            if (found := look()) not in (None, False):
                return found
            assert self.process.poll() is None, f"the server ended: {self.log.read_text()}"
            time.sleep(0.1)
        pytest.fail(f"waited in vain for {what}: {self._read()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(WAIT_SECONDS) == 0, self.log.read_text()
        self.process.stdout.close()
        self._file.close()


@contextmanager
def serving(directory, *options):
    server = Serving(directory, *options)
    try:
        yield server
        server.stop()
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def mplp(*arguments, cwd, url, status=0):
    environment = {**os.environ, "MPLP_REHEARSAL": url}
    ran = subprocess.run([*MPLP, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == status, ran.stdout + ran.stderr
    return ran.stdout if status == 0 else ran.stderr


class Player:
    """A player with only what joining left in a directory."""

    def __init__(self, server, name, directory):
        self.name, self._server, self._directory = name, server, directory

    def run(self, *arguments, status=0):
        return mplp(
            "--config", f"{self.name}.toml", *arguments, cwd=self._directory, url=self._server.url, status=status
        )

    @contextmanager
    def wallet(self):
        """Any other wallet: the same key, signing the chain's own operations."""
        found = self._server.figures()
        connection = Connection([found["node"]])
        try:
            chain = Chain(connection)
            keyring = read_key_file(self._directory / f"{self.name}.keys", found["prefix"])

            def send(*operations):
                signed = sign(chain, operations, keyring, keyring.public_keys, expiration_seconds=300)
                broadcast(connection, signed.transaction)

            yield chain, chain.account(self.name).id, chain.asset(found["bitasset"]).id, send
        finally:
            connection.close()

    def line(self, **holds):
        """Wait until the table says so of this player; gives its line."""

        def look():
            line = self._server.player(self.name)
            return line if line and all(test(line[key]) for key, test in holds.items()) else None

        return self._server.until(f"{self.name}: {', '.join(holds)}", look)


def test_two_players_register_trade_and_lend_and_the_table_shows_it(tmp_path):
    with serving(tmp_path / "game", "--turnover", "1", "--days", "0") as server:
        mplp("rehearse", "join", "ming-1", cwd=tmp_path, url=server.url)
        join(server.url, "li-1", tmp_path)
        ming, li = Player(server, "ming-1", tmp_path), Player(server, "li-1", tmp_path)
        assert float(ming.line()["left"]) == 100
        assert float(li.line()["earned"]) == 0
        _each_name_gets_its_stake_once(server, tmp_path)
        _the_page_and_the_faucet(server)
        ming.run("rehearse", "outside", "60", "TEST")
        ming.line(turnover=lambda text: float(text) == 60)
        assert -0.6 < float(ming.line()["earned"]) < 0, "the exchange took 0.2 %, the chain its fee"
        said = li.run("lend", "20", "TEST", "--rate", "10%", "--days", "14", "--wait")
        assert "lends 20.00000 TEST" in said
        assert -0.3 < float(li.line()["earned"]) < 0, "what is lent is still its own"
        _li_waits_for_a_price_and_takes_the_order_back(server, li)
        _li_opens_a_position(server, li)
        _ming_buys_from_the_house_inside(server, ming)
        assert float(server.player("ming-1")["turnover"]) > 100
        due = ming.line(terms=lambda text: text == "met")
        assert 90 < float(due["due"]) < 110
        assert "of turnover to go" in server.player("li-1")["terms"]
        shown = mplp("rehearse", "table", cwd=tmp_path, url=server.url)
        assert "ming-1" in shown
        assert "li-1" in shown
        players = server.figures()["players"]
        kept = server.player("ming-1")
    other = ("rehearse", "serve", "jump", "--data", "game", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0")
    assert "name its scenario, or another directory" in mplp(*other, cwd=tmp_path, url="", status=2)
    with serving(tmp_path / "game") as again:
        assert [one["player"] for one in again.figures()["players"]] == [one["player"] for one in players]
        after = again.player("ming-1")
        for key in ("turnover", "due", "due_since", "arbitrages"):
            assert after[key] == kept[key], "what was kept is the same after a new start"


def _each_name_gets_its_stake_once(server, directory):
    other = directory / "other"
    with pytest.raises(JoiningError, match="each name gets its stake once"):
        join(server.url, "ming-1", other)
    assert not (other / "ming-1.keys").exists(), "nothing half done"


def _li_waits_for_a_price_and_takes_the_order_back(server, li):
    """By any wallet: transfers with a memo that anyone can read."""
    with li.wallet() as (chain, own, _, send):
        exchange = chain.account(server.figures()["exchange"]).id

        def ask(units, memo):
            send(builders.transfer(own, exchange, Units(CORE_ID, units), seal_plain(memo, "TEST")))

        _order_and_cancel(server, ask)
    assert -0.5 < float(li.line()["earned"]) < 0


def _order_and_cancel(server, ask):
    ask(5 * 10**5, "sell at 9")
    (order,) = server.until("an order", lambda: server.figures()["orders"] or None)
    assert (order["player"], order["sells"], order["at"]) == ("li-1", "5.00000 TEST", "9.0000000")
    ask(1, f"cancel {order['number']}")
    server.until("no order", lambda: not server.figures()["orders"])


def _ming_buys_from_the_house_inside(server, ming):
    """The chain's own market, and a turnover that counts on both sides."""
    found = server.figures()
    with ming.wallet() as (chain, _, _, _):
        has = server.until("bitasset", lambda: chain.balances("ming-1").get(found["bitasset"], 0))
        before = chain.balances("ming-1")["TEST"]
        ming.run("rehearse", "inside", f"{has / 10**4}", found["bitasset"], "--for", "40")
        server.until("a fill", lambda: chain.balances("ming-1")["TEST"] > before + 40 * 10**5)
    ming.line(turnover=lambda text: float(text) > 100)


def _li_opens_a_position(server, li):
    """What is minted is owed: a position makes nobody richer."""
    li.run("rehearse", "margin", "--collateral", "40", "--debt", "0.3")
    with li.wallet() as (chain, _, _, _):
        symbol = server.figures()["bitasset"]
        assert server.until("a position", lambda: chain.positions(symbol, ["li-1"])["li-1"].debt) == 3000
        assert chain.balances("li-1")[symbol] == 3000
    assert "give --collateral" in li.run("rehearse", "margin", status=2)
    assert -0.6 < float(li.line()["earned"]) < 0


def _the_page_and_the_faucet(server):
    """The page is whole in itself; the faucet says in one line what can't be, and takes no private key."""
    with urllib.request.urlopen(server.url, timeout=10) as answer:
        page = answer.read().decode()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert 'src="' not in page
    assert "http" not in page
    faucet = f"{server.url}api/v1/accounts"
    good_key = dict.fromkeys(KEYS, public_key_of(Secret(DEVELOPMENT_WIF), "TEST"))
    bad_key = dict.fromkeys(KEYS, "TEST1")
    for body, says in (
        (b"{", "account is missing"),
        (b"[]", "account is missing"),
        (b'{"account": {"name": "x-1"}}', "active_key, memo_key, owner_key is missing"),
        (b" " * 5000, "send at most 4096 bytes"),
        (_asked("virtual-zb", good_key), "virtual-zb is registered already"),
        (_asked("mplp-pool", good_key), "mplp-pool is registered already"),
        (_asked("Ming", bad_key), "is no name"),
        (_asked("ming", bad_key), "is no name"),
        (_asked("../x-1", bad_key), "is no name"),
        (_asked("m-" * 40, bad_key), "is no name"),
        (_asked("x-1", bad_key), "'TEST1' is no public key of this chain"),
    ):
        assert says in _refused(faucet, body)
    assert "there is no /etc" in _refused(f"{server.url}etc", None, 404)
    assert server.player("x-1") is None


def _asked(name, keys):
    return json.dumps({"account": {"name": name, **keys}}).encode()


def _refused(url, body, status=400):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=30)
    assert caught.value.code == status
    return json.loads(caught.value.read())["error"]["base"][0]

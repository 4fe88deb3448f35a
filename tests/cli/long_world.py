"""A world for what takes long: a bidder with bitasset of her own, a keeper that runs, and time that can be moved."""

import json
import signal
from contextlib import contextmanager

from click.testing import CliRunner

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.errors import RefusedError
from bsip_mplp.chain.keys import keyring_of
from bsip_mplp.cli.main import cli
from tests.cli.world import GIVEN_UNITS, World, new_wif, until
from tests.kit import some_node

PARAMETERS = """
trigger_hold = 0
auction_round = {round}
auction_limit = {limit}
cure_window = 60
"""


class LongWorld(World):
    """A world with a bidder, who has some of the bitasset, and a node whose time can be moved."""

    def build(self):
        super().build()
        self.carol = self.alice.replace("alice", "carol")
        self.wifs[self.carol] = new_wif()
        self.keys = keyring_of([*(self.keys.secret(key).reveal() for key in self.keys.public_keys),
                                self.wifs[self.carol]], self.prefix)  # fmt: skip
        key = keyring_of([self.wifs[self.carol]], self.prefix).public_keys[0]
        nathan = self.id("nathan")
        self.do("nathan", builders.account_create(nathan, self.carol, key, key, key))
        carol = self.id(self.carol)
        self.do("nathan", builders.transfer(nathan, carol, Units("1.3.0", GIVEN_UNITS)))
        self.do(self.bob, builders.transfer(self.id(self.bob), carol, Units(self.asset(), 2_000_000)))
        (self.folder / "keys").write_text("\n".join(self.wifs.values()) + "\n")
        file = self.folder / "mplp.toml"
        self.round_seconds = 900 if self.moves_time else 120
        parameters = PARAMETERS.format(round=self.round_seconds, limit=2 * self.round_seconds)
        file.write_text(file.read_text().replace(f"[markets.{self.market}]", f"[markets.{self.market}]{parameters}"))
        return self

    @property
    def moves_time(self):
        """Whether the node is the embedded one."""
        try:
            self.chain.call("devnet_status")
        except RefusedError:
            return False
        return True

    def pass_time(self, seconds):
        """Move the chain's time, or wait for it."""
        if self.moves_time:
            self.chain.call("devnet_advance", seconds)
        else:
            end = self.chain.head().time + seconds
            until(lambda: self.chain.head().irreversible_time >= end, "the chain's time", 2 * seconds + 60)

    def see(self, *words):
        """What a view says, as JSON."""
        ran = self._run(*words, "--json")
        assert ran.exit_code == 0, (words, ran.stdout, ran.stderr, ran.exception)
        return json.loads(ran.stdout)

    def memo(self, sender, amount, text, asset=None):
        """A transfer as any wallet makes it; by the machine's clock, so only until the chain's time is moved."""
        from bitshares import BitShares

        bitshares = BitShares(self.url, keys=[self.wifs[sender]], num_retries=3)
        bitshares.transfer(self.pool, amount, asset or self.core, memo=text, account=sender)

    def ask(self, name, *words):
        """A request that is to count; returns what it said."""
        ran = self._run("-a", name, *words, "--wait")
        assert ran.exit_code == 0, (words, ran.stderr, ran.exception)
        return ran.stdout

    def refused(self, name, *words):
        """A request that a rule is to refuse; returns the line that says why."""
        ran = self._run("-a", name, *words, "--wait")
        assert (ran.exit_code, "Nothing is lost" in ran.stderr) == (2, True), (words, ran.stderr, ran.exception)
        return ran.stderr

    def _run(self, *words):
        return CliRunner(mix_stderr=False, env=self.environment).invoke(cli, words)

    def free(self, name):
        """An account's free balance of the bitasset, in units."""
        rows = self.see("balance", "--account", name)["balances"]
        return sum(
            round(float(row["amount"]) * 10**4) for row in rows if (row["what"], row["asset"]) == ("free", self.market)
        )

    def told(self, name, part):
        """What an account was told that has some words in it."""
        return [one for one in self.see("statement", "--account", name)["told"] if part in one["text"]]


@contextmanager
def long_world(folder, more="", bots=""):
    """A node, the world on it, and a keeper; `more` is added to the configuration, `bots` to the bots' schedules."""
    with some_node() as url:
        made = LongWorld(url, folder).build()
        file = folder / "mplp.toml"
        text = file.read_text().replace("[bots]", f"[bots]{bots}")
        file.write_text(text + more.format(market=made.market))
        status, _, err = made.mplp("init")
        assert status == 0, err
        keeper = made.keeper()
        until(lambda: made.see("keeper", "status")["runs"], "a keeper runs")
        yield made
        keeper.send_signal(signal.SIGTERM)
        keeper.wait(30)
        made.connection.close()

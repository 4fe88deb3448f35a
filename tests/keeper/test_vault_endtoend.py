"""A vault the whole way, with real processes: commands of its holder, a keeper that carries orders out, a node.

What the rules and the chain do to vaults in every case is tried in tests/rules and tests/chain; here is what lies
between: configuration, memos, bots, audit, health and what the holder is shown.
"""

import json
import signal

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Authority, Units
from bsip_mplp.chain.transactions import broadcast, sign, with_fees
from tests.cli.world import World, until
from tests.keeper.test_endtoend import Devnet, json_of

VAULT = """
[vault]
keepers = {keepers}
threshold = {threshold}
keeper = "{keeper}"
guard = "{guard}"
"""


class VaultWorld(World):
    """A world with a guard, whose pool's account may make accounts; with `pair` alice's account is a keeper, too."""

    def __init__(self, url, folder, *, pair=False):
        super().__init__(url, folder)
        self.guard = f"guard-{self.pool[-8:]}1"
        self.keepers = [self.pool, self.alice] if pair else [self.pool]

    def build(self):
        super().build()
        nathan, key = self.id("nathan"), self.public[self.alice]
        self.do("nathan", builders.account_create(nathan, self.guard, key, key, key))
        return self

    def configure(self, *nodes):
        super().configure(*nodes)
        path, market = self.folder / "mplp.toml", f"[markets.{self.market}]\n"
        text = path.read_text().replace(market, f'{market}vault_prefix = "v-{self.pool[-8:]}"\n')
        text = text.replace("payouts.every_seconds", "vaults.every_seconds = 0.2\npayouts.every_seconds")
        custody = {"keepers": json.dumps(self.keepers), "threshold": len(self.keepers), "guard": self.guard}
        path.write_text(text + VAULT.format(keeper=self.pool, **custody))
        other = text.replace("/keys", "/others.keys") + VAULT.format(keeper=self.keepers[-1], **custody)
        (self.folder / "other.toml").write_text(other)
        keys = self.folder / "others.keys"
        keys.write_text(self.wifs[self.alice])
        keys.chmod(0o600)

    def upgrade(self):
        """Make the pool's account a lifetime member, and wait until that can't be undone."""
        upgrade = builders.account_upgrade(self.id(self.pool))
        fee = int(with_fees(self.chain, [upgrade])[0][1]["fee"]["amount"])
        self.do("nathan", builders.transfer(self.id("nathan"), self.id(self.pool), Units("1.3.0", fee)))
        self.do(self.pool, upgrade)
        made = self.chain.head().number
        until(lambda: self.chain.head().irreversible_number >= made, "the upgrade can't be undone")

    def do_by(self, keys, *operations):
        """Sign by the owner keys of several, broadcast."""
        signed = sign(self.chain, operations, self.keys, keys, expiration_seconds=60)
        broadcast(self.connection, signed.transaction)


@pytest.fixture(scope="module")
def devnet(tmp_path_factory):
    started = Devnet(tmp_path_factory.mktemp("node"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory, devnet):
    folder = tmp_path_factory.mktemp("vaults")
    made = VaultWorld(devnet.url, folder).build()
    status, _, err = made.mplp("init")
    assert (status, err.count("\n")) == (2, 1)
    assert f"{made.pool} must be a lifetime member of the chain" in err
    made.upgrade()
    status, out, err = made.mplp("init")
    assert status == 0, err
    assert f"vaults are kept by {made.pool} and guarded by {made.guard}" in out
    keeper = made.keeper()
    until(lambda: made.leads(keeper), "a keeper runs")
    done(made, "-a", made.alice, "keeper", "reserve", "2000", "--wait")
    done(made, "-a", made.alice, "lend", "3000", made.core, "--rate", "12%", "--days", "14", "--wait")
    yield made
    keeper.send_signal(signal.SIGKILL)
    keeper.wait(30)


def done(world, *words):
    status, out, err = world.mplp(*words, timeout=200)
    assert status == 0, err
    return out


def refused(world, *words):
    status, out, err = world.mplp(*words, timeout=200)
    assert (status, err.count("\n")) == (2, 1), (out, err)
    return err


def shown(world):
    (vault,) = json_of(world, "vault", "show")["vaults"]
    return vault


def at_rest(world, **chain):
    """The vault as it is shown once nothing is under way and the chain has what is expected."""

    def look():
        vaults = json_of(world, "vault", "show")["vaults"]
        ready = vaults and vaults[0]["chain"] and not vaults[0]["chain"]["under_way"] and not vaults[0]["queued"]
        fits = ready and all(vaults[0]["chain"][name] == value for name, value in chain.items())
        return vaults[0] if fits and vaults[0]["chain"]["as_in_the_ledger"] else None

    return until(look, f"the vault at rest with {chain}", 120)


def test_v_3_a_position_is_moved_in_shown_and_lent_to_and_what_is_forbidden_is_refused(world):
    done(world, "vault", "move", "--wait")
    vault = at_rest(world, collateral="1634.00000", debt="1000.0000")
    assert vault["authorities"] == {
        "owner": f"2 of {', '.join(sorted([world.bob, world.guard]))}", "active": f"1 of {world.pool}",
        "checked": True, "fault": None,
    }  # fmt: skip
    assert "has no position" in refused(world, "vault", "move")

    assert "V-" in refused(world, "vault", "take", "100", world.core, "--wait")
    done(world, "interest", "20", world.core, "--wait")
    dry = json_of(world, "borrow", "--least", "--dry-run")
    assert dry["vault"] == vault["vault"]
    done(world, "borrow", "--least", "--wait")
    lent = until(lambda: json_of(world, "loans")["loans"], "the loan in the vault", 120)[0]
    vault = at_rest(world)
    assert vault["state"] == "protected"
    assert float(vault["chain"]["collateral"]) == pytest.approx(1634 + float(lent["amount"]))
    assert dry["ratios"][1]["after"] == vault["amounts"][-1]["ratio"]
    assert json_of(world, "loans")["note"] is None

    done(world, "vault", "add", "50", world.core, "--wait")
    done(world, "vault", "pay", "100", world.market, "--wait")
    at_rest(world, debt="900.0000")


def test_v_11_what_somebody_sends_to_the_vault_is_seen_and_stops_nothing(world):
    vault = shown(world)
    account = world.id(vault["vault"])
    world.do(world.bob, builders.transfer(world.id(world.bob), account, Units(world.asset(), 5)))
    until(lambda: shown(world)["chain"]["beside"] == {world.market: "0.0005"}, "the gift on the chain")
    until(lambda: json_of(world, "audit")["verdict"] == "agrees", "ledger and chain agree", 120)
    (row,) = json_of(world, "audit")["vaults"]
    assert (row["collateral"], row["debt"], row["note"]) == (row["on_chain"], row["debt_on_chain"], "the same")
    assert json_of(world, "verify")["holds"]


def test_v_2_authorities_that_holder_and_guard_change_together_are_told_and_nothing_more_goes_in(world):
    vault = shown(world)
    fee = Units("1.3.0", 25 * 10**5)  # the account pays for its own change
    world.do(world.bob, builders.transfer(world.id(world.bob), world.id(vault["vault"]), fee))
    own = Authority(1, ((world.id(world.bob), 1),))
    change = builders.account_update(world.id(vault["vault"]), active=own)
    world.do_by([world.public[world.bob], world.public[world.alice]], change)
    health = until(lambda: [r for r in json_of(world, "health")["reasons"] if vault["vault"] in r], "the alarm", 120)
    assert f"the active authority of {vault['vault']} is 1 of {world.bob}" in health[0]
    assert "V-2" in refused(world, "borrow", "--amount", "100", "--wait")
    assert "NOT as agreed" in done(world, "vault", "show")


def test_bad_input_is_one_line_and_nothing_is_sent(world):
    head = json_of(world, "verify")["inputs"]
    for words, says in (
        (("vault", "open", "10", world.core, "--debt", "x"), "is no"),
        (("vault", "borrow", "10", world.core), "is no bitasset of a market here"),
        (("vault", "take", "10", world.market), "the collateral of"),
        (("vault", "show", "nobody"), "is no vault here"),
        (("vault", "add", "10", "NOSUCH"), "is no asset here"),
    ):
        assert says in refused(world, *words)
    assert json_of(world, "verify")["inputs"] == head
    assert json.loads(world.mplp("vault", "show", "--account", world.alice, "--json")[1]) == {"vaults": []}


def test_v_2_with_two_keepers_a_vault_is_opened_by_a_proposal_that_the_other_approves(tmp_path, devnet):
    world = VaultWorld(devnet.url, tmp_path, pair=True).build()
    world.upgrade()
    done(world, "init")
    keeper = world.keeper()
    try:
        done(world, "-a", world.alice, "keeper", "reserve", "2000", "--wait")
        done(world, "vault", "open", "2000", world.core, "--debt", "1000")
        proposal = until(lambda: _approved(world), "a proposal that the other keeper approves", 120)
        assert "order 2" in proposal
        vault = at_rest(world, collateral="2000.00000", debt="1000.0000")
        assert vault["authorities"]["active"] == f"2 of {', '.join(sorted(world.keepers))}"
        assert vault["authorities"]["fault"] is None
    finally:
        keeper.send_signal(signal.SIGKILL)
        keeper.wait(30)


def _approved(world):
    """What the other keeper says once it has approved something: with its own key, beside the same journal."""
    out = done(world, "--config", str(world.folder / "other.toml"), "keeper", "approve", "--once")
    return out if "was sent" in out else None

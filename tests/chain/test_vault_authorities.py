"""V-2, the table of who can do what with which key, tried on a node: each forbidden transaction is refused by it.

With MPLP_TEST_NODE=ws://HOST:PORT it is tried on that node. What is forbidden is really sent; what is allowed is shown
to the node, which says that it would take it.
"""

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Authority, Units
from bsip_mplp.chain.errors import RefusedError
from bsip_mplp.chain.keys import keyring_of
from bsip_mplp.chain.transactions import broadcast, sign
from bsip_mplp.rules.inputs import OrderDone
from tests.chain.test_vault_keepers import Room
from tests.chain.vault_town import VaultTown

MISSING = ("tx_missing_active_auth", "tx_missing_owner_auth")

WHO = {
    "holder": ("holder",),
    "guard": ("guard",),
    "keeper": ("keeper",),
    "another keeper": ("keeper 2",),
    "two keepers": ("keeper", "keeper 2"),
    "all keepers": ("keeper", "keeper 2", "keeper 3"),
    "holder and guard": ("holder", "guard"),
    "holder and keeper": ("holder", "keeper"),
    "guard and keeper": ("guard", "keeper"),
    "guard and two keepers": ("guard", "keeper", "keeper 2"),
    "stranger": ("stranger",),
}
"""Who signs, each with the one key of the account."""

AS_ACTIVE = {"take collateral", "borrow more", "pay out", "close", "sell", "settle", "change active", "propose"}
AS_OWNER = {"change owner", "change both"}
WHAT = AS_ACTIVE | AS_OWNER

ALLOWED = {
    "one keeper": {
        "keeper": AS_ACTIVE,
        "holder and guard": WHAT,
    },
    "two of three keepers": {
        "two keepers": AS_ACTIVE,
        "holder and guard": WHAT,
    },
}
"""V-2: what is not in here is forbidden. The owners may do all that the keepers may, as the chain has it."""

NEEDLESS = {
    "one keeper": {"two keepers", "all keepers", "holder and keeper", "guard and keeper", "guard and two keepers"},
    "two of three keepers": {"all keepers", "guard and two keepers"},
}
"""Who has a signature too many for what fewer of them may do: the chain refuses that too, but for that reason."""


class Tried:
    """A vault with a position, and everyone's try at it."""

    def __init__(self, world, threshold):
        self.town = town = VaultTown.found(world)
        others = world.people("keeper", "third", "stranger", core=10**10)
        self.people = {"holder": town.holder, "guard": town.guard, "keeper": town.pool, "stranger": others[2]}
        self.people |= {"keeper 2": others[0], "keeper 3": others[1]}
        if threshold > 1:
            town.keepers, town.threshold = [town.pool, *others[:2]], threshold
        self.name = town.open()
        self.id = world.chain.account_ids([self.name])[self.name]
        self.market_id = world.chain.asset(town.market).id
        order = town.order(self.name, *town.entering(self.name, 10**9, 10**6))
        done = town.carry_out(order) if threshold == 1 else Room(town, order).until_done(others[0])
        assert isinstance(done, OrderDone)
        money = builders.transfer(town.pool.id, self.id, Units("1.3.0", 10**10))
        bitasset = builders.transfer(town.pool.id, self.id, Units(self.market_id, 10**6))
        world.send([money, bitasset], town.pool)

    def operation(self, what):
        core, debt = (lambda units: Units("1.3.0", units)), (lambda units: Units(self.market_id, units))
        mine = Authority(1, ((self.people["holder"].id, 1),))
        match what:
            case "take collateral":
                return builders.call_order_update(self.id, core(-(10**7)), debt(0), None)
            case "borrow more":
                return builders.call_order_update(self.id, core(0), debt(10), None)
            case "close":
                return builders.call_order_update(self.id, core(-(10**9)), debt(-(10**6)), None)
            case "pay out":
                return builders.transfer(self.id, self.people["stranger"].id, core(10**6))
            case "sell":
                return builders.limit_order_create(
                    self.id, core(10**6), debt(1), self.town.world.chain.head().time + 600
                )
            case "settle":
                return builders.asset_settle(self.id, debt(10))
            case "propose":
                return builders.proposal_create(
                    self.id, [builders.transfer(self.id, mine.accounts[0][0], core(1))],
                    self.town.world.chain.head().time + 600,
                )  # fmt: skip
            case "change active":
                return builders.account_update(self.id, active=mine)
            case "change owner":
                return builders.account_update(self.id, owner=mine)
            case "change both":
                return builders.account_update(self.id, owner=mine, active=mine)

    def try_it(self, who, what):
        """None if the chain would take it, else the name of its refusal."""
        chain = self.town.world.chain
        keyring = keyring_of([self.people[one].wif for one in WHO[who]], self.town.world.network.prefix)
        signed = sign(chain, [self.operation(what)], keyring, keyring.public_keys, expiration_seconds=60)
        try:
            chain.call("validate_transaction", signed.transaction)
        except RefusedError as refusal:
            shown = refusal.name
        else:
            return None
        with pytest.raises(RefusedError) as sent:  # and it is refused when it is really sent
            broadcast(chain.connection, signed.transaction)
        assert sent.value.name == shown
        return shown


@pytest.fixture(scope="module", params=[1, 2], ids=["one keeper", "two of three keepers"])
def tried(request, world):
    return Tried(world, request.param)


def is_one(tried):
    return "one keeper" if tried.town.threshold == 1 else "two of three keepers"


@pytest.mark.parametrize("who", WHO)
def test_v_2_the_table_of_who_can_do_what(tried, who):
    kind = is_one(tried)
    may = ALLOWED[kind].get(who, set())
    for what in sorted(WHAT):
        refusal = tried.try_it(who, what)
        if what in may:
            assert refusal is None, f"{who} may {what}"
        elif who in NEEDLESS[kind] and what in AS_ACTIVE:
            assert refusal == "tx_irrelevant_sig", f"{who}: {what}"
        else:
            assert refusal in MISSING, f"{who} may not {what}"


def test_v_2_no_key_at_all_moves_nothing(tried):
    chain = tried.town.world.chain
    for what in sorted(WHAT):
        signed = sign(chain, [tried.operation(what)], tried.town.pool.keyring, [], expiration_seconds=60)
        with pytest.raises(RefusedError) as refused:
            broadcast(chain.connection, signed.transaction)
        assert refused.value.name in MISSING


def test_v_11_anyone_may_put_money_in(tried):
    world, stranger = tried.town.world, tried.people["stranger"]
    world.send([builders.transfer(stranger.id, tried.id, Units("1.3.0", 1))], stranger)


def test_v_2_nobody_can_adjust_another_ones_position_in_the_vaults_name(tried):
    """Paying its debt from outside is done by giving it the bitasset: a position is its own account's alone."""
    world, stranger = tried.town.world, tried.people["stranger"]
    operation = builders.call_order_update(tried.id, Units("1.3.0", 0), Units(tried.market_id, -1), None)
    signed = sign(world.chain, [operation], stranger.keyring, [stranger.key], expiration_seconds=60)
    with pytest.raises(RefusedError) as refused:
        broadcast(world.connection, signed.transaction)
    assert refused.value.name in MISSING

"""A long loan's life on a chain, with real transfers: what a rule refuses comes back as free balance, with the reason.

The keeper is a process of its own and every signature is real. The embedded node's time is moved. With
MPLP_TEST_NODE=ws://HOST:PORT it runs on another node as far as it can in a few minutes: to the end of a round.
"""

import json

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.cli.output import NO_HOLD
from tests.cli.long_world import long_world
from tests.cli.world import until

DAY = 86_400


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with long_world(tmp_path_factory.mktemp("long")) as made:
        yield made


@pytest.mark.timeout(900)
def test_the_life_of_a_long_loan(world):
    """One story in order, since each part needs the chain as the one before has left it."""
    lent_and_in_auction(world)
    refused_bids_come_back(world)
    parameters_change_while_the_keeper_runs(world)
    bonds_that_are_not_there_are_refused(world)
    a_round_is_won_and_the_other_bid_comes_back(world)
    if not world.moves_time:
        assert world.see("verify")["holds"]
        pytest.skip("what follows takes weeks of chain time: only the embedded node can move it")
    unsold_and_carried_until_bonds_are_offered(world)
    bonds_are_bought_passed_on_and_refused(world)
    bonds_are_put_on_the_chain_sold_there_and_brought_back(world)
    black_and_carried_again(world)
    what_was_redeemed_on_the_chain_comes_with_the_units(world)
    assert world.see("verify")["holds"]


def lent_and_in_auction(world):
    world.memo(world.alice, 20_000, "mplp operator")  # for the chain's fees
    world.ask(world.alice, "lend", "1000", world.core, "--rate", "12%", "--days", "90", "--period", "30")
    world.ask(world.bob, "borrow", "--pool", "1", "--interest", "20", world.core)
    world.feed(72, 1000)  # CR 1.18, LCR 1.45: under MCR, and the chain finds no order to call it with
    (auction,) = until(lambda: world.see("auctions")["auctions"], "an auction")
    assert (auction["auction"], auction["position"], auction["opened_by"]) == (1, world.bob, "PL-22")
    assert world.see("auctions")["note"] == NO_HOLD


def refused_bids_come_back(world):
    assert "refused by PL-30: the holder of the position can't bid" in world.refused(world.bob, "bid", "1", "5")
    assert world.free(world.bob) == 50_000
    world.memo(world.carol, 5, f"mplp bid 9 5 {world.market}", world.market)  # `mplp bid` itself would not send it
    (told,) = until(lambda: world.told(world.carol, "auction 9 is not running"), "the refusal")
    assert told["rule"] == "PL-27"
    assert world.free(world.carol) == 50_000
    world.memo(world.carol, 5, "mplp bid 1")
    (told,) = until(lambda: world.told(world.carol, "bids are in"), "the reason")
    assert (told["rule"], world.core in told["text"]) == ("PL-30", True)
    moved = world.see("statement", "--account", world.carol)["movements"][-1]
    assert (moved["amount"], moved["of"], moved["meaning"]) == (
        "5.00000", "free", "What you sent to the pool's account."
    )  # fmt: skip


def parameters_change_while_the_keeper_runs(world):
    words = ("params", world.market, "--set", "auction_limit=3600", "--wait", "--json")
    status, out, err = world.mplp(*words)
    assert status == 0, err
    assert json.loads(out)["refused"] is None
    status, _, err = world.mplp("params", world.market, "--set", "lmcr=1.55", "--wait")
    assert (status, "PL-D7" in err) == (2, True)
    assert world.see("auctions")["auctions"][0]["round"] == "1 of 2"  # PL-D24: it keeps what it opened with


def a_round_is_won_and_the_other_bid_comes_back(world):
    before = world.free(world.carol)
    world.memo(world.carol, 10, f"mplp bid 1 3 {world.market}", world.market)
    until(lambda: world.told(world.carol, "Bid 1 stands in auction 1"), "the bid stands")
    assert world.free(world.carol) == before + 70_000  # what came over the bid
    world.ask(world.carol, "bid", "1", "0.5", "--from-balance")
    assert world.free(world.carol) == before + 70_000 - 5_000
    assert world.see("auctions")["auctions"][0]["open_bids"] == 2
    world.pass_time(world.round_seconds)
    won = until(lambda: [a for a in world.see("auctions", "--ended")["auctions"] if a["winner"]], "the round's end")
    assert (won[0]["winner"], won[0]["price"]) == (world.carol, "3.0000")
    assert world.free(world.carol) == before + 70_000
    assert world.told(world.carol, "Bid 2 in auction 1 came back")
    (position,) = world.see("position", world.bob)["positions"]
    assert position["holder"] == world.carol
    assert "2.4" in next(line["what"] for line in reversed(position["history"]) if "to the lender" in line["what"])


def bonds_that_are_not_there_are_refused(world):
    before = world.free(world.carol)
    world.memo(world.carol, 2, "mplp buy-bond 1", world.market)
    until(lambda: world.told(world.carol, "series 1 is not on offer"), "the reason")
    assert world.free(world.carol) == before + 20_000
    world.memo(world.carol, 0.0001, "mplp redeem 1", world.market)
    until(lambda: world.told(world.carol, "you hold no bonds of series 1"), "the reason")
    world.memo(world.carol, 0.0001, f"mplp pass-bond 1 5 {world.market} to={world.alice} for=5", world.market)
    until(lambda: world.told(world.carol, "there is no series 1"), "the reason")
    assert world.free(world.carol) == before + 20_002


def unsold_and_carried_until_bonds_are_offered(world):
    world.feed(71, 1000)
    world.pass_time(120)
    until(lambda: [a for a in world.see("auctions")["auctions"] if a["auction"] == 2], "another auction")
    world.pass_time(3600)
    (row,) = until(lambda: world.see("carried")["positions"], "carried")
    assert (row["account"], row["holder"], row["state"]) == (world.bob, world.carol, "carried")
    world.pass_time(54 * DAY)
    (series,) = until(lambda: world.see("bonds")["series"], "bonds on offer")
    assert series["state"].startswith("on offer until")
    reasons = until(
        lambda: [r for r in json.loads(world.mplp("health", "--json")[1])["reasons"] if "lack a buyer" in r],
        "a warning",
    )
    assert reasons[0].startswith("bond series 1: ")


def bonds_are_bought_passed_on_and_refused(world):
    world.ask(world.carol, "buy-bond", "1", "1")
    assert world.see("bonds", "--account", world.carol)["series"][0]["held"] == "1.0000"
    assert "redeemed from income only" in world.refused(world.carol, "redeem", "1")
    assert "you hold no bonds" in world.refused(world.alice, "redeem", "1", "0.5")
    world.ask(world.carol, "pass-bond", "1", "0.5", world.alice, "0.1")
    before = world.free(world.alice)
    assert before > 1000  # the interest that the auction brought
    world.ask(world.alice, "take-bond", "1", "--from-balance")
    assert world.free(world.alice) == before - 1000
    assert "is not yours, or no longer open" in world.refused(world.carol, "keep-bond", "1")


def black_and_carried_again(world):
    world.pass_time(8 * DAY)
    until(lambda: [r for r in world.see("carried")["positions"] if r["state"] == "black"], "black")
    assert "PL-D35" in world.refused(world.carol, "close-black", world.bob)  # nothing is done on the chain
    (funds,) = world.see("insurance")["markets"]
    assert funds["black"] == [world.bob]
    world.ask(world.carol, "insure", "50", world.market)
    (row,) = world.see("carried")["positions"]
    assert (row["state"], row["periods_owed"]) == ("carried", 0)
    assert world.see("bonds")["series"] == []
    assert "PL-39" in {line["rule"] for line in world.see("statement", "--account", world.alice)["movements"]}


def units_of(world, name, symbol):
    """What an account has of an asset on the chain."""
    return world.chain.balances(name).get(symbol, 0)


def bonds_are_put_on_the_chain_sold_there_and_brought_back(world):
    prefix = f"B{world.market}"
    assert "no bond_prefix" in world.refused(world.carol, "issue-bond", "1")
    status, _, err = world.mplp("params", world.market, "--set", f"bond_prefix={prefix}", "--wait")
    assert status == 0, err
    world.ask(world.carol, "issue-bond", "1", "0.4")
    bond = f"{prefix}1"
    until(lambda: units_of(world, world.carol, bond) == 4000, "units on the chain")
    (row,) = world.see("bonds", "--account", world.carol)["series"]
    assert (row["held"], row["on_chain"], row["asset"]) == ("0.1000", "0.4000", bond)
    (made,) = world.chain.call("lookup_asset_symbols", [bond])
    options = made["options"]
    assert (made["precision"], int(options["issuer_permissions"]), int(options["flags"])) == (4, 0x600, 0x200)

    bonds, money = Units(world.chain.asset(bond).id, 4000), Units(world.asset(), 3000)
    expires = world.chain.head().time + 3600
    world.do(world.carol, builders.limit_order_create(world.id(world.carol), bonds, money, expires))
    world.do(world.bob, builders.limit_order_create(world.id(world.bob), money, bonds, expires))
    assert (units_of(world, world.carol, bond), units_of(world, world.bob, bond)) == (0, 4000)
    send_units(world, bond, 3000)
    told = until(lambda: world.told(world.bob, "You brought back"), "bonds again")
    assert told[0]["text"] == f"You brought back 0.3000 {world.market} of bond series 1, and 0.0000 {world.market} " \
        "that was paid meanwhile."  # fmt: skip
    assert world.see("bonds", "--account", world.bob)["series"][0]["held"] == "0.3000"
    world.ask(world.alice, "issue-bond", "1", "0.2")  # sent from what came back
    until(lambda: units_of(world, world.alice, bond) == 2000, "units that were brought back")
    the_audit_agrees(world, bond, known=4000)


def send_units(world, bond, units):
    """A plain transfer of bob's to the pool's account, without a memo."""
    money = Units(world.chain.asset(bond).id, units)
    world.do(world.bob, builders.transfer(world.id(world.bob), world.id(world.pool), money))


def the_audit_agrees(world, bond, known):
    found = until(lambda: (one := world.see("audit"))["verdict"] == "agrees" and one, "ledger and chain agree")
    (row,) = found["bonds"]
    assert (row["asset"], row["known"], row["to_be_issued"], row["on_chain"]) == (bond, known, 0, known)


def what_was_redeemed_on_the_chain_comes_with_the_units(world):
    bond = f"B{world.market}1"
    before = world.free(world.bob)
    send_units(world, bond, 1000)
    (told,) = until(lambda: world.told(world.bob, "0.0000 " + world.market + " of bond series 1"), "the money")
    came = world.free(world.bob) - before
    assert 1000 <= came <= 1010, told  # one for one, with its coupon
    assert f"0.{came:04} {world.market} that was paid meanwhile" in told["text"]
    the_audit_agrees(world, bond, known=4000)

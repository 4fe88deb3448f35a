"""The shared pool from a user's chair: `pool`, `supply`, `hold`, `rewards`, `leave` against a keeper and a chain.

Every request is a real transfer and every figure is what a command shows; what it must be is worked out here, from the
rules and the chain's own figures.
"""

from fractions import Fraction
from math import ceil

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.history import read_after
from tests.cli.long_world import long_world
from tests.cli.world import until

POOL = """
[shared_pools.{market}]
model = "fixed"
rate = 0.02
a = 10
b = 7
icr = 1.7
fee = 0.05
"""
DAY = 86_400
COLLATERAL, DEBT = 163_400_000, 10_000_000
ICR, RATE, A, B, FEE = Fraction(17, 10), Fraction(2, 100), 10, 7, Fraction(5, 100)


BOTS = """
vaults.every_seconds = 0.2
auditor.every_seconds = 1
"""
"""Settlements are begun by the first, and once the second has found that what is owed is held."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with long_world(tmp_path_factory.mktemp("shared"), POOL, BOTS) as made:
        yield made


def extra(price):
    """SP-1."""
    return DEBT - int(COLLATERAL * price / ICR)


def interest(price):
    """SP-2, for T."""
    return ceil(extra(price) * A * (Fraction(DEBT, 1) / (COLLATERAL * price)) ** B * RATE)


def units(text, digits=4):
    return int(Fraction(text.split()[0].replace(",", "")) * 10**digits)


def figures(world):
    (pool,) = world.see("pool", world.market)["pools"]
    return {row["what"]: row["value"] for row in pool["figures"]} | {"queue": pool["queue"]}


def has(world, name, what, asset=None):
    """What an account has under a heading, in units of the bitasset, or of the core asset if that is named."""
    rows, digits = world.see("balance", "--account", name)["balances"], 4 if asset is None else 5
    wanted = (what, asset or world.market)
    return sum(units(row["amount"], digits) for row in rows if (row["what"], row["asset"]) == wanted)


@pytest.mark.timeout(600)
def test_supply_hold_rewards_and_leave(world):
    """One story in order, since each part needs the pool as the one before has left it."""
    lent_to_the_pool(world)
    what_holding_costs_is_shown_on_first_use(world)
    a_vault_where_none_are_kept_is_not_made_and_the_money_is_back(world)
    what_a_rule_refuses_comes_back(world)
    what_holding_costs_is_shown_and_then_taken(world)
    a_falling_price_takes_more_of_the_pool(world)
    the_lender_leaves_and_waits(world)
    if not world.moves_time:
        assert world.see("verify")["holds"]
        pytest.skip("what follows takes days of chain time: only the embedded node can move it")
    rewards_and_what_came_free(world)
    settled = rewards_in_core_asset_are_settled(world)
    what_was_settled_is_withdrawn(world)
    the_holder_leaves_and_all_is_conserved(world, settled)
    assert world.see("verify")["holds"]


def lent_to_the_pool(world):
    until(lambda: figures(world)["least mcr"] == "1.550", "the feed is seen")
    assert units(figures(world)["supply"]) == 0
    world.memo(world.carol, 200, "mplp operator", world.core)  # the chain's fees, for what is settled and paid out
    world.ask(world.carol, "supply", "150", world.market)
    shown = figures(world)
    assert (units(shown["supply"]), units(shown["available"]), shown["use"]) == (1_500_000, 1_500_000, "0 %")
    assert has(world, world.carol, f"lent to the shared pool of {world.market}") == 1_500_000


def what_holding_costs_is_shown_on_first_use(world):
    """Feed and position are the chain's: the ledger has never seen the position. What can't be is not sent."""
    assert world.see("position", "--account", world.bob)["positions"] == []
    inputs = world.see("verify")["inputs"]
    status, _, said = world.mplp("-a", world.bob, "hold", world.market, "--what-if")
    assert status == 0, said
    assert f"takes {extra(Fraction(1, 10)) / 10**4:.4f} {world.market}" in said
    for who, mcr, says in (
        (world.bob, "0.9", "refused by SP-16"),
        (world.alice, "1.2", f"{world.alice} has no position in {world.market}"),
        ("nobody-there-1", "1.2", "nobody-there-1"),
    ):
        for more in ([], ["--what-if"]):
            status, out, said = world.mplp("-a", who, "hold", world.market, "--mcr", mcr, *more)
            assert (status, out, said.count("\n")) == (2, "", 1), said
            assert says in said
    assert world.see("verify")["inputs"] == inputs


def a_vault_where_none_are_kept_is_not_made_and_the_money_is_back(world):
    """This keeper has no `[vault]`."""
    status, said, warned = world.mplp(
        "-a", world.alice, "vault", "open", "2000", world.core, "--debt", "1000", "--wait"
    )
    assert status == 0, warned
    assert "This configuration has no [vault]" in warned
    assert "this operator keeps no vaults. The money is your free balance." in said
    rows = world.see("balance", "--account", world.alice)["balances"]
    assert [(row["what"], row["amount"]) for row in rows] == [("free", "2000.00000")]


def what_a_rule_refuses_comes_back(world):
    assert "SP-9" in world.refused(world.carol, "leave", world.market, "151")
    assert "SP-9" in world.refused(world.bob, "leave", world.market)
    assert "SP-18" in world.refused(world.bob, "hold", world.market)  # without interest
    assert world.free(world.bob) == 0
    world.memo(world.carol, 1, "mplp supply", world.core)  # core asset is lent to no shared pool
    until(lambda: world.told(world.carol, "shared pool"), "the refusal is told")


def what_holding_costs_is_shown_and_then_taken(world):
    price = Fraction(1, 10)
    world.ask(world.bob, "interest", "1", world.core)
    status, _, said = world.mplp("-a", world.bob, "hold", world.market, "--what-if")
    assert status == 0, said
    assert f"takes {extra(price) / 10**4:.4f} {world.market} and costs {interest(price) / 10**4:.4f}" in said
    assert "no margin call is due" in said
    status, _, said = world.mplp("-a", world.bob, "hold", world.market, "--mcr", "1.2", "--what-if")
    there = Fraction(12, 10) * DEBT / COLLATERAL  # the price at which cr is 1.2
    sold = ceil((Fraction(155, 100) * DEBT / there - COLLATERAL) / Fraction(55, 100))
    assert f"costs {interest(there) / 10**4:.4f} {world.market} for 14 days" in said.splitlines()[-1]
    assert f"a margin call would sell {sold / 10**5:.5f} {world.core}" in said.splitlines()[-1]
    assert not units(figures(world)["upper (raises positions under ICR)"])
    world.ask(world.bob, "hold", world.market, "--mcr", "1.2", "--interest", "100")
    shown = figures(world)
    assert shown["positions that take part, of them served"] == "1, 1"
    assert units(shown["upper (raises positions under ICR)"]) == extra(price)
    assert units(shown["available"]) == 1_500_000 - extra(price)
    assert has(world, world.bob, f"interest for the shared pool of {world.market}") == 1_000_000 - interest(price)
    (shown,) = world.see("position", "--account", world.bob)["positions"]
    assert units(shown["of_shared_pool"]) == extra(price)
    assert (shown["CR"], shown["LCR"]) == ("1.634", "1.700")  # the extra debt asset is counted
    assert shown["mcr"] == "1.550"  # SP-8: nobody is in lower, so the least is MCR
    rules = [line["rule"] for line in world.see("statement", "--account", world.bob)["movements"]]
    assert "SP-4" in rules


def a_falling_price_takes_more_of_the_pool(world):
    price = Fraction(95, 1000)  # cr 1.5523
    world.feed(95, 1000)
    until(lambda: units(figures(world)["upper (raises positions under ICR)"]) == extra(price), "the pool follows")
    assert figures(world)["least mcr"] == "1.550"
    world.feed(94, 1000)  # cr 1.5359: under MCR, over its own mcr
    lower = extra(Fraction(94, 1000))
    until(lambda: units(figures(world)["lower (keeps positions under MCR)"]) == lower, "lower serves it")
    assert figures(world)["least mcr"] == "1.535"
    (shown,) = world.see("position", "--account", world.bob)["positions"]
    assert (shown["CR"], shown["mcr"]) == ("1.535", "1.535")  # SP-8: the larger of 1.2 and the least
    assert units(figures(world)["upper (raises positions under ICR)"]) == 0


def the_lender_leaves_and_waits(world):
    at_once = 1_500_000 - extra(Fraction(94, 1000))
    world.ask(world.carol, "leave", world.market)
    assert has(world, world.carol, "free") == at_once
    shown = figures(world)
    assert units(shown["supply"]) == 1_500_000 - at_once
    assert units(shown["available"]) == 0
    ((who, waits),) = [(one["lender"], one["waits"]) for one in shown["queue"]]
    assert (who, units(waits)) == (world.carol, 1_500_000 - at_once)


def rewards_and_what_came_free(world):
    before, lent = has(world, world.carol, "free"), units(figures(world)["supply"])
    world.pass_time(DAY)
    until(lambda: units(figures(world)["supply"]) < lent, "some comes free")
    world.ask(world.carol, "rewards", world.market)
    shown = figures(world)
    came_free = lent - units(shown["supply"])
    got = has(world, world.carol, "free") - before
    assert lent // 14 <= came_free <= lent // 14 + lent // (14 * 12)  # a day, and at most two steps of an hour
    earned = got - came_free
    insured = units(shown["insurance pool holds"])
    assert earned > 0
    assert insured == int((insured + earned) * FEE)  # SP-5, to the last unit


def rewards_in_core_asset_are_settled(world):
    """At a better price there is enough for the position again, and no call on the chain that would settle at once.

    Returns the bitasset units that were settled.
    """
    assert "1, 0" in figures(world)["positions that take part, of them served"]
    world.feed(96, 1000)
    until(lambda: "1, 1" in figures(world)["positions that take part, of them served"], "it is served again")
    before, core = has(world, world.carol, "free"), has(world, world.carol, "free", world.core)
    world.pass_time(DAY // 2)
    world.feed(96, 1000)  # a feed lives for a day
    world.ask(world.carol, "rewards", world.market, "--paid-in", "core")
    assert has(world, world.carol, "free") > before  # what came free is hers; the rewards are not yet
    ordered = has(world, world.carol, "settlement 2")
    assert ordered > 0
    (request,) = until(lambda: requests_to_settle(world), "the chain has the request")
    assert int(request["balance"]["amount"]) == ordered
    position, free = on_chain(world), has(world, world.carol, "free")
    for _ in range(2):  # the delay is a day, too
        world.pass_time(DAY // 2)
        world.feed(96, 1000)
    until(lambda: has(world, world.carol, "free", world.core) > core + 1, "what it brought is hers")
    got = has(world, world.carol, "free", world.core) - core - 1  # a unit came with the request
    assert got == ordered * 1000 // 96  # SP-6: at the feed
    assert on_chain(world) == (position[0] - got, position[1] - ordered)  # and it is bob's position that paid it
    assert requests_to_settle(world) == []
    assert (has(world, world.carol, "settlement 2"), has(world, world.carol, "free")) == (0, free)
    rules = [line["rule"] for line in world.see("statement", "--account", world.carol)["movements"]]
    assert "SP-6" in rules
    return ordered


def requests_to_settle(world):
    return world.chain.call("get_settle_orders", world.asset(), 10)


def on_chain(world):
    """The collateral and the debt of bob's position, as the chain has them."""
    (order,) = world.chain.call("get_call_orders", world.asset(), 10)
    return int(order["collateral"]), int(order["debt"])


def what_was_settled_is_withdrawn(world):
    """The core asset is really hers: it comes to her account on the chain."""
    units, since, carol = has(world, world.carol, "free", world.core), world.chain.head().number, world.id(world.carol)

    def came():
        entries = read_after(world.chain, carol, since)
        return [one.fields["amount"] for one in entries if one.kind == builders.TRANSFER and one.fields["to"] == carol]

    world.ask(world.carol, "withdraw", "all", world.core)
    until(came, "it is paid out")
    assert came() == [{"amount": units + 1, "asset_id": "1.3.0"}]  # with the unit that the request came with


def the_holder_leaves_and_all_is_conserved(world, settled):
    paid_in, insured = 1_500_000 + 1_000_000, units(figures(world)["insurance pool holds"])
    world.ask(world.bob, "unhold", world.market)
    shown = figures(world)
    assert shown["positions that take part, of them served"] == "0, 0"
    assert world.see("position", "--account", world.bob)["positions"][0]["mcr"] is None
    assert units(shown["available"]) == units(shown["supply"])
    world.ask(world.carol, "leave", world.market)
    world.ask(world.carol, "rewards", world.market, "--paid-in", "bitasset")
    shown = figures(world)
    assert units(shown["supply"]) == 0
    assert shown["queue"] == []
    rows = [row for name in (world.carol, world.bob) for row in world.see("balance", "--account", name)["balances"]]
    back = sum(units(row["amount"]) for row in rows if row["asset"] == world.market)
    dust = paid_in - back - settled - units(shown["insurance pool holds"])
    assert units(shown["insurance pool holds"]) >= insured
    assert 0 <= dust <= 2  # units of which no lender has earned a whole one yet
    status, _, said = world.mplp("audit")
    assert status == 0, said

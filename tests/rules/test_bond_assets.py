"""Bonds as an asset of the chain (PL-43): put there, sent home by whoever holds them, paid on meanwhile."""

import json
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsip_mplp.rules.bond_state import ON_CHAIN
from bsip_mplp.rules.codec import input_from_json, input_to_json, outcome_to_json
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import IssueBond, OrderDone, OrderFailed, OrderFilled, Redeem
from tests.rules import invariants
from tests.rules.scene import DAY
from tests.rules.test_bonds import short_of_interest

ASSET = "MPLPBOND1"
PEOPLE = ("cat", "dan", "eve")


class Chain:
    """The chain's side: it does or refuses orders, and knows who holds how many units of the asset."""

    def __init__(self, scene):
        self.scene, self.units, self.done = scene, {}, set()

    def open(self):
        """Open orders for bonds, the oldest first."""
        orders = self.scene.engine.book.orders.values()
        return [order for order in orders if order.state == "open" and order.kind.startswith("bond_")]

    def carry_out(self, order=None, fee=7):
        for one in [order] if order else self.open():
            if one.kind != "bond_asset":
                self.units[one.account] = self.units.get(one.account, 0) + one.units
            done = OrderDone(
                time=self.scene.now, order=one.number, fee_asset="BTS", fee=fee, transaction=f"t{one.number}"
            )
            self.scene.put(done)

    def refuse(self, order=None):
        for one in [order] if order else self.open():
            self.scene.put(OrderFailed(time=self.scene.now, order=one.number, reason="no"))

    def send(self, frm, to, units):
        self.units[frm] -= units
        self.units[to] = self.units.get(to, 0) + units

    def bring_back(self, account, units=None, **more):
        units = self.units[account] if units is None else units
        self.units[account] -= units
        self.scene.deposit(account, units, ASSET, **more)


def stage(sold=None, **more):
    """A series of 180 in its window, sold to `sold`, and the chain; the window ends on day 30."""
    scene = short_of_interest(bond_prefix="MPLPBOND", **more)
    for name, units in (sold or {"cat": 180}).items():
        scene.buy_bond(name, units)
    return scene, Chain(scene)


def issue(scene, account, amount=None, series=1, **more):
    return scene.ask(account, IssueBond(series=series, amount=amount, **more))


def income(scene, units):
    """Income of the fund, after the window: coupon first, then principal."""
    scene.now = max(scene.now, 31 * DAY)
    scene.wait()
    scene.insure("zoe", units, "USD")


def pot(scene, asset="USD"):
    return scene.engine.ledger.balance("bonds/1", asset)


def test_pl_43_bonds_are_issued_on_the_chain_once_their_asset_is_made():
    scene, chain = stage()
    issue(scene, "cat", 100)

    assert scene.series().holdings == {"cat": 80, ON_CHAIN: 100}
    (made,) = scene.outcome.orders
    assert (made.kind, made.asset, made.units) == ("bond_asset", ASSET, 180)  # never more than the series offers
    issue(scene, "cat", 30)
    assert scene.outcome.orders == ()  # the asset is made once
    chain.carry_out()
    kinds = [(order.kind, order.account, order.asset, order.units) for order in scene.outcome.orders]
    assert kinds == [("bond_issue", "cat", ASSET, 100), ("bond_issue", "cat", ASSET, 30)]
    chain.carry_out()
    assert (chain.units, scene.series().on_chain) == ({"cat": 130}, 130)
    assert scene.told("cat") == ["0.0030 MPLPBOND1 was sent to you on the chain."]
    assert scene.engine.ledger.balance("operator", "BTS") == -21  # G-5: three fees


@pytest.mark.parametrize("ends", ["carry_out", "refuse"])
def test_pl_43_units_may_be_back_before_the_end_of_their_order_is_read(ends):
    """A deposit is read in one turn and the end of an order in another; that an order then fails can only be a lie."""
    scene, chain = stage()
    issue(scene, "cat", 100)
    chain.carry_out()
    (order,) = chain.open()
    scene.deposit("dan", 100, ASSET)
    assert scene.series().holdings == {"cat": 80, "dan": 100}
    getattr(chain, ends)(order)
    assert scene.series().holdings == {"cat": 80, "dan": 100}
    assert scene.series().on_chain == 0
    invariants.check(scene.engine)


def test_pl_43_whoever_sends_units_to_the_pool_has_the_bonds():
    scene, chain = stage()
    issue(scene, "cat", 100)
    chain.carry_out()
    chain.carry_out()
    chain.send("cat", "dan", 60)
    chain.bring_back("dan")

    assert scene.series().holdings == {"cat": 80, ON_CHAIN: 40, "dan": 60}
    assert (scene.free("dan", ASSET), pot(scene, ASSET)) == (0, 60)
    chain.bring_back("cat", 40, unreadable="what?")  # any memo will do
    assert scene.refused is None
    assert scene.series().holdings == {"cat": 120, "dan": 60}


def test_pl_43_what_comes_with_the_units_is_asked_for_after_the_bonds_are_there():
    scene, chain = stage(bond_forced="option")
    issue(scene, "cat")
    chain.carry_out()
    chain.carry_out()
    scene.insure("zoe", 100, "USD")
    chain.bring_back("cat", 50, ask=Redeem(series=1))

    assert scene.refused is None
    assert (scene.free("cat", "USD"), scene.series().holdings) == (50, {ON_CHAIN: 130})


def test_pl_43_units_that_were_brought_back_are_sent_first():
    scene, chain = stage()
    issue(scene, "cat", 100)
    chain.carry_out()
    chain.carry_out()
    chain.bring_back("cat", 60)
    issue(scene, "cat", 90)
    orders = [(order.kind, order.units) for order in scene.outcome.orders]

    assert orders == [("bond_pay", 60), ("bond_issue", 30)]
    assert (pot(scene, ASSET), scene.engine.ledger.balance("outside", ASSET)) == (0, -60)
    chain.carry_out()
    assert (chain.units, scene.engine.ledger.balance("outside", ASSET)) == ({"cat": 130}, 0)


def test_pl_43_what_bonds_on_the_chain_earn_comes_with_the_units():
    """100 of 180 are on the chain. Of an income of 90 the coupon of a day is 1, so 89 principal: 49.4 and 39.6."""
    scene, chain = stage({"cat": 100, "dan": 80})
    issue(scene, "cat")
    chain.carry_out()
    chain.carry_out()
    income(scene, 90)
    assert (pot(scene), scene.series().holdings) == (1 + 50, {ON_CHAIN: 50, "dan": 41})

    chain.send("cat", "eve", 33)
    chain.bring_back("eve")
    assert scene.series().holdings == {ON_CHAIN: 34, "dan": 41, "eve": 16}  # 33 · 50 / 100, rounded down
    assert scene.free("eve", "USD") == 16  # 33 · 51 / 100
    chain.bring_back("cat")
    assert scene.series().holdings == {"cat": 34, "dan": 41, "eve": 16}
    assert (scene.free("cat", "USD"), pot(scene)) == (35, 0)  # the last one gets all of the rest


def test_pl_43_more_bonds_bring_what_each_unit_there_has_earned():
    """Each of 100 units has a bond of a half and 0.51 of money; dan's 20 bonds make 40 units and bring 20.4."""
    scene, chain = stage({"cat": 100, "dan": 80})
    issue(scene, "cat")
    chain.carry_out()
    chain.carry_out()
    income(scene, 90)
    scene.withdraw("dan", "USD")
    issue(scene, "dan", 20)
    assert scene.refused == "PL-43"
    assert "0.0021 USD" in scene.outcome.refusals[0].reason
    assert "with the memo" in scene.outcome.refusals[0].remedy

    scene.deposit("dan", 30, "USD", ask=IssueBond(series=1, amount=20))
    assert scene.refused is None
    assert (scene.series().on_chain, pot(scene), scene.free("dan", "USD")) == (140, 51 + 21, 9)
    assert scene.series().holdings == {ON_CHAIN: 70, "dan": 21}
    chain.carry_out()
    chain.bring_back("dan")
    assert (scene.series().holdings, scene.free("dan", "USD")) == ({ON_CHAIN: 50, "dan": 41}, 9 + 20)


def test_pl_43_a_series_redeemed_while_on_the_chain_is_paid_to_who_brings_the_units():
    scene, chain = stage({"cat": 100, "dan": 80})
    issue(scene, "cat")
    chain.carry_out()
    chain.carry_out()
    income(scene, 500)
    assert scene.series().outstanding == 0
    assert scene.events("series", "redeemed in full")
    scene.wait(days=400)
    chain.send("cat", "eve", 99)
    chain.bring_back("eve")
    chain.bring_back("cat")

    assert scene.free("eve", "USD") + scene.free("cat", "USD") == 101
    assert (scene.free("cat", "USD"), pot(scene), scene.series().holdings) == (2, 0, {})


def test_pl_43_without_a_prefix_bonds_stay_in_the_ledger():
    scene = short_of_interest()
    scene.buy_bond("cat", 160)
    issue(scene, "cat", 100)

    assert scene.refused == "PL-43"
    assert scene.outcome.refusals[0].reason == "bonds of USD are not put on the chain: the market has no bond_prefix"
    assert scene.series().holdings == {"cat": 160}


def test_pl_43_units_come_back_where_no_more_can_be_put_on_the_chain():
    scene, chain = stage()
    issue(scene, "cat", 100)
    chain.carry_out()
    chain.carry_out()
    scene.parameters(bond_prefix=None)
    issue(scene, "cat", 10)
    assert scene.refused == "PL-43"
    chain.bring_back("cat")

    assert scene.series().holdings == {"cat": 180}
    scene.parameters(bond_prefix="MPLPRISK")
    issue(scene, "cat", 10)
    assert [(order.kind, order.asset) for order in scene.outcome.orders] == [("bond_pay", ASSET)]  # it keeps its asset


@pytest.mark.parametrize(
    ("account", "ask", "rule"),
    [
        ("dan", IssueBond(series=1), "PL-43"),
        ("cat", IssueBond(series=2), "PL-43"),
        ("cat", IssueBond(series=1, amount=181), "PL-43"),
        ("cat", IssueBond(series=1, amount=0), "PL-43"),
        ("cat", IssueBond(series=1, amount=10, asset="BTS"), "G-6"),
    ],
)
def test_pl_43_one_puts_on_the_chain_what_one_holds(account, ask, rule):
    scene, _ = stage()
    scene.ask(account, ask)

    assert scene.refused == rule
    assert scene.series().holdings == {"cat": 180}


def test_pl_43_an_asset_that_cannot_be_made_gives_all_bonds_back():
    scene, chain = stage()
    issue(scene, "cat", 100)
    issue(scene, "cat", 50)
    chain.refuse()

    assert (scene.series().holdings, scene.series().asset) == ({"cat": 180}, "")
    assert scene.told("operator") == ["The asset MPLPBOND1 could not be made: no."]
    scene.deposit("dan", 50, ASSET)  # of somebody else, who has that symbol
    assert (scene.series().holdings, scene.free("dan", ASSET)) == ({"cat": 180}, 50)
    scene.parameters(bond_prefix="MPLP.B")
    issue(scene, "cat", 100)
    assert scene.outcome.orders[0].asset == "MPLP.B1"


def test_pl_43_units_that_cannot_be_sent_give_the_bonds_back_with_what_they_earned():
    scene, chain = stage({"cat": 100, "dan": 80})
    issue(scene, "cat", 40)
    chain.carry_out()
    chain.carry_out()
    issue(scene, "cat")
    income(scene, 90)
    chain.refuse()

    assert scene.series().holdings == {ON_CHAIN: 20, "dan": 41, "cat": 30}
    assert (scene.free("cat", "USD"), pot(scene), scene.series().on_chain) == (30, 21, 40)


def test_pl_43_units_brought_back_are_there_again_if_they_could_not_be_sent():
    scene, chain = stage()
    issue(scene, "cat", 100)
    chain.carry_out()
    chain.carry_out()
    chain.bring_back("cat", 60)
    issue(scene, "cat", 60)
    chain.refuse()

    assert (pot(scene, ASSET), scene.series().on_chain, scene.series().holdings[ON_CHAIN]) == (60, 40, 40)


def test_pl_43_more_units_than_stand_for_bonds_are_free_balance():
    scene, chain = stage()
    issue(scene, "cat", 100)
    chain.carry_out()
    chain.carry_out()
    scene.deposit("eve", 101, ASSET)

    assert (scene.refused, scene.free("eve", ASSET)) == ("PL-43", 101)
    assert scene.series().holdings == {"cat": 80, ON_CHAIN: 100}


def test_pl_43_no_more_units_than_the_series_offers():
    """After half was redeemed by exchange, the rest of 180 can't make more than 180 units."""
    scene, chain = stage({"cat": 2, "dan": 178}, bond_forced="option")
    issue(scene, "cat", 2)
    chain.carry_out()
    chain.carry_out()
    income(scene, 100)  # the 2 on the chain are 1, with 1 of money: 2 units for each bond
    assert scene.series().holdings[ON_CHAIN] == 1
    dans = scene.series().holdings["dan"]
    issue(scene, "dan", dans)
    assert dans * 2 + 2 <= 180 or scene.refused == "PL-43"
    assert scene.series().on_chain <= scene.series().amount


def test_pl_43_an_order_for_bonds_is_not_filled_in_part():
    scene, chain = stage()
    issue(scene, "cat", 100)
    scene.put(OrderFilled(time=scene.now, order=chain.open()[0].number, units=1))

    assert scene.refused == "PL-43"
    assert chain.open()


def test_pl_43_an_offer_of_bonds_that_are_on_the_chain_is_refused():
    scene, _ = stage()
    scene.pass_bond("cat", 180, "dan")
    issue(scene, "cat", 1)
    scene.take_bond("dan")

    assert scene.refused == "PL-43"


@pytest.mark.parametrize(
    "prefix", ["MPL", "mplp", "BITBOND", "MPLP1", "MPLP.BONDSX", "A.BOND", "M.P.L", ".MPLP", 7, ""]
)
def test_pl_43_a_prefix_is_letters_that_the_chain_takes(prefix):
    scene, _ = stage()
    scene.parameters(bond_prefix=prefix)

    assert scene.refused == "PL-D7"


# --- random courses -----------------------------------------------------------------------------------------

people = st.sampled_from(PEOPLE)
some = st.sampled_from((1, 2, 3, 7, 19, 30))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), people, some),
        st.tuples(st.just("send"), people, people, some),
        st.tuples(st.just("back"), people, some),
        st.tuples(st.just("income"), some),
        st.tuples(st.just("redeem"), people, some),
        st.tuples(st.just("done"), st.integers(0, 3)),
        st.tuples(st.just("failed"), st.integers(0, 3)),
    ),
    min_size=12,
    max_size=40,
)


def shares(scene, chain):
    """What each one has of series 1: bonds and bitasset, with an exact share of what is on the chain for its units."""
    series, found = scene.series(), {}
    units = dict(chain.units)
    for order in chain.open():
        if order.kind != "bond_asset":
            units[order.account] = units.get(order.account, 0) + order.units
    for account, waiting in series.waiting:
        units[account] = units.get(account, 0) + waiting
    there = series.on_chain
    assert sum(units.values()) == there
    behind = series.holdings.get(ON_CHAIN, 0)
    for name in PEOPLE:
        part = Fraction(units.get(name, 0), there or 1)
        found[name] = (
            series.holdings.get(name, 0) + behind * part,
            scene.free(name, "USD") + pot(scene) * part,
        )
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps)
def test_pl_43_nobody_gets_more_than_its_share_on_random_courses(course):
    """Conserved to the unit; putting on the chain and bringing back never gain, and lose less than a unit of each."""
    scene, chain = stage({"cat": 100, "dan": 50, "eve": 30}, bond_forced="option")
    issue(scene, "cat", 41)
    income(scene, 50)
    for name in PEOPLE:
        scene.deposit(name, 200, "USD")
    for what, *words in course:
        before, was_open, who = shares(scene, chain), chain.open(), words[0]
        order = was_open[who % len(was_open)] if what in ("done", "failed") and was_open else None
        match what:
            case "issue":
                issue(scene, *words)
            case "send":
                units = min(words[2], chain.units.get(words[0], 0))
                if units:
                    chain.send(words[0], words[1], units)
            case "back":
                units = min(words[1], chain.units.get(words[0], 0))
                if units:
                    chain.bring_back(words[0], units)
            case "income":
                scene.insure("zoe", words[0], "USD")
            case "redeem":
                scene.redeem(*words)
            case "done" | "failed" if order:
                who = order.account
                (chain.carry_out if what == "done" else chain.refuse)(order)
        after = shares(scene, chain)
        if what in ("issue", "back") or (what == "failed" and order and order.kind != "bond_asset"):
            for had, has in zip(before[who], after[who], strict=True):
                assert had - 1 < has <= had
            for name in PEOPLE:
                assert name == who or all(has >= had for had, has in zip(before[name], after[name], strict=True))
        invariants.check(scene.engine)
        series = scene.series()
        assert sum(series.holdings.values()) == series.outstanding
        assert series.on_chain <= series.amount
        assert scene.engine.ledger.balance("outside", ASSET) == -(
            pot(scene, ASSET) + sum(order.units for order in chain.open() if order.kind == "bond_pay")
        )
    all_comes_back(scene, chain)
    the_same_again(scene)


def all_comes_back(scene, chain):
    """In the end whoever holds units gets all that is left, and nothing stays behind."""
    while chain.open():
        chain.carry_out()
    for name in [name for name, units in chain.units.items() if units]:
        chain.bring_back(name)
    assert (scene.series().on_chain, pot(scene), ON_CHAIN in scene.series().holdings) == (0, 0, False)


def the_same_again(scene):
    """PL-I5."""
    again = Engine()
    for item, outcome in zip(scene.inputs, scene.outcomes, strict=True):
        written = json.loads(json.dumps(input_to_json(item)))
        assert outcome_to_json(again.apply(input_from_json(written))) == outcome_to_json(outcome)

"""RE-1, RE-9: holders of positions, each kind in situations made by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from bsip_mplp.rehearsal.agents import KINDS
from bsip_mplp.rehearsal.agents.holders import Holders
from bsip_mplp.rehearsal.scenario import HOLDER_KINDS
from bsip_mplp.rehearsal.world import PROTECTED, Event
from bsip_mplp.rules.inputs import Lend
from tests.rehearsal.hand import Hand

DAY = 86_400


def of(hand, kind):
    return KINDS[kind](hand.scenario)


def lent(hand, units_core=10**10, units_bitasset=10**9):
    """A lender with plenty of both assets, at 5 % a year for 14 days."""
    world = hand.world
    lender = world.index("lender")
    world.founding = True
    world.endow(lender, core=units_core, bitasset=units_bitasset)
    world.founding = False
    for asset, units in (("CORE", units_core), ("USD", units_bitasset)):
        outcome = world.ask(lender, Lend(rate=Fraction(1, 20), term_days=14), asset, units)
        assert outcome is None or not outcome.refusals


@pytest.mark.parametrize("name", HOLDER_KINDS)
@pytest.mark.parametrize("rules", ["none", "peer", "shared", "both", "ratio_two", "target_ratio"])
def test_every_holder_opens_a_position_over_icr_and_keeps_its_worth(name, rules):
    hand = Hand(rules)
    hand.enter(of(hand, name), "a", "b", "c")

    for user in "abc":
        assert hand.ratio(user) > hand.icr / 1000
        assert hand.worth(user) == pytest.approx(1000, rel=0.02), "the outside exchange took its fee, no more"


@pytest.mark.parametrize("name", HOLDER_KINDS)
def test_traits_are_the_same_under_every_rule_set(name):
    kinds = []
    for rules in ("none", "peer", "both"):
        hand = Hand(rules)
        kinds.append(hand.enter(of(hand, name), "a", "b", "c", seed=4))

    assert len({tuple(kind.opens_at) for kind in kinds}) == 1
    assert len({tuple(kind.reacts) for kind in kinds}) == 1
    assert len({tuple(kind.highest) for kind in kinds}) == 1


def test_the_absent_do_nothing_and_nothing_changes():
    """Agents that do nothing change nothing: not the money, not the positions, not the rules' book."""
    hand = Hand("both")
    kind = hand.enter(of(hand, "absent"), "a", "b", "c")
    world = hand.world
    before = [array.copy() for array in (world.core, world.bitasset, world.collateral, world.debt)]
    for price in (0.97, 1.3, 0.96):
        hand.feed(price)
        hand.wait(DAY)
        assert not kind.wakes

    for array, was in zip((world.core, world.bitasset, world.collateral, world.debt), before, strict=True):
        assert (array == was).all()
    assert world.engine.ledger.balance("pool/1", "USD") == 0
    assert not world.engine.book.loans


def test_a_tight_holder_adds_what_it_kept_free_once_the_ratio_is_near_mcr():
    hand = Hand("none", names=("a",))
    kind = hand.enter(of(hand, "tight"), "a")
    free, ratio = hand.has("a")[0], hand.ratio("a")
    hand.feed(1.02 * hand.mcr / 1000 / ratio)
    assert hand.ratio("a") < kind.acts_at[0] * hand.mcr / 1000 or kind.acts_at[0] < 1.02
    hand.feed(1.005 * hand.mcr / 1000 / ratio)
    due = hand.act(kind)

    assert due - hand.world.now == kind.reacts[0], "it takes its time"
    assert hand.has("a")[0] == free
    hand.wait(due - hand.world.now)
    hand.act(kind, Event.TIME)
    assert hand.has("a")[0] < free
    assert hand.ratio("a") > 1.01 * hand.mcr / 1000


def test_a_tight_holder_borrows_where_it_can_and_pays_while_it_needs_the_loan():
    hand = Hand("peer", names=("a", "lender"))
    lent(hand)
    kind = of(hand, "tight")
    hand.enter(kind, "a")
    kind.borrows[:] = True
    hand.feed(1.005 * hand.mcr / 1000 / hand.ratio("a"))
    hand.go_on(kind, days=1)
    world = hand.world

    assert world.state[0] == PROTECTED
    assert world.lp1[0] + world.lp2[0] > 0
    hand.go_on(kind, days=40)
    assert world.state[0] == PROTECTED, "two terms later the interest is still paid"
    hand.feed(2.0)
    hand.go_on(kind, days=20)
    assert world.state[0] != PROTECTED, "it needs the loan no more, and lets it end"


def test_where_nobody_lends_the_tight_holder_that_would_borrow_uses_its_own_money():
    hand = Hand("peer", names=("a",))
    kind = of(hand, "tight")
    hand.enter(kind, "a")
    kind.borrows[:] = True
    free = hand.has("a")[0]
    hand.feed(1.005 * hand.mcr / 1000 / hand.ratio("a"))
    hand.go_on(kind, days=1)

    assert hand.world.state[0] != PROTECTED
    assert hand.has("a")[0] < free
    assert sum(hand.world.free(0, asset) for asset in ("CORE", "USD")) == 0, "what it sent along came back"


def test_who_was_refused_a_loan_asks_again_only_with_more_money():
    hand = Hand("peer", names=("a", "lender"))
    lent(hand)
    kind = hand.enter(of(hand, "tight"), "a")
    world = hand.world
    world.core[0] = 10  # not enough for the first interest
    hand.feed(1.005 * hand.mcr / 1000 / hand.ratio("a"))
    assert not kind.protect(world, 0)
    assert "first interest" in world.why
    world.why = ""
    assert not kind.protect(world, 0)
    assert world.why == "", "nothing was asked for"
    world.core[0] = 50 * world.whole_core

    assert kind.protect(world, 0)


def test_a_tight_holder_acts_again_only_when_the_ratio_has_fallen_further():
    hand = Hand("none", names=("a",))
    kind = hand.enter(of(hand, "tight"), "a")
    hand.feed(1.005 * hand.mcr / 1000 / hand.ratio("a"))
    hand.act(kind)
    hand.go_on(kind, days=1)
    price, ratio = hand.world.feed_price, hand.ratio("a")
    low, _ = kind.feed_band

    assert low < price
    assert low <= price / ratio * kind.acts_at[0] * hand.mcr / 1000


def test_the_feed_band_wakes_exactly_when_somebody_acts():
    hand = Hand("none")
    kind = hand.enter(of(hand, "tight"), "a", "b", "c")
    low, high = kind.feed_band
    hand.feed(low * 1.0001)
    hand.act(kind)
    assert (kind.due > hand.world.now + 10**9).all()
    hand.feed(low * 0.9999)
    hand.act(kind)

    assert (kind.due < hand.world.now + 10**9).sum() == 1
    assert high == np.inf


def test_a_careful_holder_lowers_its_debt_while_the_chain_lets_it():
    hand = Hand("none", names=("a",))
    kind = hand.enter(of(hand, "careful"), "a", seed=3)
    debt = int(hand.world.debt[0])
    hand.world.core[0] = 0  # it has nothing free to add
    hand.feed(1.08 * hand.icr / 1000 / hand.ratio("a"))
    hand.go_on(kind, days=1)

    assert hand.world.debt[0] < debt
    assert hand.ratio("a") > 1.1 * hand.icr / 1000
    assert hand.has("a")[1] == pytest.approx(0, abs=1e-3)


def test_standing_protection_borrows_in_the_same_step_as_the_feed_that_reaches_it():
    """PL-16: a spike leaves no time to borrow, but what was asked for in advance runs by itself."""
    hand = Hand("peer", names=("a", "b", "lender"))
    lent(hand)
    kind = hand.enter(of(hand, "protected"), "a", "b")
    assert kind.armed.all()
    low = [hand.ratio(name) for name in "ab"]
    hand.feed(1.005 * hand.mcr / 1000 / min(low))

    assert hand.world.state[int(np.argmin(low))] == PROTECTED
    assert not hand.world.called.any()


def test_a_protected_holder_arms_again_when_its_loan_has_ended():
    hand = Hand("peer", names=("a", "lender"))
    lent(hand)
    kind = hand.enter(of(hand, "protected"), "a")
    hand.feed(1.005 * hand.mcr / 1000 / hand.ratio("a"))
    hand.act(kind, Event.LOAN)
    assert not kind.armed.any()
    hand.feed(1.5)
    hand.go_on(kind, days=40)

    assert hand.world.state[0] != PROTECTED
    assert kind.armed.all()


def test_a_protected_holder_holds_with_the_shared_pool():
    hand = Hand("shared", names=("a",))
    hand.enter(of(hand, "protected"), "a")
    position = hand.world.engine.book.position("USD", "a")

    assert position.participant is not None
    assert position.participant.own_mcr == hand.world.engine.book.shared_pools["USD"].parameters.least_mcr


def test_who_is_called_on_purpose_mints_all_it_can_and_again_when_the_price_has_risen():
    """RE-9: 故意爆仓."""
    hand = Hand("peer", names=("a", "lender"))
    lent(hand)
    kind = hand.enter(of(hand, "called_on_purpose"), "a")
    assert hand.world.chosen[0]
    assert hand.ratio("a") < 1.03 * hand.icr / 1000
    debt = int(hand.world.debt[0])
    hand.feed(1.2)
    hand.act(kind)
    assert hand.world.debt[0] > 1.1 * debt
    assert hand.ratio("a") < 1.03 * hand.icr / 1000
    assert hand.has("a")[1] == 0, "it sold what it minted"
    hand.bids_inside(1.1, 10_000)
    hand.feed(1.1)
    hand.go_on(kind, days=0)

    assert hand.world.called[0]
    assert hand.world.state[0] != PROTECTED


def test_who_was_called_opens_anew_after_its_days():
    hand = Hand("none", names=("a",))
    kind = hand.enter(of(hand, "called_on_purpose"), "a")
    hand.bids_inside(0.95, 10_000)
    hand.feed(0.94)
    hand.feed(0.9)
    assert hand.world.debt[0] == 0
    hand.act(kind, Event.CALLED)
    assert kind.returns[0] == hand.world.now + kind.waits[0]
    hand.go_on(kind, days=6)

    assert hand.world.debt[0] > 0


def test_every_kind_of_holder_is_a_holder_with_a_temper_of_its_own():
    tempers = [KINDS[name].temper for name in HOLDER_KINDS]

    assert all(issubclass(KINDS[name], Holders) for name in HOLDER_KINDS)
    assert len(set(map(repr, tempers))) == len(HOLDER_KINDS)

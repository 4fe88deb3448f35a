"""RE-1: lenders, bidders, traders and the arbitrageur, each kind in situations made by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from bsip_mplp.rehearsal.agents import KINDS
from bsip_mplp.rehearsal.agents.lenders import TERMS_DAYS
from bsip_mplp.rehearsal.world import CORE, Event
from bsip_mplp.rules.inputs import Borrow, Lend, Prepay
from tests.rehearsal.hand import Hand

DAY = 86_400


def of(hand, kind):
    return KINDS[kind](hand.scenario)


# --- lenders -----------------------------------------------------------------------------------------------


def test_lenders_lend_all_they_have_at_their_least_rate_or_more():
    names = [f"l{number}" for number in range(30)]
    hand = Hand("peer", names=names)
    kind = hand.enter(of(hand, "lenders"), *names)
    pools = hand.world.engine.book.pools

    assert len(pools) == 30
    assert {pool.asset for pool in pools.values()} == {"CORE", "USD"}
    assert all(pool.term_days in TERMS_DAYS for pool in pools.values())
    for place, name in enumerate(names):
        pool = pools[int(kind.pool[place])]
        assert pool.owner == name
        assert pool.rate >= Fraction(50, 1000)
        assert float(pool.rate) >= kind.least[place] - 0.001
        assert hand.has(name) == (0, 0)
        assert hand.worth(name) == pytest.approx(1000)


def test_lenders_go_to_the_shared_pool_where_there_is_one_and_only_with_bitasset():
    names = [f"l{number}" for number in range(20)]
    shared, both = Hand("shared", names=names), Hand("both", names=names)
    kind = shared.enter(of(shared, "lenders"), *names)
    again = both.enter(of(both, "lenders"), *names)
    pool = both.world.engine.book.shared_pools["USD"]

    assert set(shared.world.engine.book.shared_pools["USD"].lenders) == {
        name for name, core in zip(names, kind.lends_core, strict=True) if not core
    }
    assert set(pool.lenders) == {
        name for name, core, first in zip(names, again.lends_core, again.pool_first, strict=True) if not core and first
    }
    assert (kind.lends_core == again.lends_core).all()


def test_where_nobody_can_lend_lenders_keep_what_they_have():
    hand = Hand("none")
    kind = hand.enter(of(hand, "lenders"), "a", "b", "c")

    assert hand.act(kind) is None
    assert [round(sum(hand.has(name))) for name in "abc"] == [1000, 1000, 1000]


def test_a_lender_asks_for_more_while_its_pool_is_lent_and_for_less_while_it_lies_idle():
    hand = Hand("peer", names=("a",))
    kind = hand.enter(of(hand, "lenders"), "a")
    pool = hand.world.engine.book.pools[1]
    first = pool.rate
    kind.rate[0] = kind.least[0] * 2
    hand.wait(8 * DAY)
    hand.act(kind, Event.TIME)
    assert pool.rate == pytest.approx(Fraction(round(kind.least[0] * 2 * 0.85 * 1000), 1000))
    for _ in range(12):
        hand.go_on(kind, days=8)
    assert float(pool.rate) == pytest.approx(kind.least[0], abs=1e-3), "never under its least rate"
    pool.available, pool.lent = 0, pool.available  # all of it is lent
    hand.go_on(kind, days=8)
    assert pool.rate > Fraction(round(kind.least[0] * 1000), 1000)
    assert first >= Fraction(round(kind.least[0] * 1000), 1000)


def test_a_lender_looks_at_its_pool_in_its_own_time():
    hand = Hand("peer")
    kind = hand.enter(of(hand, "lenders"), "a", "b", "c")
    following = hand.act(kind, Event.TIME)

    assert following == hand.world.now + kind.every.min()
    assert len(set(kind.every)) == 3


# --- auctions ------------------------------------------------------------------------------------------------


def in_auction(hand, price=0.74):
    """A position of `borrower` with a long loan, in auction since the price fell (PL-22)."""
    world = hand.world
    borrower, lender = world.index("borrower"), world.index("lender")
    world.founding = True
    world.endow(borrower, core=2_000 * world.whole_core)
    world.endow(lender, core=2_000 * world.whole_core)
    world.founding = False
    assert world.adjust(borrower, collateral=1_700 * world.whole_core, debt=1_000 * world.whole_bitasset)
    hand.feed(0.93)
    assert not world.ask(lender, Lend(rate=Fraction(1, 10), term_days=30), "CORE", 2_000 * world.whole_core).refusals
    assert not world.ask(borrower, Prepay(), "CORE", 10 * world.whole_core).refusals
    assert not world.ask(borrower, Borrow(market="USD", asset="CORE")).refusals, world.why
    hand.feed(price)
    hand.wait(61)
    assert world.engine.book.auctions[1].ended is None
    world.events = Event(0)


def bidders(rules="peer", price=0.74, wealth=5_000.0):
    hand = Hand(rules, names=("borrower", "lender", "x", "y", "z"))
    kind = hand.enter(of(hand, "bidders"), "x", "y", "z", wealth=wealth)
    in_auction(hand, price)
    return hand, kind


def test_a_bidder_bids_after_its_reaction_what_the_position_is_worth_to_it():
    hand, kind = bidders()
    following = hand.act(kind, Event.AUCTION)
    assert following == hand.world.now + kind.reacts.min()
    assert not hand.world.engine.book.bids
    hand.wait(following - hand.world.now)
    hand.act(kind, Event.TIME)
    (bid,) = hand.world.engine.book.bids.values()
    collateral, debt = 1_700 * 0.74, 1_000

    assert bid.account == "xyz"[int(np.argmin(kind.reacts))]
    assert 0 < bid.units / hand.world.whole_bitasset < collateral - debt
    assert hand.world.engine.book.auctions[1].ended is None


def test_the_winner_pays_the_debt_and_sells_the_collateral():
    hand, kind = bidders()
    before = {name: hand.worth(name) for name in "xyz"}
    hand.go_on(kind, days=1)
    world = hand.world
    winner = world.engine.book.auctions[1].winner

    assert winner in before
    assert world.debt[world.index("borrower")] == 0
    assert hand.worth(winner) > before[winner], "it earned something"
    for other in set("xyz") - {winner}:
        assert hand.worth(other) == pytest.approx(before[other]), "bids that did not win came back in full"
    assert sum(world.free(index, "USD") for index in (2, 3, 4)) == 0
    assert hand.act(kind, Event.TIME) is None


def test_nobody_bids_for_a_position_that_is_worth_nothing():
    hand, kind = bidders(price=0.59)
    hand.go_on(kind, days=1)

    assert not hand.world.engine.book.bids


def test_nobody_bids_without_the_money_to_keep_the_position_alive():
    hand, kind = bidders(wealth=10.0)
    hand.go_on(kind, days=1)

    assert not hand.world.engine.book.bids


def test_a_winner_that_can_t_pay_all_brings_the_position_over_mcr_and_keeps_paying():
    hand, kind = bidders(wealth=700.0)
    hand.go_on(kind, days=1)
    world = hand.world
    account = world.index("borrower")

    assert world.engine.book.auctions[1].winner in "xyz"
    assert 0 < world.debt[account] < 1_000 * world.whole_bitasset
    assert hand.ratio("borrower") > hand.mcr / 1000
    assert world.now < hand.act(kind, Event.TIME) <= world.now + DAY / 4


# --- margin calls and arbitrage ------------------------------------------------------------------------------


def called(hand):
    """A position that stands called without a buyer."""
    world = hand.world
    borrower = world.index("borrower")
    world.founding = True
    world.endow(borrower, core=1_700 * world.whole_core)
    world.founding = False
    assert world.adjust(borrower, collateral=1_700 * world.whole_core, debt=1_000 * world.whole_bitasset)
    hand.feed(0.9)
    world.events = Event(0)


def test_a_call_trader_buys_what_is_called_after_its_reaction_and_sells_it_outside():
    hand = Hand("none", names=("borrower", "x", "y"))
    kind = hand.enter(of(hand, "call_traders"), "x", "y")
    called(hand)
    before = hand.worth("x") + hand.worth("y")
    following = hand.act(kind, Event.CALLED)
    assert following == hand.world.now + kind.reacts.min()
    assert hand.world.debt[0] == 1_000 * hand.world.whole_bitasset
    hand.go_on(kind, days=1)

    assert hand.world.debt[0] == 0
    assert hand.worth("x") + hand.worth("y") > before
    assert hand.world.core[1] + hand.world.core[2] == 0, "what was bought is sold again"


def test_a_call_trader_doesn_t_buy_what_is_not_cheap_enough():
    hand = Hand("none", names=("borrower", "x"))
    kind = hand.enter(of(hand, "call_traders"), "x")
    called(hand)
    hand.world.outside_price = 0.75  # the feed is late: a call at feed / MSSR is dearer than outside
    before = hand.has("x")
    hand.act(kind, Event.CALLED)
    hand.go_on(kind, days=1)

    assert hand.has("x") == before


def arbitrageur():
    hand = Hand("none", names=("borrower", "arb", "seller"))
    world = hand.world
    world.founding = True
    world.endow(0, core=100_000 * world.whole_core)
    assert world.adjust(0, collateral=90_000 * world.whole_core, debt=20_000 * world.whole_bitasset)
    world.endow(2, core=1_000 * world.whole_core)
    return hand, hand.enter(of(hand, "arbitrageur"), "arb")


def test_the_arbitrageur_has_its_share_of_all_debt():
    hand, _ = arbitrageur()
    share = hand.scenario.book.arbitrage_share
    debt = hand.world.debt.sum() / hand.world.whole_bitasset

    assert hand.has("arb")[0] == pytest.approx(share * debt / 2, rel=1e-6)
    assert hand.has("arb")[1] == pytest.approx(share * debt / 2, rel=1e-6)


def test_the_arbitrageur_buys_inside_what_is_cheaper_there_and_sells_it_outside_when_it_has_arrived():
    hand, kind = arbitrageur()
    world = hand.world
    world.place(2, CORE, 100 * world.whole_core, 97 * world.whole_bitasset)
    before = hand.worth("arb")
    following = hand.act(kind, Event.OUTSIDE)

    assert hand.has("arb")[0] == pytest.approx(600, rel=1e-3)
    assert following == world.now + 3600
    hand.wait(3600)
    assert hand.act(kind, Event.TIME) is None
    assert hand.has("arb")[0] == pytest.approx(500, rel=1e-3)
    assert hand.worth("arb") > before + 2


def test_the_arbitrageur_sells_inside_what_is_dearer_there():
    hand, kind = arbitrageur()
    hand.bids_inside(1.05, 100)
    before = hand.worth("arb")
    hand.act(kind, Event.OUTSIDE)
    hand.wait(3600)
    hand.act(kind, Event.TIME)

    assert hand.worth("arb") > before + 3


def test_the_arbitrageur_buys_what_called_positions_sell():
    hand, kind = arbitrageur()
    world = hand.world
    assert world.adjust(2, collateral=1_000 * world.whole_core, debt=600 * world.whole_bitasset)
    before = hand.has("arb")
    hand.feed(0.9)
    hand.act(kind, Event.CALLED)

    assert world.called[2]
    assert hand.has("arb")[0] > before[0]


def test_the_arbitrageur_leaves_a_difference_alone_that_does_not_pay():
    hand, kind = arbitrageur()
    world = hand.world
    world.place(2, CORE, 100 * world.whole_core, round(99.7 * world.whole_bitasset))
    before = hand.has("arb")
    hand.act(kind, Event.OUTSIDE)

    assert hand.has("arb") == before


@pytest.mark.parametrize("name", ["lenders", "bidders", "call_traders"])
def test_after_a_global_settlement_bitasset_is_given_for_the_fund(name):
    hand = Hand("none", names=("borrower", "x"))
    kind = hand.enter(of(hand, name), "x", seed=1)
    assert hand.has("x")[1] > 0
    called(hand)
    for account in (hand.world.wallets.outside, hand.world.wallets.makers, hand.world.wallets.founder):
        assert hand.world.market.debt[account]
    hand.feed(0.001)
    assert hand.world.market.settled
    hand.act(kind, Event.SWAN)

    assert hand.has("x")[1] == 0
    assert hand.has("x")[0] > 0

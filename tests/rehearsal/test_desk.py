"""The orders of the rules on a market where the chain was there first."""

import pytest

from bsip_mplp.rehearsal import desk
from bsip_mplp.rehearsal.world import Event
from bsip_mplp.rules.inputs import Hold, Supply

from .hand import Hand

MARKET = "USD"


def position(hand, name, core, debt):
    """A user opens a position of whole assets."""
    world, user = hand.world, hand.world.index(name)
    world.market.create_core(user, core * world.whole_core)
    assert world.adjust(user, collateral=core * world.whole_core, debt=debt * world.whole_bitasset), world.why
    world.catch_up()


def ask(hand, name, what, whole):
    """A user asks for something, with whole bitassets along."""
    world = hand.world
    outcome = world.ask(world.index(name), what, MARKET, whole * world.whole_bitasset)
    assert outcome is not None
    assert not outcome.refusals, world.why
    world.catch_up()


@pytest.mark.parametrize("rules", ["shared", "both"])
@pytest.mark.parametrize("bid", [0.0, 0.57])
def test_a_called_position_that_a_global_settlement_closed_is_ordered_no_more(rules, bid, monkeypatch):
    monkeypatch.setattr(desk, "ORDERS_MAX", 50)
    hand = Hand(rules)
    world = hand.world
    position(hand, "a", 1000, 500)  # the shared pool helps it, while it can
    position(hand, "b", 1000, 300)  # lends what it borrowed
    position(hand, "c", 1000, 580)  # nobody helps it
    ask(hand, "b", Supply(market=MARKET), 20)
    ask(hand, "a", Hold(market=MARKET, mcr=None), 100)
    if bid:
        hand.bids_inside(bid, 1)
    hand.feed(0.6)  # a is at 1.2, and the pool can't raise it to MCR: it is called. c at 1.03 finds no buyer
    a, orders = world.index("a"), world.engine.book.orders
    assert world.swans == 1
    assert world.events & Event.SWAN
    assert not world.debt.any()
    assert world.engine.book.position(MARKET, "a").state == "closed"
    assert orders, "the rules ordered nothing: this shows nothing"
    assert all(order.state != "open" for order in orders.values() if order.kind == "close")
    assert world.core[a] > 0, "what the settlement leaves is its holder's"
    count = len(orders)
    for price in (0.61, 0.59):
        hand.feed(price)
    assert len(orders) == count

"""The shared pool's outlook says what the rules would do, and changes nothing."""

import json
from fractions import Fraction

from bsip_mplp.bots import carrier
from bsip_mplp.rules.shared_outlook import covers, hold_outlook, lender_outlooks, pool_outlooks
from tests.rules.shared_scene import SharedScene

CORE = 10**5


def draft(mcr=1200):
    """The draft's example, served."""
    scene = SharedScene()
    scene.supply("lea", 6_000_000)
    scene.joined("hong", 10_000 * CORE, 3_230_000, mcr=mcr)
    scene.feed(40_000)
    return scene


def test_sp_3_sp_7_sp_8_a_pool_is_shown_as_the_rules_have_it():
    scene = draft()
    (found,) = pool_outlooks(scene.engine.book)
    assert tuple(found.split) == scene.split
    assert (found.supply, found.taking_part, found.served) == (6_000_000, 1, 1)
    assert found.use * found.supply == found.split.lower + found.split.upper
    assert (found.rate, found.least_mcr) == (scene.pool.rate, scene.pool.least_mcr())
    assert found.waiting == ()
    assert pool_outlooks(scene.engine.book, "EUR") == []


def test_sp_9_who_waits_is_shown_with_what_is_left_to_wait_for():
    scene = draft()
    scene.leave("lea")
    waits = scene.pool.queue.units
    assert waits
    assert pool_outlooks(scene.engine.book)[0].waiting == (("lea", waits),)
    scene.wait(days=7)
    left = scene.pool.queue.units
    assert 0 < left < waits
    ((name, units),) = pool_outlooks(scene.engine.book)[0].waiting
    assert name == "lea"
    assert left - 1 <= units <= left


def test_sp_5_sp_9_what_a_lender_has_is_what_it_is_then_paid():
    scene = draft()
    scene.supply("max", 100_000)
    scene.wait(days=3, seconds=11)
    scene.leave("lea")
    scene.wait(days=5, seconds=7)
    book = scene.engine.book
    (found,) = lender_outlooks(book, "lea")
    waits = dict(pool_outlooks(book)[0].waiting)["lea"]
    assert (found.market, found.staying, found.waiting, found.paid_in) == ("USD", 0, waits, "bitasset")
    assert found.waiting > 0
    assert found.came_free > 0
    assert found.rewards > 0
    before = book.free("lea", "USD")
    scene.rewards("lea")
    assert book.free("lea", "USD") - before == found.came_free + found.rewards
    (after,) = lender_outlooks(book, "lea")
    assert (after.waiting, after.came_free, after.rewards) == (waits, 0, 0)
    (other,) = lender_outlooks(book, "max")
    assert (other.staying, other.waiting, other.came_free) == (100_000, 0, 0)
    assert lender_outlooks(book, "nobody") == []


def test_sp_5_what_accrued_since_anything_was_handed_out_is_shown_and_looking_hands_out_nothing():
    scene = draft()
    scene.wait(days=3)
    book, sums = scene.engine.book, scene.pool.rewards
    before = (sums.staying, sums.waiting, scene.pool.accrued, scene.pool.summed_to)
    (found,) = lender_outlooks(book, "lea")
    assert lender_outlooks(book, "lea") == [found]
    assert (sums.staying, sums.waiting, scene.pool.accrued, scene.pool.summed_to) == before
    free = book.free("lea", "USD")
    scene.rewards("lea")
    assert book.free("lea", "USD") - free == found.rewards > 0


def test_sp_2_what_holding_costs_is_what_is_then_paid():
    scene = SharedScene()
    scene.supply("lea", 6_000_000)
    scene.position("hong", 10_000 * CORE, 3_230_000)
    scene.feed(40_000)
    found = hold_outlook(scene.engine.book, "USD", "hong")
    scene.hold("hong", 1200, 40_000)
    assert found.extra_units == scene.extra("hong") > 0
    assert found.cost_units == scene.of("hong").paid
    assert found.sold_units > 0
    assert hold_outlook(scene.engine.book, "USD", "nobody") is None
    assert hold_outlook(scene.engine.book, "EUR", "hong") is None


def test_sp_2_sp_12_what_holding_costs_where_the_ratio_is_at_the_own_mcr():
    """The draft's position at 0.05, asked what it costs where cr is 400/323: what it costs at 0.04."""
    scene = SharedScene()
    scene.supply("lea", 6_000_000)
    scene.position("hong", 10_000 * CORE, 3_230_000)
    there = hold_outlook(scene.engine.book, "USD", "hong", Fraction(400, 323))
    assert (there.extra_units, there.cost_units) == (649_355, 29_075)
    assert hold_outlook(scene.engine.book, "USD", "hong").sold_units == 0  # cr is 1.548 now
    scene.feed(40_000)
    assert there == hold_outlook(scene.engine.book, "USD", "hong")
    assert there.sold_units // CORE == 4225


def test_looking_changes_nothing():
    scene = draft()
    scene.leave("lea", 5_900_000)
    scene.wait(days=3, seconds=11)
    before = json.dumps(scene.engine.state(), sort_keys=True, default=str)
    pool_outlooks(scene.engine.book)
    hold_outlook(scene.engine.book, "USD", "hong")
    lender_outlooks(scene.engine.book, "lea")
    covers(scene.engine.book)
    assert json.dumps(scene.engine.state(), sort_keys=True, default=str) == before


def test_sp_17_what_insurance_would_have_to_cover_is_told_beside_what_it_holds():
    scene = draft(mcr=1010)
    (found,) = covers(scene.engine.book)
    assert found.would_miss == scene.risk
    assert sum(found.would_miss.values()) == 0
    assert carrier.plan(carrier.View(covers=[])) == ()
    scene.insure("ida", 12_345)
    scene.feed(33_000)  # cr 1.0217: under feed / MSSR
    (found,) = covers(scene.engine.book)
    assert found.would_miss["lower"] == 3_230_000 - 10_000 * CORE * 33_000 * 1000 // (10**7 * 1100)
    (told,) = carrier.plan(carrier.View(covers=[found], precisions={"USD": 4}))
    assert "23.0000 (lower) USD" in told.texts[0]
    assert "holds 1.2345" in told.texts[0]

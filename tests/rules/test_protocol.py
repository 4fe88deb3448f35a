"""`protocol` custody: orders carried out by a simulated chain, in part or whole; nothing is assumed sold (PL-36)."""

from bsip_mplp.rules.inputs import OrderFilled
from tests.rules.scene import carried
from tests.rules.simulated_chain import SimulatedChain

LIMIT = 929 * 1000, 1000 * 1100
"""Feed 0.929 over MSSR 1.1: 0.84454…"""


def ready_to_close(**more):
    """At 0.929 CR is over 1.3: the sale of 140,000 BTS for a debt of 99,980 is ordered."""
    scene = carried("protocol", risk_share="0", **more)
    chain = SimulatedChain(scene)
    chain.carry_out_all("ann")
    assert scene.of("ann").debt == 99_980
    scene.feed(929)
    return scene, chain


def test_pl_36_nothing_is_assumed_sold():
    scene, _ = ready_to_close()
    scene.wait(days=5)

    assert scene.state("ann") == ("carried", "PL-33")
    assert (scene.of("ann").collateral, scene.of("ann").debt) == (140_000, 99_980)
    assert [order.state for order in scene.open_orders("ann")] == ["open"]


def test_pl_36_a_buyer_under_the_limit_gets_nothing():
    """0.844 is under 0.929 / 1.1 = 0.84454…; 0.845 is not."""
    scene, chain = ready_to_close()
    chain.price = (844, 1000)
    assert chain.carry_out(scene.open_orders("ann")[0].number) == 0
    assert scene.state("ann") == ("carried", "PL-33")

    chain.price = (845, 1000)
    chain.carry_out_all("ann")

    assert scene.state("ann") == ("closed", "PL-46")


def test_pl_36_filled_in_part_then_in_whole():
    """Buyers take 40,000 BTS at 0.9: 36,000 of the debt. Then the rest: 63,980 / 0.9 = 71,088.9, so 71,089 BTS.

    28,911 are left, income of the fund (PL-D50).
    """
    scene, chain = ready_to_close()
    chain.price, chain.depth = (900, 1000), 40_000
    [order] = scene.open_orders("ann")
    chain.carry_out(order.number)

    assert (order.state, order.filled) == ("open", 40_000)
    assert (scene.of("ann").collateral, scene.of("ann").debt) == (100_000, 63_980)
    assert scene.state("ann") == ("carried", "PL-33")
    assert len(scene.open_orders("ann")) == 1, "what is under way is not ordered again"

    chain.depth = None
    chain.carry_out_all("ann")

    assert order.state == "done"
    assert scene.state("ann") == ("closed", "PL-46")
    assert scene.fund("BTS") == 28_911
    assert (scene.pool(1).available, scene.pool(1).lent) == (50_000, 0)


def test_pl_36_a_sale_given_up_is_ordered_anew_at_the_price_of_then():
    """The chain reports the order done though nothing was sold (it expired): the next look orders again."""
    scene, _ = ready_to_close()
    [order] = scene.open_orders("ann")
    scene.feed(1000)
    scene.put(OrderFilled(time=scene.now, order=order.number, units=0, done=True))

    [again] = scene.open_orders("ann")
    assert again.number != order.number
    assert again.limit == (1000 * 1000, 1000 * 1100)


def test_pl_34_debt_paid_in_part_brings_the_rest_back_to_the_fund():
    """5,231 less 20 were ordered; the chain pays 5,000 and gives up: 211 return, and are ordered again at once."""
    scene = carried("protocol", risk_share="0")
    chain = SimulatedChain(scene)
    chain.carry_out_all("ann")
    scene.insure("eve", 10_000, "USD")
    [order] = scene.open_orders("ann")
    assert order.units == 5_211
    chain._seen("ann", 140_000, 94_980)
    scene.put(OrderFilled(time=scene.now, order=order.number, units=5_000, done=True))

    assert scene.of("ann").debt == 94_980
    [again] = scene.open_orders("ann")
    assert again.units == 211
    assert scene.fund("USD") == 10_000 - 5_000 - 211
    assert scene.engine.ledger.balance(f"order/{order.number}", "USD") == 0


def test_pl_34_after_the_debt_is_less_the_sale_follows():
    """5,231 paid bring CR over 1.3 at 0.88: the sale is ordered without any new feed."""
    scene = carried("protocol", risk_share="0")
    scene.insure("eve", 10_000, "USD")
    SimulatedChain(scene, price=(70, 100)).carry_out_all("ann")

    assert scene.of("ann").debt == 94_769
    [order] = scene.open_orders("ann")
    assert (order.kind, order.limit) == ("close", (880 * 1000, 1000 * 1100))


def test_g_6_a_report_on_an_order_that_is_not_open_is_refused():
    scene, chain = ready_to_close()
    chain.carry_out_all("ann")
    number = max(scene.engine.book.orders)
    scene.put(OrderFilled(time=scene.now, order=number, units=1))
    assert scene.refused == "G-6"
    scene.put(OrderFilled(time=scene.now, order=99, units=1))
    assert scene.refused == "G-6"


def test_g_5_more_than_was_ordered_is_not_booked():
    scene = carried("protocol", risk_share="0")
    scene.insure("eve", 10_000, "USD")
    first = scene.open_orders("ann")[0]
    chain = SimulatedChain(scene)
    chain._seen("ann", 140_000, 99_000)
    scene.put(OrderFilled(time=scene.now, order=first.number, units=10**9, done=True))

    assert first.filled == first.units == 20


def test_pl_46_closed_by_others_the_left_over_orders_bring_their_money_back():
    scene = carried("protocol", risk_share="0")
    scene.insure("eve", 10_000, "USD")
    chain = SimulatedChain(scene)
    scene.position("ann", 0, 0, "protocol")
    chain.carry_out_all("ann")

    assert scene.fund("USD") == 10_020
    assert scene.state("ann") == ("closed", "PL-46")
    assert scene.open_orders("ann") == []


def test_pl_d35_money_of_a_hand_over_that_was_not_done_is_the_payers_again():
    """zoe set 99,980 aside for ann's debt; ann's position was closed by others before the chain carried it out."""
    scene = carried("protocol", risk_share="0")
    SimulatedChain(scene).carry_out_all("ann")
    scene.feed(780)
    scene.wait(days=7)
    assert scene.state("ann") == ("black", "PL-38")
    scene.deposit("zoe", 99_980, "USD")
    scene.close_black("zoe", "ann")
    [order] = scene.open_orders("ann")
    assert (order.kind, scene.free("zoe", "USD")) == ("hand_over", 0)
    scene.position("ann", 0, 0, "protocol")
    scene.put(OrderFilled(time=scene.now, order=order.number, units=0, done=True))

    assert scene.free("zoe", "USD") == 99_980
    assert scene.fund("USD") == 0

"""SP-1 to SP-23, one test or more for each, named after it. The figures are the draft's unless a test says its own."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

from bsip_mplp.rules.inputs import Borrow, Deposit, Hold, Lend, ParametersChanged, Prepay, Protect, Repay, Request
from bsip_mplp.rules.schedule import DueKind
from bsip_mplp.rules.shared_rates import PRESETS, PoolParameters, rate_at

from .shared_scene import SharedScene, T

C, D = 10**9, 3_230_000


def draft(mcr=1100, interest=40_000, pool=6_000_000, custody="books", **parameters):
    """The draft's position takes part at a price of 0.06, where nobody is served yet."""
    scene = SharedScene(price=60_000, **parameters)
    scene.supply("lena", pool)
    scene.joined("ann", C, D, mcr, interest, custody)
    return scene


def test_sp_1_extra_is_what_brings_the_debt_to_icr_rounded_up_and_never_under_0():
    scene = draft()
    assert scene.extra("ann") == 0
    scene.feed(40_000)
    assert scene.extra("ann") == 649_355  # 3 230 000 − 4 000 000 / 1.55, rounded up
    scene.feed(60_000)
    assert scene.extra("ann") == 0


def test_sp_2_interest_for_t_rounded_up():
    scene = draft()
    scene.feed(40_000)
    exact = 649_355 * 10 * Fraction(323, 400) ** 7 * Fraction(2, 100)
    assert scene.of("ann").paid == -(-exact.numerator // exact.denominator) == 29_075


@pytest.mark.parametrize("model", ["fixed", "inverse", "kinked"])
def test_sp_3_every_model_is_monotone_in_use(model):
    parameters = PoolParameters().changed({"model": model, "rate": "0.1", "target_rate": "0.02"})
    rates = [rate_at(parameters, Fraction(use, 20)) for use in range(21)]
    assert rates == sorted(rates)
    assert rates[-1] == Fraction(1, 10)


def test_sp_3_inverse_is_the_seeds_ratio():
    parameters = PoolParameters().changed({"model": "inverse", "rate": "0.02"})
    lower, upper, available = 10, 20, 30
    assert rate_at(parameters, Fraction(lower + upper, lower + upper + available)) == Fraction(2, 100) / Fraction(
        60, 30
    )


def test_sp_4_the_next_payment_falls_due_when_the_last_is_used_up():
    scene = draft(interest=100_000)
    scene.feed(40_000)
    exact = (D - Fraction(4_000_000 * 1000, 1550)) * 10 * Fraction(323, 400) ** 7 * Fraction(2, 100) / T
    seconds = -(-29_075 // exact)  # 29 075 units last a little longer than T: the payment was rounded up
    scene.wait(seconds=int(seconds) - 1)
    assert scene.of("ann").paid == 29_075
    scene.wait(seconds=1)
    assert scene.of("ann").paid == 2 * 29_075
    assert scene.events("paid interest") == [(0, "SP-4", "USD/ann"), (int(seconds), "SP-4", "USD/ann")]


def test_sp_4_while_nothing_is_added_nothing_accrues_and_what_has_not_accrued_comes_back():
    scene = draft()
    scene.feed(40_000)
    scene.wait(days=7)
    scene.feed(60_000)
    scene.wait(days=100)
    scene.unhold("ann")
    used = 40_000 - scene.free("ann")
    assert used == -(-649_355 * 10 * Fraction(323, 400) ** 7 * Fraction(2, 100) // 2)


def test_sp_4_looking_a_thousand_times_a_day_changes_nothing():
    once, often = draft(interest=500_000), draft(interest=500_000)
    for scene in (once, often):
        scene.feed(40_000)
    for _ in range(2000):
        often.wait(seconds=86)
        often.rewards("lena")
        often.hold("ann")
    once.now = often.now
    once.rewards("lena")
    for scene in (once, often):
        scene.unhold("ann")
        scene.rewards("lena")
    assert once.free("ann") == often.free("ann")
    assert once.free("lena") == often.free("lena")


def test_sp_4_only_the_bitasset_is_interest_and_other_money_just_carries_the_request():
    scene = SharedScene()
    scene.position("ann", 10**9, 3_230_000)
    scene.deposit("ann", 1, Hold(market="USD", mcr=Fraction(6, 5)), asset="BTS")
    assert scene.refused == "SP-18"
    scene.deposit("ann", 40_000, Hold(market="USD"))
    scene.deposit("ann", 1, Hold(market="USD", mcr=Fraction(6, 5)), asset="BTS")
    assert scene.refused is None
    assert (scene.of("ann").own_mcr, scene.interest("ann")) == (1200, 40_000)
    assert (scene.free("ann", "BTS"), scene.free("ann")) == (2, 0)


def test_sp_5_interest_is_split_between_insurance_and_lenders_as_it_accrues():
    scene = draft(fee="0.25")
    scene.feed(40_000)
    scene.wait(days=14)
    scene.rewards("lena")
    exact = (D - Fraction(4_000_000 * 1000, 1550)) * 10 * Fraction(323, 400) ** 7 * Fraction(2, 100)
    assert scene.free("lena") == exact * 3 // 4
    assert scene.held("insurance") == 29_075 // 4  # begun units are handed out whole
    assert scene.held("rewards") == 29_075 - 29_075 // 4 - scene.free("lena")  # less than a unit of it is hers as yet


def test_sp_7_upper_serves_between_mcr_and_icr_first():
    scene = draft(pool=120_000)
    scene.joined("bob", C, 2_620_000)
    scene.feed(40_000)  # bob's cr is 1.527, ann's 1.238
    assert scene.split == (0, 39_355, 80_645)
    assert scene.served() == {"bob"}


def test_sp_7_where_upper_cannot_be_filled_the_lowest_are_raised_to_one_level():
    scene = SharedScene(price=80_000)
    scene.supply("lena", 50_000)
    scene.joined("bob", C, 2_650_000)
    scene.joined("cat", C, 2_600_000)
    scene.joined("dan", C, 2_582_000)
    scene.feed(40_000)
    external = {name: Fraction(4_000_000, scene.of(name).position.debt - scene.extra(name)) for name in ("bob", "cat")}
    assert abs(external["bob"] - external["cat"]) < Fraction(1, 10**5)
    assert Fraction(3, 2) < external["bob"] < Fraction(31, 20)
    assert scene.extra("dan") == 0
    assert scene.extra("bob") + scene.extra("cat") == 50_000
    assert scene.split[2] == 0


def test_sp_8_equal_ratios_are_served_together_or_not_at_all():
    scene = SharedScene(price=80_000)
    scene.supply("lena", 700_000)
    scene.joined("ann", C, D, mcr=1100)
    scene.joined("bob", C, D, mcr=1100)
    scene.feed(40_000)
    assert scene.served() == set()
    scene.supply("lena", 2 * 649_355 - 700_000 - 1)
    assert scene.served() == set()
    scene.supply("lena", 1)
    assert scene.served() == {"ann", "bob"}
    assert scene.pool.least_mcr() == Fraction(400, 323)
    assert scene.split == (2 * 649_355, 0, 0)


def test_sp_9_what_is_available_comes_out_at_once_and_the_rest_evenly():
    scene = draft(pool=1_000_000, interest=1_000_000)
    scene.feed(40_000)
    scene.leave("lena")
    assert scene.free("lena") == 1_000_000 - 649_355
    assert scene.pool.queue.units == 649_355
    assert scene.of("ann").served
    scene.wait(days=7)
    assert scene.held("freed") == 649_355 // 2
    assert not scene.of("ann").served  # lower shrinks first: its one position no longer fits
    scene.leave("lena")
    assert scene.free("lena") == 1_000_000
    assert scene.pool.queue.units == 0


def test_sp_9_several_share_what_comes_free_by_what_each_still_waits_for():
    scene = draft(pool=600_000, interest=1_000_000)
    scene.supply("lou", 60_000)
    scene.feed(40_000)
    scene.leave("lena")
    scene.leave("lou")
    waits = {name: scene.lender(name).staying for name in ("lena", "lou")}
    assert waits == {"lena": 0, "lou": 0}
    scene.wait(days=7)
    for name in ("lena", "lou"):
        scene.rewards(name)
    earned = {name: scene.lender(name).earned for name in ("lena", "lou")}
    came = {name: scene.free(name) - earned[name] for name in ("lena", "lou")}
    assert sum(came.values()) in (10_644 + 649_355 // 2, 10_645 + 649_355 // 2)  # each its whole units
    assert abs((came["lena"] - 10_645) * 60_000 - came["lou"] * 589_355) < 650_000


def test_sp_10_a_holder_gives_back_at_once():
    scene = draft()
    scene.feed(40_000)
    scene.unhold("ann")
    assert scene.split == (0, 0, 6_000_000)
    assert scene.free("ann") == 40_000


def test_sp_10_own_mcr_at_mcr_keeps_upper_only():
    scene = draft()
    scene.feed(42_000)  # cr 1.30
    assert scene.of("ann").served
    scene.hold("ann", mcr=1500)
    assert not scene.of("ann").served
    scene.feed(49_000)  # cr 1.517
    assert scene.of("ann").served


def test_sp_11_the_lowest_cr_is_called_first():
    scene = SharedScene(price=80_000)
    for name, debt in (("ann", 3_000_000), ("bob", 3_500_000), ("cat", 3_200_000)):
        scene.joined(name, C, debt, mcr=1100)
    scene.feed(40_000)
    assert [key for _, _, key in scene.events("called")] == ["USD/bob", "USD/cat", "USD/ann"]


def test_sp_12_collateral_is_sold_until_cr_is_mcr():
    scene = draft(pool=1000, custody="protocol")
    scene.feed(40_000)
    [(kind, account, asset, units, limit)] = scene.orders()
    assert (kind, account, asset) == ("close", "ann", "BTS")
    assert units == 422_500_000  # the draft's position: 4225 BTS at the feed price
    assert Fraction(*limit) == Fraction(40_000, 10_000_000) / Fraction(11, 10)
    scene.position("ann", C - units, D - units * 40_000 // 10_000_000, "protocol")
    scene.filled(1, units, got=1_690_000)
    assert scene.of("ann").call == ""
    assert not scene.orders()


def test_sp_12_what_a_cheap_sale_lacks_is_ordered_once_it_is_reported():
    scene = draft(pool=1000, custody="protocol")
    scene.feed(40_000)
    scene.position("ann", C - 200_000_000, D - 760_000, "protocol")
    assert not scene.orders()  # the order is still open
    scene.filled(1, 200_000_000, got=760_000, done=False)
    assert not scene.orders()
    scene.filled(1, 0, done=True)
    [(kind, _, _, units, _)] = scene.orders()
    assert kind == "close"
    assert units == 252_500_000  # (1.5 · 247 − 320) / 0.5 at 0.04


def test_sp_12_in_books_custody_nothing_is_done_on_the_chain_and_it_says_so():
    scene = draft(pool=1000)
    scene.feed(40_000)
    assert not scene.orders()
    assert "Nothing is done on the chain" in scene.told("ann")[-1]


def test_sp_13_without_interest_the_extra_goes_home_and_the_position_is_called():
    scene = draft(interest=29_074)
    scene.feed(40_000)  # 29 075 are due
    assert scene.extra("ann") == 0
    assert scene.interest("ann") == 29_074
    assert scene.events("called") == [(0, "SP-13", "USD/ann")]
    scene.hold("ann", interest=1)
    assert scene.of("ann").served
    assert scene.of("ann").call == ""


def test_sp_14_a_full_call_passes_everything_to_the_pool():
    scene = draft(pool=1_000_000, custody="protocol")
    scene.feed(40_000)
    scene.feed(32_000)  # cr is 0.99
    assert scene.of("ann").call == "full"
    assert scene.extra("ann") == 0
    assert scene.interest("ann") == 0
    assert scene.held("insurance") == 40_000
    assert [(kind, units) for kind, _, _, units, _ in scene.orders()] == [("close", C)]
    scene.hold("ann", mcr=1200)
    assert scene.refused == "SP-14"


def test_sp_14_insurance_covers_the_rest_then_the_lenders_and_income_makes_it_good():
    scene = draft(pool=1_000_000, custody="protocol")
    scene.supply("lou", 500_000)
    scene.feed(32_000)
    scene.position("ann", 0, 130_000, "protocol")
    scene.filled(1, C, got=3_100_000)
    kinds = [(kind, units) for kind, _, _, units, _ in scene.orders()]
    assert kinds == [("pay_debt", 40_000), ("pay_debt", 90_000)]
    assert (scene.lender("lena").lost, scene.lender("lou").lost) == (60_000, 30_000)
    assert scene.pool.loss == 90_000
    assert any("was lost" in text for text in scene.told("lou"))
    scene.insure("ina", 30_000)
    assert scene.pool.loss == 90_000  # SP-21: nothing else while the pool owns a position
    scene.position("ann", 0, 0, "protocol")
    scene.filled(2, 40_000)
    scene.filled(3, 90_000)
    scene.insure("ina", 1)
    assert scene.pool.loss == 59_999
    scene.rewards("lena")
    scene.rewards("lou")
    assert scene.free("lena") == 20_000  # 30 001 · 2/3, rounded down
    assert scene.free("lou") == 10_000


def test_sp_15_recovery_by_adding_until_cr_is_mcr():
    scene = draft(pool=10_000_000, custody="protocol")
    scene.feed(32_000)
    scene.position("ann", C + 10**8, D, "protocol")
    assert scene.of("ann").call == "full"
    scene.position("ann", C + 5 * 10**8, D, "protocol")
    assert scene.of("ann").call == "full"  # cr is 1.486, and one that is not served has mcr = MCR
    scene.position("ann", C + 5 * 10**8, 3_200_000, "protocol")
    assert scene.of("ann").call == ""
    assert scene.events("recovered")
    assert scene.engine.book.orders[1].state == "failed"


def test_sp_15_not_once_all_collateral_is_sold():
    scene = draft(custody="protocol")
    scene.feed(32_000)
    scene.position("ann", 0, 130_000, "protocol")
    assert scene.of("ann").call == "full"
    assert not scene.events("recovered")


def test_sp_16_boundaries():
    scene = draft()
    scene.set(fee="0")
    assert scene.refused == "SP-16"
    scene.set(fee="1")
    assert scene.refused == "SP-16"
    scene.position("bob", C, 2_600_000)
    scene.hold("bob", 1000, interest=1000)
    assert scene.refused == "SP-16"
    scene.feed(40_000, mcr=1550)
    assert "serves nobody new" in scene.told("operator")[-1]
    scene.hold("bob", 1100, interest=1000)
    assert scene.refused == "SP-16"
    assert scene.extra("ann") == 0  # the last valid figures stand


def test_sp_16_interest_must_be_more_than_is_due():
    scene = draft()
    scene.feed(40_000)
    scene.position("bob", C, D)
    scene.hold("bob", 1100, interest=29_075)
    assert scene.refused == "SP-16"
    scene.hold("bob", 1100, interest=29_076)
    assert scene.refused is None


def test_sp_17_what_would_be_missing_at_feed_over_mssr():
    scene = draft(mcr=1050, interest=1_000_000)
    scene.feed(80_000)
    scene.joined("bob", C, 3_300_000)  # upper only
    scene.joined("cat", 5 * 10**8, 2_100_000)
    scene.feed(34_500)
    worth = 3_450_000 * 10 // 11
    assert scene.risk == {
        "lower": D - worth,
        "called": 3_300_000 - worth,
        "under water": 2_100_000 - 1_725_000 * 10 // 11,
    }


def test_sp_18_extra_follows_the_price_down_and_up():
    scene = draft(interest=1_000_000)
    extras = []
    for price in (48_000, 42_000, 40_000, 44_000, 50_050):
        scene.feed(price)
        extras.append(scene.extra("ann"))
    assert extras == [max(0, D - price * 100 * 1000 // 1550) for price in (48_000, 42_000, 40_000, 44_000, 50_050)]


def test_sp_18_no_part_without_interest():
    scene = draft()
    scene.position("bob", C, 2_600_000)
    scene.hold("bob", 1100)
    assert scene.refused == "SP-18"


def test_sp_19_who_does_not_take_part_is_the_chains():
    scene = draft()
    scene.position("bob", C, D)
    scene.feed(30_000)
    assert "bob" not in scene.pool.participants
    assert all(key != "USD/bob" for _, _, key in scene.events("called"))


def test_sp_20_when_the_extra_is_gone_mcr_is_mcr_again():
    scene = draft(pool=700_000, interest=100_000)
    scene.feed(40_000)
    assert scene.pool.least_mcr() == Fraction(400, 323)
    scene.feed(39_000)  # 711 …: no longer fits
    assert scene.extra("ann") == 0
    assert scene.pool.least_mcr() == Fraction(3, 2)
    assert scene.of("ann").call == "partial"


def test_sp_21_what_the_pool_owns_comes_before_losses_made_good():
    scene = draft(pool=1_000_000, custody="protocol")
    scene.joined("bob", C, D, 1100, custody="protocol")
    scene.feed(32_000)
    scene.position("ann", 0, 200_000, "protocol")
    scene.filled(1, C, got=3_000_000)
    assert scene.pool.loss == 200_000 - 80_000
    scene.position("ann", 0, 0, "protocol")
    scene.filled(3, 80_000)
    scene.filled(4, 120_000)
    scene.insure("ina", 50_000)
    assert scene.pool.loss == 120_000  # bob's position is still the pool's
    scene.position("bob", 0, 40_000, "protocol")
    scene.filled(2, C, got=3_190_000)
    assert [(kind, units) for kind, _, _, units, _ in scene.orders()] == [("pay_debt", 40_000)]


def test_sp_22_the_thinner_the_market_the_higher_the_parameters():
    deep, medium, thin = (PoolParameters().changed({"preset": name}) for name in ("deep", "medium", "thin"))
    for name in PRESETS["deep"]:
        assert getattr(deep, name) < getattr(medium, name) < getattr(thin, name)


def test_sp_23_after_the_interest_of_personal_pools_and_in_order():
    order = [DueKind.INTEREST, DueKind.SHARED_INTEREST, DueKind.SHARED_LEAVING, DueKind.SHARED_CALL]
    assert order == sorted(order)
    assert DueKind.SHARED_CALL < DueKind.END


def test_with_both_ways_lcr_counts_both():
    scene = draft(interest=1_000_000)
    scene.put(Deposit(time=0, account="bob", asset="USD", amount=500_000, ask=Lend(rate=Fraction(1, 10), term_days=60)))
    scene.put(Deposit(time=0, account="ann", asset="USD", amount=50_000, ask=Prepay()))
    scene.put(Request(time=0, account="ann", ask=Borrow(market="USD", asset="USD", amount=500_000)))
    assert not scene.outcome.refusals, scene.outcome.refusals
    position = scene.of("ann").position
    assert position.owed_units == D - 500_000
    scene.feed(42_000)
    assert position.owed_units == D - 500_000 - scene.extra("ann")
    scene.wait(days=1)
    scene.feed(42_100)
    assert ("position", "USD/ann") not in scene.outcome.objects  # the pool's part is another, LCR far over its limits
    assert position.state == "protected"  # LCR without the pool's part is 1.538 …, MCR 1.5
    scene.feed(38_000)
    scene.wait(days=1)
    assert position.state == "protected"  # without the pool's part LCR would be 1.39


def test_with_both_ways_who_gives_the_pools_service_up_is_judged_in_the_same_step():
    """PL-22 counts what the pool adds: once it adds nothing, the hold begins, and waits for no further feed."""
    scene = draft(interest=1_000_000)
    scene.put(Deposit(time=0, account="bob", asset="USD", amount=500_000, ask=Lend(rate=Fraction(1, 10), term_days=60)))
    scene.put(Deposit(time=0, account="ann", asset="USD", amount=50_000, ask=Prepay()))
    scene.put(Request(time=0, account="ann", ask=Borrow(market="USD", asset="USD", amount=500_000)))
    scene.feed(38_000)
    scene.wait(days=1)
    position = scene.of("ann").position
    assert not position.holds
    scene.hold("ann", 1500)
    assert not scene.of("ann").served
    assert set(position.holds) == {"auction"}  # without the pool's part LCR is 1.39
    scene.wait(seconds=60)
    assert position.state == "in_auction"


def test_with_both_ways_a_loan_puts_the_pools_call_off_until_it_ends():
    """A position with a loan, under MCR, not served by the pool: it is neither called nor asked about for ever."""
    scene = SharedScene()
    scene.position("ann", C, D, "protocol")
    scene.put(Deposit(time=0, account="bob", asset="USD", amount=900_000, ask=Lend(rate=Fraction(1, 10), term_days=60)))
    scene.put(Deposit(time=0, account="ann", asset="USD", amount=50_000, ask=Prepay()))
    scene.put(Request(time=0, account="ann", ask=Borrow(market="USD", asset="USD", amount=900_000)))
    assert not scene.outcome.refusals, scene.outcome.refusals
    scene.hold("ann", 1100, 1_000)
    scene.feed(45_000)  # nobody lends to the pool: cr is 1.39
    assert not scene.events("called")
    scene.put(Request(time=0, account="ann", ask=Repay(loan=1)))
    assert scene.orders()[0][:2] == ("close", "ann")  # SP-12: now it is


def test_a_market_may_be_run_by_its_shared_pool_alone():
    scene = draft()
    lend = Lend(rate=Fraction(1, 10), term_days=60)
    scene.deposit("bob", 500_000, lend)
    scene.put(ParametersChanged(time=0, market="USD", changes={"personal_pools": "no"}))
    for ask in (Borrow(market="USD", asset="USD"), Protect(market="USD")):
        scene.ask("ann", ask)
        assert scene.outcome.refusals[0].reason == "USD has no loans from personal pools"
    scene.deposit("bob", 500_000, lend)
    assert scene.refused == "PL-1"
    assert scene.free("bob") == 500_000
    scene.deposit("bob", 500_000, lend, asset="BTS")  # core asset is lent in every market
    assert scene.refused is None
    scene.feed(40_000)
    assert scene.served() == {"ann"}


def test_every_rule_has_a_test_by_its_name_and_stands_in_the_code():
    root = Path(__file__).parents[2]
    code = "".join(path.read_text(encoding="utf-8") for path in (root / "bsip_mplp" / "rules").glob("*.py"))
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_shared_*.py"))
    for number in range(1, 24):
        assert f"def test_sp_{number}_" in tests, f"SP-{number} has no test"
        assert re.search(rf"SP-{number}\b", code) or number == 19, f"SP-{number} is named nowhere in the rules"


def test_sp_22_parameters_change_while_positions_are_served_and_owned():
    scene = draft(interest=500_000, custody="protocol")
    scene.joined("bob", C, 3_900_000, 1100, custody="protocol")
    scene.feed(38_500)  # bob's cr is 0.987
    scene.position("bob", 0, 100_000, "protocol")
    scene.wait(days=3)
    paid = scene.of("ann").paid
    scene.set(b=8, fee="0.5", rate="0.04")
    assert scene.refused is None
    scene.wait(days=12)
    assert scene.of("ann").paid > paid

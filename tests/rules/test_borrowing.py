"""Borrowing: PL-11 to PL-15, with PL-D1 to PL-D3, PL-D37, PL-D39, PL-D42, PL-D53 and PL-D65."""

from fractions import Fraction

import pytest

from bsip_mplp.rules.inputs import AssetSeen
from tests.rules.scene import Scene


def stage(collateral=1400, debt=1000, **parameters):
    """Ann has a position and plenty of interest; Bob lends 5000 of each asset, short."""
    scene = Scene(**parameters)
    scene.lend("bob", 5000, "BTS", "1/10", 14)
    scene.lend("bob", 5000, "USD", "1/10", 14)
    scene.prepay("ann", 1000, "BTS")
    scene.prepay("ann", 1000, "USD")
    scene.position("ann", collateral, debt)
    return scene


def least_sizes(scene, units):
    for symbol in ("BTS", "USD"):
        scene.put(AssetSeen(time=0, symbol=symbol, precision=5, least_size=units))


def test_pl_11_both_assets_from_several_pools_count_for_one_position():
    scene = stage()

    scene.borrow("ann", 400, "BTS")
    scene.borrow("ann", 100, "USD")

    assert (scene.of("ann").lp1, scene.of("ann").lp2) == (400, 100)
    assert scene.state("ann") == ("protected", "PL-11")


@pytest.mark.parametrize("units", [1000, 1001])
def test_pl_11_and_pl_d53_lp2_stays_under_the_debt(units):
    scene = stage(lcr_cap=100_000)

    scene.borrow("ann", units, "USD")

    assert scene.refused == "PL-11"


def test_pl_11_needs_a_position_and_an_asset_of_its_market():
    scene = stage()

    scene.borrow("eve", 400, "BTS")
    assert scene.refused == "PL-11"
    scene.borrow("ann", 400, "EUR")
    assert scene.refused == "PL-11"


def test_pl_12_what_was_lent_is_locked_in_the_lenders_pool():
    scene = stage()

    scene.borrow("ann", 400, "BTS")

    assert scene.engine.ledger.balance("pool/1/lent", "BTS") == 400
    assert scene.free("ann", "BTS") == 0


@pytest.mark.parametrize(("units", "refused"), [(323, "PL-13"), (324, None)])
def test_pl_13_the_least_of_the_core_asset(units, refused):
    """(1400 + x) / 1400 ≥ 1.6 / 1.3, so x ≥ 323.08."""
    scene = stage()

    scene.borrow("ann", units, "BTS")

    assert scene.refused == refused


@pytest.mark.parametrize(("units", "refused"), [(187, "PL-13"), (188, None)])
def test_pl_13_the_least_of_the_bitasset(units, refused):
    """1000 / (1000 - x) ≥ 1.6 / 1.3, so x ≥ 187.5."""
    scene = stage()

    scene.borrow("ann", units, "USD")

    assert scene.refused == refused


@pytest.mark.parametrize(
    ("asset", "units", "reason"),
    [
        ("BTS", 323, "0.00323 BTS is less than the least that may be borrowed, 0.00324 BTS"),
        ("USD", 187, "0.0187 USD is less than the least that may be borrowed, 0.0188 USD"),
        ("USD", 1000, "what is lent of USD would reach the whole debt, 0.1000 USD"),
    ],
)
def test_what_was_asked_for_is_named_as_people_write_it(asset, units, reason):
    scene = stage(lcr_cap=100_000)

    scene.borrow("ann", units, asset)

    assert scene.outcome.refusals[0].reason == reason


def test_ratios_in_refusals_are_written_as_people_write_them():
    scene = stage(1299)
    scene.borrow("ann", 400, "BTS")
    assert scene.outcome.refusals[0].reason == "CR is under LMCR 1.3"
    scene = stage()
    scene.borrow("ann", 3000, "BTS")
    assert scene.outcome.refusals[0].reason == "LCR would be over 3.2"


def test_pl_13_counts_what_is_lent_already():
    scene = stage()
    scene.borrow("ann", 324, "BTS")

    scene.borrow("ann", 1, "USD")

    assert scene.refused is None


@pytest.mark.parametrize(("collateral", "refused"), [(1299, "PL-14"), (1300, None)])
def test_pl_14_cr_must_reach_lmcr(collateral, refused):
    scene = stage(collateral)

    scene.borrow("ann", 400, "BTS")

    assert scene.refused == refused


@pytest.mark.parametrize(("units", "refused"), [(300, "PL-14"), (301, None)])
def test_pl_14_lcr_must_be_over_icr(units, refused):
    """At CR = LMCR the least by PL-13, 300, makes LCR just ICR."""
    scene = stage(1300)

    scene.borrow("ann", units, "BTS")

    assert scene.refused == refused


def test_pl_15_the_cheapest_pools_first_then_the_older_each_one_loan():
    scene = stage()
    scene.lend("cat", 100, "BTS", "1/20", 14)
    scene.lend("dan", 100, "BTS", "1/10", 14)

    scene.borrow("ann", 400, "BTS")

    assert [(scene.loan(n).pool, scene.loan(n).principal) for n in scene.live("ann")] == [(3, 100), (1, 300)]


def test_pl_15_limits_choose_among_pools():
    scene = stage()
    scene.lend("cat", 1000, "BTS", "1/5", 60)
    scene.lend("dan", 1000, "BTS", "1/4", 90)

    scene.borrow("ann", 400, "BTS", shortest_days=30, longest_days=89)
    assert scene.loan(1).pool == 3
    scene.borrow("ann", 400, "BTS", shortest_days=30, highest_rate=Fraction(19, 100))
    assert scene.refused == "PL-15"


def test_pl_15_a_request_is_filled_whole_or_not_at_all():
    scene = stage(14_000, 10_000)

    scene.borrow("ann", 5001, "BTS")

    assert scene.refused == "PL-15"
    assert (scene.live("ann"), scene.pool(1).available) == ([], 5000)


def test_pl_d1_the_least_is_what_pl_13_and_pl_14_need():
    scene = stage(1300)

    scene.borrow("ann", None, "BTS")
    assert scene.of("ann").lp1 == 301

    scene.borrow("ann", None, "BTS")
    assert scene.refused == "PL-D1", "nothing is needed any more"


def test_pl_d1_the_least_of_the_bitasset():
    """1300 / (1000 - x) > 1.6 needs x > 187.5."""
    scene = stage(1300)

    scene.borrow("ann", None, "USD")

    assert scene.of("ann").lp2 == 188


def test_pl_d2_named_pools_are_used_in_the_order_named_and_no_others():
    scene = stage()
    scene.lend("cat", 150, "BTS", "1/2", 14)
    scene.lend("dan", 200, "BTS", "1/3", 14)

    scene.borrow("ann", 330, "BTS", pools=(3, 4))
    assert [(scene.loan(n).pool, scene.loan(n).principal) for n in scene.live("ann")] == [(3, 150), (4, 180)]
    scene.borrow("ann", 30, "BTS", pools=(3, 4))
    assert scene.refused == "PL-15"


def test_pl_d3_own_pools_are_skipped_and_refused_when_named():
    scene = stage()
    own = scene.lend("ann", 1000, "BTS", "1/100", 14)

    scene.borrow("ann", 400, "BTS", pools=(own.number,))
    assert scene.refused == "PL-D3"
    scene.borrow("ann", 400, "BTS")
    assert scene.loan(1).pool == 1


@pytest.mark.parametrize(("units", "refused"), [(1800, None), (1801, "PL-D37")])
def test_pl_d37_lcr_stays_at_or_under_twice_icr(units, refused):
    scene = stage()  # 3.2 · 1000 - 1400

    scene.borrow("ann", units, "BTS")

    assert scene.refused == refused


def test_pl_d39_pools_with_less_than_the_least_size_are_skipped():
    scene = stage()
    scene.lend("cat", 99, "BTS", "1/20", 14)
    least_sizes(scene, 100)

    scene.borrow("ann", 400, "BTS")

    assert scene.loan(1).pool == 1


def test_pl_d42_icr_is_never_under_mcr():
    scene = stage(1500)
    scene.feed(1000, icr=0)  # ICR is 1.55 then: the least by PL-13 is 1500 · 1.55 / 1.3 - 1500 = 288.5

    scene.borrow("ann", None, "BTS")

    assert scene.of("ann").lp1 == 289


def test_pl_d65_a_part_that_would_leave_too_little_is_cut_and_too_little_is_skipped():
    """Least 100, request 350: of 300 go 250, so that 100 are left for the next; of 120 nothing is taken for 150."""
    scene = stage()
    scene.lend("cat", 300, "BTS", "1/50", 14)
    least_sizes(scene, 100)
    scene.borrow("ann", 350, "BTS")
    assert [scene.loan(n).principal for n in scene.live("ann")] == [250, 100]

    scene.lend("dan", 120, "BTS", "1/100", 14)
    scene.unlend("cat", 3)
    scene.borrow("ann", 150, "BTS")
    assert [scene.loan(n).pool for n in scene.live("ann")] == [3, 1, 1]


def test_pl_d65_the_least_is_at_least_the_least_size():
    scene = stage()
    least_sizes(scene, 500)

    scene.borrow("ann", None, "BTS")

    assert scene.of("ann").lp1 == 500

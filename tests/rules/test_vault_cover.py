"""V-6, V-12: the lender's cover, proved against the chain's own margin call over prices, fees and partial fills."""

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bsip_mplp.market import Feed, Parameters, core_alone_fails
from bsip_mplp.ratios import Price
from bsip_mplp.rules import cover
from bsip_mplp.rules.borrowing import covered_mix
from tests.devnet.kit import Stage
from tests.rules.test_stateful import THOROUGH
from tests.rules.vault_stage import MONEY, VaultStage

M = MONEY
NEVER = 10**12


def feed_of(bitasset, core, mcr=1550, mssr=1100, icr=1600):
    return Feed(Price(bitasset, core), mcr, mssr, icr, NEVER)


def most_core(collateral, debt, feed, parameters, bitasset=0):
    """The most core asset that the cover lets into a position with this own collateral, by bisection.

    `debt` is the chain's, after `bitasset` was lent.
    """
    low, high = 0, 10 * collateral
    while low < high:
        tried = (low + high + 1) // 2
        placed = cover.Placed(collateral + tried, debt, tried, bitasset)
        low, high = (tried, high) if not cover.lacking_units(placed, parameters, feed) else (low, tried - 1)
    return low


def test_v_6_the_most_core_asset_is_mcr_less_mssr_of_the_collateral_at_the_price_where_it_is_called():
    """(MCR - MSSR) / MCR of all collateral: with 1.55 and 1.1 it is 9/31, so own 22 carry 9."""
    most = most_core(22 * M, 10 * M, feed_of(1, 1), Parameters())

    assert 9 * M - 10 <= most <= 9 * M


def test_v_6_the_loan_at_the_bound_is_made_and_one_unit_more_is_refused():
    stage = VaultStage()
    stage.lend("bob", 100 * M, "BTS", "1/100", 14)
    stage.prepay("ann", 1 * M, "BTS")
    stage.open("ann", 22 * M, 10 * M)
    feed = stage.engine.book.markets["USD"].feed
    most = most_core(22 * M, 10 * M, feed, Parameters())
    stage.borrow("ann", most + 1, "BTS")
    assert stage.refused == "V-6"
    stage.borrow("ann", most, "BTS")
    assert stage.refused is None
    stage.work()
    stage.audit()


def test_v_6_bitasset_counts_at_the_feed_or_at_the_worst_price():
    feed = feed_of(1, 1)
    placed = cover.Placed(20 * M, 8 * M, 0, 2 * M)
    at_feed = cover.lp2_worth_units(placed, Parameters(), feed)
    squeezed = cover.lp2_worth_units(placed, Parameters(lp2_cover="squeeze"), feed)

    assert at_feed == -(-2 * M * 20 * 1000 // (1550 * 8))
    assert squeezed == -(-2 * M * 20 * 1100 // (1550 * 8))


# --- the worst case, on the chain's own code ---------------------------------------------------------------------

ratios = st.tuples(st.integers(1001, 1400), st.integers(1, 700), st.integers(0, 200), st.integers(0, 90))
"""MSSR, how far MCR is over it and ICR over that, and the margin call fee in hundredths of MSSR - 1; per mille."""

buyers = st.lists(st.tuples(st.integers(1, 100), st.integers(0, 100)), min_size=1, max_size=4)
"""How much each buys, by share, and how far over the worst price that is allowed, in hundredths of the room to it."""


@settings(max_examples=500 if THOROUGH else 50, deadline=None, suppress_health_check=list(HealthCheck))
@given(ratios, st.integers(10**4, 10**11), st.integers(10**4, 10**11), buyers, st.integers(0, 40), st.booleans())
def test_v_6_after_a_whole_margin_call_the_loan_is_there(ratios, own, debt, bids, hundredths_lp2, strict):
    """A position with the most lent to it is called at the very feed where the chain calls, and bought by several.

    They pay anything that the chain lets them pay, from the worst price that it allows to the feed, in parts of any
    size, with any margin call fee. What is left has the core asset lent, and is worth the bitasset lent besides.
    """
    mssr, room, more, hundredths = ratios
    feed = {"mcr": mssr + room, "mssr": mssr, "icr": mssr + room + more}
    fee = (mssr - 1000) * hundredths // 100
    parameters = Parameters(lp2_cover="squeeze" if strict else "feed")
    bitasset = debt * hundredths_lp2 // 100
    lent = most_core(own, debt, feed_of(1, 1, **feed), parameters, bitasset)
    assume(lent > 0)
    stage = Stage().account("issuer", "feeder", "ann", "mm", core=10**13)
    stage.bitasset(extensions={"margin_call_fee_ratio": fee} if fee else {}, feed_lifetime_sec=10**8)
    price = Fraction(feed["mcr"] * debt, 1000 * (own + lent))
    stage.feed(price.numerator * 3, price.denominator, **feed)
    stage.borrow("ann", own + lent, debt)
    stage.borrow("mm", 9 * 10**12, 3 * debt + 100)
    before = stage.balance("ann")
    for weight, better in bids:
        units = debt * weight // sum(one for one, _ in bids) + 2
        paid = Fraction(1000, mssr - fee)
        core = int(units / (price * (paid + (1 - paid) * better / 100)))
        if core:
            stage.order("mm", (units, "USDX"), (core, "CORE"))
    stage.feed(price.numerator, price.denominator, **feed)
    assume(stage.position("ann") is None)  # bought whole

    worth = bitasset / price * (Fraction(mssr, 1000) if strict else 1)
    assert stage.balance("ann") - before >= lent + worth


# --- V-12 ---------------------------------------------------------------------------------------------------------


def test_v_12_where_lmcr_over_icr_is_under_mssr_over_mcr_no_core_asset_alone_is_covered():
    tight = feed_of(1, 1, mcr=1550, mssr=1400, icr=1700)
    parameters = Parameters(lmcr=1450)
    assert core_alone_fails(parameters, tight)
    assert core_alone_fails(Parameters(), feed_of(1, 1)) is None


def test_v_12_exactly_at_the_bound_some_core_asset_is_covered_but_for_rounding():
    """LMCR / ICR = MSSR / MCR: 1.4 / 2.0 = 1.05 / 1.5."""
    assert core_alone_fails(Parameters(lmcr=1400), feed_of(1, 1, mcr=1500, mssr=1050, icr=2000)) is None
    assert core_alone_fails(Parameters(lmcr=1399), feed_of(1, 1, mcr=1500, mssr=1050, icr=2000))


@pytest.mark.parametrize("strict", [False, True])
def test_v_12_the_mix_with_bitasset_is_proposed_and_passes(strict):
    """LMCR / ICR = 1.45 / 1.85 is under MSSR / MCR = 1.3 / 1.6; bitasset alone passes at the feed, not at the worst."""
    stage = VaultStage(lmcr=1450, lp2_cover="squeeze" if strict else "feed")
    stage.feed(1000, mcr=1600, mssr=1300, icr=1850)
    stage.lend("bob", 100 * M, "BTS", "1/100", 14)
    stage.lend("dan", 100 * M, "USD", "1/100", 14)
    for asset in ("BTS", "USD"):
        stage.prepay("ann", 1 * M, asset)
    vault = stage.open("ann", 20 * M, 10 * M)
    stage.borrow("ann", None, "BTS")
    assert stage.refused == "V-6"
    market = stage.engine.book.markets["USD"]
    mix = covered_mix(stage.of(vault), market, market.feed)

    if strict:
        assert mix is None
        return
    assert mix is not None
    core, bitasset = mix
    assert (core, bitasset > 0) == (0, True)
    stage.borrow("ann", bitasset, "USD")
    assert stage.refused is None
    stage.borrow("ann", bitasset - 1, "USD")
    assert stage.refused is not None

"""Closed-form cases of the inside market: one position, one fall of the price, worked out by hand."""

import pytest

from bsip_mplp.rehearsal.fast_market import FastMarket
from bsip_mplp.rehearsal.market import CORE, USD, Called, MarketOptions, Swan
from bsip_mplp.rehearsal.plain_market import PlainMarket

HOLDER, BUYER, ISSUER, POOL = 1, 2, 0, 3
MCR, MSSR, ICR = 1500, 1100, 1550


def market_of(make, fee=0):
    """A holder with 1,000,000 core against 400,000 of debt at a price of 1, and a buyer with as much bitasset."""
    market = make(4, ISSUER, MarketOptions(fee, 0))
    market.create_core(HOLDER, 1_000_000)
    market.create_core(BUYER, 10_000_000)
    market.publish((1, 1), MCR, MSSR, ICR)
    assert market.adjust(BUYER, 10_000_000, 1_000_000, payer=BUYER, target=None)
    assert market.adjust(HOLDER, 1_000_000, 400_000, payer=HOLDER, target=None)
    return market


both = pytest.mark.parametrize("make", [FastMarket, PlainMarket])


@both
def test_one_position_is_called_at_its_mcr_and_not_over_it(make):
    market = market_of(make)
    market.place(BUYER, USD, 500_000, 800_000)  # 0.625 for one core
    market.publish((601, 1000), MCR, MSSR, ICR)  # CR 1.5025
    assert not market.calls
    market.publish((600, 1000), MCR, MSSR, ICR)  # CR 1.5: called, and sold to the bid at 0.625
    # 400,000 of debt at 0.625 for one core are 640,000 core; 360,000 come free
    assert market.calls == [Called(HOLDER, 640_000, 400_000, 0, True, 360_000)]
    assert (int(market.core[HOLDER]), int(market.debt[HOLDER])) == (360_000, 0)


@both
def test_a_called_position_sells_for_no_less_than_the_feed_over_mssr(make):
    market = market_of(make)
    market.publish((600, 1000), MCR, MSSR, ICR)
    market.place(BUYER, USD, 100_000, 190_000)  # 0.526: under 0.6 / 1.1 = 0.545
    assert not market.calls
    market.place(BUYER, USD, 54_546, 99_000)  # 0.551 offered: filled at 0.6 / 1.1, so it gets 100,001 for 54,546
    assert market.calls == [Called(HOLDER, 100_001, 54_546, 0, False, 0)]


@both
def test_the_margin_call_fee_is_the_owners(make):
    market = market_of(make, fee=10)
    market.place(BUYER, USD, 400_000, 640_000)
    market.publish((600, 1000), MCR, MSSR, ICR)
    # the position pays at 0.625 · (1.09 / 1.10): 400,000 · 1.6 · 110 / 109, rounded up
    assert market.calls == [Called(HOLDER, 645_872, 400_000, 5_872, True, 354_128)]
    assert market.fees == (5_872, 0)


@both
def test_without_a_buyer_a_fall_under_mssr_settles_all(make):
    market = market_of(make)
    market.publish((441, 1000), MCR, MSSR, ICR)  # CR 1.1025: called, and nobody buys
    assert not market.swans
    market.publish((439, 1000), MCR, MSSR, ICR)  # CR 1.0975, under MSSR
    # the holder gives 1,000,000 for 400,000: 2.5 each, of which 2.5 / 1.1 reach the fund; the buyer is far over MCR
    fund = (400_000 * 10_000_000 + 4_399_999) // 4_400_000 + (1_000_000 * 10_000_000 + 4_399_999) // 4_400_000
    assert market.swans == [Swan(1_400_000, fund, 2)]
    assert (int(market.debt[HOLDER]), int(market.core[HOLDER])) == (0, 0)
    assert market.settle(BUYER, 140_000) == 140_000 * fund // 1_400_000


@both
def test_a_target_ratio_sells_only_what_brings_it_there(make):
    market = market_of(make)
    market.adjust(HOLDER, -1, 0, payer=HOLDER, target=1600)
    market.place(BUYER, USD, 400_000, 400_000 * 10 // 6)
    market.publish((600, 1000), MCR, MSSR, ICR)
    (call,) = market.calls
    left, debt = int(market.collateral[HOLDER]), int(market.debt[HOLDER])
    assert not call.closed
    assert left * 600 * 1000 > debt * 1600 * 1000
    assert (left + 2) * 600 < (debt + 2) * 1600  # two units more of it would have been too much


@both
def test_a_position_that_the_rules_judge_is_not_called_until_they_let_it_go(make):
    market = market_of(make)
    market.place(BUYER, USD, 500_000, 800_000)
    market.exempt(HOLDER, True)
    market.publish((600, 1000), MCR, MSSR, ICR)
    assert not market.calls
    assert not market.adjust(HOLDER, -1, 0, payer=HOLDER, target=None)
    market.exempt(HOLDER, False)
    assert [call.account for call in market.calls] == [HOLDER]


@both
def test_orders_of_the_rules_change_a_position_by_what_they_say(make):
    market = market_of(make)
    market.exempt(HOLDER, True)
    market.take_collateral(HOLDER, 250_000, POOL)
    market.pay_debt(HOLDER, 100_000, BUYER)
    assert (int(market.collateral[HOLDER]), int(market.debt[HOLDER])) == (750_000, 300_000)
    assert (int(market.core[POOL]), int(market.bitasset[BUYER]), market.supply) == (250_000, 900_000, 1_300_000)
    market.pay_debt(HOLDER, 300_000, BUYER)
    assert (int(market.core[HOLDER]), int(market.collateral[HOLDER])) == (750_000, 0)


@both
def test_an_order_takes_the_best_price_first_and_the_rest_stays(make):
    market = market_of(make)
    assert market.place(HOLDER, USD, 1_000, 2_000)
    assert market.place(HOLDER, USD, 1_000, 1_000)
    assert market.best(USD) == (1_000, 1_000)
    market.create_core(POOL, 10_000)
    assert market.place(POOL, CORE, 5_000, 1_800)  # 1,000 at 1, then 1,000 at 0.5, and 2,000 wait
    assert (int(market.bitasset[POOL]), market.best(CORE)) == (2_000, (1_800, 5_000))
    assert market.resting() == [(POOL, CORE, 2_000)]

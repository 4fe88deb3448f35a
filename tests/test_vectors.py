"""Every number of the specification's `vectors.json` that belongs to what is built comes out exactly."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from bsip_mplp.money import cut_units, interest_units, split_by_share
from bsip_mplp.ratios import Price, collateral_ratio, least_lp1_units, least_lp2_units, trigger_price

VECTORS = json.loads((Path(__file__).parent / "data" / "vectors.json").read_text())


def rows(name):
    return pytest.mark.parametrize("row", VECTORS[name])


@rows("ratios")
def test_ratios(row):
    price = Price(*row["price"])
    c, d, lp1, lp2 = row["collateral"], row["debt"], row["lp1"], row["lp2"]
    assert collateral_ratio(c, d, price) == Fraction(*row["CR"])
    assert collateral_ratio(c + lp1, d - lp2, price) == Fraction(*row["LCR"])


@rows("least_borrow")
def test_least_borrow(row):
    c, d = row["collateral"], row["debt"]
    assert least_lp1_units(c, d, 0, 0, row["ICR"], row["LMCR"]) == row["least_lp1_alone"]
    assert least_lp2_units(c, d, 0, 0, row["ICR"], row["LMCR"]) == row["least_lp2_alone"]


@rows("trigger_price")
def test_trigger_price(row):
    c, d = row["collateral"] + row["lp1"], row["debt"] - row["lp2"]
    assert trigger_price(c, d, row["MCR"]) == Fraction(*row["price_at_which_LCR_equals_MCR"])


@rows("interest")
def test_interest(row):
    interest = interest_units(row["principal"], Fraction(*row["annual_rate"]), row["days"])
    system = cut_units(interest, Fraction(*row["fee"]))
    assert (interest, system, interest - system) == (row["interest"], row["system"], row["lender"])


@rows("auction_split")
def test_auction_split(row):
    surplus = row["bid"] - sum(row["reserve_per_loan"])
    to_system = cut_units(surplus, Fraction(80, 100))
    assert (surplus, to_system) == (row["surplus"], row["surplus_to_system"])
    assert sum(split_by_share(surplus - to_system, row["reserve_per_loan"])) == row["surplus_to_lenders"]
    fee = Fraction(*row["fee"])
    assert [cut_units(units, fee) for units in row["reserve_per_loan"]] == row["system_from_reserve"]


def test_shared_pool_example():
    row = VECTORS["shared_pool_example"]
    price = Price(*row["price"])
    cr = collateral_ratio(row["collateral"], row["debt"], price)
    assert cr == Fraction(*row["cr"])
    # SP-1 and SP-2, from the same exact pieces: the pool itself is not built yet
    worth = Fraction(row["collateral"] * price.bitasset, price.core)
    extra = -((worth / Fraction(row["ICR"], 1000) - row["debt"]) // 1)
    assert extra == row["extra"]
    interest = -(-(extra * row["a"] * (1 / cr) ** row["b"] * Fraction(*row["rate"])) // 1)
    assert interest == row["interest"]
    assert row["balance_before"] - interest == row["balance_after"]
    assert row["debt"] - extra == row["overall_debt"]


def test_least_mcr():
    # SP-7 and SP-8 written out from the ratios: shows that the figures follow from them
    row = VECTORS["least_mcr"]
    price, mcr, icr = Price(*row["price"]), Fraction(row["MCR"], 1000), Fraction(row["ICR"], 1000)
    positions = [
        (i, collateral_ratio(c, d, price), c, d, Fraction(own, 1000))
        for i, (c, d, own) in enumerate(row["positions_collateral_debt_own_mcr"])
    ]
    extra = {i: max(0, -((c * price.as_fraction() / icr - d) // 1)) for i, _, c, d, _ in positions}
    upper = sum(extra[i] for i, cr, *_ in positions if mcr <= cr < icr)
    lower = sorted((p for p in positions if 1 < p[1] < mcr and p[4] <= p[1]), key=lambda p: -p[1])
    for case in row["cases"]:
        left, served, lowest = case["pool"] - upper, [], mcr
        for i, cr, *_ in lower:
            if extra[i] > left:
                break
            left, lowest = left - extra[i], cr
            served.append(i)
        assert upper == case["lp2"]
        assert sorted(served) == case["served_positions"]
        assert (lowest, left) == (Fraction(*case["lowest_cr_served"]), case["lp3"])

"""The shared pool against `vectors.json`: the draft's example, and who is served as the pool grows."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from .shared_scene import SharedScene

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "vectors.json").read_text())
EXAMPLE, LEAST = VECTORS["shared_pool_example"], VECTORS["least_mcr"]


def test_the_draft_s_example_comes_out_exactly():
    scene = SharedScene()
    scene.supply("lena", 6_000_000_000)
    scene.joined("ann", EXAMPLE["collateral"], EXAMPLE["debt"], mcr=1100, interest=EXAMPLE["balance_before"])
    assert scene.extra("ann") == 3_230_000 - 500 * 10**7 // 1550  # CR is 1.548 at first: a little under ICR
    scene = SharedScene()
    scene.supply("lena", 6_000_000_000)
    scene.feed(60_000)
    scene.joined("ann", EXAMPLE["collateral"], EXAMPLE["debt"], mcr=1100, interest=EXAMPLE["balance_before"])
    assert scene.interest("ann") == EXAMPLE["balance_before"]
    scene.feed(EXAMPLE["price"][0])
    assert scene.extra("ann") == EXAMPLE["extra"]
    assert scene.of("ann").paid == EXAMPLE["interest"]
    assert scene.interest("ann") == EXAMPLE["balance_after"]
    assert EXAMPLE["debt"] - scene.extra("ann") == EXAMPLE["overall_debt"]
    assert scene.pool.least_mcr() == Fraction(*EXAMPLE["cr"])


@pytest.mark.parametrize("case", LEAST["cases"], ids=lambda case: str(case["pool"]))
def test_who_is_served_as_the_pool_grows(case):
    scene = SharedScene(price=80_000)
    scene.supply("lena", case["pool"])
    positions = LEAST["positions_collateral_debt_own_mcr"]
    for number, (collateral, debt, own) in enumerate(positions):
        scene.joined(f"holder-{number}", collateral, debt, None if own == 1500 else own, interest=100_000_000)
    scene.feed(LEAST["price"][0])
    lower, upper, available = scene.split
    assert upper == case["lp2"]
    assert available == case["lp3"]
    assert lower == case["pool"] - case["lp2"] - case["lp3"]
    assert scene.pool.least_mcr() == Fraction(*case["lowest_cr_served"])
    in_lower = {n for n in range(len(positions)) if scene.of(f"holder-{n}").served} - {4}
    assert sorted(in_lower) == case["served_positions"]

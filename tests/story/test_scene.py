"""What a step writes down."""

from fractions import Fraction

import pytest

from bsip_mplp.story.scene import Scene


@pytest.mark.parametrize(
    ("found", "holds"), [(Fraction(1551, 1000), True), (Fraction(1550, 1000), False), (Fraction(1549, 1000), False)]
)
def test_over_is_strict(found, holds):
    scene = Scene()
    scene.over("CR", found, Fraction(31, 20), "MCR")
    assert scene.holds is holds
    assert scene.checks[0].expected == "over 1.5500 (MCR)"


@pytest.mark.parametrize(("found", "holds"), [(6, True), (7, False), (8, False)])
def test_under_is_strict(found, holds):
    scene = Scene()
    scene.under("units", found, 7)
    assert scene.holds is holds


@pytest.mark.parametrize(("found", "holds"), [(6, False), (7, True), (8, True)])
def test_at_least_is_not(found, holds):
    scene = Scene()
    scene.at_least("units", found, 7)
    assert scene.holds is holds


def test_nothing_is_neither_over_nor_under():
    scene = Scene()
    scene.over("CR", None, 1)
    scene.under("CR", None, 1)
    assert [check.holds for check in scene.checks] == [False, False]


def test_a_ratio_is_rounded_down_so_that_it_never_reads_as_the_bound():
    scene = Scene()
    scene.under("CR", Fraction(159_999_999, 100_000_000), Fraction(8, 5))
    assert (scene.checks[0].found, scene.checks[0].expected) == ("1.5999", "under 1.6000")


def test_one_check_that_fails_is_enough():
    scene = Scene()
    scene.equal("loans", 2, 2)
    assert scene.holds
    scene.equal("loans", 2, 3)
    assert not scene.holds
    assert scene.as_json()["checks"][1] == {"says": "loans", "expected": "3", "found": "2", "holds": False}

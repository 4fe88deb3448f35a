"""Where the engine once differed from the model in tests/model: each case by hand, small, under its rule's name."""

from fractions import Fraction

from tests.rules.scene import Scene


def test_pl_16_a_request_armed_on_a_closed_position_stands_in_nobodys_way():
    scene = Scene()
    scene.position("eve", 10, 5)
    scene.position("eve", 0, 0)
    scene.protect("eve", at=Fraction(3, 2))
    scene.position("ann", 2000, 1000)
    scene.lend("bob", 1000, "BTS", "1/10", 14)
    scene.prepay("ann", 100, "BTS")
    scene.protect("ann", at=Fraction(3, 2))

    scene.feed(700)

    assert scene.of("ann").lp1 == 462, "CR is 1.4; the least by PL-13 is 2000 · 1.6 / 1.3 - 2000, rounded up"


def test_pl_50_the_default_trigger_comes_from_the_last_valid_feed():
    scene = Scene()
    scene.feed(1000, mcr=1250)  # not over LMCR: the feed is suspended

    scene.protect("ann")

    assert scene.engine.book.protections[1].at == Fraction(155, 100) * Fraction(21, 20)

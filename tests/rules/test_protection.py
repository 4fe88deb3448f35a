"""Standing protection: PL-16 and PL-50, with PL-D17 and PL-D67."""

from fractions import Fraction

from tests.rules.scene import Scene


def stage(**parameters):
    scene = Scene(**parameters)
    scene.position("ann", 1700, 1000)
    scene.prepay("ann", 1000, "BTS")
    return scene


def armed(scene, number=1):
    return scene.engine.book.protections[number].live


def test_pl_16_it_runs_in_the_step_of_the_feed_that_reaches_it():
    scene = stage()
    scene.lend("bob", 5000, "BTS", "1/10", 14)
    scene.protect("ann", at=Fraction(3, 2))
    scene.feed(883)  # CR 1.5011
    assert armed(scene)

    scene.feed(882)  # CR 1.4994

    assert scene.of("ann").lp1 == 393, "1700 · 1.6 / 1.3 - 1700 = 392.3"
    assert not armed(scene)


def test_pl_50_protect_alone_takes_the_least_of_the_core_asset_a_little_over_mcr():
    scene = stage()
    scene.lend("bob", 5000, "BTS", "1/10", 14)
    scene.protect("ann")  # at 1.55 · 1.05 = 1.6275

    scene.feed(957)  # CR 1.6269

    assert scene.of("ann").lp1 == 393


def test_pl_d17_a_spike_over_lmcr_is_refused_and_the_request_stays_armed():
    scene = stage()
    scene.lend("bob", 5000, "BTS", "1/10", 14)
    scene.protect("ann", at=Fraction(3, 2))

    scene.feed(700)  # CR 1.19, under LMCR at once
    assert armed(scene)
    assert any("could not borrow" in text for text in scene.told("ann"))

    scene.feed(800)  # CR 1.36
    assert scene.live("ann") == [1]


def test_pl_14_a_request_under_lmcr_is_tried_again_once_cr_or_lmcr_or_the_position_is_another():
    scene = stage()
    scene.lend("bob", 5000, "BTS", "1/10", 14)
    scene.protect("ann", at=Fraction(3, 2))
    told = []
    for price in (700, 690, 700):  # CR 1.19
        scene.feed(price)
        told += [text for text in scene.told("ann") if "could not borrow" in text]
    assert len(told) == 1
    scene.parameters(lmcr=1150)
    assert armed(scene)
    scene.feed(701)  # with the next feed (PL-D67)
    assert scene.live("ann") == [1]

    for end in (lambda scene: scene.feed(765), lambda scene: scene.position("ann", 1870, 1000)):  # CR 1.3 and over
        scene = stage()
        scene.lend("bob", 5000, "BTS", "1/10", 14)
        scene.protect("ann", at=Fraction(3, 2))
        scene.feed(700)
        scene.feed(700)
        assert armed(scene)
        end(scene)
        assert scene.live("ann") == [1]


def test_pl_d17_the_first_armed_runs_first():
    scene = stage()
    scene.lend("bob", 400, "BTS", "1/10", 14)
    scene.position("cat", 1700, 1000)
    scene.prepay("cat", 1000, "BTS")
    scene.protect("cat", at=Fraction(3, 2))
    scene.protect("ann", at=Fraction(3, 2))

    scene.feed(860)

    assert (scene.live("cat"), scene.live("ann")) == ([1], [])


def test_pl_d17_a_position_report_and_the_arming_itself_run_it_too():
    scene = stage()
    scene.lend("bob", 5000, "BTS", "1/10", 14)
    scene.protect("ann", at=Fraction(3, 2))
    scene.position("ann", 1450, 1000)
    assert scene.live("ann") == [1]

    scene.position("cat", 1450, 1000)
    scene.prepay("cat", 1000, "BTS")
    scene.protect("cat", at=Fraction(3, 2))
    assert scene.live("cat") == [2]


def test_pl_d17_it_ends_with_the_position():
    scene = stage()
    scene.protect("ann", at=Fraction(3, 2))

    scene.position("ann", 0, 0)

    assert not armed(scene)


def test_pl_d67_near_lmcr_is_up_to_five_percent_over_it():
    scene = stage()

    scene.protect("ann", at=Fraction(1365, 1000))
    assert any("near LMCR" in text for text in scene.told("ann"))
    scene.protect("ann", at=Fraction(1366, 1000))
    assert not any("near LMCR" in text for text in scene.told("ann"))


def test_pl_d67_a_parameter_runs_it_only_if_it_makes_a_suspended_feed_valid():
    scene = stage()
    scene.protect("ann", at=Fraction(3, 2))
    scene.feed(860)  # no pool yet: refused
    scene.lend("bob", 5000, "BTS", "1/10", 14)
    scene.parameters(i2="0.2")
    assert scene.live("ann") == []

    scene.feed(860, mcr=1250)  # not over LMCR: suspended
    scene.parameters(lmcr=1200)
    assert scene.live("ann") == [1]

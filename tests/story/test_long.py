"""`mplp story --long` from end to end, where chain time can be moved, and what it leaves out where it can't."""

from bsip_mplp.story.long import PARAMETERS, STEPS, setting
from tests.story.test_example import failures, play


def test_a_year_of_long_loans_holds():
    status, played = play("--long")
    assert failures(played) == []
    assert played["verify"]["holds"]
    assert status == 0
    assert len(played["steps"]) == len(STEPS)
    assert played["skipped"] == []


def test_without_moving_time_auctions_are_short_and_nothing_else_differs():
    long, short = setting(True), setting(False)
    assert long.parameters == PARAMETERS
    changed = {name for name, value in short.parameters.items() if long.parameters.get(name) != value}
    assert changed == {"trigger_hold", "auction_round", "auction_limit", "cure_window"}
    assert long[:3] == short[:3]


def test_what_takes_weeks_says_what_is_skipped():
    skipped = [step.number for step in STEPS if step.takes_time]
    assert skipped == ["2", "6", "7", "8", "10", "11"]

"""`mplp story --shared-pool` from end to end, and the same with a keeper that is killed."""

import pytest

from bsip_mplp.story.shared import STEPS
from tests.story.test_example import play


@pytest.mark.parametrize("options", [(), ("--kill-keeper", "7")], ids=["plain", "killed"])
def test_the_shared_pools_example_holds(options):
    status, played = play("--shared-pool", *options)
    assert status == 0, played
    assert [step["step"] for step in played["steps"]] == [step.number for step in STEPS]
    assert played["verify"]["holds"]

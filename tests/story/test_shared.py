"""`mplp story --shared-pool` from end to end, and the same with a keeper that is killed."""

import json
import subprocess

import pytest

from bsip_mplp.story.keeper import MPLP
from bsip_mplp.story.shared import STEPS


@pytest.mark.parametrize("options", [(), ("--kill-keeper", "7")], ids=["plain", "killed"])
def test_the_shared_pools_example_holds(options):
    ran = subprocess.run(
        [*MPLP, "story", "--shared-pool", "--json", *options], capture_output=True, text=True, check=False, timeout=200
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    played = json.loads(ran.stdout)
    assert [step["step"] for step in played["steps"]] == [step.number for step in STEPS]
    assert played["verify"]["holds"]

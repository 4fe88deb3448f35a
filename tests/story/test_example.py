"""`mplp story` from end to end: an embedded node, a keeper in a process of its own, people with their own keys."""

import json
import subprocess

from bsip_mplp.story.example import STEPS
from bsip_mplp.story.keeper import MPLP
from tests import databases

END = {
    "fund/CNY": {"CORE": 15456},
    "pool/2/available": {"CORE": 100_000_000},
    "risk/CNY": {"CORE": 3863},
}
"""What is left in the ledger, in smallest units, beside what came in from outside and what fees took."""


def play(*options, kind=databases.KIND):
    """Play a story on a database of that kind; gives its exit status, and what it says."""
    where = () if kind == "sqlite" else ("--database", databases.new(None, kind))
    command = [*MPLP, "story", "--json", *where, *options]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert ran.returncode in (0, 1), ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def failures(played):
    return [check for step in played["steps"] for check in step["checks"] if not check["holds"]]


def end_of(played):
    return {account: held for account, held in played["end"].items() if account not in ("outside", "operator")}


def test_the_example_holds_on_a_database_server():
    status, played = play(kind="postgresql")
    assert failures(played) == []
    assert played["verify"]["holds"]
    assert (status, played["holds"]) == (0, True)
    assert end_of(played) == END


def test_it_ends_the_same_with_a_keeper_that_is_killed_at_random_moments():
    status, played = play("--kill-keeper", "7")
    assert played["kills"] > 0
    assert failures(played) == []
    assert played["verify"]["holds"]
    assert status == 0
    assert end_of(played) == END


def test_the_steps_are_those_of_the_source():
    assert sorted(int(step.number) for step in STEPS) == list(range(1, 15))
    assert all(step.seed and step.words for step in STEPS)
    before = {step.number: at for at, step in enumerate(STEPS)}
    # the one without a loan is the lower position: the chain must call it before the other
    assert before["14"] < before["8"] < before["9"]

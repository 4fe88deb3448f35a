"""`mplp story --vault` from end to end, with a keeper that is killed at random moments: nothing may depend on it."""

from bsip_mplp.story.vault import STEPS, setting
from tests.story.test_example import failures, play


def test_v_1_to_v_6_the_vaults_story_holds_though_the_keeper_is_killed():
    status, played = play("--vault", "--kill-keeper", "7")
    assert played["kills"] > 0
    assert failures(played) == []
    assert played["verify"]["holds"]
    assert status == 0
    assert [step["step"] for step in played["steps"]] == [step.number for step in STEPS]
    assert played["skipped"] == []
    ways = [line[-2] for step in played["steps"] for line in step["ledger"] if "home by way" in line]
    assert ways == ["a", "a", "c", "a", "c", "b"]  # each as it comes, and those before it told again


def test_the_vaults_of_two_runs_have_names_of_their_own_and_time_is_never_moved():
    one, other = setting(True), setting(True)
    assert one.parameters["vault_prefix"] != other.parameters["vault_prefix"]
    assert not any(step.takes_time for step in STEPS)

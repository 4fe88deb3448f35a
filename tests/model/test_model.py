"""The engine beside the plain model of tests/model, on random courses; more of them with MPLP_COURSES=1000.

`python -m tests.model SEED` plays one course again and shows the first difference, with as few steps as it can.
"""

import json
import os

import pytest

from bsip_mplp.rules.codec import input_from_json, input_to_json
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import Tick
from tests.model.compare import difference, outcomes, whole_state
from tests.model.course import Course
from tests.rules import invariants

COURSES = int(os.environ.get("MPLP_COURSES", "60"))
BLOCKS = 12


def courses(block, share=1):
    """Some of the seeds, in blocks, so that tests that run side by side share them."""
    for seed in range(block, max(BLOCKS, COURSES // share), BLOCKS):
        yield seed, Course(seed).inputs_made()


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_engine_and_the_model_agree_after_every_input(block):
    for seed, inputs in courses(block):
        found = difference(inputs)
        assert found is None, f"seed {seed}, step {found[0]}: {found[1]}; python -m tests.model {seed}"


@pytest.mark.parametrize("seed", [6, 11, 45, 53, 56, 59, 66, 79])
def test_pl_43_long_courses_in_which_bonds_go_to_the_chain_and_back(seed):
    inputs = Course(seed, 240).inputs_made()
    found = difference(inputs)
    assert found is None, f"step {found[0]}: {found[1]}; python -m tests.model {seed} --steps 240"
    engine, back = Engine(), 0
    for item in inputs:
        outcome = engine.apply(item)
        invariants.check_outcome(outcome)
        invariants.check(engine)
        back += sum((event.kind, event.what) == ("series", "brought back") for event in outcome.events)
    assert back > 3


@pytest.mark.parametrize("block", range(BLOCKS))
def test_what_always_holds_holds_after_every_input(block):
    """PL-I1 to PL-I4 and G-5."""
    for _, inputs in courses(block, share=2):
        engine = Engine()
        for item in inputs:
            invariants.check_outcome(engine.apply(item))
            invariants.check(engine)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_pl_i5_the_same_inputs_give_the_same_outcomes(block):
    for _, inputs in courses(block, share=4):
        assert outcomes(inputs) == outcomes(inputs)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_g_7_bots_that_were_down_reach_the_same_state_as_bots_in_time(block):
    """With no tick at all, and with one whenever something falls due."""
    for seed, inputs in courses(block, share=2):
        late, in_time = Engine(), Engine()
        for item in inputs:
            while (due := in_time.next_due()) is not None and due < item.time:
                in_time.apply(Tick(time=due))
            in_time.apply(item)
            if not isinstance(item, Tick):
                late.apply(item)
        late.apply(Tick(time=in_time.now))
        assert whole_state(late) == whole_state(in_time), f"seed {seed}"


def test_every_input_of_a_course_survives_the_codec():
    for block in range(BLOCKS):
        for _, inputs in courses(block, share=COURSES):
            for item in inputs:
                assert input_from_json(json.loads(json.dumps(input_to_json(item)))) == item

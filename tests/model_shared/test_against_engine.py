"""Random use by many lenders and holders: the engine and the plain model say the same, to the last unit."""

import pytest

from .course import MANY, run


@pytest.mark.parametrize("seed", range(0, 60))
def test_a_random_course_is_the_same_in_the_plain_model(seed):
    assert run(seed, steps=30) is None


@pytest.mark.parametrize("seed", range(1000, 1008))
def test_so_is_one_of_many_lenders_and_holders(seed):
    assert run(seed, steps=60, people=MANY) is None

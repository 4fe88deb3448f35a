"""Random use by many lenders and holders: the engine and the plain model say the same, to the last unit."""

import pytest

from .course import run


@pytest.mark.parametrize("seed", range(0, 60))
def test_a_random_course_is_the_same_in_the_plain_model(seed):
    assert run(seed, steps=30) is None

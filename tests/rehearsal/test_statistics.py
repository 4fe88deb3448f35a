"""Intervals: against values from tables, for few paths, and how often they hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.rehearsal.statistics import Answer, Interval, all_of, any_of, difference, mean, share

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)
ANSWERS = st.lists(st.sampled_from([Answer.YES, Answer.NO, Answer.UNDECIDED]), max_size=5)


def test_the_mean_of_five_numbers_by_hand():
    """1 to 5: mean 3, deviation √2.5, t(0.975, 4) = 2.776 from the table."""
    found = mean([1, 2, 3, 4, 5])

    assert found.middle == 3
    assert found.high - 3 == pytest.approx(2.776 * math.sqrt(2.5) / math.sqrt(5), rel=1e-3)
    assert found.low == pytest.approx(6 - found.high)


def test_one_path_says_nothing():
    assert mean([7]) == Interval(7, -math.inf, math.inf, 1)
    assert mean([7]).over(0) is Answer.UNDECIDED


def test_no_path_is_no_mean():
    with pytest.raises(ValueError, match="a mean of no values"):
        mean([])


@pytest.mark.parametrize("paths", [2, 3, 4])
def test_fewer_than_five_paths_decide_nothing(paths):
    assert mean([7] * paths).over(0) is Answer.UNDECIDED
    assert mean([7] * 5).over(0) is Answer.YES


def test_nothing_seen_in_a_hundred_paths_is_not_never():
    """The exact interval of 0 out of 100: its upper end is 1 − 0.025^(1/100)."""
    found = share([False] * 100)

    assert found.middle == 0
    assert found.high == pytest.approx(1 - 0.025**0.01)
    assert found.over(0.05) is Answer.NO
    assert share([False] * 20).over(0.05) is Answer.UNDECIDED


def test_a_share_of_no_path_is_undecided():
    assert share([]).over(0.05) is Answer.UNDECIDED


def test_pairs_take_out_what_all_paths_have_in_common():
    luck = np.random.default_rng(1).normal(0, 100, 20)
    effect = np.random.default_rng(2).normal(1, 0.1, 20)

    assert difference(luck + effect, luck).over(0) is Answer.YES
    assert mean(luck + effect).over(0) is Answer.UNDECIDED


def test_a_mean_of_counts_has_no_negative_end():
    assert mean([0, 0, 0, 0, 1], 0.0).low == 0
    assert mean([0, 0, 0, 0, 1]).low < 0
    assert mean([0, 0, 0, 0, 1], 0.0).high == mean([0, 0, 0, 0, 1]).high


def test_no_pairs_are_refused():
    with pytest.raises(ValueError, match="3 and 2 values are no pairs"):
        difference([1, 2, 3], [1, 2])


def test_about_95_of_100_intervals_hold_the_truth():
    random = np.random.default_rng(3)
    found = [mean(random.normal(10, 3, 8)) for _ in range(2000)]

    assert 0.935 < np.mean([one.low <= 10 <= one.high for one in found]) < 0.965


@given(NUMBERS, st.floats(-1e6, 1e6))
def test_no_answer_where_the_interval_spans_both(numbers, threshold):
    found = mean(numbers)

    if found.low <= threshold < found.high:
        assert found.over(threshold) is Answer.UNDECIDED
    assert not (found.over(threshold) is Answer.YES and found.under(threshold) is Answer.YES)


@given(NUMBERS, st.floats(-1e6, 1e6))
def test_over_and_under_mirror_each_other(numbers, threshold):
    mirrored = mean([-number for number in numbers])

    assert mean(numbers).over(threshold) is mirrored.under(-threshold)


@given(ANSWERS)
def test_any_and_all_mirror_each_other(answers):
    mirror = {Answer.YES: Answer.NO, Answer.NO: Answer.YES, Answer.UNDECIDED: Answer.UNDECIDED}

    assert any_of(answers) is mirror[all_of([mirror[answer] for answer in answers])]


def test_any_and_all():
    yes, no, undecided = Answer.YES, Answer.NO, Answer.UNDECIDED

    assert [any_of(a) for a in ([yes, no], [no, no], [no, undecided], [])] == [yes, no, undecided, undecided]
    assert [all_of(a) for a in ([yes, no], [yes, yes], [yes, undecided], [])] == [no, yes, undecided, undecided]

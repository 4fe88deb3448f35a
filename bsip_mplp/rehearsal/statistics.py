"""Means and shares with the intervals that the runs leave them, and what may be said of them.

Rule sets are compared path by path: the same users and prices come in each, so a difference is that of two runs of one
path, and what all paths have in common drops out. Means have Student's interval, which is wide where paths are few;
shares of paths (of rare things, above all) have Clopper and Pearson's, which is not 0 where nothing was seen.
Nothing here is drawn at random, so no seed is needed for it.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

LEVEL = 0.95
"""How often an interval made this way holds the true value."""

PATHS_LEAST = 5
"""With fewer paths nothing is decided, whatever they show."""


class Interval(NamedTuple):
    """A mean or a share, and between what it lies; `low` and `high` are infinite where one path is too few to say."""

    middle: float
    low: float
    high: float
    paths: int

    def over(self, threshold: float) -> Answer:
        """Whether it is over the threshold: yes or no where the whole interval is on one side."""
        if self.paths < PATHS_LEAST:
            return Answer.UNDECIDED
        if self.low > threshold:
            return Answer.YES
        # exactly at the threshold is not over it; an interval that only touches it from below is decided
        return Answer.NO if self.high <= threshold else Answer.UNDECIDED

    def under(self, threshold: float) -> Answer:
        """Whether it is under the threshold."""
        return Interval(-self.middle, -self.high, -self.low, self.paths).over(-threshold)


NOTHING = Interval(float("nan"), -np.inf, np.inf, 0)
"""What is known of something that came up on no path."""


class Answer(Enum):
    """What the figures say to a question."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"
    NOT_ASKED = "not asked"
    """This scenario does not bring the question up."""
    LEFT_OUT = "left out"
    """The scenario has a variant for it, which `--quick` left out."""


def mean(values: ArrayLike, least: float = -np.inf) -> Interval:
    """The mean over paths with Student's interval; raises `ValueError` without a single value.

    Of what can't be under `least`, such as a count, the mean can't either, and no end of the interval is.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.size == 0:
        raise ValueError("a mean of no values")
    middle = float(found.mean())
    if found.size == 1:
        return Interval(middle, -np.inf, np.inf, 1)  # not bounded: nothing is known of how paths differ
    if np.ptp(found) == 0:
        return Interval(middle, middle, middle, found.size)
    half = float(stats.t.ppf((1 + LEVEL) / 2, found.size - 1) * found.std(ddof=1) / np.sqrt(found.size))
    return Interval(middle, max(least, middle - half), middle + half, found.size)


def difference(values: ArrayLike, against: ArrayLike) -> Interval:
    """The mean of the differences path by path; both hold one value for each path, in the same order."""
    left, right = np.asarray(values, dtype=np.float64), np.asarray(against, dtype=np.float64)
    if left.shape != right.shape:
        raise ValueError(f"{left.size} and {right.size} values are no pairs")
    return mean(left - right)


def share(hits: ArrayLike) -> Interval:
    """The share of paths in which something was so, with Clopper and Pearson's interval; nan-free for no path."""
    found = np.asarray(hits, dtype=bool)
    if found.size == 0:
        return NOTHING
    interval = stats.binomtest(int(found.sum()), found.size).proportion_ci(LEVEL, method="exact")
    return Interval(float(found.mean()), float(interval.low), float(interval.high), found.size)


def any_of(answers: list[Answer]) -> Answer:
    """Yes if one is; no if all are; else undecided."""
    if Answer.YES in answers:
        return Answer.YES
    return Answer.NO if answers and all(answer is Answer.NO for answer in answers) else Answer.UNDECIDED


def all_of(answers: list[Answer]) -> Answer:
    """No if one is; yes if all are; else undecided."""
    if Answer.NO in answers:
        return Answer.NO
    return Answer.YES if answers and all(answer is Answer.YES for answer in answers) else Answer.UNDECIDED

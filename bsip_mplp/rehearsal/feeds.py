"""The feed in force over a whole path: the chain's median of what publishers publish, worked out at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEVER = -(1 << 62)


def medians(
    steps: NDArray[np.int64],
    publisher: NDArray[np.int64],
    units: NDArray[np.int64],
    *,
    count: int,
    life_steps: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The steps at which the median changed, and its value from then on.

    `steps` rise; `units` are prices as whole numbers; a publication counts for less than `life_steps`. The median is
    the element in the middle of all that count, the upper one of an even number, as the chain takes it.
    """
    prices = np.zeros((len(steps), count), dtype=np.int64)
    since = np.full((len(steps), count), NEVER, dtype=np.int64)
    rows = np.arange(len(steps))
    for who in range(count):
        mine = np.flatnonzero(publisher == who)
        last = np.searchsorted(mine, rows, side="right") - 1
        known = last >= 0
        at = mine[last[known]] if len(mine) else last[:0]
        prices[known, who], since[known, who] = units[at], steps[at]
    counts = steps[:, None] - since < life_steps
    ordered = np.sort(np.where(counts, prices, np.iinfo(np.int64).max), axis=1)
    found = ordered[rows, counts.sum(axis=1) // 2]
    last_of_step = np.append(steps[1:] != steps[:-1], True)
    at_steps, values = steps[last_of_step], found[last_of_step]
    changed = np.append(True, values[1:] != values[:-1])
    return at_steps[changed], values[changed]

"""Private traits: how users of a kind differ. All are drawn when a kind enters, the same under every rule set."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Range = tuple[float, float]

NEVER: Final = 2**62
"""A moment that doesn't come, in seconds."""


def evenly(random: np.random.Generator, count: int, within: Range) -> Floats:
    """Numbers spread evenly over a range."""
    return random.uniform(within[0], within[1], count)


def by_size(random: np.random.Generator, count: int, within: Range) -> Floats:
    """Numbers over 0 whose orders of magnitude are spread evenly: many small, few large."""
    return np.exp(random.uniform(np.log(within[0]), np.log(within[1]), count))


def seconds(random: np.random.Generator, count: int, within: Range) -> Times:
    """Whole seconds, by size."""
    return np.rint(by_size(random, count, within)).astype(np.int64)


def earliest(times: Times) -> int | None:
    """The earliest of some moments, None if none will come."""
    first = int(times.min(initial=NEVER))
    return None if first >= NEVER else first

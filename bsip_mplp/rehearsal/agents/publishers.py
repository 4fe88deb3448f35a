"""Feed publishers: each looks at the outside price now and then, and is late by its own delay (RE-1).

As the scripts of real publishers do, it publishes what has moved since it last did, or what has become old.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.agents import traits
from bsip_mplp.rehearsal.scenario import Scenario

NOISE = 0.001
"""How far publishers' prices differ, as a share: each reads other exchanges."""

MOVED = 0.005
"""From which move on a publisher publishes, as a share of what it published last."""

OLD_SECONDS = 3600.0
"""How old its last price may become while nothing moves."""

MINUTE_SECONDS = 60.0
EARLIEST, LATEST = 0.5, 1.5
"""A publisher's delay and its interval, as shares of the scenario's."""

Publications = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def publications(outside: NDArray[np.float64], scenario: Scenario, rng: np.random.Generator) -> Publications:
    """All that is published over a path: the steps (rising), who publishes, and the price in whole assets.

    At step 0 everybody publishes the first price, so that there is a feed from the start. The chain takes the median.
    """
    chain, step_seconds = scenario.chain, scenario.step_seconds
    count, end = chain.publishers, len(outside) * step_seconds
    every = traits.evenly(rng, count, (EARLIEST, LATEST)) * chain.publish_minutes * MINUTE_SECONDS
    late = traits.evenly(rng, count, (EARLIEST, LATEST)) * chain.publish_delay_minutes * MINUTE_SECONDS
    first = rng.random(count) * every
    steps, who, prices = [np.zeros(count, dtype=np.int64)], [np.arange(count)], [np.full(count, outside[0])]
    for publisher in range(count):
        looked = np.arange(first[publisher], end, every[publisher])
        noise = np.exp(rng.standard_normal(len(looked)) * NOISE)
        seen = outside[np.minimum((looked / step_seconds).astype(np.int64), len(outside) - 1)] * noise
        told = _told(looked, seen, outside[0])
        published = np.ceil((looked[told] + late[publisher]) / step_seconds).astype(np.int64)
        counts = (published > 0) & (published < len(outside))
        steps.append(published[counts])
        who.append(np.full(int(counts.sum()), publisher))
        prices.append(seen[told][counts])
    order = np.lexsort((np.concatenate(who), np.concatenate(steps)))
    return np.concatenate(steps)[order], np.concatenate(who)[order], np.concatenate(prices)[order]


def _told(looked: NDArray[np.float64], seen: NDArray[np.float64], first: float) -> NDArray[np.int64]:
    """Which of the prices that a publisher saw it published: each decides by the last one before it."""
    told, last, since = [], first, 0.0
    for place, (time, price) in enumerate(zip(looked.tolist(), seen.tolist(), strict=True)):
        if abs(price - last) >= MOVED * last or time - since >= OLD_SECONDS:
            told.append(place)
            last, since = price, time
    return np.array(told, dtype=np.int64)

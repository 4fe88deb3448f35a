"""Feed publishers: each looks at the outside price now and then, and is late by its own delay (RE-1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.agents import traits
from bsip_mplp.rehearsal.scenario import Scenario

NOISE = 0.001
"""How far publishers' prices differ, as a share: each reads other exchanges."""

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
        published = np.ceil((looked + late[publisher]) / step_seconds).astype(np.int64)
        noise = np.exp(rng.standard_normal(len(looked)) * NOISE)
        seen = outside[np.minimum((looked / step_seconds).astype(np.int64), len(outside) - 1)]
        counts = (published > 0) & (published < len(outside))
        steps.append(published[counts])
        who.append(np.full(int(counts.sum()), publisher))
        prices.append((seen * noise)[counts])
    order = np.lexsort((np.concatenate(who), np.concatenate(steps)))
    return np.concatenate(steps)[order], np.concatenate(who)[order], np.concatenate(prices)[order]

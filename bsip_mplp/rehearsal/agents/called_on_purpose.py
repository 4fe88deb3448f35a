"""Holders who let themselves be called on purpose (故意爆仓): for them a call is a way to sell (RE-9)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.agents.holders import Holders, Temper
from bsip_mplp.rehearsal.world import World


class CalledOnPurpose(Holders):
    """Mints all that the chain allows, again whenever the price has risen, and never defends the position."""

    name = "called_on_purpose"
    temper = Temper(over_icr=(0.002, 0.02), spare=(0.0, 0.05), raises_over_icr=0.04, reopens_days=(0.5, 4.0))

    def enter(self, world: World, who: NDArray[np.int64], rng: np.random.Generator) -> None:
        """As every holder, and say that a call is what it wants."""
        super().enter(world, who, rng)
        world.chosen[who] = True

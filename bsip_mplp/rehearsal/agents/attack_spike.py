"""An attacker who makes a needle in the price (插针): minutes down, and back."""

from __future__ import annotations

from bsip_mplp.rehearsal.agents.pressing import Course, Pressing


class Spike(Pressing):
    """Sells a tenth of its core asset within three minutes; deeper for the same money, and over soon."""

    name = "attack_spike"
    course = Course(
        depth_for_capital=5.0,
        depth_most=0.9,
        falls=3,
        stays=12,
        returns=10,
        stays_down=0.0,
        sells=0.1,
        every=60,
    )

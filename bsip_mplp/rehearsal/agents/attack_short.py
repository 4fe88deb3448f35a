"""An attacker who shorts on the outside exchange for hours, to force calls (the seed's ZB attack)."""

from __future__ import annotations

from bsip_mplp.rehearsal.agents.pressing import Course, Pressing

HOUR = 60.0


class Short(Pressing):
    """Sells half its core asset over six hours; the price stays down for half a day and comes back in another."""

    name = "attack_short"
    course = Course(
        depth_for_capital=2.0,
        depth_most=0.7,
        falls=6 * HOUR,
        stays=12 * HOUR,
        returns=12 * HOUR,
        stays_down=0.1,
        sells=0.5,
        every=1800,
    )

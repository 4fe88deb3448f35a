"""Holders who opened a position and never look at it (RE-1)."""

from __future__ import annotations

from bsip_mplp.rehearsal.agents.holders import Holders, Temper
from bsip_mplp.rehearsal.world import Event


class Absent(Holders):
    """Opens with a middling ratio; nothing wakes it."""

    name = "absent"
    temper = Temper(over_icr=(0.05, 1.0), spare=(0.0, 0.2))
    wakes = Event(0)

"""Leveraged holders with as little collateral as the chain allows, who look often (RE-1)."""

from __future__ import annotations

from bsip_mplp.rehearsal.agents.holders import Holders, Temper


class Tight(Holders):
    """Opens a little over ICR, keeps little money free, borrows rather than adds, opens anew after a call."""

    name = "tight"
    in_vault = True
    temper = Temper(
        over_icr=(0.02, 0.25),
        spare=(0.02, 0.12),
        acts_over_mcr=(0.01, 0.06),
        reacts_seconds=(60.0, 7200.0),
        borrows=0.8,
        reopens_days=(1.0, 10.0),
    )

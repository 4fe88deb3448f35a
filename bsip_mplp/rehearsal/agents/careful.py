"""Leveraged holders with much collateral, money kept free, and an eye on the price (RE-1)."""

from __future__ import annotations

from bsip_mplp.rehearsal.agents.holders import Holders, Temper


class Careful(Holders):
    """Opens far over ICR, adds what it kept free, lowers its debt in time, borrows last."""

    name = "careful"
    in_vault = True
    temper = Temper(
        over_icr=(0.3, 1.2),
        spare=(0.15, 0.4),
        acts_over_mcr=(0.12, 0.3),
        back_over_mcr=0.45,
        reacts_seconds=(600.0, 6 * 3600.0),
        lowers=True,
        highest_rate=(0.1, 0.4),
    )

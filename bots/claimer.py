"""The claimer: fees that a market's bitasset collected are claimed and paid into its insurance fund (PL-42).

It can do so where the bitasset belongs to the account named in `claims.account`. The pool's own account can't pay
itself: where that one is the owner, it says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bsip_mplp.bots.actions import Action, Claim, Warn
from bsip_mplp.bots.bot import Bot
from bsip_mplp.chain.claims import Collected
from bsip_mplp.journal import read

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


@dataclass(frozen=True, slots=True)
class View:
    """What was collected, whose bitassets are ours, and from how much on a claim is worth its fee, by symbol."""

    collected: Sequence[Collected] = ()
    account: str | None = None
    pool_account: str | None = None
    least_units: Mapping[str, int] = field(default_factory=dict)


def observe(desk: Desk) -> View:
    """Read what the bitassets of all markets collected; nothing where nobody could claim it."""
    settings = desk.settings
    if settings.observes_only or desk.journal.cursor() is None:
        return View()
    with desk.journal.reading() as connection:
        precisions = {found.body["symbol"]: found.body["precision"] for found in read.objects(connection, "asset")}
    return View(
        desk.read_collected(),
        settings.claims.account,
        settings.chain.pool_account,
        {symbol: settings.claim_least_units(symbol, digits) for symbol, digits in precisions.items()},
    )


def plan(view: View) -> tuple[Action, ...]:
    """A claim for each asset of which enough was collected; a word where only the pool's account could claim it."""
    claims, stuck = list[Action](), list[str]()
    for one in view.collected:
        ripe = {asset: units for asset, units in one.units.items() if units >= view.least_units.get(asset, 1)}
        if view.account is not None and one.owner == view.account:
            claims.extend(Claim(one.market, asset, units) for asset, units in sorted(ripe.items()))
        elif ripe and one.owner == view.pool_account:
            stuck.append(
                f"the fees that {one.market} collected reach no fund: it belongs to the pool's own account; give it to "
                "another, and name that one in claims.account"
            )
    return (*claims, Warn(tuple(stuck))) if stuck else tuple(claims)


BOT = Bot(turn=12, name="claimer", watches="fees that bitassets collected", observe=observe, plan=plan)

"""What a loan to a vault would be, asked of the rules on a folded journal: nothing is applied, nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bsip_mplp.money import MAX_UNITS
from bsip_mplp.rules.book import Refused
from bsip_mplp.rules.borrowing import plan_borrow
from bsip_mplp.rules.inputs import Borrow

if TYPE_CHECKING:
    from bsip_mplp.rules.engine import Engine


@dataclass(frozen=True, slots=True)
class Quote:
    """The least loan that the rules allow: units, first interest by asset, and for how many days that pays.

    `refused` is the first rule that forbids it, if one does.
    """

    units: int = 0
    interest: Mapping[str, int] = field(default_factory=dict)
    days: int = 0
    refused: Refused | None = None


def quote(engine: Engine, holder: str, market: str, asset: str, position: str) -> Quote:
    """The least loan of an asset to a vault now, from the cheapest pools, whatever interest is prepaid."""
    book = engine.book
    ask = Borrow(market=market, asset=asset, position=position)
    try:
        plan = plan_borrow(book, holder, ask, (asset, MAX_UNITS))
    except Refused as refused:
        return Quote(refused=refused)
    interest: dict[str, int] = {}
    for part in plan.parts:
        interest[part.interest_asset] = interest.get(part.interest_asset, 0) + part.interest
    return Quote(plan.units, interest, min(book.pools[part.pool].period_days for part in plan.parts))

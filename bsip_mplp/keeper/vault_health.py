"""Whether vaults are as they should be, and which are near a rule: from the ledger's objects, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from bsip_mplp.marks import nearest, stand_of
from bsip_mplp.money import format_units

NEAR: Final = Fraction(10, 100)
"""How far a price may have to fall for the rule to count as near."""


class VaultView(NamedTuple):
    """A vault with all that belongs to it, as the ledger's objects have it.

    `unwinding` is what is on its way home from it (V-5).
    """

    vault: Mapping[str, Any]
    position: Mapping[str, Any] | None
    market: Mapping[str, Any]
    loans: Sequence[Mapping[str, Any]]
    unwinding: Sequence[Mapping[str, Any]]


def faults(views: Sequence[VaultView]) -> list[str]:
    """Vaults whose authorities are not as agreed (V-2)."""
    return [
        f"vault {one.vault['account']} of {one.vault['holder']}: {one.vault['reason']}; nothing more goes into it"
        for one in views
        if one.vault["state"] == "unsound"
    ]


def news(views: Sequence[VaultView], precisions: Mapping[str, int]) -> list[str]:
    """What an operator likes to know of vaults and can't mend: which are near a rule, and what is unwinding."""
    return [line for one in views for line in (*_near(one), *_unwinding(one, precisions))]


def fall_to_next(view: VaultView) -> Fraction | None:
    """By which part the price may fall until the next rule acts; None if none will."""
    stand = None if view.position is None else stand_of(view.market, view.position, view.loans)
    mark = None if stand is None else nearest(stand)
    return None if stand is None or mark is None else 1 - mark.price / stand.price.as_fraction()


def _near(view: VaultView) -> list[str]:
    stand = None if view.position is None else stand_of(view.market, view.position, view.loans)
    mark = None if stand is None else nearest(stand)
    if stand is None or mark is None:
        return []
    fall = 1 - mark.price / stand.price.as_fraction()
    if fall > NEAR:
        return []
    percent = format_units(int(fall * 1000), 1)
    return [f"vault {view.vault['account']} of {view.vault['holder']} is near: {percent} % lower {mark.text}"]


def _unwinding(view: VaultView, precisions: Mapping[str, int]) -> list[str]:
    return [
        f"vault {view.vault['account']}: loan {one['loan']} is unwinding, "
        f"{format_units(one['units'], precisions.get(one['asset'], 0))} {one['asset']} are on their way home"
        for one in view.unwinding
    ]

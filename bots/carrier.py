"""The carrier: it looks ahead for the carried positions and says in time what their funds can't pay.

The fund pays by itself when interest falls due, which the collector brings (PL-34). What people can still do is the
point here: fill a fund before bonds must be offered, or buy bonds before a position is black (PL-37, PL-38).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bsip_mplp.bots.actions import Action, Warn
from bsip_mplp.bots.bot import Bot
from bsip_mplp.journal import read
from bsip_mplp.money import SECONDS_PER_DAY, format_units
from bsip_mplp.rules.outlook import Outlook

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk

AHEAD_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class View:
    """How the funds stand that carry something, and the digits of each asset."""

    outlooks: Sequence[Outlook] = ()
    precisions: Mapping[str, int] = field(default_factory=dict)


def observe(desk: Desk) -> View:
    """Ask the rules how the funds stand, and how they will in a week."""
    outlooks = [
        one for one in desk.intake.outlooks(AHEAD_DAYS * SECONDS_PER_DAY) if one.carried or one.black or one.owes
    ]
    if not outlooks:
        return View()
    with desk.journal.reading() as connection:
        return View(outlooks, {found.key: found.body["precision"] for found in read.objects(connection, "asset")})


def plan(view: View) -> tuple[Action, ...]:
    """A line for each fund that lacks something, and for each market with black positions."""
    lines = tuple(line for one in view.outlooks for line in _lines(one, view.precisions))
    return (Warn(lines),) if lines else ()


def _lines(one: Outlook, precisions: Mapping[str, int]) -> list[str]:
    found = []
    if one.lacks_units:
        lacks = format_units(one.lacks_units, precisions[one.market])
        found.append(
            f"the insurance fund of {one.market} lacks {lacks} {one.market} for interest owed or due in {AHEAD_DAYS} "
            "days: fill it with the memo `mplp insure`, or bonds are offered"
        )
    if one.black:
        found.append(f"{one.market} pays no dividend: black is the position of {', '.join(one.black)}")
    return found


BOT = Bot(turn=6, name="carrier", watches="funds that carry positions", observe=observe, plan=plan)

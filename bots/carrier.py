"""The carrier: it looks ahead for the carried positions and says in time what their funds can't pay.

The fund pays by itself when interest falls due, which the collector brings (PL-34). What people can still do is the
point here: fill a fund before bonds must be offered, or buy bonds before a position is black (PL-37, PL-38). Of shared
pools it says what their insurance would have to cover if positions were sold now (SP-17).
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
from bsip_mplp.rules.shared_outlook import Cover

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk

AHEAD_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class View:
    """How the funds stand that carry something, what shared pools would miss, and the digits of each asset."""

    outlooks: Sequence[Outlook] = ()
    covers: Sequence[Cover] = ()
    precisions: Mapping[str, int] = field(default_factory=dict)


def observe(desk: Desk) -> View:
    """Ask the rules how the funds stand, and how they will in a week."""
    outlooks = [
        one for one in desk.intake.outlooks(AHEAD_DAYS * SECONDS_PER_DAY) if one.carried or one.black or one.owes
    ]
    covers = [one for one in desk.intake.covers() if any(one.would_miss.values())]
    if not outlooks and not covers:
        return View()
    with desk.journal.reading() as connection:
        return View(
            outlooks, covers, {found.key: found.body["precision"] for found in read.objects(connection, "asset")}
        )


def plan(view: View) -> tuple[Action, ...]:
    """A line for each fund that lacks something, for each market with black positions, for each pool to be covered."""
    lines = tuple(line for one in view.outlooks for line in _lines(one, view.precisions))
    lines += tuple(_line_of(one, view.precisions[one.market]) for one in view.covers)
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


def _line_of(one: Cover, digits: int) -> str:
    """SP-17, in words."""
    cases = ", ".join(f"{format_units(units, digits)} ({case})" for case, units in one.would_miss.items() if units)
    return (
        f"sold now at feed / MSSR, positions in the shared pool of {one.market} would lack {cases} {one.market}; its "
        f"insurance pool holds {format_units(one.insurance, digits)}: fill it with the memo `mplp insure shared`"
    )


BOT = Bot(turn=6, name="carrier", watches="funds that carry positions", observe=observe, plan=plan)

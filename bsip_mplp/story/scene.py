"""What a step of a story found: what was done, what the chain and the ledger say, and whether it is as it must be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from bsip_mplp.money import format_units

Number = int | Fraction | None
"""A ratio or a price, exactly, or smallest units; None is none at all, and neither over nor under anything."""

DIGITS = 4

Show = Callable[[Any], str]


class Check(NamedTuple):
    """Something that must hold: in words, what was expected, what was found."""

    says: str
    expected: str
    found: str
    holds: bool


@dataclass(slots=True)
class Scene:
    """Filled by a step while it is played."""

    done: list[str] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    ledger: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def equal(self, says: str, found: object, expected: object) -> None:
        """Something must be what was expected."""
        self.checks.append(Check(says, _text(expected), _text(found), found == expected))

    def over(self, says: str, found: Number, bound: Number, what: str = "", show: Show | None = None) -> None:
        """A number must be over another, `what` in words; `show` says how it reads."""
        holds = found is not None and bound is not None and found > bound
        self.checks.append(Check(says, _bound("over", bound, what, show), (show or _text)(found), holds))

    def at_least(
        self, says: str, found: int | Fraction, bound: int | Fraction, what: str = "", show: Show | None = None
    ) -> None:
        """A number must be another or over it, `what` in words; `show` says how it reads."""
        self.checks.append(Check(says, _bound("at least", bound, what, show), (show or _text)(found), found >= bound))

    def under(self, says: str, found: Number, bound: Number, what: str = "", show: Show | None = None) -> None:
        """A number must be under another, `what` in words; `show` says how it reads."""
        holds = found is not None and bound is not None and found < bound
        self.checks.append(Check(says, _bound("under", bound, what, show), (show or _text)(found), holds))

    @property
    def holds(self) -> bool:
        """Whether all checks hold."""
        return all(check.holds for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "done": self.done,
            "chain": self.chain,
            "ledger": self.ledger,
            "notes": self.notes,
            "checks": [check._asdict() for check in self.checks],
            "holds": self.holds,
        }


def _bound(word: str, bound: Number, what: str, show: Show | None) -> str:
    return f"{word} {(show or _text)(bound)}" + (f" ({what})" if what else "")


def _text(value: object) -> str:
    """For people: numbers with a few digits, rounded down, so that 1.59999 never reads as 1.6."""
    match value:
        case None:
            return "–"
        case Fraction():
            return format_units(value.numerator * 10**DIGITS // value.denominator, DIGITS)
        case list() | tuple() | set() | frozenset():
            return ", ".join(_text(one) for one in value) or "none"
        case _:
            return str(value)


class Step(NamedTuple):
    """One step of a story: its number in the source, its words there (if it has some), in English, and how it goes."""

    number: str
    seed: str
    words: str
    play: Callable[[Any, Scene], None]
    takes_time: str = ""
    """What is skipped where chain time can't be moved; "" if nothing is."""

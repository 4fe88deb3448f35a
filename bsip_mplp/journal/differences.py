"""What a verification found: where, and what differs. The first ones are listed, the rest counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

MOST_LISTED: Final = 100
"""One altered input can change everything after it: the first differences say enough."""


class Difference(NamedTuple):
    """At input `seq` (None: at no one input), `what` differs, and how."""

    seq: int | None
    what: str
    text: str

    def __str__(self) -> str:
        where = "" if self.seq is None else f"input {self.seq}: "
        return f"{where}{self.what} {self.text}"


class Differences:
    """Differences in the order found; `more` counts those past the first `MOST_LISTED`."""

    def __init__(self) -> None:
        self._listed: list[Difference] = []
        self.more = 0

    def add(self, seq: int | None, what: str, text: str) -> None:
        """Note one."""
        if len(self._listed) < MOST_LISTED:
            self._listed.append(Difference(seq, what, text))
        else:
            self.more += 1

    def listed(self) -> tuple[Difference, ...]:
        """The first ones, in the order of inputs, those at no one input last."""
        return tuple(sorted(self._listed, key=lambda d: (d.seq is None, d.seq or 0)))


def first_difference(stored: Any, folded: Any, where: str = "") -> str:
    """The first place where two JSON values differ, in words; empty if they are equal."""
    if stored == folded:
        return ""
    if isinstance(stored, Mapping) and isinstance(folded, Mapping):
        for key in sorted(stored.keys() | folded.keys()):
            name = f"{where}.{key}" if where else str(key)
            if key not in stored or key not in folded:
                return f"{name} {'is missing' if key not in stored else 'stands, and should not'}"
            if stored[key] != folded[key]:
                return first_difference(stored[key], folded[key], name)
    if isinstance(stored, list) and isinstance(folded, list):
        for number, (one, other) in enumerate(zip(stored, folded, strict=False)):
            if one != other:
                return first_difference(one, other, f"{where}[{number}]")
        return f"{where} has {len(stored)} items, {len(folded)} are right"
    return f"{where}: {stored!r} stands, {folded!r} is right"

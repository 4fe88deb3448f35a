"""What a lender has lent in a market, and for how long: the weight of its dividend (PL-41, PL-D31)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Locked:
    """A lender's locked principal in one asset, and its amount × seconds since the last dividend (PL-D31)."""

    units: int = 0
    since: int = 0
    weight: int = 0

    def bring_to(self, time: int) -> None:
        """Count the weight up to a time."""
        self.weight += self.units * (time - self.since)
        self.since = time

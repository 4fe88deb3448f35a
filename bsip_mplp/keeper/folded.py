"""A journal folded ahead: what a keeper that stands by has ready, so that taking over takes no time.

It follows what the leader writes, input by input, along the chain of hashes. It is never written anywhere, and counts
only if the journal that is taken over still goes on from where it was folded to.
"""

from __future__ import annotations

import time

from bsip_mplp.journal import Head, Journal
from bsip_mplp.journal.hash_chain import GENESIS_HASH
from bsip_mplp.keeper.sightings import Sightings
from bsip_mplp.rules.engine import Engine


class Folded:
    """An engine and what it last saw, at the input that `head` names."""

    def __init__(self) -> None:
        self.engine, self.sightings = Engine(), Sightings()
        self.head = Head(0, GENESIS_HASH)

    def belongs_to(self, journal: Journal) -> bool:
        """Whether the journal has the very input up to which this was folded."""
        return self.head.seq == 0 or journal.hash_of(self.head.seq) == self.head.hash

    def fold_on(self, journal: Journal, seconds_max: float | None = None) -> bool:
        """Fold what came since, for so long at most; tells whether that was all. Raises `BrokenChainError`."""
        ends = None if seconds_max is None else time.monotonic() + seconds_max
        for head, item in journal.chained(self.head):
            self.sightings.note(item, self.engine.apply(item))
            self.head = head
            if ends is not None and time.monotonic() > ends:
                return False
        return True

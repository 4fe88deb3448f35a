"""A journal folded up to one of its inputs: the engine, and what it last saw, with the input's hash.

It begins from the journal's newest snapshot if this very program made that, and from nothing otherwise. It counts only
if the journal still goes on from where it was folded to.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from bsip_mplp.journal import Head, Journal, Snapshot
from bsip_mplp.journal.hash_chain import GENESIS_HASH
from bsip_mplp.keeper.errors import FrozenError
from bsip_mplp.keeper.freezing import freeze, program, thaw
from bsip_mplp.keeper.sightings import Sightings
from bsip_mplp.ledger import Ledger
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import Input
from bsip_mplp.rules.outcomes import Outcome
from bsip_mplp.rules.schedule import DueKind

log = logging.getLogger("mplp.keeper")


class Folded:
    """An engine and what it last saw, at the input that `head` names."""

    def __init__(self) -> None:
        self.engine, self.sightings = Engine(), Sightings()
        self.head = Head(0, GENESIS_HASH)

    @classmethod
    def begin(cls, journal: Journal) -> Folded:
        """Where folding can begin: the snapshot, if it can be read, or nothing. Raises `ReadError`."""
        folded, snapshot = cls(), journal.snapshot()
        if snapshot is None or snapshot.program != program():
            return folded
        try:
            folded.engine, folded.sightings = thaw(snapshot.body, (Engine, Sightings))
        except FrozenError as error:
            log.warning("the snapshot at input %d is left out: %s", snapshot.head.seq, error)
            return cls()
        folded.head = snapshot.head
        return folded

    def snapshot(self) -> Snapshot:
        """What `begin` begins from."""
        return Snapshot(self.head, program(), freeze((self.engine, self.sightings)))

    def belongs_to(self, journal: Journal) -> bool:
        """Whether the journal has the very input up to which this was folded."""
        return self.head.seq == 0 or journal.hash_of(self.head.seq) == self.head.hash

    def apply(self, item: Input) -> Outcome:
        """Fold one input more; `head` is left to who knows its hash."""
        outcome = self.engine.apply(item)
        self.sightings.note(item, outcome)
        return outcome

    def fold_to(self, journal: Journal, seq: int) -> None:
        """Fold what came since, up to an input. Raises `BrokenChainError`."""
        for head, item in journal.chained(self.head) if self.head.seq < seq else ():
            self.apply(item)
            self.head = head
            if head.seq == seq:
                return

    def fold_on(self, journal: Journal, seconds_max: float | None = None) -> bool:
        """Fold what came since, for so long at most; tells whether that was all. Raises `BrokenChainError`."""
        ends = None if seconds_max is None else time.monotonic() + seconds_max
        for head, item in journal.chained(self.head):
            self.apply(item)
            self.head = head
            if ends is not None and time.monotonic() > ends:
                return False
        return True

    # --- for who compares -----------------------------------------------------------------------------------

    def is_like(self, other: Folded) -> bool:
        """Whether both stand the same."""
        return self._standing() == other._standing()

    def _standing(self) -> tuple[object, ...]:
        due = [self.engine.next_due((kind,)) for kind in DueKind]
        return self.state(), self.ledger.balances(), self.sightings, due

    @property
    def ledger(self) -> Ledger:
        """The engine's balances."""
        return self.engine.book.ledger

    def state(self) -> Mapping[str, Any]:
        """The engine's objects, by kind in the plural and by key."""
        return self.engine.state()

"""The one way in: inputs go through the engine and are written with what they brought about, all or nothing."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import ClassVar, Self

from bsip_mplp.journal import Cursor, Journal, JournalError
from bsip_mplp.keeper.errors import EngineAheadError
from bsip_mplp.keeper.folded import Folded
from bsip_mplp.rules.inputs import Input
from bsip_mplp.rules.outcomes import Outcome
from bsip_mplp.rules.outlook import Outlook, outlook
from bsip_mplp.rules.schedule import DueKind
from bsip_mplp.rules.shared_outlook import Cover, covers
from bsip_mplp.rules.state import ChainOrder

log = logging.getLogger("mplp.keeper")


class Intake:
    """An engine and the journal it was folded from, kept at the same input.

    If applying or writing fails the engine is ahead of the journal: nothing more is taken, and whoever runs the
    keeper opens the journal anew and folds it (`load`). Starting and recovering are one path.
    """

    SNAPSHOT_INPUTS: ClassVar = 10_000
    """After how many inputs a snapshot is made: about so many at the most are folded at a start."""

    def __init__(self, journal: Journal, folded: Folded, snapshot_seq: int = 0) -> None:
        self.journal = journal
        self._folded = folded
        self._engine, self.sightings = folded.engine, folded.sightings
        self._snapshot_seq = snapshot_seq
        self._ahead = False

    @classmethod
    def load(cls, journal: Journal, ahead: Folded | None = None) -> Self:
        """Fold the journal's tail onto what was folded ahead, or onto its snapshot; without either, all of it."""
        folded = ahead if ahead is not None and ahead.belongs_to(journal) else Folded.begin(journal)
        begun_seq = folded.head.seq
        folded.fold_on(journal)
        return cls(journal, folded, begun_seq)

    @property
    def is_ahead(self) -> bool:
        """Whether the engine did something that the journal has not: then it has to be folded anew."""
        return self._ahead

    @property
    def now(self) -> int:
        """The engine's clock, in chain seconds."""
        return self._engine.now

    def next_due(self, kinds: Collection[DueKind] = tuple(DueKind)) -> int | None:
        """When the earliest thing of some kinds, or of all, falls due, in chain seconds."""
        return self._engine.next_due(kinds)

    def outlooks(self, ahead_seconds: int) -> list[Outlook]:
        """How the funds of each market stand, and what falls due for them within some seconds."""
        book = self._engine.book
        return [outlook(book, market, book.now + ahead_seconds) for market in book.markets.values()]

    def covers(self) -> list[Cover]:
        """What the insurance of each shared pool would have to cover now (SP-17)."""
        return covers(self._engine.book)

    def open_orders(self, kinds: Collection[str]) -> list[ChainOrder]:
        """The open orders of some kinds, oldest first, as the engine has them: no projection is trusted for them."""
        return [order for order in self._engine.book.orders.values() if order.state == "open" and order.kind in kinds]

    def take(self, inputs: Sequence[Input], cursor: Cursor | None = None) -> list[Outcome]:
        """Apply the inputs in order and write them, moving the cursor with them; returns their outcomes.

        An input whose source stands in the journal already is passed over: it counted before. Raises
        `EngineAheadError`, or what the ledger or the journal raise; then nothing of the batch counts.
        """
        if self._ahead:
            raise EngineAheadError("the engine is ahead of the journal: open the journal anew")
        known = self.journal.known_sources([item.source for item in inputs if item.source is not None])
        fresh = [item for item in inputs if item.source is None or item.source not in known]
        self._ahead = True
        outcomes = [self._engine.apply(item) for item in fresh]
        self.journal.write(list(zip(fresh, outcomes, strict=True)), cursor)
        for item, outcome in zip(fresh, outcomes, strict=True):
            self.sightings.note(item, outcome)
        self._folded.head = self.journal.head
        self._ahead = False
        if self._folded.head.seq >= self._snapshot_seq + self.SNAPSHOT_INPUTS:
            self._save_snapshot()
        return outcomes

    def _save_snapshot(self) -> None:
        """Keep what was folded; where that fails, starting takes longer, and nothing else."""
        self._snapshot_seq = self._folded.head.seq
        try:
            self.journal.save_snapshot(self._folded.snapshot())
        except JournalError as error:
            log.warning("no snapshot is kept: %s", error)

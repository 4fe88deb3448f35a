"""Faults of the journal, in one tree; each text says what happened and what to do.

JournalError
├── OpenError                 the journal can't be opened
│   ├── MissingError          there is no database at that place
│   ├── NotAJournalError      there is something there, and it is no journal
│   ├── OldSchemaError        its tables are older than this program's
│   ├── NewSchemaError        its tables are newer than this program's
│   └── UnreachableError      a bad address, no permission, a lock that isn't given up
├── OtherPlaceError           it belongs to another chain or another pool account
├── DuplicateSourceError      an input with that source stands already
├── MovedError                another process has written meanwhile
├── LostLeadError             another keeper leads: this one may write and send no more
├── CursorError               the cursor would go back
├── UnreadableError           an input that would not come back from the journal as it is
├── ReadError                 the database refused to read
├── WriteError                the database refused to write; nothing of the batch counts
├── BrokenChainError          the hashes of the inputs don't fit
└── AttemptError              an attempt to carry out an order that must not be made
"""

from __future__ import annotations


class JournalError(Exception):
    """Any fault of the journal."""


class OpenError(JournalError):
    """The journal can't be opened."""


class MissingError(OpenError):
    """There is no database at that place."""


class NotAJournalError(OpenError):
    """There is something at that place, and it is no journal."""


class OldSchemaError(OpenError):
    """The tables are older than this program's."""


class NewSchemaError(OpenError):
    """The tables are newer than this program's."""


class UnreachableError(OpenError):
    """The database can't be reached: a bad address, no permission, or a lock that isn't given up."""


class OtherPlaceError(JournalError):
    """The journal belongs to another chain or another pool account."""


class DuplicateSourceError(JournalError):
    """An input with that source stands already, at `seq` (0: twice within the batch)."""

    def __init__(self, source: str, seq: int) -> None:
        where = f"is input {seq} already" if seq else "stands twice in one batch"
        super().__init__(f"source {source} {where}: nothing of this batch was written")
        self.source = source
        self.seq = seq


class MovedError(JournalError):
    """Another process has written since this journal was opened: the engine built from it is out of date."""


class LostLeadError(JournalError):
    """Another keeper leads, or the lease ran out: this one may write and send no more."""


class CursorError(JournalError):
    """The cursor would go back to blocks that were read already."""


class UnreadableError(JournalError):
    """An input that would not come back from the journal as it is: nothing of the batch was written."""


class ReadError(JournalError):
    """The database refused to read: what it holds is unknown."""


class WriteError(JournalError):
    """The database refused to write; nothing of the batch counts."""


class BrokenChainError(JournalError):
    """The hash of the input `seq` doesn't fit what stands there."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"input {seq} doesn't fit its hash: run `mplp verify` and restore the journal from a copy")
        self.seq = seq


class AttemptError(JournalError):
    """An attempt to carry out an order that must not be made, or a state that it can't take."""

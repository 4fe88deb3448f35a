"""The journal: inputs, outcomes and orders in one transaction each, chained by hash."""

from bsip_mplp.journal.attempts import Attempt, AttemptState
from bsip_mplp.journal.cursor import Cursor
from bsip_mplp.journal.errors import (
    AttemptError,
    BrokenChainError,
    CursorError,
    DuplicateSourceError,
    JournalError,
    LostLeadError,
    MissingError,
    MovedError,
    NewSchemaError,
    NotAJournalError,
    OldSchemaError,
    OpenError,
    OtherPlaceError,
    ReadError,
    UnreachableError,
    UnreadableError,
    WriteError,
)
from bsip_mplp.journal.journal import Journal
from bsip_mplp.journal.meta import Head, Place
from bsip_mplp.journal.records import Record
from bsip_mplp.journal.snapshots import Snapshot

__all__ = [
    "Attempt",
    "AttemptError",
    "AttemptState",
    "BrokenChainError",
    "Cursor",
    "CursorError",
    "DuplicateSourceError",
    "Head",
    "Journal",
    "JournalError",
    "LostLeadError",
    "MissingError",
    "MovedError",
    "NewSchemaError",
    "NotAJournalError",
    "OldSchemaError",
    "OpenError",
    "OtherPlaceError",
    "Place",
    "ReadError",
    "Record",
    "Snapshot",
    "UnreachableError",
    "UnreadableError",
    "WriteError",
]

"""The journal: inputs, outcomes and orders in one transaction each, chained by hash."""

from bsip_mplp.journal.attempts import Attempt, AttemptState
from bsip_mplp.journal.cursor import Cursor
from bsip_mplp.journal.errors import (
    AttemptError,
    BrokenChainError,
    CursorError,
    DuplicateSourceError,
    JournalError,
    MissingError,
    MovedError,
    NewSchemaError,
    NotAJournalError,
    OldSchemaError,
    OpenError,
    OtherPlaceError,
    UnreachableError,
    WriteError,
)
from bsip_mplp.journal.journal import Journal, Record
from bsip_mplp.journal.meta import Head, Place

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
    "MissingError",
    "MovedError",
    "NewSchemaError",
    "NotAJournalError",
    "OldSchemaError",
    "OpenError",
    "OtherPlaceError",
    "Place",
    "Record",
    "UnreachableError",
    "WriteError",
]

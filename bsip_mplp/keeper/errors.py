"""Faults of the keeper, in one tree; each text says what happened and what to do.

KeeperError
├── EngineAheadError     writing failed: the engine must be folded anew from the journal
├── FrozenError          a snapshot can't be read: the journal is folded without it
├── OtherKeeperError     another keeper runs on this journal
└── NotInitialisedError  the journal has not been set up for this place
"""

from __future__ import annotations


class KeeperError(Exception):
    """Any fault of the keeper."""


class EngineAheadError(KeeperError):
    """Writing failed before: the engine must be folded anew from the journal."""


class FrozenError(KeeperError):
    """A snapshot can't be read: the journal is folded without it."""


class OtherKeeperError(KeeperError):
    """Another keeper runs on this journal: `fact` says which, the text also what to do."""

    def __init__(self, fact: str) -> None:
        super().__init__(f"{fact}: stop it first")
        self.fact = fact


class NotInitialisedError(KeeperError):
    """The journal has not been set up for this place."""

"""What can go wrong between this program and a chain.

ChainError
├── UnreachableError      no node answered; nothing is known, the same may be tried again
│   └── StaleNodeError    the nodes that answer went back, or know less than is known already
├── WrongChainError       a node of another chain than the one configured
├── RefusedError          the node answered that it won't: what it said, and its code
├── LackingError          the account holds less than what it was to send
├── NotFoundError         the chain has no such account, asset or block
├── DisagreementError     two answers that must agree don't; nothing was credited
├── HistoryGapError       the node has forgotten operations that were not read yet
└── KeysError             a key is missing, can't be read, or isn't kept safely

`MemoError`, of a memo that can't be understood, is a value of the inbox and stands in `memo`.
"""

from __future__ import annotations

from typing import Any


class ChainError(Exception):
    """Anything below; the text says what happened, with figures, and what to do where something can be done."""


class UnreachableError(ChainError):
    """No node answered in time. What was asked may or may not have been done."""


class StaleNodeError(UnreachableError):
    """Every node that answers is behind what is known already, so its answers can't be built on."""


class WrongChainError(ChainError):
    """A node belongs to another chain than the one configured."""


class RefusedError(ChainError):
    """The node understood and refused; `code` and `name` are the node's own, 0 and "" if it gave none."""

    def __init__(self, method: str, message: str, code: int = 0, name: str = "", data: Any = None) -> None:
        super().__init__(f"{method}: {message}")
        self.method = method
        self.message = message
        self.code = code
        self.name = name
        self.data = data

    @property
    def is_duplicate(self) -> bool:
        """Whether the node has that very transaction already, which is no error (chain.md, 2)."""
        return self.name == "duplicate_transaction" or "already in the database" in self.message


class LackingError(ChainError):
    """The account holds less than what it was to send with the fees; the chain refused, and nothing was sent."""


class NotFoundError(ChainError):
    """The chain has no such account, asset or block."""


class DisagreementError(ChainError):
    """Two answers that must agree don't: two nodes, or a history and its block."""


class HistoryGapError(ChainError):
    """The node keeps too little history: operations that were not read yet are gone from it."""


class KeysError(ChainError):
    """A key is missing, can't be read, or is not kept safely; the text never holds a key."""

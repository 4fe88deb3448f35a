"""Positions in the order in which the chain calls them: least collateralised first, the oldest of equals."""

from __future__ import annotations

from bisect import bisect_left, insort

KEY_SHIFT = 127
"""Fractions of parts under 2^63 differ by more than 2^-126, so a floor at 2^-127 orders them exactly."""

Entry = tuple[int, int, int]
"""The key, the number of the position (its age), and its account."""


class CallQueue:
    """Positions that may be called, by collateral per debt."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._of: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, account: int, number: int, collateral: int, debt: int) -> None:
        """Give a position its place; one that stands there moves."""
        self.discard(account)
        entry = ((collateral << KEY_SHIFT) // debt, number, account)
        insort(self._entries, entry)
        self._of[account] = entry

    def discard(self, account: int) -> None:
        """Take a position out, if it is there."""
        entry = self._of.pop(account, None)
        if entry is not None:
            del self._entries[bisect_left(self._entries, entry)]

    def first(self) -> int | None:
        """The account of the least collateralised position."""
        return self._entries[0][2] if self._entries else None

    def accounts(self) -> list[int]:
        """All accounts, the least collateralised first."""
        return [entry[2] for entry in self._entries]

    def copy(self) -> CallQueue:
        """The queue as it is now."""
        made = CallQueue()
        made._entries, made._of = self._entries.copy(), self._of.copy()
        return made

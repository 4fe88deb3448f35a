"""Double entry: accounts, balanced entries, balances (G-5). It knows nothing of loans."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

OUTSIDE = "outside"
"""The outside world: what came in from the chain stands here with the opposite sign."""

VAULTS = "vaults"
"""What of the ledger's own money lies in vaults stands here with the opposite sign, like that of the outside world."""

MAY_BE_NEGATIVE = (OUTSIDE, VAULTS, "operator")
"""The accounts that may owe; every other balance is 0 or more (PL-I2)."""


class LedgerError(Exception):
    """An entry that must not be posted: not balanced, or it would make a balance negative. A fault, no refusal."""


class Posting(NamedTuple):
    """`units` of `asset` added to an account (taken from it where negative)."""

    account: str
    asset: str
    units: int


class Entry(NamedTuple):
    """One movement of money: when, the rule that asked for it, what it was in words, and its postings."""

    time: int
    rule: str
    text: str
    postings: tuple[Posting, ...]


class Ledger:
    """Balances by account and asset; `post` is the one gate through which they change."""

    def __init__(self) -> None:
        self._balances: dict[tuple[str, str], int] = {}

    def balance(self, account: str, asset: str) -> int:
        """What an account holds of an asset, in smallest units; 0 if it never held any."""
        return self._balances.get((account, asset), 0)

    def balances(self) -> dict[tuple[str, str], int]:
        """All balances that are not 0, by (account, asset)."""
        return {key: units for key, units in self._balances.items() if units}

    def post(self, entry: Entry) -> None:
        """Post an entry whole, or raise `LedgerError` and change nothing (G-5, PL-I2)."""
        check_balanced(entry.postings)
        after: dict[tuple[str, str], int] = {}
        for account, asset, units in entry.postings:
            key = (account, asset)
            after[key] = after.get(key, self._balances.get(key, 0)) + units
        for (account, asset), units in after.items():
            if units < 0 and account not in MAY_BE_NEGATIVE:
                raise LedgerError(f"{entry.rule}: {account} would hold {units} {asset} ({entry.text})")
        self._balances.update(after)


def check_balanced(postings: Iterable[tuple[str, str, int]]) -> None:
    """Raise `LedgerError` unless the postings add up to zero for each asset (G-5)."""
    sums: dict[str, int] = {}
    for _, asset, units in postings:
        sums[asset] = sums.get(asset, 0) + units
    for asset, units in sums.items():
        if units:
            raise LedgerError(f"postings of {asset} add up to {units}, not 0")

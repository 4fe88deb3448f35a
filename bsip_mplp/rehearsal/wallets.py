"""Who is who in a run: users by number and by name, the accounts that are no users, and how positions stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

NONE: Final = 0
FREE: Final = 1
PROTECTED: Final = 2
IN_AUCTION: Final = 3
TAKEN_OVER: Final = 4
CARRIED: Final = 5
BLACK: Final = 6
UNWINDING: Final = 7
STATES: Final = {
    "closed": NONE,
    "free": FREE,
    "protected": PROTECTED,
    "in_auction": IN_AUCTION,
    "taken_over": TAKEN_OVER,
    "carried": CARRIED,
    "black": BLACK,
    "unwinding": UNWINDING,
}
"""What the rules call a position's state, and its number in `Wallets.state`."""

SPECIAL: Final = ("founder", "pool", "makers", "outside", "issuer", "system")


class Loss(NamedTuple):
    """What a holder lost of a position: some of it sold by force, or all of it passed to somebody else."""

    holder: int
    what: Literal["sold", "passed"]
    collateral: int
    debt: int
    """What the sale brought, or what the position owed."""


class Wallets:
    """Accounts of a run. Users come first; then the accounts named in `SPECIAL`.

    `founder` gave the users their first bitasset, `pool` holds the money of the pools, `makers` keep the resting book,
    `outside` stands for the outside exchange, `issuer` owns the bitasset, `system` sells what the rules have sold.
    Accounts for vaults come last.
    """

    def __init__(self, names: Sequence[str], *, vaults: int = 0) -> None:
        self.users = len(names)
        self.names = [*names, *SPECIAL]
        self.index = {name: number for number, name in enumerate(self.names)}
        first = self.users
        self.founder, self.pool, self.makers, self.outside, self.issuer, self.system = range(
            first, first + len(SPECIAL)
        )
        self.first_vault = len(self.names)
        count = self.count = self.first_vault + vaults
        """How many accounts there are."""
        self.holder: NDArray[np.int64] = np.arange(count, dtype=np.int64)
        """Who holds the position of each account: a won auction changes it (PL-28)."""
        self.systems: NDArray[np.bool_] = np.zeros(count, dtype=bool)
        """Positions that are the fund's or the shared pool's: carried, black, fully called (PL-D50, SP-14)."""
        self.losses: list[Loss] = []
        """What holders lost since it was last counted."""
        self.lp1: NDArray[np.int64] = np.zeros(count, dtype=np.int64)
        """Core units lent to the position of each account."""
        self.lp2: NDArray[np.int64] = np.zeros(count, dtype=np.int64)
        """Bitasset units lent to it."""
        self.state: NDArray[np.int8] = np.zeros(count, dtype=np.int8)
        """How it stands with the rules of lending; `NONE` also where they never saw it."""
        self.judged: NDArray[np.bool_] = np.zeros(count, dtype=bool)
        """Whether others' money protects it: on a chain that has adopted the rules it is not called (PL-20)."""
        self.place: NDArray[np.int64] = np.arange(count, dtype=np.int64)
        """At whose place the position of each account is shown: its own, or the user's whose vault it is."""
        self.in_vault: NDArray[np.bool_] = np.zeros(count, dtype=bool)
        """Users whose position is in a vault."""
        self.vault_collateral: NDArray[np.int64] = np.zeros(count, dtype=np.int64)
        """Own collateral in the vault that is shown at a user's place (V-4)."""
        self.vault_debt: NDArray[np.int64] = np.zeros(count, dtype=np.int64)
        """Own debt in it."""

    def pass_on(self, account: int, holder: int, is_systems: bool, collateral: int, debt: int) -> None:
        """Take down whose a position is from now on, and what was in it, if it was another's."""
        was = int(self.holder[account])
        if not self.systems[account] and (is_systems or holder != was) and collateral:
            self.losses.append(Loss(was, "passed", collateral, debt))
        self.holder[account], self.systems[account] = holder, is_systems

    def sold_by_force(self, account: int, collateral: int, brought: int) -> None:
        """Take down that collateral of a position was sold by force, if that was its holder's loss."""
        if not self.systems[account]:
            self.losses.append(Loss(int(self.holder[account]), "sold", collateral, brought))

"""The audit: what the ledger owes of each asset against what the pool's account holds, at one irreversible block.

The ledger owes what `outside` lacks. The account holds, besides, what it had of its own when the journal began. Both
are taken to the block up to which the journal has read the chain: a payout that one of the two knows already, and the
other not yet, is put right. All money in smallest units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from bsip_mplp.chain.holdings import Holdings
from bsip_mplp.chain.movements import Movement

PATIENCE_SECONDS: Final = 600
"""How long, in chain time, a difference may be put down to transactions that wait for a block."""


class Books(NamedTuple):
    """The ledger at one moment: up to which block it has read, when that was made, what `outside` holds by asset.

    `counted` are the sources of movements that the ledger has counted, `signed` the ids of transactions that it knows.
    `under_way` is, by transaction not yet resolved, what that may take out of the account at the most, by asset.
    `own` is what the account held of its own, None if that isn't known yet.
    """

    block: int
    time: int
    outside: Mapping[str, int]
    counted: frozenset[str]
    signed: frozenset[str]
    under_way: Mapping[str, Mapping[str, int]]
    own: Mapping[str, int] | None


class Verdict(StrEnum):
    """What an audit found."""

    AGREES = "agrees"
    UNSETTLED = "unsettled"
    """Not the same, but transactions that wait for a block may be all there is to it."""
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Figure:
    """One asset: what the ledger owes, what the account holds, what of that was its own, and what is under way."""

    asset: str
    owed_units: int
    held_units: int
    own_units: int
    under_way_units: int

    @property
    def difference_units(self) -> int:
        """What is held too much, or too little if negative."""
        return self.held_units - self.own_units - self.owed_units

    @property
    def is_short(self) -> bool:
        """Whether more is missing than payouts that wait for a block can explain."""
        return self.difference_units < -self.under_way_units


@dataclass(frozen=True, slots=True)
class VaultFigure:
    """One vault: what the ledger makes of its position on the chain, what the chain has, and what of it is lent (V-4).

    While an order is under way the two may differ. Units of the core asset, and of the bitasset `market`.
    """

    account: str
    market: str
    collateral_owed: int
    collateral_held: int
    debt_owed: int
    debt_held: int
    lent_core: int
    lent_bitasset: int
    under_way: bool

    @property
    def agrees(self) -> bool:
        """Whether nothing stands against it."""
        is_same = (self.collateral_owed, self.debt_owed) == (self.collateral_held, self.debt_held)
        return self.under_way or is_same


@dataclass(frozen=True, slots=True)
class BondFigure:
    """A series of bonds on the chain: how many units of its asset the ledger knows of, and how many there are (PL-43).

    `under_way_units` of those that it knows of are still to be issued. Holders may burn units; that is nobody's loss.
    """

    series: int
    asset: str
    known_units: int
    under_way_units: int
    supply_units: int

    @property
    def is_over(self) -> bool:
        """Whether there are units that stand for no bond."""
        return self.supply_units > self.known_units

    @property
    def burnt_units(self) -> int:
        """How many units are gone for good."""
        return max(0, self.known_units - self.under_way_units - self.supply_units)


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found at an irreversible block, made at `time`; `head` is the block at which balances were read.

    `unknown` are payments out of the account that the journal knows nothing of. `unsettled_since` is chain time;
    `same_since` is the head from which on the differences were what they still are, and no asset that differs moved.
    """

    block: int
    time: int
    head: int
    figures: tuple[Figure, ...]
    unknown: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    own_is_known: bool = True
    unsettled_since: int | None = None
    same_since: int = 0
    vaults: tuple[VaultFigure, ...] = ()
    vaults_since: int | None = None
    """Since when some vault differs, in chain time."""
    bonds: tuple[BondFigure, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Whether ledger and chain agree to the last unit, the pool's account and every vault."""
        if self.pool_verdict is not Verdict.AGREES or self.vaults_since is None:
            return self.pool_verdict
        return Verdict.DIFFERS if self.time - self.vaults_since > PATIENCE_SECONDS else Verdict.UNSETTLED

    @property
    def pool_verdict(self) -> Verdict:
        """Whether the pool's account holds what the ledger owes."""
        if self.unknown or any(one.is_short for one in self.figures) or any(one.is_over for one in self.bonds):
            return Verdict.DIFFERS
        if self.unsettled_since is None:
            return Verdict.AGREES
        if not self.own_is_known:
            return Verdict.UNSETTLED
        return Verdict.DIFFERS if self.time - self.unsettled_since > PATIENCE_SECONDS else Verdict.UNSETTLED

    @property
    def hold(self) -> str | None:
        """Why nothing may be paid out; None if payouts may go on."""
        if self.pool_verdict is Verdict.DIFFERS:  # a vault can be changed from outside, and stops nobody's payout
            return "payouts are stopped: the audit differs; see mplp audit"
        return None if self.own_is_known else "payouts wait until what the account holds of its own is known"

    def alarms(self) -> list[str]:
        """What must be told, a line each; nothing while ledger and chain agree."""
        if self.verdict is not Verdict.DIFFERS:
            return []
        return [*self._pool_alarms(), *self._vault_alarms()]

    def _vault_alarms(self) -> list[str]:
        return [
            f"audit at block {self.block}: vault {one.account} has {one.collateral_held} units of collateral and "
            f"{one.debt_held} of debt in {one.market}, the ledger says {one.collateral_owed} and {one.debt_owed}"
            for one in self.vaults
            if not one.agrees
        ]

    def _pool_alarms(self) -> list[str]:
        if self.pool_verdict is not Verdict.DIFFERS:
            return []
        lines = [
            f"audit at block {self.block}: the ledger owes {one.owed_units} units of {one.asset}, the account holds "
            f"{one.held_units - one.own_units}: {abs(one.difference_units)} "
            f"{'too little' if one.difference_units < 0 else 'too much'}; payouts are stopped"
            for one in self.figures
            if one.difference_units
        ]
        lines.extend(
            f"transaction {one} paid out of the account, and this journal knows nothing of it: payouts are stopped; "
            "was an old backup restored, or is the key used elsewhere?"
            for one in self.unknown
        )
        lines.extend(
            f"audit at block {self.block}: there are {one.supply_units} units of {one.asset} on the chain, the ledger "
            f"knows of {one.known_units}: {one.supply_units - one.known_units} stand for no bond; payouts are stopped"
            for one in self.bonds
            if one.is_over
        )
        return lines + [f"audit: {one} may have moved money" for one in self.strange]


def judge(
    books: Books,
    holdings: Holdings,
    before: Audit | None = None,
    vaults: Sequence[VaultFigure] = (),
    vaults_since: int | None = None,
    bonds: Sequence[BondFigure] = (),
) -> Audit:
    """Compare; `before` is the audit before this one, for how long something has been unsettled.

    Without it, `vaults_since` tells since when some vault is known to differ.

    What the account held as far as the ledger has counted it is what it holds now, less every movement that the ledger
    can't have counted yet; so it doesn't matter which of the two is ahead.
    """
    owed = {asset: -units for asset, units in books.outside.items()}
    held, under_way = dict(holdings.balances), dict[str, int]()
    for one in holdings.movements:
        if not _must_be_counted(one, books):
            held[one.asset] = held.get(one.asset, 0) - one.units
            held[one.fee_asset] = held.get(one.fee_asset, 0) + one.fee_units
    in_blocks = {one.transaction for one in holdings.movements}
    for transaction, taken in books.under_way.items():
        for asset, units in taken.items() if transaction not in in_blocks else ():
            under_way[asset] = under_way.get(asset, 0) + units
    figures = tuple(
        Figure(asset, owed.get(asset, 0), held.get(asset, 0), (books.own or {}).get(asset, 0), under_way.get(asset, 0))
        for asset in sorted(owed.keys() | {name for name, units in held.items() if units} | (books.own or {}).keys())
    )
    strange = tuple(text for block, text in holdings.strange if block > books.block)
    settled = books.own is not None and not strange and all(one.difference_units == 0 for one in figures)
    since = before.unsettled_since if before is not None and before.unsettled_since is not None else books.time
    return Audit(
        block=books.block,
        time=books.time,
        head=holdings.head,
        figures=figures,
        unknown=tuple(_unknown(holdings.movements, books)),
        strange=strange,
        own_is_known=books.own is not None,
        unsettled_since=None if settled else since,
        same_since=_same_since(before, figures, holdings),
        vaults=tuple(vaults),
        vaults_since=_since(vaults, books, vaults_since if before is None else before.vaults_since),
        bonds=tuple(bonds),
    )


def own_of(audit: Audit) -> dict[str, int] | None:
    """What the account holds of its own, once it was found the same for long enough; None until then.

    Long enough is until the head at which it was first found can't be undone any more, with nothing of the asset in a
    block since: what waited for a block then would stand in one, even if as much waits again now.
    """
    if audit.own_is_known or audit.unknown or audit.strange or audit.block <= audit.same_since:
        return None
    found = _differences(audit.figures)
    return None if any(units < 0 for units in found.values()) else found


def _differences(figures: Sequence[Figure]) -> dict[str, int]:
    return {one.asset: one.difference_units for one in figures if one.difference_units}


def _same_since(before: Audit | None, figures: Sequence[Figure], holdings: Holdings) -> int:
    differing = _differences(figures)
    if before is None or _differences(before.figures) != differing:
        return holdings.head
    later = [one for one in holdings.movements if one.block > before.same_since]
    moved = {one.asset for one in later} | {one.fee_asset for one in later if one.fee_units}
    return holdings.head if moved & differing.keys() else before.same_since


def _since(vaults: Sequence[VaultFigure], books: Books, before: int | None) -> int | None:
    """Since when some vault differs; None if none does."""
    if all(one.agrees for one in vaults):
        return None
    return books.time if before is None else before


def _must_be_counted(one: Movement, books: Books) -> bool:
    """Deposits count with the block that was read, what was signed once it was reported: at the latest with its end."""
    if one.report in books.counted:
        return True
    return one.block <= books.block and one.transaction not in books.under_way


def _unknown(movements: Sequence[Movement], books: Books) -> list[str]:
    return list(
        dict.fromkeys(
            one.transaction or one.source
            for one in movements
            if (one.units < 0 or one.fee_units > 0) and one.transaction not in books.signed
        )
    )

"""The keeper's eyes on vaults: what is in each by the chain, once that can't be undone, and who may act for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.vaults import Sighting, Terms, fault_of, read_sightings


class Seen(NamedTuple):
    """A vault as the chain has it for good: its position, what lies beside it, and its fault, None if sound (V-2)."""

    account: str
    market: str
    collateral: int
    debt: int
    balances: Mapping[str, int]
    fault: str | None


def on_chain(position: Mapping[str, Any] | None) -> tuple[int, int]:
    """Collateral and debt that the chain must have of a vault's position (as the ledger has it, None for none) (V-4).

    The ledger's own are the holder's; what was lent and placed, and the risk fund's buffer, is in the vault besides.
    """
    if position is None:
        return 0, 0
    return (
        position["collateral"] + position["placed_lp1"] + position["buffer"],
        position["debt"] - position["placed_lp2"],
    )


class Watch:
    """Looks at vaults again and again. What it remembers is lost with the process, and is only seen a little later.

    A node tells what waits for a block as well. So what is seen counts once it was the same at a block that is
    irreversible by now, and the vault's newest operation is, too.
    """

    def __init__(self, chain: Chain, terms: Terms) -> None:
        self._chain = chain
        self._terms = terms
        self._first: dict[str, Sighting] = {}
        """Of each vault the first sight of what it still is."""
        self._faults: dict[str, tuple[str, str, str | None]] = {}
        """Of each vault its newest operation and its holder when its authorities were read, and what was found."""

    def look(self, vaults: Sequence[Mapping[str, Any]], former: Mapping[str, str]) -> list[Seen]:
        """Those of some vaults (as the ledger has them) that are settled; raises a `ChainError`.

        `former` has the former holders of those that are being handed on, whose owner authority may still be theirs.
        """
        if not vaults:
            return []
        found = []
        sights = read_sightings(self._chain, [(vault["account"], vault["market"]) for vault in vaults])
        for vault, sight in zip(vaults, sights, strict=True):
            first = self._first.setdefault(sight.account, sight)
            if sight.is_settled(first):
                found.append(self._seen(vault, sight, former.get(sight.account)))
            elif not _is_same(first, sight):
                self._first[sight.account] = sight
        return found

    def _seen(self, vault: Mapping[str, Any], sight: Sighting, former: str | None) -> Seen:
        newest, holder, fault = self._faults.get(sight.account, ("", "", None))
        if (newest, holder) != (sight.newest, vault["holder"]) or vault["state"] != "sound" or former:
            fault = self._fault(sight.account, vault["holder"], former)
            self._faults[sight.account] = (sight.newest, vault["holder"], fault)
        position = sight.position
        return Seen(sight.account, sight.market, position.collateral, position.debt, sight.balances, fault)

    def _fault(self, account: str, holder: str, former: str | None) -> str | None:
        fault = fault_of(self._chain, self._terms, account, holder)
        if fault is not None and former is not None:
            return fault_of(self._chain, self._terms, account, former) and fault
        return fault


def _is_same(first: Sighting, now: Sighting) -> bool:
    return (first.position, first.balances, first.newest) == (now.position, now.balances, now.newest)

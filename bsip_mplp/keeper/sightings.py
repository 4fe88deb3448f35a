"""What the ledger last saw of the chain, and whose positions it has to watch: a fold of the journal, like all state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bsip_mplp.rules.inputs import FeedSeen, Input, PositionSeen
from bsip_mplp.rules.outcomes import Outcome

PREPAID = "prepaid/"

AT_WORK: Final = ("vault", "vault_open")
"""Kinds of orders during which a vault is not looked at: what they do to it the ledger books by itself."""

HANDING_ON: Final = "vault_owner"
"""During this one its owner is the former holder or the new one."""


@dataclass(slots=True)
class Sightings:
    """The last feed of each market and the last sight of each position, so that only changes are taken.

    `engaged` are positions with loans, in auction, carried or black; `armed` those with armed protections. Both go by
    the account on the chain, which after a won auction is not the holder's. `prepaid` has prepaid units by account.
    """

    feeds: dict[str, FeedSeen] = field(default_factory=dict)
    positions: dict[tuple[str, str], PositionSeen] = field(default_factory=dict)
    markets: dict[str, str] = field(default_factory=dict)
    """Each open market's core asset."""
    vaults: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The vaults by their account (V-2)."""
    vault_positions: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Their positions, likewise."""
    _engaged: dict[str, str] = field(default_factory=dict)
    _armed: dict[str, str] = field(default_factory=dict)
    _taking_part: dict[str, str] = field(default_factory=dict)
    _prepaid: dict[tuple[str, str], int] = field(default_factory=dict)
    former_holders: dict[str, str] = field(default_factory=dict)
    """Of vaults that are being handed on, who held them before (V-8)."""
    _at_work: dict[int, str] = field(default_factory=dict)
    """Open orders on vaults, each with the vault's account."""

    def note(self, item: Input, outcome: Outcome) -> None:
        """Take in an input that was written, with what it brought about."""
        match item:
            case FeedSeen():
                self.feeds[item.market] = item
            case PositionSeen():
                self.positions[item.market, item.account] = item
        for entry in outcome.entries:
            for account, asset, units in entry.postings:
                if account.startswith(PREPAID):
                    self._add_prepaid(account.removeprefix(PREPAID), asset, units)
        for (kind, key), body in outcome.objects.items():
            self._note_object(kind, key, body)

    def _note_object(self, kind: str, key: str, body: Mapping[str, Any]) -> None:
        match kind:
            case "market":
                self.markets[key] = body["core_asset"]
            case "position":
                _keep(self._engaged, key, body["account"], body["state"] not in ("free", "closed"))
                if body["custody"] == "vault":
                    self.vault_positions[body["account"]] = body
            case "vault":
                self._note_vault(body)
            case "order" if body["kind"] in (*AT_WORK, HANDING_ON):
                self._note_order(int(key), body)
            case "participant":
                _keep(self._taking_part, key, body["account"], body["takes_part"])
            case "protection":
                _keep(self._armed, key, body["position"], body["armed"])

    def watched(self) -> list[str]:
        """The accounts whose positions matter: with prepaid interest, live or armed loans, or part in a shared pool.

        Without vaults, which are looked at in their own way (V-11).
        """
        paying = {account for account, _ in self._prepaid}
        kept = (self._engaged, self._armed, self._taking_part)
        return sorted(paying.union(*(accounts.values() for accounts in kept)) - self.vaults.keys())

    def idle_vaults(self) -> list[Mapping[str, Any]]:
        """The vaults whose account is made and that no order is at work on: they can be looked at."""
        at_work = set(self._at_work.values())
        return [
            vault
            for account, vault in self.vaults.items()
            if vault["state"] not in ("ordered", "failed") and account not in at_work
        ]

    def _note_vault(self, body: Mapping[str, Any]) -> None:
        before = self.vaults.get(body["account"])
        if before is not None and before["holder"] != body["holder"]:
            self.former_holders[body["account"]] = before["holder"]
        self.vaults[body["account"]] = body

    def _note_order(self, number: int, body: Mapping[str, Any]) -> None:
        is_open = body["state"] == "open"
        if body["kind"] == HANDING_ON:
            if not is_open:
                self.former_holders.pop(body["account"], None)
        elif is_open:
            self._at_work[number] = body["account"]
        else:
            self._at_work.pop(number, None)

    def _add_prepaid(self, account: str, asset: str, units: int) -> None:
        held = self._prepaid.pop((account, asset), 0) + units
        if held:
            self._prepaid[account, asset] = held


def _keep(accounts: dict[str, str], key: str, account: str, live: bool) -> None:
    if live:
        accounts[key] = account
    else:
        accounts.pop(key, None)

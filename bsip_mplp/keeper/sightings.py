"""What the ledger last saw of the chain, and whose positions it has to watch: a fold of the journal, like all state."""

from __future__ import annotations

from dataclasses import dataclass, field

from bsip_mplp.rules.inputs import FeedSeen, Input, PositionSeen
from bsip_mplp.rules.outcomes import Outcome

PREPAID = "prepaid/"


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
    _engaged: dict[str, str] = field(default_factory=dict)
    _armed: dict[str, str] = field(default_factory=dict)
    _taking_part: dict[str, str] = field(default_factory=dict)
    _prepaid: dict[tuple[str, str], int] = field(default_factory=dict)

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
            match kind:
                case "market":
                    self.markets[key] = body["core_asset"]
                case "position":
                    _keep(self._engaged, key, body["account"], body["state"] not in ("free", "closed"))
                case "participant":
                    _keep(self._taking_part, key, body["account"], body["takes_part"])
                case "protection":
                    _keep(self._armed, key, body["position"], body["armed"])

    def watched(self) -> list[str]:
        """The accounts whose positions matter: with prepaid interest, live or armed loans, or part in a shared pool."""
        paying = {account for account, _ in self._prepaid}
        kept = (self._engaged, self._armed, self._taking_part)
        return sorted(paying.union(*(accounts.values() for accounts in kept)))

    def _add_prepaid(self, account: str, asset: str, units: int) -> None:
        held = self._prepaid.pop((account, asset), 0) + units
        if held:
            self._prepaid[account, asset] = held


def _keep(accounts: dict[str, str], key: str, account: str, live: bool) -> None:
    if live:
        accounts[key] = account
    else:
        accounts.pop(key, None)

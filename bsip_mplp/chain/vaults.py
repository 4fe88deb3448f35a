"""Vaults on the chain: who may act for one, as wanted and as read back, what is in it, and whether it is at rest.

V-2: the active authority of a vault is the keeper, or m of n keepers; its owner authority is its holder and the guard,
both needed, so that neither alone can take it over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bsip_mplp.chain.builders import Authority
from bsip_mplp.chain.chain import Chain, Position
from bsip_mplp.chain.errors import NotFoundError, UnreachableError
from bsip_mplp.chain.quorum import agreed

TRIES_MAX = 10
NOBODY_SPECIAL = [0, {}]
"""A special authority that stands for none."""


class Terms(NamedTuple):
    """Who keeps and who guards the vaults of a pool: names of accounts. `threshold` of the keepers act together."""

    keepers: tuple[str, ...]
    guard: str
    threshold: int = 1

    def check(self) -> None:
        """Raise `ValueError` unless the keepers can act, and the guard is no keeper."""
        if len(set(self.keepers)) != len(self.keepers) or not 1 <= self.threshold <= len(self.keepers):
            raise ValueError(f"{self.threshold} of {len(self.keepers)} different keepers can't act together")
        if self.guard in self.keepers:
            raise ValueError(f"{self.guard} is both guard and keeper of the vaults: it must be another account")

    def active(self, chain: Chain) -> Authority:
        """V-2: the keeper, or m of n keepers."""
        self.check()
        ids = chain.account_ids(self.keepers)
        return Authority(self.threshold, tuple((ids[name], 1) for name in self.keepers))

    def owner(self, chain: Chain, holder: str) -> Authority:
        """V-2: holder and guard, both needed; raises `ValueError` if they are one, or the holder is a keeper."""
        self.check()
        if holder == self.guard or holder in self.keepers:
            raise ValueError(f"{holder} is guard or keeper of the vaults, and can't hold one")
        ids = chain.account_ids([holder, self.guard])
        return Authority(2, ((ids[holder], 1), (ids[self.guard], 1)))


class Authorities(NamedTuple):
    """Who may act for an account, as the chain tells it."""

    account_id: str
    owner: Mapping[str, Any]
    active: Mapping[str, Any]
    special: tuple[Any, ...]


def read_authorities(chain: Chain, account: str) -> Authorities:
    """The authorities of an account as they are now; raises `NotFoundError`."""
    found = chain.call("get_account_by_name", account)
    if found is None or found["name"] != account:
        raise NotFoundError(f"the chain has no account {account}")
    special = (found.get("owner_special_authority"), found.get("active_special_authority"))
    return Authorities(str(found["id"]), found["owner"], found["active"], special)


def fault_of(chain: Chain, terms: Terms, account: str, holder: str) -> str | None:
    """V-2: how a vault's authorities differ from what was agreed, in words; None if they are exactly that.

    Several nodes must agree on it, where several are configured, since money goes in because of it.
    """
    wanted = terms.owner(chain, holder).json(), terms.active(chain).json()
    found = agreed(chain, lambda one: read_authorities(one, account), f"the authorities of {account}")
    for name, told, is_wanted in (("owner", found.owner, wanted[0]), ("active", found.active, wanted[1])):
        if _plain(told) != _plain(is_wanted):
            return f"the {name} authority of {account} is {in_words(chain, told)}, and not {in_words(chain, is_wanted)}"
    if any(one not in (NOBODY_SPECIAL, None) for one in found.special):
        return f"{account} has a special authority, which no vault has"
    return None


def _plain(authority: Mapping[str, Any]) -> Any:
    """An authority in a form in which equal ones are equal; whatever else stands in it makes a difference."""
    lists = {name: sorted((str(who), int(weight)) for who, weight in authority[name]) for name in _LISTS}
    rest = {name: value for name, value in authority.items() if name not in (*_LISTS, "weight_threshold")}
    return int(authority["weight_threshold"]), lists, rest


_LISTS = ("account_auths", "key_auths", "address_auths")


def in_words(chain: Chain, authority: Mapping[str, Any]) -> str:
    """An authority as people read it: how much weight of whom."""
    names = chain.account_names(str(who) for who, _ in authority["account_auths"])
    weights = {names[str(who)]: int(weight) for who, weight in authority["account_auths"]}
    weights |= {str(who): int(weight) for name in _LISTS[1:] for who, weight in authority[name]}
    listed = ", ".join(f"{who} (weight {weight})" if weight != 1 else who for who, weight in sorted(weights.items()))
    return f"{authority['weight_threshold']} of {listed or 'nobody'}"


class Sighting(NamedTuple):
    """What was seen of a vault at the head of the chain: its position and its plain balances, in smallest units.

    `newest` is the id of its newest operation, and `newest_block` that one's block; 0 before the first. `head` is the
    block at which it was read, `irreversible` the last one then that can't be undone.
    """

    account: str
    market: str
    position: Position
    balances: Mapping[str, int]
    newest: str
    newest_block: int
    head: int
    irreversible: int

    def is_settled(self, before: Sighting | None) -> bool:
        """Whether what was seen can be built on: nothing of it can be undone, and no transaction waits to change it.

        What waits for a block is worked into what a node tells. So it must have been the same when it was seen
        `before`, at a block that is irreversible by now.
        """
        return (
            self.newest_block <= self.irreversible
            and before is not None
            and before.head <= self.irreversible
            and (before.position, before.balances, before.newest) == (self.position, self.balances, self.newest)
        )


def read_sighting(chain: Chain, account: str, market: str) -> Sighting:
    """What is in a vault now, all of one moment; raises a `ChainError` if that can't be had."""
    return read_sightings(chain, [(account, market)])[0]


def read_sightings(chain: Chain, vaults: Sequence[tuple[str, str]]) -> list[Sighting]:
    """What is in vaults, given as (account, market), each all of one moment."""
    ids = chain.account_ids(account for account, _ in vaults)
    for _ in range(TRIES_MAX):
        head, generation = chain.head(), chain.connection.generation
        found = [_sighting(chain, account, ids[account], market, head) for account, market in vaults]
        if chain.connection.generation == generation and chain.head().block_id == head.block_id:
            return found
    raise UnreachableError(f"the chain moved on each of {TRIES_MAX} times that {len(vaults)} vaults were read")


def _sighting(chain: Chain, account: str, account_id: str, market: str, head: Any) -> Sighting:
    newest = chain.connection.call("history", "get_account_history", account_id, "1.11.0", 1, "1.11.0")
    return Sighting(
        account=account,
        market=market,
        position=chain.positions(market, [account])[account],
        balances=chain.balances(account),
        newest=str(newest[0]["id"]) if newest else "",
        newest_block=int(newest[0]["block_num"]) if newest else 0,
        head=head.number,
        irreversible=head.irreversible_number,
    )

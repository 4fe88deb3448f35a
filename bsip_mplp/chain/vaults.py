"""Vaults on the chain: who may act for one, as wanted and as read back, what is in it, and whether it is at rest.

V-2: the active authority of a vault is the keeper, or m of n keepers; its owner authority is its holder and the guard,
both needed, so that neither alone can take it over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bsip_mplp.chain.builders import Authority
from bsip_mplp.chain.chain import NO_POSITION, Chain, Head, Position, position_of
from bsip_mplp.chain.errors import NotFoundError, StaleNodeError
from bsip_mplp.chain.quorum import agreed

TRIES_MAX = 3
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
    """What was seen of a vault at the head of the chain: its position, and what it holds beside that of its market's
    two assets, in smallest units. Other assets are nobody's business here: anyone may send any.

    `newest` is the chain's name for the newest of its operations that stands in a block. `head` is the block at which
    it was read, `irreversible` the last one then that can't be undone.
    """

    account: str
    market: str
    position: Position
    balances: Mapping[str, int]
    newest: str
    head: int
    irreversible: int

    def is_settled(self, before: Sighting | None) -> bool:
        """Whether what was seen can be built on: nothing of it can be undone, and no transaction waits to change it.

        What waits for a block is worked into what a node tells. So it must have been the same when it was seen
        `before`, at a block that is irreversible by now.
        """
        return (
            before is not None
            and before.head <= self.irreversible
            and (before.position, before.balances, before.newest) == (self.position, self.balances, self.newest)
        )


def read_sighting(chain: Chain, account: str, market: str) -> Sighting:
    """What is in a vault now; raises a `ChainError` if that can't be had."""
    return read_sightings(chain, [(account, market)])[0]


def read_sightings(chain: Chain, vaults: Sequence[tuple[str, str]]) -> list[Sighting]:
    """What is in vaults, given as (account, market): each all of one moment, many in one call.

    Raises `StaleNodeError` when nodes kept failing over while it read.
    """
    ids = chain.account_ids(account for account, _ in vaults)
    cores = {market: chain.core_of(market) for _, market in dict.fromkeys(vaults)}
    assets = chain.assets([*cores, *cores.values()])
    for _ in range(TRIES_MAX):
        head, generation = chain.head(), chain.connection.generation
        told = dict(chain.full_accounts([ids[account] for account, _ in vaults]))
        if chain.connection.generation == generation:
            return [
                _sighting(
                    account, market, (assets[market].id, assets[cores[market]].id), told[ids[account]], chain, head
                )
                for account, market in vaults
            ]
    raise StaleNodeError(f"nodes changed {TRIES_MAX} times while {len(vaults)} vaults were read")


def _sighting(
    account: str, market: str, pair: tuple[str, str], full: Mapping[str, Any], chain: Chain, head: Head
) -> Sighting:
    held = full["balances"]
    if full.get("more_data_available", {}).get("balances"):  # someone sent it hundreds of assets
        held = chain.call("get_account_balances", full["account"]["id"], list(pair))
        held = [{"asset_type": one["asset_id"], "balance": one["amount"]} for one in held]
    symbols = {one.id: one.symbol for one in chain.assets_by_id(pair).values()}
    return Sighting(
        account=account,
        market=market,
        position=next((position_of(one) for one in full["call_orders"] if _is_in(pair[0], one)), NO_POSITION),
        balances={
            symbols[str(one["asset_type"])]: int(one["balance"])
            for one in held
            if str(one["asset_type"]) in symbols and int(one["balance"])
        },
        newest=str(full["statistics"]["most_recent_op"]),
        head=head.number,
        irreversible=head.irreversible_number,
    )


def _is_in(asset_id: str, order: Mapping[str, Any]) -> bool:
    return bool(order["call_price"]["quote"]["asset_id"] == asset_id)

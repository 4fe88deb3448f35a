"""What an account holds, and what moved its balances lately, so that its balances at an earlier block can be told.

A node tells balances as they are at its head, with transactions that wait for a block worked in. What it held at an
irreversible block is that less all that came after. The reading is repeated until nothing moved meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bsip_mplp.chain.builders import ASSET_ISSUE, TRANSFER
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.errors import UnreachableError
from bsip_mplp.chain.history import Entry, read_after
from bsip_mplp.chain.transactions import transaction_id

TRIES_MAX = 10


class Movement(NamedTuple):
    """A transfer of an account in a block: `units` came (went, if negative), and the fee that it paid itself.

    `transaction` is the id of one that went out, "" if it can't be told. Money in smallest units.
    """

    source: str
    block: int
    asset: str
    units: int
    fee_asset: str
    fee_units: int
    transaction: str


class Holdings(NamedTuple):
    """The balances of an account at a head block by symbol, and its movements after block `since`, oldest first.

    `strange` names operations after `since` that this program doesn't make, with the block that each stands in: what
    they did to the balances is not known.
    """

    head: int
    since: int
    balances: Mapping[str, int]
    movements: tuple[Movement, ...]
    strange: tuple[tuple[int, str], ...]

    def at(self, block: int) -> dict[str, int]:
        """The balances at a block not before `since`, by symbol; transactions that wait for a block are still in."""
        held = dict(self.balances)
        for one in self.movements:
            if one.block > block:
                held[one.asset] = held.get(one.asset, 0) - one.units
                held[one.fee_asset] = held.get(one.fee_asset, 0) + one.fee_units
        return {symbol: units for symbol, units in held.items() if units}


def read_holdings(chain: Chain, account: str, since_block: int) -> Holdings:
    """Read balances and history of one head block; raises a `ChainError` if that can't be had."""
    account_id = chain.account_ids([account])[account]
    for _ in range(TRIES_MAX):
        before, generation = chain.connection.head(), chain.connection.generation
        balances = chain.balances(account)
        entries = read_after(chain, account_id, since_block)
        same = chain.balances(account) == balances and chain.connection.generation == generation
        if same and chain.connection.head()["head_block_id"] == before["head_block_id"]:
            known = [one for one in entries if _is_known(one, account_id)]
            return Holdings(
                head=int(before["head_block_number"]),
                since=since_block,
                balances=balances,
                movements=tuple(_movement(chain, one, account_id) for one in known),
                strange=tuple(
                    (one.block, f"operation {one.source} of kind {one.kind}") for one in entries if one not in known
                ),
            )
    raise UnreachableError(f"the chain moved on each of {TRIES_MAX} times that the holdings of {account} were read")


def _is_known(entry: Entry, account_id: str) -> bool:
    if entry.kind == ASSET_ISSUE:
        return str(entry.fields["issuer"]) != account_id
    return entry.kind == TRANSFER


def _movement(chain: Chain, entry: Entry, account_id: str) -> Movement:
    money = entry.fields["asset_to_issue" if entry.kind == ASSET_ISSUE else "amount"]
    is_sender = entry.kind == TRANSFER and entry.fields["from"] == account_id
    receiver = entry.fields["issue_to_account" if entry.kind == ASSET_ISSUE else "to"]
    fee = entry.fields["fee"]
    assets = chain.assets_by_id([str(money["asset_id"]), str(fee["asset_id"])])
    units = int(money["amount"]) * ((receiver == account_id) - is_sender)
    return Movement(
        source=entry.source,
        block=entry.block,
        asset=assets[str(money["asset_id"])].symbol,
        units=units,
        fee_asset=assets[str(fee["asset_id"])].symbol,
        fee_units=int(fee["amount"]) if is_sender else 0,
        transaction=_transaction_of(chain, entry) if is_sender else "",
    )


def _transaction_of(chain: Chain, entry: Entry) -> str:
    try:
        return transaction_id(chain.block(entry.block)["transactions"][entry.transaction], chain.network.prefix)
    except (ValueError, IndexError):
        return ""  # made by someone else, of operations that this program doesn't make

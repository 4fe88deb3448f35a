"""What an account holds, and what moved it lately, so that what it held at an earlier block can be told.

A node tells balances as they are at its head, with transactions that wait for a block worked in. What it held at an
irreversible block is that less all that came after. The reading is repeated until nothing moved meanwhile.

Money that lies in the account's own limit orders and settlement requests is still held; the fee of making one is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.errors import UnreachableError
from bsip_mplp.chain.history import read_after
from bsip_mplp.chain.movements import Movement, movements_of

TRIES_MAX = 10


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
        generation, before = chain.connection.generation, _tell(chain, account, account_id)
        entries = read_after(chain, account_id, since_block)
        after, head = _tell(chain, account, account_id), chain.connection.head()
        if before == after and chain.connection.generation == generation:
            movements, strange = movements_of(chain, account_id, entries)
            return Holdings(int(head["head_block_number"]), since_block, before.held, movements, strange)
    raise UnreachableError(f"{account} was used on each of {TRIES_MAX} times that its holdings were read")


class _Told(NamedTuple):
    """What an account holds by symbol, with what lies in its own orders; and its newest operation in a block."""

    held: dict[str, int]
    newest: str


def _tell(chain: Chain, account: str, account_id: str) -> _Told:
    ((_, full),) = chain.full_accounts([account_id])
    more = full.get("more_data_available", {})
    if more.get("limit_orders") or more.get("settle_orders"):
        raise UnreachableError(f"{account} has more orders on the chain than a node tells at once")
    money = [(str(one["sell_price"]["base"]["asset_id"]), int(one["for_sale"])) for one in full["limit_orders"]]
    money += [(str(one["balance"]["asset_id"]), int(one["balance"]["amount"])) for one in full["settle_orders"]]
    held: dict[str, int] = {}
    if more.get("balances"):  # someone sent it hundreds of assets
        held = chain.balances(account)
    else:
        money += [(str(one["asset_type"]), int(one["balance"])) for one in full["balances"]]
    assets = chain.assets_by_id(asset_id for asset_id, units in money if units)
    for asset_id, units in money:
        if units:
            symbol = assets[asset_id].symbol
            held[symbol] = held.get(symbol, 0) + units
    return _Told(held, str(full["statistics"]["most_recent_op"]))

"""What players have and what they did, read from the chain's irreversible blocks and from the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bsip_mplp.chain.builders import TRANSFER
from bsip_mplp.chain.chain import CORE_ID, Chain
from bsip_mplp.chain.history import Entry, read_irreversible
from bsip_mplp.cli.reading import Reader
from bsip_mplp.journal import read
from bsip_mplp.public.exchange import Exchange, PricePath, Side
from bsip_mplp.public.scores import Holdings, Trade
from bsip_mplp.ratios import Price

FILL = 4
"""The chain's virtual operation of a filled order."""

CALL_ORDERS = "1.8."
"""How the id of a margin position begins."""

FULL_ACCOUNTS_PER_CALL = 50


class Fill(NamedTuple):
    """A filled order of an account: what it paid and received, by asset id."""

    block: int
    transaction: int
    account: str
    order_id: str
    pays: tuple[str, int]
    receives: tuple[str, int]


@dataclass
class Past:
    """What accounts did so far, by their ids; read on from where it ended."""

    chain: Chain
    read_to: dict[str, int] = field(default_factory=dict)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    times: dict[int, int] = field(default_factory=dict)

    def follow(self, account_id: str) -> list[Entry]:
        """Read an account's operations up to the last irreversible block; gives those that are new."""
        found = read_irreversible(self.chain, account_id, self.read_to.get(account_id, 0))
        self.read_to[account_id] = found.block
        self.entries.setdefault(account_id, []).extend(found.entries)
        return list(found.entries)

    def time_of(self, block: int) -> int:
        """When a block was made, in chain seconds."""
        if block not in self.times:
            self.times[block] = self.chain.block_time(block)
        return self.times[block]

    def fills(self, account_id: str) -> list[Fill]:
        """The filled orders of an account, oldest first."""
        return [
            Fill(
                entry.block,
                entry.transaction,
                account_id,
                str(entry.fields["order_id"]),
                _money(entry.fields["pays"]),
                _money(entry.fields["receives"]),
            )
            for entry in self.entries.get(account_id, [])
            if entry.kind == FILL and str(entry.fields["account_id"]) == account_id
        ]

    def gifts(self, account_id: str, house: Collection[str], bitasset_id: str, stake: tuple[str, int]) -> Holdings:
        """What others sent an account, less what it sent them: all but the house's pool and exchange.

        `stake` is who gave the stake, and how much: that counts as the player's own, once.
        """
        core = bitasset = 0
        has_stake = False
        for entry in self.entries.get(account_id, []):
            if entry.kind != TRANSFER:
                continue
            sender, receiver = str(entry.fields["from"]), str(entry.fields["to"])
            other = sender if receiver == account_id else receiver
            asset, units = _money(entry.fields["amount"])
            if other == account_id or other in house:
                continue
            if not has_stake and (sender, asset, units) == (stake[0], CORE_ID, stake[1]):
                has_stake = True
                continue
            signed = units if receiver == account_id else -units
            core += signed if asset == CORE_ID else 0
            bitasset += signed if asset == bitasset_id else 0
        return Holdings(core, bitasset)


def _money(value: Mapping[str, Any]) -> tuple[str, int]:
    return str(value["asset_id"]), int(value["amount"])


def inside_trades(
    fills: Iterable[Fill], house: Collection[str], bitasset_id: str
) -> dict[str, list[tuple[int, Trade]]]:
    """Everybody's own trades in the chain's book, by account, each with its block; the trades' times are still 0.

    A margin call of one's position is no trade of one's. Which trades count for arbitrage is told by who stood on the
    other side of every fill in the transaction: the house, or a called position.
    """
    by_place: dict[tuple[int, int], list[Fill]] = {}
    for fill in fills:
        by_place.setdefault((fill.block, fill.transaction), []).append(fill)
    trades: dict[str, list[tuple[int, Trade]]] = {}
    for (block, _), together in by_place.items():
        for fill in together:
            if {fill.pays[0], fill.receives[0]} != {CORE_ID, bitasset_id} or _is_call(fill):
                continue
            others = [one for one in together if one.account != fill.account and one.pays[0] == fill.receives[0]]
            counts = bool(others) and all(one.account in house or _is_call(one) for one in others)
            sells_core = fill.pays[0] == CORE_ID
            core, bitasset = (-fill.pays[1], fill.receives[1]) if sells_core else (fill.receives[1], -fill.pays[1])
            trades.setdefault(fill.account, []).append((block, Trade(0, "inside", core, bitasset, counts)))
    return trades


def _is_call(fill: Fill) -> bool:
    return fill.order_id.startswith(CALL_ORDERS)


# --- what there is ------------------------------------------------------------------------------------------


def on_chain(chain: Chain, names: Collection[str], bitasset_id: str) -> dict[str, Holdings]:
    """Free money, open orders and positions of accounts."""
    found: dict[str, Holdings] = {}
    wanted = list(names)
    for first in range(0, len(wanted), FULL_ACCOUNTS_PER_CALL):
        part = wanted[first : first + FULL_ACCOUNTS_PER_CALL]
        for name, full in chain.call("get_full_accounts", part, False):
            found[str(name)] = _holdings(full, bitasset_id)
    return found


def _holdings(full: Mapping[str, Any], bitasset_id: str) -> Holdings:
    held = {CORE_ID: 0, bitasset_id: 0}
    debt = 0
    for balance in full["balances"]:
        held[str(balance["asset_type"])] = held.get(str(balance["asset_type"]), 0) + int(balance["balance"])
    for order in full["limit_orders"]:
        asset = str(order["sell_price"]["base"]["asset_id"])
        held[asset] = held.get(asset, 0) + int(order["for_sale"])
    for order in full["call_orders"]:
        if str(order["call_price"]["quote"]["asset_id"]) == bitasset_id:
            held[CORE_ID] += int(order["collateral"])
            debt += int(order["debt"])
    return Holdings(held[CORE_ID], held[bitasset_id], debt)


def in_ledger(reader: Reader, names: Collection[str], core: str) -> dict[str, Holdings]:
    """What accounts have with the pools: free, prepaid, lent or to be lent, bid, in bonds, on its way to the chain."""
    held: dict[str, dict[str, int]] = {name: {} for name in names}

    def add(name: str, asset: str, units: int) -> None:
        if name in held:
            held[name][asset] = held[name].get(asset, 0) + units

    for balance in read.all_balances(reader.connection):
        kind, _, name = balance.account.partition("/")
        if kind in ("free", "prepaid"):
            add(name, balance.asset, balance.units)
    for pool in reader.objects("pool"):
        add(pool["owner"], pool["asset"], pool["available"] + pool["lent"])
    for bid in reader.objects("bid"):
        if bid["state"] == "open":
            add(bid["account"], reader.one("auction", bid["auction"])["market"], bid["units"])
    for series in reader.objects("series"):
        for name, units in series["holdings"].items():
            add(name, series["market"], units)
    for order in read.orders(reader.connection, "open"):
        if order.kind == "payout":
            add(order.account, order.asset, order.units)
    return {
        name: Holdings(units.get(core, 0), sum(other for asset, other in units.items() if asset != core))
        for name, units in held.items()
    }


def under_way(entries: Iterable[Entry], house_id: str, bitasset_id: str) -> dict[str, Holdings]:
    """What players sent to an account of the house and it has not booked yet, by their ids.

    What it sent them meanwhile is taken off: it still books that as owed.
    """
    found: dict[str, Holdings] = {}
    for entry in entries:
        if entry.kind != TRANSFER:
            continue
        sender, receiver = str(entry.fields["from"]), str(entry.fields["to"])
        asset, units = _money(entry.fields["amount"])
        player, signed = (sender, units) if receiver == house_id else (receiver, -units)
        core, bitasset = signed if asset == CORE_ID else 0, signed if asset == bitasset_id else 0
        found[player] = together(found.get(player, Holdings()), Holdings(core, bitasset))
    return found


def at_exchange(exchange: Exchange, is_answered: Collection[str]) -> dict[str, Holdings]:
    """What waits at the exchange, and what it owes and has not sent yet."""
    found: dict[str, Holdings] = {}

    def add(account: str, side: Side, units: int) -> None:
        before = found.get(account, Holdings())
        core, bitasset = (units, 0) if side == "core" else (0, units)
        found[account] = Holdings(before.core + core, before.bitasset + bitasset)

    for order in exchange.orders.values():
        add(order.account, order.side, order.units)
    for answer in exchange.answers:
        if answer.source not in is_answered:
            add(answer.account, answer.side, answer.units)
    return found


def loans_by_account(reader: Reader, path: PricePath, core: str) -> dict[str, list[int]]:
    """What each account lent and borrowed, one number a loan, in core asset at the outside price of then."""
    found: dict[str, list[int]] = {}
    for loan in reader.objects("loan"):
        units = int(loan["principal"])
        if loan["asset"] != core:
            price: Price = path.at(int(loan["made"]))
            units = units * price.core // price.bitasset
        for name in (loan["lender"], loan["borrower"]):
            found.setdefault(name, []).append(units)
    return found


def together(*parts: Holdings) -> Holdings:
    """The sum."""
    return Holdings(*(sum(values) for values in zip(*parts, strict=True)))

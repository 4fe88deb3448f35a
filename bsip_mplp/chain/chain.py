"""What the rest of the program asks of a chain: raw, batched, exact reads. Nothing that changes is kept.

What never changes on a chain is read once: an asset's id, symbol and precision, an account's name and id. Several
nodes must agree on it where several are configured, for it says whose the money is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from bsip_mplp.chain.clock import seconds_of
from bsip_mplp.chain.connection import Caller
from bsip_mplp.chain.errors import DisagreementError, NotFoundError
from bsip_mplp.chain.network import Network
from bsip_mplp.chain.quorum import agreed
from bsip_mplp.rules.inputs import FeedSeen

CORE_ID = "1.3.0"
OBJECTS_PER_CALL = 100
CALL_ORDERS_PER_CALL = 300
FULL_ACCOUNTS_PER_CALL = 50


class Head(NamedTuple):
    """How far the chain is: the newest block, and the last one that can't be undone. Times in seconds."""

    number: int
    time: int
    block_id: str
    irreversible_number: int
    irreversible_time: int


class Asset(NamedTuple):
    """An asset: `bitasset_id` is None for one that isn't market-pegged."""

    id: str
    symbol: str
    precision: int
    bitasset_id: str | None


class Account(NamedTuple):
    """An account as it is now, with the keys that may be changed: not to be kept."""

    id: str
    name: str
    memo_key: str
    active_keys: tuple[str, ...]


class Position(NamedTuple):
    """A call order: collateral and debt in smallest units; all 0 if the account has none. Ratio per mille or None."""

    collateral: int
    debt: int
    target_ratio_permille: int | None = None
    order_id: str | None = None


NO_POSITION = Position(0, 0)


class Chain:
    """Reads from a chain through a connection that is passed in. Every number that comes out is an integer.

    All methods raise `UnreachableError` when nothing could be read (it is then unknown, never zero), and
    `RefusedError` when the node refused.
    """

    def __init__(self, connection: Caller) -> None:
        self.connection = connection
        self._assets: dict[str, Asset] = {}
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._order_ids: dict[tuple[str, str], str] = {}
        self._irreversible: tuple[int, int] = (0, 0)

    @property
    def network(self) -> Network:
        """Which chain it is."""
        return self.connection.network

    def through(self, connection: Caller) -> Chain:
        """The same chain through another connection, with what is known already of what never changes."""
        found = Chain(connection)
        found._assets, found._names = dict(self._assets), dict(self._names)
        found._ids, found._order_ids = dict(self._ids), dict(self._order_ids)
        return found

    def call(self, method: str, *arguments: Any) -> Any:
        """A call to the node's database api."""
        return self.connection.call(0, method, *arguments)

    # --- blocks -------------------------------------------------------------------------------------------

    def head(self) -> Head:
        """The newest block and the last irreversible one, from a node that keeps up."""
        properties = self.connection.head()
        irreversible = int(properties["last_irreversible_block_num"])
        if irreversible != self._irreversible[0]:
            self._irreversible = irreversible, self.block_time(irreversible) if irreversible else 0
        return Head(
            number=int(properties["head_block_number"]),
            time=seconds_of(properties["time"]),
            block_id=str(properties["head_block_id"]),
            irreversible_number=irreversible,
            irreversible_time=self._irreversible[1],
        )

    def block(self, number: int) -> dict[str, Any]:
        """A block with its transactions; raises `NotFoundError` if the node doesn't have it."""
        found: dict[str, Any] | None = self.call("get_block", number)
        if found is None:
            raise NotFoundError(f"the node has no block {number}")
        return found

    def block_id(self, number: int) -> str:
        """The id of a block, as the next one names it; raises `NotFoundError` if the node has no next one yet."""
        found = self.call("get_block_header", number + 1)
        if found is None:
            raise NotFoundError(f"the node has no block {number + 1}")
        return str(found["previous"])

    def block_time(self, number: int) -> int:
        """When a block was made, in seconds."""
        found = self.call("get_block_header", number)
        if found is None:
            raise NotFoundError(f"the node has no block {number}")
        return seconds_of(found["timestamp"])

    # --- what never changes -------------------------------------------------------------------------------

    def asset(self, symbol: str) -> Asset:
        """An asset by its symbol; raises `NotFoundError`."""
        return self.assets([symbol])[symbol]

    def assets(self, symbols: Iterable[str]) -> dict[str, Asset]:
        """Assets by their symbols, in one call for those not known yet; raises `NotFoundError` naming one."""
        symbols = list(dict.fromkeys(symbols))
        for part in _parts([symbol for symbol in symbols if symbol not in self._assets], OBJECTS_PER_CALL):
            self._keep_assets("lookup_asset_symbols", part)
        return {symbol: self._assets[symbol] for symbol in symbols}

    def assets_by_id(self, ids: Iterable[str]) -> dict[str, Asset]:
        """Assets by their ids (`1.3.N`); raises `NotFoundError` naming one."""
        ids = list(dict.fromkeys(ids))
        for part in _parts([one for one in ids if one not in self._assets], OBJECTS_PER_CALL):
            self._keep_assets("get_objects", part)
        return {asset_id: self._assets[asset_id] for asset_id in ids}

    def _keep_assets(self, method: str, asked: Sequence[str]) -> None:
        def tell(one: Chain) -> list[Asset | None]:
            return [_asset(found) for found in one.call(method, asked)]

        for name, asset in zip(asked, agreed(self, tell, f"assets {', '.join(asked)}"), strict=True):
            if asset is None or name not in (asset.symbol, asset.id):
                raise NotFoundError(f"the chain has no asset {name}")
            self._assets[asset.symbol] = self._assets[asset.id] = asset

    def account_ids(self, names: Iterable[str]) -> dict[str, str]:
        """The ids of accounts by name; raises `NotFoundError` naming one."""
        names = list(dict.fromkeys(names))
        self._read_accounts([name for name in names if name not in self._ids])
        return {name: self._ids[name] for name in names}

    def account_names(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of accounts by id; raises `NotFoundError` naming one."""
        ids = list(dict.fromkeys(ids))
        self._read_accounts([one for one in ids if one not in self._names])
        return {one: self._names[one] for one in ids}

    def _read_accounts(self, names_or_ids: Sequence[str]) -> None:
        for part in _parts(names_or_ids, OBJECTS_PER_CALL):
            self._keep_accounts(part)

    def _keep_accounts(self, asked: Sequence[str]) -> None:
        def tell(one: Chain) -> list[tuple[str, str] | None]:
            told = one.call("get_accounts", asked)
            return [None if found is None else (str(found["id"]), str(found["name"])) for found in told]

        for wanted, found in zip(asked, agreed(self, tell, f"accounts {', '.join(asked)}"), strict=True):
            if found is None or wanted not in found:
                raise NotFoundError(f"the chain has no account {wanted}")
            account_id, name = found
            self._names[account_id], self._ids[name] = name, account_id

    # --- what changes -------------------------------------------------------------------------------------

    def account(self, name: str) -> Account:
        """An account with its keys as they are now; raises `NotFoundError`, and `DisagreementError` if the node in
        use tells another id than the nodes agreed on: money would go to somebody else."""
        found = self.call("get_account_by_name", name)
        if found is None:
            raise NotFoundError(f"the chain has no account {name}")
        account_id = self.account_ids([name])[name]
        if (str(found["id"]), str(found["name"])) != (account_id, name):
            self.connection.report(self.connection.url, f"tells another id of {name} than {account_id}")
            self.connection.leave()
            raise DisagreementError(f"{name} is {account_id}, and a node tells {found['id']}: it was left")
        active = tuple(str(key) for key, _ in found["active"]["key_auths"])
        return Account(str(found["id"]), str(found["name"]), str(found["options"]["memo_key"]), active)

    def is_lifetime_member(self, account: str) -> bool:
        """Whether an account may make others; raises `NotFoundError`."""
        found = self.call("get_account_by_name", account)
        if found is None:
            raise NotFoundError(f"the chain has no account {account}")
        return str(found["lifetime_referrer"]) == str(found["id"])  # dates of no end are told in several ways

    def balances(self, account: str) -> dict[str, int]:
        """What an account holds, by symbol, in smallest units; assets that it doesn't hold are not in it."""
        found = self.call("get_account_balances", self.account_ids([account])[account], [])
        held = {str(one["asset_id"]): int(one["amount"]) for one in found}
        assets = self.assets_by_id(held)
        return {assets[asset_id].symbol: units for asset_id, units in held.items() if units}

    def core_of(self, market: str) -> str:
        """The symbol of the asset that backs a market's bitasset; raises `NotFoundError` if it is no bitasset."""
        data = self._bitasset_data([market])[market]
        backing = str(data["options"]["short_backing_asset"])
        return self.assets_by_id([backing])[backing].symbol

    def feed(self, market: str, time: int) -> FeedSeen:
        """A market's feed as it is now, dated with the ledger's clock."""
        return self.feeds([market], time)[0]

    def feeds(self, markets: Sequence[str], time: int) -> list[FeedSeen]:
        """The feeds of several markets, in one call.

        It is the median feed that counts, not the current one: the chain decides by the median when a position is
        called and what ICR asks, while the current feed may be capped by the asset's black swan response, and
        would hide how far the price has really fallen.
        """
        data = self._bitasset_data(markets)
        backing = {market: str(one["options"]["short_backing_asset"]) for market, one in data.items()}
        self.assets_by_id(backing.values())
        return [_feed_seen(market, self._assets[market].id, data[market], time) for market in markets]

    def _bitasset_data(self, markets: Iterable[str]) -> dict[str, dict[str, Any]]:
        assets = self.assets(markets)
        for asset in assets.values():
            if asset.bitasset_id is None:
                raise NotFoundError(f"{asset.symbol} is no bitasset: it has no feed")
        found = self._objects([str(asset.bitasset_id) for asset in assets.values()])
        data: dict[str, dict[str, Any]] = {}
        for symbol, asset in assets.items():
            one = found[str(asset.bitasset_id)]
            if one is None:
                raise NotFoundError(f"the node has no data of the bitasset {symbol}")
            data[symbol] = one
        return data

    def positions(self, market: str, accounts: Iterable[str]) -> dict[str, Position]:
        """The positions of accounts in a market, batched: `NO_POSITION` for those that have none.

        A market with fewer positions than one page holds is read in one call. In a larger one, positions seen
        before are followed by their ids, and the others are looked for among their accounts' objects.
        """
        asset = self.asset(market)
        ids = self.account_ids(accounts)
        page = self.call("get_call_orders", asset.id, CALL_ORDERS_PER_CALL)
        found = {str(order["borrower"]): order for order in page}
        if len(page) >= CALL_ORDERS_PER_CALL:
            wanted = [account_id for account_id in ids.values() if account_id not in found]
            found |= self._followed(asset.id, wanted)
            found |= self._discovered(asset.id, [one for one in wanted if one not in found])
        for account_id, order in found.items():
            self._order_ids[asset.id, account_id] = str(order["id"])
        return {
            name: position_of(found[account_id]) if account_id in found else NO_POSITION
            for name, account_id in ids.items()
        }

    def _followed(self, asset_id: str, account_ids: Sequence[str]) -> dict[str, Any]:
        order_ids = [self._order_ids[asset_id, one] for one in account_ids if (asset_id, one) in self._order_ids]
        return {str(order["borrower"]): order for order in self._objects(order_ids).values() if order is not None}

    def _discovered(self, asset_id: str, account_ids: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for account_id, full in self.full_accounts(account_ids):
            orders = full["call_orders"]
            if full.get("more_data_available", {}).get("call_orders"):  # hundreds of markets: not all were told
                orders = self.call("get_margin_positions", account_id)
            for order in orders:
                if order["call_price"]["quote"]["asset_id"] == asset_id:
                    found[account_id] = order
        return found

    def full_accounts(self, account_ids: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Accounts by id with all that they have, as the node tells it; `more_data_available` says what is cut off."""
        for part in _parts(list(dict.fromkeys(account_ids)), FULL_ACCOUNTS_PER_CALL):
            for account_id, full in self.call("get_full_accounts", part, False):
                yield str(account_id), full

    def _objects(self, ids: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for part in _parts(ids, OBJECTS_PER_CALL):
            found |= dict(zip(part, self.call("get_objects", part), strict=True))
        return found


def _asset(found: Mapping[str, Any] | None) -> Asset | None:
    if found is None:
        return None
    bitasset_id = found.get("bitasset_data_id") or None
    return Asset(str(found["id"]), str(found["symbol"]), int(found["precision"]), bitasset_id)


def _parts(items: Sequence[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def position_of(order: Mapping[str, Any]) -> Position:
    """A position as the node tells it."""
    target = order.get("target_collateral_ratio")
    return Position(
        int(order["collateral"]), int(order["debt"]), None if target is None else int(target), str(order["id"])
    )


def _feed_seen(market: str, asset_id: str, data: Mapping[str, Any], time: int) -> FeedSeen:
    feed = data["median_feed"]
    base, quote = feed["settlement_price"]["base"], feed["settlement_price"]["quote"]
    bitasset_units, core_units = int(base["amount"]), int(quote["amount"])
    settled = int(data["settlement_price"]["base"]["amount"]) > 0  # the whole bitasset: it has no positions any more
    if settled or base["asset_id"] != asset_id or bitasset_units <= 0 or core_units <= 0:
        return FeedSeen(time=time, market=market)
    return FeedSeen(
        time=time,
        market=market,
        price=(bitasset_units, core_units),
        mcr=int(feed["maintenance_collateral_ratio"]),
        mssr=int(feed["maximum_short_squeeze_ratio"]),
        icr=int(feed.get("initial_collateral_ratio", 0)),
        expires=seconds_of(data["current_feed_publication_time"]) + int(data["options"]["feed_lifetime_sec"]),
    )

"""The ``database`` interface (``database_api.cpp``)."""

from __future__ import annotations

from typing import Any

from . import authority, fees, lookups
from .amounts import Asset
from .blocks import processed_json
from .constants import config
from .errors import AssertError, ChainError
from .history import day_of
from .keys import key_from_text
from .objects import Account, AssetObject, LimitOrder
from .operations import VIRTUAL, Authority, Operation, Transfer, operation
from .proposed import Proposal, ProposalCreate
from .rpc import Api, Session, check_limit, method
from .serial import (
    PREFIX,
    KeySetOf,
    account_id,
    as_int,
    as_list,
    as_text,
    asset_id,
    limit_order_id,
    public_key,
    split_id,
    time_to_text,
    wire_int64,
)
from .subscriptions import Subscriptions
from .transactions import Transaction

_keys = KeySetOf(public_key)

#: Types of objects that core 7 knows, also where this node has none of them.
_KNOWN_TYPES = {1: range(2, 22), 2: [t for t in range(19) if t != 2], 5: range(4)}
_FEE_ROUNDS = 4

CALL_LIMIT = 300
LISTS_MAX = 500


def _strings(value: Any) -> list[str]:
    return [as_text(v) for v in as_list(value)]


def _flag(value: Any) -> bool:
    return bool(value)


class DatabaseApi(Api):
    """Reads of the state, subscriptions, and what concerns transactions without sending them."""

    NAME = "database"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.chain = session.node.chain
        self.subscriptions = Subscriptions(session)
        session.node.subscribers.add(self.subscriptions)

    def closed(self) -> None:
        """The client is gone: tell it nothing any more."""
        self.session.node.subscribers.discard(self.subscriptions)

    @property
    def state(self) -> Any:
        """The state of the chain."""
        return self.chain.state

    # ---- objects and subscriptions -------------------------------------------------------------------------

    @method
    def get_objects(self, ids: Any, subscribe: Any = None) -> Any:
        """Any objects by id; null for those that are not there."""
        follow = self.subscriptions.wanted(subscribe)
        rows = []
        for text in as_list(ids):
            space, kind, number = split_id(text)
            table = self.state.store.tables.get((space, kind))
            if table is None and kind not in _KNOWN_TYPES.get(space, ()):
                raise AssertError(
                    "tmp != nullptr: Database index ${space_id}.${type_id} has not been initialized",
                    {"space_id": space, "type_id": kind},
                    where="object_database.cpp:get_index",
                )
            found = table.get(number) if table is not None else None
            if found is not None and follow and (space, kind) not in ((1, 11), (2, 9)):
                self.subscriptions.follow(found)
            rows.append(found.to_json() if found is not None else None)
        return rows

    @method
    def set_subscribe_callback(self, callback: Any, notify_remove_create: Any) -> Any:
        """Be told of objects that are read from now on."""
        number = as_int(callback, 0, 2**64 - 1, "uint64")
        self.subscriptions.set_objects_callback(number, _flag(notify_remove_create))

    @method
    def set_auto_subscription(self, enable: Any) -> Any:
        """Whether reads subscribe by default."""
        self.subscriptions.auto = _flag(enable)

    @method
    def set_pending_transaction_callback(self, callback: Any) -> Any:
        """Be told of transactions before they are in a block."""
        self.subscriptions.pending_callback = as_int(callback, 0, 2**64 - 1, "uint64")

    @method
    def set_block_applied_callback(self, callback: Any) -> Any:
        """Be told of blocks."""
        self.subscriptions.block_callback = as_int(callback, 0, 2**64 - 1, "uint64")

    @method
    def cancel_all_subscriptions(self) -> Any:
        """Be told of no objects and markets any more."""
        self.subscriptions.cancel()

    @method
    def subscribe_to_market(self, callback: Any, a: Any, b: Any) -> Any:
        """Be told of orders and fills of a market."""
        first, second = (lookups.get_asset(self.state, x).number for x in (a, b))
        if first == second:
            raise AssertError("asset_a_id != asset_b_id: ")
        self.subscriptions.follow_market(as_int(callback, 0, 2**64 - 1, "uint64"), first, second)

    @method
    def unsubscribe_from_market(self, a: Any, b: Any) -> Any:
        """Be told of a market no longer."""
        self.subscriptions.leave_market(*(lookups.get_asset(self.state, x).number for x in (a, b)))

    # ---- blocks and transactions ---------------------------------------------------------------------------

    @method
    def get_block_header(self, number: Any, with_signature: Any = None) -> Any:
        """A block's header, or null."""
        block = self.chain.block(as_int(number, 0, 2**32 - 1, "uint64"))
        return block.header_json(with_signature=_flag(with_signature)) if block else None

    @method
    def get_block_header_batch(self, numbers: Any, with_signatures: Any = None) -> Any:
        """Several headers."""
        asked = {as_int(number, 0, 2**32 - 1, "uint64") for number in as_list(numbers)}
        return [[number, self.get_block_header(number, with_signatures)] for number in sorted(asked)]

    @method
    def get_block(self, number: Any) -> Any:
        """A block, or null."""
        block = self.chain.block(as_int(number, 0, 2**32 - 1, "uint64"))
        return block.to_json() if block else None

    @method
    def get_transaction(self, number: Any, index: Any) -> Any:
        """A transaction by its place."""
        where = "database_api.cpp:get_transaction"
        block = self.chain.block(as_int(number, 0, 2**32 - 1, "uint64"))
        if block is None:
            raise AssertError("opt_block: ", where=where)
        position = as_int(index, 0, 2**32 - 1, "uint64")
        if position >= len(block.transactions):
            raise AssertError("opt_block->transactions.size() > trx_num: ", where=where)
        return block.transaction_json(position)

    @method
    def get_recent_transaction_by_id(self, transaction_id: Any) -> Any:
        """A transaction that has not expired, in a block or pending; null if unknown."""
        found = self.state.transaction_named.get(as_text(transaction_id).lower())
        return found.trx.to_json() if found else None

    # ---- globals -------------------------------------------------------------------------------------------

    @method
    def get_chain_properties(self) -> Any:
        """Chain id and what never changes."""
        return self.state.chain_properties[0].to_json()

    @method
    def get_global_properties(self) -> Any:
        """Parameters, fees, witnesses, committee."""
        return self.state.gpo.to_json()

    @method
    def get_config(self) -> Any:
        """Compile-time numbers."""
        return config(PREFIX, self.state.asset(0).symbol)

    @method
    def get_chain_id(self) -> Any:
        """The chain id."""
        return self.chain.chain_id.hex()

    @method
    def get_dynamic_global_properties(self) -> Any:
        """Head block, time, irreversibility."""
        return self.session.node.view(self.state.dgp.to_json())

    @method
    def get_next_object_id(self, space: Any, kind: Any, with_pending: Any) -> Any:
        """The id that the next object of a type will get."""
        key = as_int(space, 0, 255, "uint64"), as_int(kind, 0, 255, "uint64")
        table = self.state.store.tables.get(key)
        if table is None:
            raise AssertError(
                "tmp != nullptr: Database index ${space_id}.${type_id} has not been initialized",
                {"space_id": key[0], "type_id": key[1]},
            )
        return f"{key[0]}.{key[1]}.{table.next_number}"

    # ---- keys and accounts ---------------------------------------------------------------------------------

    @method
    def get_key_references(self, keys: Any) -> Any:
        """Accounts that name a key as owner, active or memo key."""
        wanted = [public_key.parse(k) for k in as_list(keys)]
        if len(wanted) > 100:
            raise AssertError(
                "Number of querying keys can not be greater than ${configured_limit}", {"configured_limit": 100}
            )
        found: dict[bytes, list[str]] = {key: [] for key in wanted}
        for account in self.state.accounts:
            for key in _keys_of(account):
                if key in found:
                    found[key].append(account.id)
        return [found[key] for key in wanted]

    @method
    def is_public_key_registered(self, key: Any) -> Any:
        """Whether any account names a key."""
        try:
            wanted = key_from_text(as_text(key), PREFIX)
        except ChainError:
            return False
        return any(wanted in _keys_of(account) for account in self.state.accounts)

    @method
    def get_account_id_from_string(self, name_or_id: Any) -> Any:
        """The id of an account."""
        return lookups.get_account(self.state, name_or_id).id

    @method
    def get_accounts(self, names_or_ids: Any, subscribe: Any = None) -> Any:
        """Accounts by name or id."""
        follow = self.subscriptions.wanted(subscribe)
        rows = []
        for text in _strings(names_or_ids):
            account = lookups.find_account(self.state, text)
            if account is not None and follow:
                self.subscriptions.follow(account)
            rows.append(account.to_json() if account else None)
        return rows

    @method
    def lookup_account_names(self, names: Any) -> Any:
        """Accounts by name or id, without subscribing."""
        return self.get_accounts(names, False)

    @method
    def get_account_by_name(self, name: Any) -> Any:
        """An account by name, or null."""
        account = self.state.account_named.get(as_text(name))
        return account.to_json() if account else None

    @method
    def lookup_accounts(self, lower_bound: Any, limit: Any, subscribe: Any = None) -> Any:
        """Names and ids in alphabetical order."""
        most = check_limit(limit, 1000)
        start = as_text(lower_bound)
        names = sorted(a.name for a in self.state.accounts if a.name >= start)[:most]
        return [[name, self.state.account_named.get(name).id] for name in names]

    @method
    def get_account_count(self) -> Any:
        """How many accounts there are."""
        return len(self.state.accounts)

    @method
    def get_account_references(self, name_or_id: Any) -> Any:
        """Accounts that name an account in an authority."""
        number = lookups.get_account(self.state, name_or_id).number
        return [
            a.id
            for a in self.state.accounts
            if any(number == who for auth in (a.owner, a.active) for who, _ in auth.account_auths)
        ]

    @method
    def get_top_voters(self, limit: Any) -> Any:
        """Votes are not tallied here."""
        check_limit(limit, 200)
        return []

    @method
    def get_full_accounts(self, names_or_ids: Any, subscribe: Any = None) -> Any:
        """Accounts with everything that is theirs."""
        names = _strings(names_or_ids)
        if len(names) > 50:
            raise AssertError(
                "Number of querying accounts can not be greater than ${configured_limit}", {"configured_limit": 50}
            )
        follow = self.subscriptions.wanted(subscribe)
        rows = {}
        for text in names:
            account = lookups.find_account(self.state, text)
            if account is not None:
                if follow:
                    self.subscriptions.follow_account(account)
                rows[text] = self._full_account(account)
        return [[text, rows[text]] for text in sorted(rows)]

    def _full_account(self, account: Any) -> dict[str, Any]:
        state, number = self.state, account.number
        row: dict[str, Any] = {
            "account": account.to_json(),
            "statistics": state.statistics_of(number).to_json(),
            "registrar_name": state.account(account.registrar).name,
            "referrer_name": state.account(account.referrer).name,
            "lifetime_referrer_name": state.account(account.lifetime_referrer).name,
            "votes": self.lookup_vote_ids([f"{v[1]}:{v[0]}" for v in account.options.votes]),
        }
        if account.cashback_vb is not None:
            row["cashback_balance"] = state.vesting[account.cashback_vb].to_json()
        lists = {
            "balances": state.balances_by_owner,
            "vesting_balances": state.vesting_by_owner,
            "limit_orders": state.orders_by_seller,
            "call_orders": state.calls_by_borrower,
            "settle_orders": state.settlements_by_owner,
        }
        more = {}
        for name, index in lists.items():
            found = index.all(number)
            row[name] = [obj.to_json() for obj in found[:LISTS_MAX]]
            more[name] = len(found) > LISTS_MAX
        proposals = self._proposals_of(number)
        row["proposals"] = [proposal.to_json() for proposal in proposals[:LISTS_MAX]]
        assets = state.assets_by_issuer.all(number)
        row["assets"] = [asset.id for asset in assets[:LISTS_MAX]]
        row.update(withdraws_from=[], withdraws_to=[], htlcs_from=[], htlcs_to=[])
        more["proposals"] = len(proposals) > LISTS_MAX
        more["assets"] = len(assets) > LISTS_MAX
        more.update(withdraws_from=False, withdraws_to=False, htlcs_from=False, htlcs_to=False)
        row["more_data_available"] = more
        return row

    def _proposals_of(self, account: int) -> list[Proposal]:
        return [proposal for proposal in self.state.proposals if account in proposal.concerned]

    # ---- balances ------------------------------------------------------------------------------------------

    @method
    def get_account_balances(self, name_or_id: Any, assets: Any) -> Any:
        """Balances of some assets, or of all that the account ever had."""
        account = lookups.get_account(self.state, name_or_id)
        wanted = sorted({asset_id.parse(a) for a in as_list(assets)})
        if wanted:
            return [Asset(self.state.balance(account.number, a), a).to_json() for a in wanted]
        rows = self.state.balances_by_owner.all(account.number)
        return [Asset(row.balance, row.asset_type).to_json() for row in rows]

    @method
    def get_named_account_balances(self, name: Any, assets: Any) -> Any:
        """The same."""
        return self.get_account_balances(name, assets)

    @method
    def get_balance_objects(self, addresses: Any) -> Any:
        """Balances of the genesis that were never claimed: none here."""
        as_list(addresses)
        return []

    @method
    def get_vested_balances(self, ids: Any) -> Any:
        """Likewise none."""
        as_list(ids)
        return []

    @method
    def get_vesting_balances(self, name_or_id: Any) -> Any:
        """Vesting balances of an account."""
        account = lookups.get_account(self.state, name_or_id)
        return [balance.to_json() for balance in self.state.vesting_by_owner.all(account.number)]

    # ---- assets --------------------------------------------------------------------------------------------

    @method
    def get_assets(self, symbols_or_ids: Any, subscribe: Any = None) -> Any:
        """Assets by symbol or id."""
        follow = self.subscriptions.wanted(subscribe)
        rows = []
        for text in _strings(symbols_or_ids):
            asset = lookups.find_asset(self.state, text)
            if asset is not None and follow:
                self.subscriptions.follow(asset)
            rows.append(lookups.extended(self.state, asset) if asset else None)
        return rows

    @method
    def lookup_asset_symbols(self, symbols_or_ids: Any) -> Any:
        """Assets by symbol or id, without subscribing."""
        return self.get_assets(symbols_or_ids, False)

    @method
    def list_assets(self, lower_bound: Any, limit: Any) -> Any:
        """Assets in alphabetical order."""
        most = check_limit(limit, 101)
        start = as_text(lower_bound)
        chosen = sorted((a for a in self.state.assets if a.symbol >= start), key=lambda a: a.symbol)[:most]
        return [lookups.extended(self.state, asset) for asset in chosen]

    @method
    def get_asset_count(self) -> Any:
        """How many assets there are."""
        return len(self.state.assets)

    @method
    def get_assets_by_issuer(self, issuer: Any, start: Any, limit: Any) -> Any:
        """Assets of an issuer."""
        most = check_limit(limit, 101)
        number = lookups.get_account(self.state, issuer).number
        chosen = list(self.state.assets_by_issuer.walk(number, (asset_id.parse(start),)))[:most]
        return [lookups.extended(self.state, asset) for asset in chosen]

    @method
    def get_asset_id_from_string(self, symbol_or_id: Any) -> Any:
        """The id of an asset."""
        return lookups.get_asset(self.state, symbol_or_id).id

    # ---- markets -------------------------------------------------------------------------------------------

    def _book(self, a: int, b: int, limit: int) -> list[LimitOrder]:
        sides = (self.state.book.all((a, b)), self.state.book.all((b, a)))
        return [*sides[0][:limit], *sides[1][:limit]]

    @method
    def get_limit_orders(self, a: Any, b: Any, limit: Any) -> Any:
        """Orders on both sides of a market, best first."""
        most = check_limit(limit, CALL_LIMIT)
        first, second = (lookups.get_asset(self.state, x).number for x in (a, b))
        return [order.to_json() for order in self._book(first, second, most)]

    @method
    def get_limit_orders_by_account(self, name_or_id: Any, limit: Any = None, start: Any = None) -> Any:
        """Orders of an account, oldest first."""
        most = check_limit(limit, 101, default=101)
        account = lookups.get_account(self.state, name_or_id)
        lowest = 0 if start is None else limit_order_id.parse(start)
        rows = list(self.state.orders_by_seller.walk(account.number, (lowest,)))[:most]
        return [order.to_json() for order in rows]

    @method
    def get_account_limit_orders(
        self, name_or_id: Any, base: Any, quote: Any, limit: Any, start_id: Any = None, start_price: Any = None
    ) -> Any:
        """Orders of an account on one side of a market, best first."""
        most = check_limit(limit, 101)
        account = lookups.get_account(self.state, name_or_id)
        market = tuple(self._market_asset(x, side).number for x, side in ((base, "base"), (quote, "quote")))
        rows = [o for o in self.state.book.all(market) if o.seller == account.number]
        if start_id is not None:
            first = limit_order_id.parse(start_id)
            place = next((i for i, o in enumerate(rows) if o.number == first), None)
            if place is None:
                raise ChainError("Order id invalid (maybe just been canceled?), and start price not provided")
            rows = rows[place:]
        return [order.to_json() for order in rows[:most]]

    @method
    def get_call_orders(self, asset: Any, limit: Any) -> Any:
        """Positions of an asset, the least collateralised first."""
        most = check_limit(limit, CALL_LIMIT)
        bitasset = self.state.bitasset(lookups.get_asset(self.state, asset))
        rows: list[dict[str, Any]] = []
        for call in self.state.calls_by_collateral.walk(bitasset.market):
            if len(rows) == most:
                break
            rows.append(call.to_json())
        return rows

    @method
    def get_call_orders_by_account(self, name_or_id: Any, start: Any, limit: Any) -> Any:
        """Positions of an account."""
        most = check_limit(limit, CALL_LIMIT)
        account = lookups.get_account(self.state, name_or_id)
        rows = list(self.state.calls_by_borrower.walk(account.number, (asset_id.parse(start),)))[:most]
        return [call.to_json() for call in rows]

    @method
    def get_margin_positions(self, name_or_id: Any) -> Any:
        """All positions of an account."""
        return self.get_call_orders_by_account(name_or_id, "1.3.0", CALL_LIMIT)

    @method
    def get_settle_orders(self, asset: Any, limit: Any) -> Any:
        """Settlement requests of an asset by due date."""
        most = check_limit(limit, CALL_LIMIT)
        number = lookups.get_asset(self.state, asset).number
        return [settle.to_json() for settle in self.state.settlements_by_date.all(number)[:most]]

    @method
    def get_settle_orders_by_account(self, name_or_id: Any, start: Any, limit: Any) -> Any:
        """Settlement requests of an account."""
        most = check_limit(limit, CALL_LIMIT)
        account = lookups.get_account(self.state, name_or_id)
        lowest = split_id(start)[2]
        rows = list(self.state.settlements_by_owner.walk(account.number, (lowest,)))[:most]
        return [settle.to_json() for settle in rows]

    @method
    def get_collateral_bids(self, asset: Any, limit: Any, start: Any) -> Any:
        """Bids for a globally settled asset, best first."""
        most = check_limit(limit, 100)
        found = lookups.get_asset(self.state, asset)
        if not found.is_market_issued:
            raise AssertError("swan.is_market_issued(): Asset is not a MPA")
        skip = as_int(start, 0, 2**32 - 1, "uint64")
        return [bid.to_json() for bid in self.state.bids_by_price.all(found.number)[skip : skip + most]]

    def _market_asset(self, symbol_or_id: Any, side: str) -> AssetObject:
        found = lookups.find_asset(self.state, symbol_or_id)
        if found is None:
            index = 0 if side == "base" else 1
            raise AssertError(f"assets[{index}]: Invalid {side} asset symbol: ${{s}}", {"s": as_text(symbol_or_id)})
        return found

    @method
    def get_order_book(self, base: Any, quote: Any, limit: Any) -> Any:
        """The book in whole units."""
        most = check_limit(limit, 50)
        first, second = self._market_asset(base, "base"), self._market_asset(quote, "quote")
        bids: list[dict[str, Any]] = []
        asks: list[dict[str, Any]] = []
        for order in self._book(first.number, second.number, most):
            (bids if order.market[0] == first.number else asks).append(self._book_row(order, first, second))
        return {"base": as_text(base), "quote": as_text(quote), "bids": bids, "asks": asks}

    def _book_row(self, order: LimitOrder, base: AssetObject, quote: AssetObject) -> dict[str, Any]:
        price = order.sell_price
        other = order.for_sale * price.quote.amount // price.base.amount
        sells_base = order.market[0] == base.number
        base_amount, quote_amount = (order.for_sale, other) if sells_base else (other, order.for_sale)
        return {
            "price": lookups.price_to_string(price, base, quote),
            "quote": quote.amount_text(quote_amount),
            "base": base.amount_text(base_amount),
            "id": order.id,
            "owner_id": f"1.2.{order.seller}",
            "owner_name": self.state.account(order.seller).name,
            "expiration": time_to_text(order.expiration),
        }

    @method
    def get_ticker(self, base: Any, quote: Any) -> Any:
        """Latest price, best offers and the last day."""
        first, second = self._market_asset(base, "base"), self._market_asset(quote, "quote")
        names = ("latest", "lowest_ask", "lowest_ask_base_size", "lowest_ask_quote_size", "highest_bid")
        more = ("highest_bid_base_size", "highest_bid_quote_size", "percent_change", "base_volume", "quote_volume")
        row = {"time": time_to_text(self.chain.now), "base": first.symbol, "quote": second.symbol}
        row.update(dict.fromkeys((*names, *more), "0"))
        key = min(first.number, second.number), max(first.number, second.number)
        ticker = self.state.ticker_of.get(key)
        if ticker is None:
            return row
        latest = (ticker.latest_base, ticker.latest_quote)
        base_volume, quote_volume, before = day_of(self.state, ticker)
        if ticker.base != first.number:
            latest, before = latest[::-1], before[::-1]
            base_volume, quote_volume = quote_volume, base_volume
        price = Asset(latest[0], first.number) / Asset(latest[1], second.number)
        row["latest"] = lookups.price_to_string(price, first, second)
        if 0 not in before and before != latest:
            row["percent_change"] = lookups.percent_change(before, latest)
        row["base_volume"] = lookups.uint_to_string(base_volume, first.precision)
        row["quote_volume"] = lookups.uint_to_string(quote_volume, second.precision)
        book = self.get_order_book(first.symbol, second.symbol, 1)
        for side, name in (("asks", "lowest_ask"), ("bids", "highest_bid")):
            if book[side]:
                best = book[side][0]
                row.update(
                    {name: best["price"], f"{name}_base_size": best["base"], f"{name}_quote_size": best["quote"]}
                )
        return {**row, "mto_id": ticker.id}

    @method
    def get_24_volume(self, base: Any, quote: Any) -> Any:
        """Volumes of the last day."""
        ticker = self.get_ticker(base, quote)
        return {name: ticker[name] for name in ("time", "base", "quote", "base_volume", "quote_volume")}

    @method
    def get_top_markets(self, limit: Any) -> Any:
        """Markets by volume."""
        most = check_limit(limit, 100)
        rows = sorted(self.state.tickers, key=lambda t: -day_of(self.state, t)[1])[:most]
        return [self.get_ticker(f"1.3.{t.base}", f"1.3.{t.quote}") for t in rows]

    @method
    def get_trade_history(self, base: Any, quote: Any, start: Any, stop: Any, limit: Any) -> Any:
        """Trades, newest first, from ``start`` back to ``stop``."""
        from .serial import time_from_text

        newest, oldest = time_from_text(as_text(start)), time_from_text(as_text(stop))
        rows = self._trades(
            base, quote, check_limit(limit, 100), lambda fill: oldest <= fill.time <= (newest or fill.time)
        )
        return rows

    @method
    def get_trade_history_by_sequence(self, base: Any, quote: Any, start: Any, stop: Any, limit: Any) -> Any:
        """Trades, newest first, from a sequence number back."""
        from .serial import time_from_text

        first, oldest = as_int(start, 0, 2**63 - 1, "int64"), time_from_text(as_text(stop))
        return self._trades(
            base, quote, check_limit(limit, 100), lambda fill: -fill.sequence < (first or 2**63) and fill.time >= oldest
        )

    def _trades(self, base: Any, quote: Any, limit: int, wanted: Any) -> list[dict[str, Any]]:
        first, second = self._market_asset(base, "base"), self._market_asset(quote, "quote")
        key = min(first.number, second.number), max(first.number, second.number)
        rows: list[dict[str, Any]] = []
        fills = [fill for fill in self.state.fills_by_market.walk(key) if wanted(fill)]
        position = 0
        while position < len(fills) and len(rows) < limit:
            pair = fills[position : position + 2]
            if len(pair) == 2 and (pair[0].time != pair[1].time or pair[0].op.is_maker == pair[1].op.is_maker):
                pair = pair[:1]
            rows.append(_trade(pair, first, second))
            position += len(pair)
        return rows

    # ---- witnesses, committee, votes -----------------------------------------------------------------------

    @method
    def get_witnesses(self, ids: Any) -> Any:
        """Witnesses by id."""
        return self.get_objects(ids)

    @method
    def get_witness_by_account(self, name_or_id: Any) -> Any:
        """The witness that an account is, or null."""
        number = lookups.get_account(self.state, name_or_id).number
        return next((w.to_json() for w in self.state.witnesses if w.witness_account == number), None)

    @method
    def lookup_witness_accounts(self, lower_bound: Any, limit: Any) -> Any:
        """Names and ids of witnesses in alphabetical order."""
        names = {self.state.account(w.witness_account).name: w.id for w in self.state.witnesses}
        return _page(names, as_text(lower_bound), check_limit(limit, 1000))

    @method
    def get_witness_count(self) -> Any:
        """How many witnesses there are."""
        return len(self.state.witnesses)

    @method
    def get_committee_members(self, ids: Any) -> Any:
        """Committee members by id."""
        return self.get_objects(ids)

    @method
    def get_committee_member_by_account(self, name_or_id: Any) -> Any:
        """The committee member that an account is, or null."""
        number = lookups.get_account(self.state, name_or_id).number
        found = (m.to_json() for m in self.state.committee_members if m.committee_member_account == number)
        return next(found, None)

    @method
    def lookup_committee_member_accounts(self, lower_bound: Any, limit: Any) -> Any:
        """Names and ids of committee members in alphabetical order."""
        members = self.state.committee_members
        names = {self.state.account(m.committee_member_account).name: m.id for m in members}
        return _page(names, as_text(lower_bound), check_limit(limit, 1000))

    @method
    def get_committee_count(self) -> Any:
        """How many committee members there are."""
        return len(self.state.committee_members)

    @method
    def get_all_workers(self, is_expired: Any = None) -> Any:
        """There are no workers here."""
        return []

    @method
    def get_workers_by_account(self, name_or_id: Any) -> Any:
        """There are no workers here."""
        lookups.get_account(self.state, name_or_id)
        return []

    @method
    def get_worker_count(self) -> Any:
        """There are no workers here."""
        return 0

    @method
    def lookup_vote_ids(self, votes: Any) -> Any:
        """Who stands behind vote ids."""
        holders = {w.vote_id: w for w in self.state.witnesses}
        holders |= {m.vote_id: m for m in self.state.committee_members}
        rows = []
        for text in _strings(votes):
            kind, _, number = text.partition(":")
            found = holders.get((as_int(number, 0, 2**24, "uint64"), as_int(kind, 0, 255, "uint64")))
            rows.append(found.to_json() if found else None)
        return rows

    # ---- about transactions --------------------------------------------------------------------------------

    @method
    def get_transaction_hex(self, transaction: Any) -> Any:
        """The binary form of a transaction with its signatures."""
        return Transaction.parse(transaction).packed().hex()

    @method
    def get_transaction_hex_without_sig(self, transaction: Any) -> Any:
        """The binary form of a transaction that is to be signed."""
        return Transaction.parse(transaction).raw.hex()

    def _signers(self, transaction: Any, available: Any) -> tuple[Transaction, tuple[bytes, ...], tuple[bytes, ...]]:
        parsed = Transaction.parse(transaction)
        return parsed, parsed.signed_by(self.chain.chain_id), _keys.parse(available)

    @method
    def get_required_signatures(self, transaction: Any, available: Any) -> Any:
        """Which of the available keys still have to sign."""
        parsed, signed, keys = self._signers(transaction, available)
        chain = self.chain
        needed = authority.required_signatures(parsed.operations, signed, keys, chain.state.account, chain.max_depth)
        return authority.keys_as_text(needed)

    @method
    def get_potential_signatures(self, transaction: Any) -> Any:
        """All keys that could be asked to sign."""
        parsed, signed, _ = self._signers(transaction, [])
        seen: set[bytes] = set()
        authority.required_signatures(
            parsed.operations, signed, (), lambda a: _Watched(self.state.account(a), seen), self.chain.max_depth
        )
        return authority.keys_as_text(seen)

    @method
    def get_potential_address_signatures(self, transaction: Any) -> Any:
        """Addresses are of the past."""
        Transaction.parse(transaction)
        return []

    @method
    def verify_authority(self, transaction: Any) -> Any:
        """True if the signatures suffice; refuses otherwise."""
        self.chain.verify_authority(Transaction.parse(transaction))
        return True

    @method
    def verify_account_authority(self, name_or_id: Any, keys: Any) -> Any:
        """Whether keys could act for an account."""
        account = lookups.get_account(self.state, name_or_id)
        transfer = Transfer(from_=account.number)
        try:
            authority.verify([transfer], _keys.parse(keys), self.state.account, 2)
        except ChainError:
            return False
        return True

    @method
    def validate_transaction(self, transaction: Any) -> Any:
        """What a transaction would do; refuses if it would be refused."""
        parsed = Transaction.parse(transaction)
        return processed_json(parsed, self.chain.validate(parsed))

    @method
    def get_required_fees(self, operations: Any, asset: Any) -> Any:
        """The least fees of operations, in an asset."""
        found = lookups.get_asset(self.state, asset)
        return [self._with_fee(operation.parse(row), found)[1] for row in as_list(operations)]

    def _with_fee(self, op: Operation, asset: AssetObject) -> tuple[Operation, Any]:
        """An operation with its fee; a proposal's answer also has the fees of what it proposes, which it pays for."""
        if not isinstance(op, ProposalCreate):
            fee = self._required_fee(op, asset)
            return op.replaced(fee=fee), fee.to_json()
        inner = [self._with_fee(one, asset) for one in op.proposed_ops]
        op = op.replaced(proposed_ops=tuple(one for one, _ in inner))
        fee = self._required_fee(op, asset)
        return op.replaced(fee=fee), [fee.to_json(), [answer for _, answer in inner]]

    def _required_fee(self, op: Operation, asset: AssetObject) -> Asset:
        """Computed again with the fee in place, since its size may count (``fee_schedule::set_fee``)."""
        rate = asset.options.core_exchange_rate
        schedule: fees.FeeSchedule = self.state.fees
        if op.NUMBER in VIRTUAL:
            raise AssertError('!"virtual operation": ', where="base.hpp:calculate_fee")
        fee = largest = schedule.required_in(op, rate, asset.number)
        for _ in range(_FEE_ROUNDS):
            again = schedule.required_in(op.replaced(fee=largest), rate, asset.number)
            if again == fee:
                break
            fee = again
            largest = again if again.amount > largest.amount else largest
        return largest

    # ---- what this node has none of ------------------------------------------------------------------------

    @method
    def get_proposed_transactions(self, name_or_id: Any) -> Any:
        """Proposals that an account must approve, or has."""
        account = lookups.get_account(self.state, name_or_id)
        return [proposal.to_json() for proposal in self._proposals_of(account.number)]

    @method
    def get_blinded_balances(self, commitments: Any) -> Any:
        """There are no blinded balances here."""
        as_list(commitments)
        return []

    @method
    def get_withdraw_permissions_by_giver(self, account: Any, start: Any, limit: Any) -> Any:
        """There are no withdraw permissions here."""
        return []

    @method
    def get_withdraw_permissions_by_recipient(self, account: Any, start: Any, limit: Any) -> Any:
        """There are no withdraw permissions here."""
        return []

    @method
    def get_htlc(self, number: Any, subscribe: Any = None) -> Any:
        """There are no hashed time-locked contracts here."""
        return None

    @method
    def get_htlc_by_from(self, account: Any, start: Any, limit: Any) -> Any:
        """There are no hashed time-locked contracts here."""
        return []

    @method
    def get_htlc_by_to(self, account: Any, start: Any, limit: Any) -> Any:
        """There are no hashed time-locked contracts here."""
        return []

    @method
    def list_htlcs(self, start: Any, limit: Any) -> Any:
        """There are no hashed time-locked contracts here."""
        return []

    @method
    def list_tickets(self, limit: Any = None, start: Any = None) -> Any:
        """There are no tickets here."""
        return []

    @method
    def get_tickets_by_account(self, account: Any, limit: Any = None, start: Any = None) -> Any:
        """There are no tickets here."""
        return []


#: Liquidity pools, funds and credit offers are not implemented: the lists of core are empty here.
_EMPTY = """list_liquidity_pools get_liquidity_pools_by_asset_a get_liquidity_pools_by_asset_b
get_liquidity_pools_by_one_asset get_liquidity_pools_by_both_assets get_liquidity_pools
get_liquidity_pools_by_share_asset get_liquidity_pools_by_owner list_samet_funds get_samet_funds_by_owner
get_samet_funds_by_asset list_credit_offers get_credit_offers_by_owner get_credit_offers_by_asset
list_credit_deals get_credit_deals_by_offer_id get_credit_deals_by_offer_owner get_credit_deals_by_borrower
get_credit_deals_by_debt_asset get_credit_deals_by_collateral_asset""".split()


def _empty(self: DatabaseApi, a: Any = None, b: Any = None, c: Any = None, d: Any = None) -> list[Any]:
    """There is none of this here."""
    return []


DatabaseApi._empty = _empty  # type: ignore[attr-defined]
DatabaseApi.METHODS.update({name: ("_empty", 0, 4) for name in _EMPTY})


class _Watched:
    """An account that notes which keys were asked for."""

    def __init__(self, account: Account, seen: set[bytes]) -> None:
        self._account, self._seen = account, seen

    def _look(self, auth: Authority) -> Authority:
        self._seen.update(key for key, _ in auth.key_auths)
        return auth

    @property
    def active(self) -> Authority:
        return self._look(self._account.active)

    @property
    def owner(self) -> Authority:
        return self._look(self._account.owner)


def _keys_of(account: Any) -> set[bytes]:
    keys = {key for auth in (account.owner, account.active) for key, _ in auth.key_auths}
    return keys | {account.options.memo_key}


def _page(names: dict[str, str], start: str, limit: int) -> list[list[str]]:
    return [[name, names[name]] for name in sorted(names) if name >= start][:limit]


def _trade(pair: list[Any], base: AssetObject, quote: AssetObject) -> dict[str, Any]:
    """One trade of one or two fills, as seen with ``base`` as the money."""
    op = pair[0].op
    gets_base = op.receives.asset_id == base.number
    value, amount = (op.receives, op.pays) if gets_base else (op.pays, op.receives)
    maker = next((fill for fill in pair if fill.op.is_maker), pair[0])
    taker = next((fill for fill in pair if not fill.op.is_maker), None)
    return {
        "sequence": wire_int64(-maker.sequence),
        "date": time_to_text(pair[0].time),
        "price": lookups.price_to_string(op.fill_price, base, quote),
        "amount": quote.amount_text(amount.amount),
        "value": base.amount_text(value.amount),
        "type": "sell" if maker.op.receives.asset_id == base.number else "buy",
        "side1_account_id": account_id.json(maker.op.account_id),
        "side2_account_id": account_id.json(taker.op.account_id if taker else 3),
    }

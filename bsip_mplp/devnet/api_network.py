"""The smaller interfaces (``api.cpp``): login, network_broadcast, block, asset, orders, custom_operations."""

from __future__ import annotations

import asyncio
from typing import Any

from . import lookups
from .blocks import processed_json
from .errors import AssertError
from .rpc import Api, check_limit, method
from .serial import as_int, wire_int64
from .transactions import Transaction

_OPEN_SETS = ("custom_operations_api", "database_api", "history_api", "network_broadcast_api", "orders_api")


class LoginApi(Api):
    """Hands out the other interfaces. No login is asked for."""

    NAME = "login"

    @method
    def login(self, user: Any, password: Any) -> Any:
        """Always welcome."""
        return True

    @method
    def logout(self) -> Any:
        """Nothing to leave."""
        return None

    @method
    def get_info(self) -> Any:
        """About the node."""
        return {"version": "bsip_mplp devnet", "api_access": ["*"]}

    @method
    def get_config(self) -> Any:
        """Limits of the node."""
        return {"api_limit_get_call_orders": 300, "api_limit_get_account_history": 100}

    @method
    def get_available_api_sets(self) -> Any:
        """Interfaces that a client may use."""
        return list(_OPEN_SETS)

    @method
    def database(self) -> Any:
        """The number of the database interface."""
        return self.session.register("database")

    @method
    def history(self) -> Any:
        """The number of the history interface."""
        return self.session.register("history")

    @method
    def network_broadcast(self) -> Any:
        """The number of the broadcast interface."""
        return self.session.register("network_broadcast")

    @method
    def block(self) -> Any:
        """The number of the block interface."""
        return self.session.register("block")

    @method
    def asset(self) -> Any:
        """The number of the asset interface."""
        return self.session.register("asset")

    @method
    def orders(self) -> Any:
        """The number of the orders interface."""
        return self.session.register("orders")

    @method
    def custom_operations(self) -> Any:
        """The number of the custom operations interface."""
        return self.session.register("custom_operations")

    @method
    def devnet(self) -> Any:
        """The number of this node's own interface."""
        return self.session.register("devnet")

    @method
    def crypto(self) -> Any:
        """Not offered."""
        raise AssertError("is_allowed: Access denied", where="api.cpp:crypto")

    @method
    def debug(self) -> Any:
        """Not offered: see ``devnet``."""
        raise AssertError("is_allowed: Access denied", where="api.cpp:debug")

    @method
    def network_node(self) -> Any:
        """Not offered."""
        raise AssertError("is_allowed: Access denied", where="api.cpp:network_node")


class BroadcastApi(Api):
    """Takes transactions."""

    NAME = "network_broadcast"

    def _push(self, transaction: Any) -> Transaction:
        parsed = Transaction.parse(transaction)
        self.session.node.push(parsed)
        return parsed

    @method
    def broadcast_transaction(self, transaction: Any) -> Any:
        """Take a transaction; answers at once."""
        self._push(transaction)

    @method
    def broadcast_transaction_synchronous(self, transaction: Any) -> Any:
        """Take a transaction; answers when it is in a block."""
        parsed = Transaction.parse(transaction)
        waiting = self.session.node.wait_for(parsed)
        try:
            self.session.node.push(parsed)
        except BaseException:
            waiting.cancel()
            raise
        return waiting

    @method
    def broadcast_transaction_with_callback(self, callback: Any, transaction: Any) -> Any:
        """Take a transaction; a notice comes when it is in a block."""
        number = as_int(callback, 0, 2**64 - 1, "uint64")
        waiting = self.broadcast_transaction_synchronous(transaction)
        waiting.add_done_callback(lambda done: self._confirm(number, done))

    def _confirm(self, callback: int, done: asyncio.Future[Any]) -> None:
        if not done.cancelled() and done.exception() is None:
            self.session.notify(callback, [done.result()])

    @method
    def broadcast_block(self, block: Any) -> Any:
        """This node makes all blocks itself."""
        raise AssertError("This node makes all blocks itself")


class BlockApi(Api):
    """Blocks in bulk."""

    NAME = "block"

    @method
    def get_blocks(self, first: Any, last: Any) -> Any:
        """Blocks from one number to another."""
        low, high = (as_int(x, 0, 2**32 - 1, "uint64") for x in (first, last))
        if high < low or high - low > 100:
            raise AssertError("block_num_to - block_num_from <= 100: ")
        found = (self.session.node.chain.block(number) for number in range(low, high + 1))
        return [block.to_json() if block else None for block in found]


class AssetApi(Api):
    """Who holds an asset."""

    NAME = "asset"

    @method
    def get_asset_holders(self, asset: Any, start: Any, limit: Any) -> Any:
        """Holders of an asset, the largest first."""
        most = check_limit(limit, 100)
        skip = as_int(start, 0, 2**32 - 1, "uint64")
        rows = self._holders(asset)[skip : skip + most]
        state = self.session.node.chain.state
        return [
            {"name": state.account(b.owner).name, "account_id": f"1.2.{b.owner}", "amount": wire_int64(b.balance)}
            for b in rows
        ]

    @method
    def get_asset_holders_count(self, asset: Any) -> Any:
        """How many hold an asset."""
        return len(self._holders(asset))

    def _holders(self, asset: Any) -> list[Any]:
        state = self.session.node.chain.state
        number = lookups.get_asset(state, asset).number
        rows = [b for b in state.balances if b.asset_type == number and b.balance]
        return sorted(rows, key=lambda b: (-b.balance, b.owner))


class OrdersApi(Api):
    """Grouped orders are not kept."""

    NAME = "orders"

    @method
    def get_tracked_groups(self) -> Any:
        """None."""
        return []

    @method
    def get_grouped_limit_orders(self, base: Any, quote: Any, group: Any, start: Any, limit: Any) -> Any:
        """None."""
        return []


class CustomOperationsApi(Api):
    """Custom operations are kept in the blocks only."""

    NAME = "custom_operations"

    @method
    def get_storage_info(self, account: Any = None, catalog: Any = None, key: Any = None) -> Any:
        """None."""
        return []


def confirmation(transaction: Transaction, block: Any, index: int) -> dict[str, Any]:
    """What a synchronous broadcast answers."""
    return {
        "id": transaction.id,
        "block_num": block.number,
        "trx_num": index,
        "trx": processed_json(transaction, block.results[index]),
    }

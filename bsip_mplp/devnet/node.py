"""A node: the chain with a clock, waiting clients, and the faults that a client should survive."""

from __future__ import annotations

import asyncio
from typing import Any

from .api_database import DatabaseApi
from .api_devnet import DevnetApi
from .api_history import HistoryApi
from .api_network import (
    AssetApi,
    BlockApi,
    BroadcastApi,
    CustomOperationsApi,
    LoginApi,
    OrdersApi,
    confirmation,
)
from .blocks import Block
from .chain import BlockEvent, Chain
from .clock import Clock
from .errors import ChainError
from .faults import Faults
from .keeping import Keeper
from .rpc import Api
from .script import FeedScript
from .subscriptions import Subscriptions
from .transactions import Transaction


class Node:
    """What sessions talk to. Everything runs in the thread of its event loop."""

    def __init__(self, chain: Chain, clock: Clock, keeper: Keeper | None = None) -> None:
        self.chain = chain
        self.clock = clock
        self.keeper = keeper
        self.faults = Faults(chain)
        self.subscribers: set[Subscriptions] = set()
        self.scripts: list[FeedScript] = []
        self.missed = 0
        kinds: tuple[type[Api], ...] = (
            DatabaseApi,
            LoginApi,
            HistoryApi,
            BroadcastApi,
            BlockApi,
            AssetApi,
            OrdersApi,
            CustomOperationsApi,
            DevnetApi,
        )
        self.apis: dict[str, type[Api]] = {kind.NAME: kind for kind in kinds}
        self._waiting: dict[str, list[asyncio.Future[Any]]] = {}
        chain.on_block.append(self._block_made)
        chain.on_pending.append(self._transaction_pending)
        chain.on_rewind.append(self._rewound)

    # ---- transactions --------------------------------------------------------------------------------------

    def push(self, transaction: Transaction) -> None:
        """Take a transaction; on demand it gets its block at once."""
        self.chain.push(transaction)
        if self.clock.on_demand and not self.faults.stalled:
            self.produce()

    def wait_for(self, transaction: Transaction) -> asyncio.Future[Any]:
        """A future that is done when the transaction is in a block."""
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(transaction.id, []).append(waiting)
        return waiting

    def _transaction_pending(self, transaction: Transaction) -> None:
        for subscriber in list(self.subscribers):
            subscriber.tell_pending(transaction)

    # ---- blocks --------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """The interval is over."""
        if not self.faults.stalled:
            self.produce()

    def produce(self) -> Block:
        """Make a block with the clock's time."""
        self._publish_scripts()
        time = self.clock.next_time(self.chain.now)
        missed, self.missed = self.missed, 0
        return self._made(self.chain.produce_block(time + missed * self.chain.block_interval, missed=missed))

    def produce_on_demand(self, count: int) -> Block:
        """Make blocks at once, each a slot after the one before it."""
        block: Block | None = None
        for _ in range(count):
            self._publish_scripts()
            missed, self.missed = self.missed, 0
            block = self._made(self.chain.produce_block(missed=missed))
        if block is None:
            raise ValueError("at least one block")
        return block

    def advance(self, seconds: int) -> Block:
        """Move chain time forward."""
        return self._made(self.chain.advance(seconds))

    def _made(self, block: Block) -> Block:
        self.clock.follow(block.header.timestamp)
        return block

    def _publish_scripts(self) -> None:
        for script in list(self.scripts):
            feed = script.due(self.chain.state)
            if feed is not None:
                try:
                    self.chain.send([feed])
                except ChainError:
                    self.scripts.remove(script)  # the publisher cannot pay, the asset was settled, …
            elif script.finished:
                self.scripts.remove(script)

    def _block_made(self, event: BlockEvent) -> None:
        if self.keeper is not None:
            self.keeper.keep(event.block)
        for subscriber in list(self.subscribers):
            subscriber.tell_block(event)
        for index, transaction in enumerate(event.block.transactions):
            for waiting in self._waiting.pop(transaction.id, ()):
                if not waiting.done():
                    waiting.set_result(confirmation(transaction, event.block, index))
        self._give_up_waiting()

    def _give_up_waiting(self) -> None:
        """A transaction that is neither pending nor in a block will not come any more."""
        for transaction_id in list(self._waiting):
            if self.chain.state.transaction_named.get(transaction_id) is None:
                for waiting in self._waiting.pop(transaction_id):
                    if not waiting.done():
                        waiting.set_exception(ChainError("The transaction was dropped before it was in a block"))

    def _rewound(self, block_count: int) -> None:
        if self.keeper is not None:
            self.keeper.truncate(block_count)

    def view(self, properties: dict[str, Any]) -> dict[str, Any]:
        """Dynamic global properties as this node admits them."""
        return self.faults.head(properties)

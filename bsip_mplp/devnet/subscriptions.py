"""What a client is told without asking (the subscription part of ``database_api.cpp``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .chain import BlockEvent
from .objects import CallOrder, ForceSettlement, LimitOrder
from .operations import FillOrder, operation, operation_result
from .rpc import Session
from .store import ChainObject
from .transactions import Transaction

#: Accounts that one client may follow in full.
ACCOUNTS_MAX = 100


class Subscriptions:
    """The callbacks and filters of one client."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.objects_callback: int | None = None
        self.block_callback: int | None = None
        self.pending_callback: int | None = None
        self.auto = True
        self._notify_all = False
        self._objects: set[str] = set()
        self._accounts: set[int] = set()
        self._markets: dict[tuple[int, int], int] = {}

    # ---- what to follow ------------------------------------------------------------------------------------

    def set_objects_callback(self, callback: int, notify_all: bool) -> None:
        """Follow objects; ``notify_all`` also tells of every object made or removed."""
        self.cancel(callbacks=False, markets=False)
        self.objects_callback = callback
        self._notify_all = notify_all

    def cancel(self, *, callbacks: bool = True, markets: bool = True) -> None:
        """Follow nothing any more."""
        if callbacks:
            self.objects_callback = None
        if markets:
            self._markets.clear()
        self._notify_all = False
        self._accounts.clear()
        self._objects.clear()

    def wanted(self, subscribe: Any) -> bool:
        """Whether a read also subscribes: only after a callback was set, and as the client or its default says."""
        if self.objects_callback is None:
            return False
        return self.auto if subscribe is None else bool(subscribe)

    def follow(self, obj: ChainObject) -> None:
        """Tell of changes of one object."""
        self._objects.add(obj.id)

    def follow_account(self, account: ChainObject) -> None:
        """Tell of everything that concerns an account."""
        if len(self._accounts) < ACCOUNTS_MAX:
            self._accounts.add(account.number)
            self.follow(account)

    def follow_market(self, callback: int, a: int, b: int) -> None:
        """Tell of orders and fills of one market."""
        self._markets[min(a, b), max(a, b)] = callback

    def leave_market(self, a: int, b: int) -> None:
        """Stop telling of one market."""
        self._markets.pop((min(a, b), max(a, b)), None)

    # ---- telling -------------------------------------------------------------------------------------------

    def tell_pending(self, transaction: Transaction) -> None:
        """A transaction is waiting for its block."""
        if self.pending_callback is not None:
            self._session.notify(self.pending_callback, [transaction.to_json()])

    def tell_block(self, event: BlockEvent) -> None:
        """A block was made."""
        if self.block_callback is not None:
            self._session.notify(self.block_callback, [event.block.id.hex()])
        if self._markets:
            self._tell_fills(event)
        self._tell_objects(event.created, full=True, everything=self._notify_all)
        self._tell_objects(event.changed, full=True, everything=False)
        self._tell_objects(event.removed, full=False, everything=self._notify_all)

    def _tell_objects(self, objects: Sequence[ChainObject], *, full: bool, everything: bool) -> None:
        if self.objects_callback is not None and objects:
            chosen: Iterable[ChainObject] = objects
            if not everything and not self._concerns_accounts(objects):
                chosen = [obj for obj in objects if obj.id in self._objects]
            rows = [obj.to_json() if full else obj.id for obj in chosen]
            if rows:
                self._session.notify(self.objects_callback, [rows])
        if self._markets:
            self._tell_market_objects(objects, full=full)

    def _concerns_accounts(self, objects: Sequence[ChainObject]) -> bool:
        """As core has it: one object that concerns a followed account brings all of the same kind of change."""
        return bool(self._accounts) and any(self._accounts & obj.accounts() for obj in objects)

    def _tell_market_objects(self, objects: Sequence[ChainObject], *, full: bool) -> None:
        queues: dict[int, list[Any]] = {}
        for obj in objects:
            callback = self._market_callback(obj)
            if callback is not None:
                queues.setdefault(callback, []).append(obj.to_json() if full else obj.id)
        for callback, rows in queues.items():
            self._session.notify(callback, [rows])

    def _market_callback(self, obj: ChainObject) -> int | None:
        if isinstance(obj, LimitOrder | CallOrder):
            a, b = obj.market
        elif isinstance(obj, ForceSettlement):
            a = obj.balance.asset_id
            b = self._session.node.chain.state.bitasset_of(a).backing
        else:
            return None
        return self._markets.get((min(a, b), max(a, b)))

    def _tell_fills(self, event: BlockEvent) -> None:
        queues: dict[int, list[Any]] = {}
        for applied in event.applied:
            op = applied.op
            if isinstance(op, FillOrder):
                a, b = op.pays.asset_id, op.receives.asset_id
                callback = self._markets.get((min(a, b), max(a, b)))
                if callback is not None:
                    row = [operation.json(op), operation_result.json(applied.result)]
                    queues.setdefault(callback, []).append(row)
        for callback, rows in queues.items():
            self._session.notify(callback, [rows])

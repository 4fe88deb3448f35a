"""A chain in this process: push transactions, make blocks, move time, go back (``db_block.cpp``).

Transactions are applied once, when they are pushed. Core applies them again when it makes the block, but on the
same state (the head block's time moves after a block's transactions), so the result is the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from . import (
    accounts,
    assets,
    authority,
    bitassets,
    blocks,
    history,
    maintenance,
    orders,
    positions,
    proposals,
    settlement,
    transfers,
    vesting,
)
from .amounts import Asset
from .blocks import Block, BlockHeader
from .constants import DEVELOPMENT_WIF, WITNESS_PAY_VESTING_SECONDS
from .errors import AssertError, ChainError, DuplicateTransaction, require
from .evaluator import apply_operation
from .genesis import Genesis, build
from .keys import PrivateKey
from .objects import Account, AssetObject, BlockSummary, TransactionHistory
from .operations import VIRTUAL, Operation, Result, operation
from .state import Applied, State
from .store import ChainObject
from .transactions import Transaction

#: The modules whose evaluators are registered by being imported.
EVALUATORS = (accounts, assets, bitassets, orders, positions, proposals, settlement, transfers)

_TRANSACTION_SIZE_MAX = 1024 * 1024
_BLOCK_HEADER_SIZE = 120


@dataclass(frozen=True)
class BlockEvent:
    """A block that was just made, with everything that changed."""

    block: Block
    created: Sequence[ChainObject]
    changed: Sequence[ChainObject]
    removed: Sequence[ChainObject]
    applied: Sequence[Applied]


@dataclass(frozen=True)
class _Snapshot:
    position: int
    block_count: int
    pending: list[tuple[Transaction, tuple[Result, ...]]]
    pending_at: int
    applied: list[Applied]
    block_positions: dict[int, int]


class Chain:
    """A development chain. Not safe for use from several threads at once."""

    def __init__(self, genesis: Genesis | None = None) -> None:
        self.genesis = genesis or Genesis()
        self.chain_id = bytes.fromhex(self.genesis.chain_id)
        self.state = State()
        build(self.state, self.genesis)
        self.state.store.create(BlockSummary)
        self.blocks: list[Block] = []
        self.pending: list[tuple[Transaction, tuple[Result, ...]]] = []
        self.on_block: list[Callable[[BlockEvent], None]] = []
        self.on_pending: list[Callable[[Transaction], None]] = []
        self.on_rewind: list[Callable[[int], None]] = []
        self.verify_signatures = True
        self._key = PrivateKey.from_wif(DEVELOPMENT_WIF)
        self._block_positions: dict[int, int] = {}
        self._pending_at = self.state.store.savepoint()
        self._snapshots: dict[int, _Snapshot] = {}
        self._snapshot_ids = count(1)
        self._skip_slots = 0
        self._nonce = random.Random(0)

    # ---- reading -------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Chain time in seconds since 1970."""
        return self.state.now

    @property
    def head_number(self) -> int:
        """Number of the newest block."""
        return self.state.head_number

    @property
    def irreversible_number(self) -> int:
        """Number of the newest block that cannot be taken back."""
        return self.state.dgp.last_irreversible_block_num

    @property
    def block_interval(self) -> int:
        """Seconds of chain time between blocks."""
        return int(self.state.parameters["block_interval"])

    def block(self, number: int) -> Block | None:
        """A block by its number."""
        return self.blocks[number - 1] if 1 <= number <= len(self.blocks) else None

    def account(self, name: str) -> Account:
        """An account by its name; ``KeyError`` if there is none."""
        found = self.state.account_named.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def asset(self, symbol: str) -> AssetObject:
        """An asset by its symbol; ``KeyError`` if there is none."""
        found = self.state.asset_named.get(symbol)
        if found is None:
            raise KeyError(symbol)
        return found

    # ---- transactions --------------------------------------------------------------------------------------

    def transaction(
        self, operations: Iterable[Operation | list[Any]], keys: Iterable[PrivateKey] = (), *, expires_in: int = 3600
    ) -> Transaction:
        """Build a transaction: operations (also as JSON pairs) with their least fees, TaPoS, signatures.

        The expiration varies, so that equal transactions get different ids.
        """
        ready = []
        for op in operations:
            parsed = op if isinstance(op, Operation) else operation.parse(op)
            if parsed.fee.amount == 0:
                fee = self.state.fees.required(parsed)
                parsed = parsed.replaced(fee=Asset(fee, 0))
            ready.append(parsed)
        head = self.state.dgp.head_block_id
        made = Transaction(
            ref_block_num=self.head_number & 0xFFFF,
            ref_block_prefix=int.from_bytes(head[4:8], "little"),
            expiration=self.now + expires_in + self._nonce.randrange(3600),
            operations=tuple(ready),
        )
        digest = made.digest(self.chain_id)
        return made.replaced(signatures=tuple(key.sign(digest) for key in keys))

    def send(self, operations: Iterable[Operation | list[Any]], *keys: PrivateKey) -> tuple[Result, ...]:
        """Build and push a transaction; without keys its signatures are not asked for."""
        made = self.transaction(operations, keys)
        return self.push(made, verify=bool(keys))

    def push(self, transaction: Transaction, *, verify: bool = True) -> tuple[Result, ...]:
        """Take a transaction into the next block, or refuse it with a :class:`ChainError`."""
        require(
            transaction.size < _TRANSACTION_SIZE_MAX,
            "fc::raw::pack_size( trx ) < (1024 * 1024): Transaction exceeds maximum transaction size.",
            where="db_block.cpp:push_transaction",
        )
        try:
            results = self._apply(transaction, verify=verify)
        except ChainError as refusal:
            refusal.add("", {"trx": transaction.to_json()}, where="db_block.cpp:push_transaction")
            raise
        self.pending.append((transaction, results))
        for listener in self.on_pending:
            listener(transaction)
        return results

    def validate(self, transaction: Transaction) -> tuple[Result, ...]:
        """Say what a transaction would do, without doing it."""
        mark = self._mark()
        try:
            return self._apply(transaction, verify=True)
        finally:
            self._undo(mark)

    def _mark(self) -> tuple[int, int]:
        return self.state.store.savepoint(), len(self.state.applied)

    def _undo(self, mark: tuple[int, int]) -> None:
        self.state.store.undo_to(mark[0])
        del self.state.applied[mark[1] :]

    def _apply(self, transaction: Transaction, *, verify: bool) -> tuple[Result, ...]:
        state = self.state
        mark = self._mark()
        try:
            self._check(transaction, verify=verify)
            state.store.create(TransactionHistory, trx=transaction, trx_id=transaction.id)
            results = []
            state.trx_in_block = len(self.pending)
            state.next_time = self.now + self.block_interval
            for number, op in enumerate(transaction.operations):
                state.op_in_trx, state.virtual_op = number, 0
                results.append(apply_operation(state, op, is_virtual=False))
            return tuple(results)
        except ChainError as refusal:
            self._undo(mark)
            refusal.add("", {"trx": transaction.to_json()}, where="db_block.cpp:_apply_transaction")
            raise

    def _check(self, transaction: Transaction, *, verify: bool) -> None:
        """What must hold of the transaction as a whole, in core's order."""
        where = "db_block.cpp:_apply_transaction"
        require(
            bool(transaction.operations),
            "operations.size() > 0: A transaction must have at least one operation",
            where="transaction.cpp:validate",
        )
        for op in transaction.operations:
            if op.NUMBER in VIRTUAL:
                raise AssertError('!"virtual operation": ', where="base.hpp:validate")
            op.validate()
        if self.state.transaction_named.get(transaction.id) is not None:
            raise DuplicateTransaction(
                "Transaction '${txid}' is already in the database", {"txid": transaction.id}, where=where
            )
        if verify and self.verify_signatures:
            self.verify_authority(transaction)
        if self.head_number > 0:
            self._check_reference(transaction, where)

    def _check_reference(self, transaction: Transaction, where: str) -> None:
        summary = self.state.summaries.get(transaction.ref_block_num)
        prefix = int.from_bytes(summary.block_id[4:8], "little") if summary else None
        require(
            transaction.ref_block_prefix == prefix,
            "trx.ref_block_prefix == tapos_block_summary.block_id._hash[1].value(): ",
            where=where,
        )
        latest = self.now + int(self.state.parameters["maximum_time_until_expiration"])
        require(
            transaction.expiration <= latest,
            "trx.expiration <= now + chain_parameters.maximum_time_until_expiration: ",
            where=where,
        )
        require(self.now <= transaction.expiration, "now <= trx.expiration: ", where=where)
        require(
            transaction.size <= int(self.state.parameters["maximum_transaction_size"]),
            "Transaction exceeds maximum transaction size.",
            where=where,
        )

    @property
    def max_depth(self) -> int:
        """How deep accounts may stand for accounts."""
        return int(self.state.parameters["max_authority_depth"])

    def verify_authority(self, transaction: Transaction) -> None:
        """Refuse unless the signatures suffice and none is needless."""
        keys = transaction.signed_by(self.chain_id)
        try:
            authority.verify(transaction.operations, keys, self.state.account, self.max_depth)
        except ChainError as refusal:
            data = {
                "rejected_custom_auths": [],
                "ops": [operation.json(op) for op in transaction.operations],
                "sigs": authority.keys_as_text(keys),
            }
            refusal.add("", data, where="transaction.cpp:verify_authority")
            refusal.add("", {"*this": transaction.to_json()}, where="transaction.cpp:verify_authority")
            raise

    # ---- blocks --------------------------------------------------------------------------------------------

    def produce_block(self, time: int | None = None, *, missed: int = 0) -> Block:
        """Make a block of what is pending.

        ``time`` defaults to the next slot; it may repeat the head block's time, never go back. ``missed`` slots
        before it are blamed on the witnesses who had them.
        """
        missed += self._skip_slots
        self._skip_slots = 0
        interval = self.block_interval
        if time is None:
            time = self.now - self.now % interval + interval * (1 + missed)
        if time < self.now:
            raise ValueError(f"block time {time} lies before the head block's {self.now}")
        postponed = self._limit_pending()
        block = self._make_block(time, missed)
        self._finish_block(block)
        for transaction in postponed:
            self.push(transaction, verify=False)
        return block

    def _limit_pending(self) -> list[Transaction]:
        """Put off what would make the block too large."""
        limit = int(self.state.parameters["maximum_block_size"]) - _BLOCK_HEADER_SIZE
        size = 0
        for index, (transaction, _) in enumerate(self.pending):
            size += transaction.size + 1
            if size > limit:
                every = [trx for trx, _ in self.pending]
                self.drop_pending()
                for trx in every[:index]:
                    self.push(trx, verify=False)
                return every[index:]
        return []

    def drop_pending(self) -> None:
        """Forget what is pending."""
        self.state.store.undo_to(self._pending_at)
        self.state.applied.clear()
        self.pending.clear()

    def _make_block(self, time: int, missed: int) -> Block:
        transactions = [trx for trx, _ in self.pending]
        header = BlockHeader(
            previous=self.state.dgp.head_block_id,
            timestamp=time,
            witness=blocks.scheduled_witness(self.state, missed + 1),
            transaction_merkle_root=blocks.merkle_root(transactions),
        )
        results = [results for _, results in self.pending]
        return Block(blocks.sign_header(header, self._key), transactions, results, missed)

    def _finish_block(self, block: Block) -> None:
        """Everything that happens after a block's transactions (``_apply_block``)."""
        state = self.state
        started_at = self._pending_at
        time = block.header.timestamp
        state.trx_in_block, state.op_in_trx, state.virtual_op = len(self.pending), 0, 0
        state.next_time = time
        maintenance_due = state.dgp.next_maintenance_time <= time
        blocks.count_missed(state, block.missed)
        blocks.advance_head(state, block)
        self._pay_witness(block)
        blocks.update_irreversible(state)
        if maintenance_due:
            maintenance.perform(state, block.number)
        self._summarize(block)
        self._clear_expired()
        flags = 1 if maintenance_due else 0
        if state.dgp.dynamic_flags != flags:
            state.store.update(state.dgp, dynamic_flags=flags)
        blocks.shuffle_witnesses(state)
        self._stamp_created(started_at, time)
        applied = list(state.applied)
        history.store_block(state, block.number, time)
        event = BlockEvent(block, *state.store.changes_since(started_at), applied)
        self.blocks.append(block)
        self.pending.clear()
        self._block_positions[block.number] = started_at
        self._pending_at = state.store.savepoint()
        self._forget_final()
        for listener in self.on_block:
            listener(event)

    def _pay_witness(self, block: Block) -> None:
        state, dgp = self.state, self.state.dgp
        witness = state.witnesses[block.header.witness]
        pay = min(int(state.parameters["witness_pay_per_block"]), dgp.witness_budget)
        if pay:
            state.store.update(dgp, witness_budget=dgp.witness_budget - pay)
            vesting.deposit_witness_pay(state, witness, pay, WITNESS_PAY_VESTING_SECONDS)
        state.store.update(witness, last_aslot=dgp.current_aslot, last_confirmed_block_num=block.number)

    def _summarize(self, block: Block) -> None:
        summary = self.state.summaries.get(block.number & 0xFFFF)
        if summary is None:
            self.state.store.create(BlockSummary, block_id=block.id)
        else:
            self.state.store.update(summary, block_id=block.id)

    def _clear_expired(self) -> None:
        state = self.state
        while True:
            oldest = state.transactions_by_expiration.first()
            if oldest is None or state.now <= oldest.trx.expiration:
                break
            state.store.remove(oldest)
        proposals.clear_expired(state)
        orders.clear_expired(state)
        settlement.clear_expired(state)
        bitassets.clear_expired_feeds(state)
        bitassets.update_exchange_rates(state)

    def _stamp_created(self, started_at: int, time: int) -> None:
        """What pending transactions created carries the time of the block that it ends up in."""
        for obj in self.state.store.changes_since(started_at)[0]:
            if isinstance(obj, Account | AssetObject):
                obj.__dict__["creation_time"] = time

    def _forget_final(self) -> None:
        """Undo is kept for reversible blocks and as far back as the oldest snapshot."""
        final = self.irreversible_number
        for number in [n for n in self._block_positions if n <= final]:
            del self._block_positions[number]
        keep = min(self._block_positions.values(), default=self._pending_at)
        for snapshot in self._snapshots.values():
            keep = min(keep, snapshot.position, snapshot.pending_at, *snapshot.block_positions.values())
        self.state.store.forget_before(keep)

    # ---- time and going back -------------------------------------------------------------------------------

    def advance(self, seconds: int) -> Block:
        """Move chain time forward by one block that far away, and do what is due by then.

        As on a network that stood still: one maintenance, expired feeds, orders and settlements. No witness
        is blamed.
        """
        if seconds < 0:
            raise ValueError("time goes forward only")
        interval = self.block_interval
        time = self.now + max(seconds, interval)
        return self.produce_block(time - time % interval)

    def snapshot(self) -> int:
        """Remember the chain as it is, pending transactions included; answers an id for :meth:`revert`."""
        number = next(self._snapshot_ids)
        self._snapshots[number] = _Snapshot(
            self.state.store.savepoint(),
            len(self.blocks),
            list(self.pending),
            self._pending_at,
            list(self.state.applied),
            dict(self._block_positions),
        )
        return number

    def revert(self, snapshot: int) -> None:
        """Go back to a snapshot; it stays, later ones are gone. ``KeyError`` for an unknown one."""
        taken = self._snapshots[snapshot]
        self.state.store.undo_to(taken.position)
        del self.blocks[taken.block_count :]
        self.pending[:] = taken.pending
        self.state.applied[:] = taken.applied
        self._pending_at = taken.pending_at
        self._block_positions = dict(taken.block_positions)
        for later in [number for number in self._snapshots if number > snapshot]:
            del self._snapshots[later]
        for listener in self.on_rewind:
            listener(len(self.blocks))

    def forget_snapshot(self, snapshot: int) -> None:
        """Give a snapshot up, so that its undo can be freed."""
        del self._snapshots[snapshot]

    def fork(self, count: int, *, keep_transactions: bool = False) -> list[Transaction]:
        """Take back the newest ``count`` blocks, which must be reversible; answers their transactions.

        With ``keep_transactions`` they are pending again where they still can be, as after a switch of forks.
        The next block leaves one slot out, so that it differs from the one that was taken back.
        """
        if not 0 < count <= self.head_number - self.irreversible_number:
            raise ValueError(
                f"only the {self.head_number - self.irreversible_number} blocks after the last irreversible one "
                f"(number {self.irreversible_number}) can be taken back"
            )
        taken = [trx for block in self.blocks[-count:] for trx in block.transactions]
        pending = [trx for trx, _ in self.pending]
        self.drop_pending()
        first = self.head_number - count + 1
        self.state.store.undo_to(self._block_positions[first])
        self._pending_at = self.state.store.savepoint()
        del self.blocks[first - 1 :]
        self._block_positions = {n: p for n, p in self._block_positions.items() if n < first}
        self._snapshots = {n: s for n, s in self._snapshots.items() if s.block_count < first}
        self._skip_slots = 1
        for listener in self.on_rewind:
            listener(len(self.blocks))
        for trx in [*(taken if keep_transactions else []), *pending]:
            with suppress(ChainError):  # what is no longer valid on the other fork is dropped
                self.push(trx, verify=False)
        return taken

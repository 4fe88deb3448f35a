"""Blocks: their hash, their Merkle root, who makes them, when they become irreversible.

Follows ``libraries/protocol/block.cpp`` and ``db_witness_schedule.cpp``.
"""

from __future__ import annotations

import hashlib
from typing import Any

from . import serial
from .constants import (
    IRREVERSIBLE_THRESHOLD,
    PERCENT_100,
    RECENTLY_MISSED_COUNT_DECREMENT,
    RECENTLY_MISSED_COUNT_INCREMENT,
)
from .keys import PrivateKey, ripemd160
from .operations import Result, operation_result
from .serial import ListOf, of
from .state import State
from .transactions import Transaction

_MASK64 = 2**64 - 1
_GOLDEN = 2685821657736338717
_results = ListOf(operation_result)


class BlockHeader(serial.Struct):
    """A signed block header."""

    previous: bytes = of(serial.hash160)
    timestamp: int = of(serial.moment)
    witness: int = of(serial.witness_id)
    transaction_merkle_root: bytes = of(serial.hash160)
    extensions: tuple[()] = of(serial.no_extensions)
    witness_signature: bytes = of(serial.signature)


class Block:
    """A block with the results of its operations, and how many slots were missed before it."""

    __slots__ = ("header", "id", "missed", "number", "results", "transactions")

    def __init__(
        self,
        header: BlockHeader,
        transactions: list[Transaction],
        results: list[tuple[Result, ...]],
        missed: int = 0,
    ) -> None:
        self.header = header
        self.missed = missed
        self.transactions = transactions
        self.results = results
        self.number = int.from_bytes(header.previous[:4], "big") + 1
        digest = hashlib.sha224(header.packed()).digest()
        self.id = self.number.to_bytes(4, "big") + digest[4:20]

    def to_json(self) -> dict[str, Any]:
        """As ``get_block`` answers it."""
        return {
            **self.header.to_json(),
            "transactions": [self.transaction_json(i) for i in range(len(self.transactions))],
        }

    def transaction_json(self, index: int) -> dict[str, Any]:
        """One transaction with its results."""
        return processed_json(self.transactions[index], self.results[index])

    def header_json(self, *, with_signature: bool = False) -> dict[str, Any]:
        """The header alone."""
        row = self.header.to_json()
        if not with_signature:
            del row["witness_signature"]
        return row


def processed_json(transaction: Transaction, results: tuple[Result, ...]) -> dict[str, Any]:
    """A transaction with the results of its operations."""
    return {**transaction.to_json(), "operation_results": _results.json(results)}


def merkle_root(transactions: list[Transaction]) -> bytes:
    """Pairwise SHA-256 up to the root, whose RIPEMD-160 is kept."""
    if not transactions:
        return bytes(20)
    hashes = [trx.merkle_digest() for trx in transactions]
    while len(hashes) > 1:
        odd = [hashes[-1]] if len(hashes) % 2 else []
        pairs = zip(hashes[0::2], hashes[1::2], strict=False)
        hashes = [hashlib.sha256(a + b).digest() for a, b in pairs] + odd
    return ripemd160(hashes[0])


def sign_header(header: BlockHeader, key: PrivateKey) -> BlockHeader:
    """The header with its witness' signature."""
    out = bytearray()
    for field in header.FIELDS[:-1]:
        field.kind.pack(header.__dict__[field.name], out)
    return header.replaced(witness_signature=key.sign(hashlib.sha256(bytes(out)).digest()))


def scheduled_witness(state: State, slot: int) -> int:
    """Whose turn it is ``slot`` slots after the head block."""
    shuffled = state.schedules[0].current_shuffled_witnesses
    return shuffled[(state.dgp.current_aslot + slot) % len(shuffled)]


def shuffle_witnesses(state: State) -> None:
    """After each round the order of the witnesses is drawn anew from the time of the head block."""
    active = state.gpo.active_witnesses
    if state.head_number % len(active):
        return
    order = list(active)
    now = state.now << 32
    for i in range(len(order)):
        k = now + i * _GOLDEN & _MASK64
        k ^= k >> 12
        k ^= k << 25 & _MASK64
        k ^= k >> 27
        k = k * _GOLDEN & _MASK64
        j = i + k % (len(order) - i)
        order[i], order[j] = order[j], order[i]
    state.store.update(state.schedules[0], current_shuffled_witnesses=tuple(order))


def count_missed(state: State, missed: int) -> None:
    """Blame the witnesses whose slots stayed empty; after a long pause nobody."""
    if missed >= len(state.schedules[0].current_shuffled_witnesses):
        return
    for slot in range(1, missed + 1):
        witness = state.witnesses[scheduled_witness(state, slot)]
        state.store.update(witness, total_missed=witness.total_missed + 1)


def advance_head(state: State, block: Block) -> None:
    """Make a block the head (``update_global_dynamic_data``)."""
    dgp, missed = state.dgp, block.missed
    recent = dgp.recently_missed_count
    if block.number == 1:
        recent = 0
    elif missed:
        recent += RECENTLY_MISSED_COUNT_INCREMENT * missed
    elif recent > RECENTLY_MISSED_COUNT_INCREMENT:
        recent -= RECENTLY_MISSED_COUNT_DECREMENT
    elif recent > 0:
        recent -= 1
    slots = ((dgp.recent_slots_filled << 1) + 1) << min(missed, 128)
    state.store.update(
        dgp,
        recently_missed_count=recent,
        head_block_number=block.number,
        head_block_id=block.id,
        time=block.header.timestamp,
        current_witness=block.header.witness,
        recent_slots_filled=slots & 2**128 - 1,
        current_aslot=dgp.current_aslot + missed + 1,
    )


def update_irreversible(state: State) -> None:
    """What two thirds of the witnesses have built upon is final (``update_last_irreversible_block``)."""
    confirmed = sorted(state.witnesses[w].last_confirmed_block_num for w in state.gpo.active_witnesses)
    number = confirmed[(PERCENT_100 - IRREVERSIBLE_THRESHOLD) * len(confirmed) // PERCENT_100]
    if number > state.dgp.last_irreversible_block_num:
        state.store.update(state.dgp, last_irreversible_block_num=number)

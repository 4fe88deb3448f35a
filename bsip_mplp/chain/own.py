"""An account's own transactions among its operations in irreversible blocks: what was signed for it, found again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bsip_mplp.chain.builders import PAYERS, PROPOSAL_CREATE, TRANSFER
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.history import (
    BlockSeen,
    Entry,
    check_entry,
    confirmed_block,
    entries_before,
    is_same,
    read_irreversible,
    words_of,
)
from bsip_mplp.chain.transactions import fees_of, transaction_id

PARTS_MAX = 1000
"""How many parts of a history are read in one go."""

Place = tuple[int, ...]


class Own(NamedTuple):
    """A transaction in an irreversible block in which the account paid at least one operation's fee.

    `fee_units` is what all its operations cost, whoever paid; `entries` are the account's operations in it.
    """

    transaction: str
    source: str
    block: int
    operations: Sequence[Sequence[Any]]
    entries: tuple[Entry, ...]
    fee_asset_id: str
    fee_units: int

    @property
    def first(self) -> Entry:
        """The first operation of it that the account paid for."""
        return self.entries[0]


class Seen(NamedTuple):
    """An account's irreversible operations after a block, whole up to a block made at `time`.

    `own` are those of its own transactions that were looked for, by id.
    """

    entries: tuple[Entry, ...]
    own: Mapping[str, Own]
    time: int


def pays(entry: Entry, account_id: str) -> bool:
    """Whether it is the account that pays an operation's fee: then it was signed for it, or approved."""
    field = PAYERS.get(entry.kind)
    return field is not None and str(entry.fields.get(field)) == account_id


def place_of(entry: Entry) -> Place:
    """The transaction that an operation stands in, or the operation by which the chain carried it out."""
    if entry.virtual is None:
        return entry.block, entry.transaction
    return entry.block, entry.transaction, entry.operation


def own_places(entries: Iterable[Entry], account_id: str) -> set[Place]:
    """Where the account took part itself: money that comes to it there was ordered, and is no deposit.

    Of what the chain did by itself only transfers count, which are those of a proposal that the account approved.
    """
    return {
        place_of(entry)
        for entry in entries
        if pays(entry, account_id) and (entry.virtual is None or entry.kind == TRANSFER)
    }


def read_seen(
    chain: Chain,
    account_id: str,
    after_block: int,
    signed: Sequence[Mapping[str, Any]],
    enough: Callable[[int], bool],
) -> Seen:
    """Read on after a block until `enough` of a block's time, or the last irreversible block; raises a `ChainError`.

    `signed` are the transactions that are looked for among the account's own.
    """
    entries: list[Entry] = []
    block, time = after_block, 0
    for _ in range(PARTS_MAX):
        history = read_irreversible(chain, account_id, block)
        entries.extend(history.entries)
        time, is_last, block = history.time, history.block == block, history.block
        if is_last or enough(time):
            break
    own = _read_own(chain, account_id, entries, signed)
    return Seen(tuple(entries), {one.transaction: one for one in own}, time)


def _read_own(
    chain: Chain, account_id: str, entries: Sequence[Entry], signed: Sequence[Mapping[str, Any]]
) -> list[Own]:
    """The account's own transactions among its irreversible operations, each checked in its block.

    Only those that hold an operation of a signed one: reading every block of a busy account would take long.
    """
    wanted = {(int(kind), words_of(fields)) for one in signed for kind, fields in one["operations"]}
    blocks: dict[int, BlockSeen] = {}
    found: dict[Place, Own] = {}
    for entry in entries:
        if entry.virtual is not None or not pays(entry, account_id) or place_of(entry) in found:
            continue
        if (entry.kind, words_of(entry.fields)) not in wanted:
            continue
        if entry.block not in blocks:
            blocks[entry.block] = confirmed_block(chain, entry.block)
        check_entry(entry, blocks[entry.block])
        found[place_of(entry)] = _own(chain, entry, blocks[entry.block], entries)
    return list(found.values())


def _own(chain: Chain, first: Entry, block: BlockSeen, entries: Sequence[Entry]) -> Own:
    transaction = block.transactions[first.transaction]
    fees = fees_of(transaction)
    return Own(
        transaction=id_of(chain, transaction),
        source=f"{first.block}.{first.transaction}.0",
        block=first.block,
        operations=transaction["operations"],
        entries=tuple(one for one in entries if one.virtual is None and place_of(one) == place_of(first)),
        fee_asset_id=next(iter(fees)),
        fee_units=next(iter(fees.values())) if len(fees) == 1 else 0,
    )


def creation_of(chain: Chain, account_id: str, carried: Entry) -> Entry | None:
    """The account's own proposal by which the chain carried an operation out; None if there is none.

    The operation is the very one that was proposed: the memo of a transfer has a nonce.
    """
    for entry in entries_before(chain, account_id, carried):
        if entry.kind == PROPOSAL_CREATE and pays(entry, account_id):
            proposed = [one["op"] for one in entry.fields["proposed_ops"]]
            if any(int(kind) == carried.kind and is_same(fields, carried.fields) for kind, fields in proposed):
                return entry
    return None


def id_of(chain: Chain, transaction: Mapping[str, Any]) -> str:
    """A transaction's id, computed here; "" if it was made by someone else, of what this program doesn't make."""
    try:
        return transaction_id(transaction, chain.network.prefix)
    except ValueError:
        return ""

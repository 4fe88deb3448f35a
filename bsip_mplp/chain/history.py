"""An account's operations in irreversible blocks, whole and in the chain's order, read in bounded parts.

A node tells an account's history newest first, reversible blocks included. Here it is told up to a block that can't
be undone, each part whole up to the block it names, so that a cursor moved there never skips anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.clock import seconds_of
from bsip_mplp.chain.errors import (
    DisagreementError,
    HistoryGapError,
    NotFoundError,
    StaleNodeError,
    UnreachableError,
)
from bsip_mplp.chain.quorum import agreed

OPERATIONS_PER_CALL = 100
PAGES_MAX = 20
"""How many pages one reading goes through; what is older than they reach is read first, in parts."""

PAGES_OF_ONE_BLOCK_MAX = 2000
SWITCHES_MAX = 3


class Entry(NamedTuple):
    """An operation: its kind and fields, and where it stands.

    `virtual` is None for one that stands in the block itself, and counts those that the chain did by itself, such as
    the operations of an approved proposal. `result` is what the chain says of it: a tag and a value, such as the id of
    what it made.
    """

    instance: int
    kind: int
    fields: Mapping[str, Any]
    block: int
    transaction: int
    operation: int
    virtual: int | None
    result: Sequence[Any] | None = None

    @property
    def source(self) -> str:
        """The place on the chain, unique and for ever the same once the block is irreversible."""
        place = f"{self.block}.{self.transaction}.{self.operation}"
        return place if self.virtual is None else f"{place}.{self.virtual}"

    @property
    def id(self) -> str:
        """The chain's id of the operation, `1.11.N`."""
        return f"1.11.{self.instance}"


class History(NamedTuple):
    """All of an account's operations after a block, up to and with `block` (made at `time`), in the chain's order."""

    entries: tuple[Entry, ...]
    block: int
    time: int


def read_irreversible(chain: Chain, account_id: str, after_block: int, pages_max: int = PAGES_MAX) -> History:
    """Read on after a block, up to the last irreversible one, or less far if there is much to read.

    Raises `HistoryGapError` if the node has forgotten operations that were not read yet, and `StaleNodeError` when
    nodes kept failing over while it read: an answer of a node that is behind would leave out what it doesn't know.
    """
    for _ in range(SWITCHES_MAX):
        head = chain.head()
        generation = chain.connection.generation
        if head.irreversible_number < after_block:
            raise StaleNodeError(f"block {after_block} was read, and the node knows {head.irreversible_number} at most")
        if head.irreversible_number == after_block:
            return History((), after_block, head.irreversible_time)
        found = _read_part(chain, account_id, after_block, head.irreversible_number, pages_max)
        entries = tuple(entry for entry in found[0] if entry.block <= head.irreversible_number)
        block = min(found[1], head.irreversible_number)
        if chain.connection.generation == generation:
            _check_whole(chain, account_id, after_block, entries, block, pages_max)
            return History(entries, block, agreed_time(chain, block))
    raise StaleNodeError(f"nodes changed {SWITCHES_MAX} times while the history of {account_id} was read")


def read_after(chain: Chain, account_id: str, after_block: int) -> list[Entry]:
    """An account's operations after a block, reversible ones included, oldest first; not to be built on.

    Raises `HistoryGapError` if there are more than one reading takes.
    """
    entries, whole = _descend(chain, account_id, 0, after_block, PAGES_MAX)
    if not whole:
        raise HistoryGapError(f"more than {PAGES_MAX * OPERATIONS_PER_CALL} operations since block {after_block}")
    return entries[::-1]


def entries_before(chain: Chain, account_id: str, entry: Entry) -> list[Entry]:
    """An account's operations before one of its own, newest first; no more than one reading takes."""
    return [one for one in _descend(chain, account_id, entry.instance, 0, PAGES_MAX)[0] if one != entry]


def words_of(fields: Any) -> str:
    """An operation's fields as one text, the same for all tellings of it: numbers as text, and nothing in any form."""
    return json.dumps(_without_forms(fields), sort_keys=True)


def _without_forms(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _without_forms(one) for key, one in value.items()} or None
    if isinstance(value, list | tuple):
        return [_without_forms(one) for one in value] or None
    return str(value)


def is_same(fields: Any, other: Any) -> bool:
    """Whether two tellings of an operation's fields mean the same."""
    return words_of(fields) == words_of(other)


def agreed_time(chain: Chain, block: int) -> int:
    """When a block was made, in seconds, as enough nodes agree: what has expired, and all that is due, hang on it."""
    return agreed(chain, lambda one: one.block_time(block), f"the time of block {block}")


def _check_whole(
    chain: Chain, account_id: str, after_block: int, entries: tuple[Entry, ...], block: int, pages_max: int
) -> None:
    """Raise unless as many nodes as must tell the same operations: one that is left out is never read again."""

    def tell(one: Chain) -> list[Any]:
        if one is chain:
            return _essences(entries)
        if one.head().number < block:
            raise NotFoundError(f"{one.connection.url} is behind block {block}")
        found, up_to_block = _read_part(one, account_id, after_block, block, pages_max)
        if up_to_block < block:
            raise NotFoundError(f"{one.connection.url} has more to tell than was read")
        return _essences(tuple(entry for entry in found if entry.block <= block))

    agreed(chain, tell, f"the history of {account_id} up to block {block}")


def _essences(entries: tuple[Entry, ...]) -> list[Any]:
    """What nodes must agree on; the numbers of operations are each node's own."""
    return [[entry.source, entry.kind, _plain(entry.fields), _plain(entry.result)] for entry in entries]


def _read_part(
    chain: Chain, account_id: str, after_block: int, up_to_block: int, pages_max: int
) -> tuple[list[Entry], int]:
    """The entries after a block, oldest first, and the block up to which they are whole."""
    entries, whole = _descend(chain, account_id, 0, after_block, pages_max)
    if whole:
        return entries[::-1], up_to_block
    # Too much at once. Find a start from which few enough are left: those are the oldest ones. If none is found,
    # then there is nothing below the last try, which was whole.
    low, high = 0, entries[-1].instance - 1
    while low < high:
        middle = (low + high + 1) // 2
        fewer, whole = _descend(chain, account_id, middle, after_block, pages_max)
        if not whole:
            entries, high = fewer, fewer[-1].instance - 1
        elif fewer:
            entries = fewer
            break
        else:
            low = middle
    # The start may cut through a block, which is then left for the next part
    cut = entries[0].block
    kept = [entry for entry in entries if entry.block < cut]
    if kept:
        return kept[::-1], cut - 1
    if pages_max >= PAGES_OF_ONE_BLOCK_MAX:
        raise HistoryGapError(f"block {cut} holds more than {PAGES_OF_ONE_BLOCK_MAX * OPERATIONS_PER_CALL} operations")
    return _read_part(chain, account_id, after_block, up_to_block, pages_max * 10)


def _descend(chain: Chain, account_id: str, start: int, after_block: int, pages_max: int) -> tuple[list[Entry], bool]:
    """The entries after a block, newest first, from an id downwards (0: the newest), and whether that is all."""
    entries: list[Entry] = []
    for _ in range(pages_max):
        page = chain.connection.call(
            "history", "get_account_history", account_id, "1.11.0", OPERATIONS_PER_CALL, f"1.11.{start}"
        )
        told = [_entry(one) for one in page]
        _check_order(account_id, told, start)
        for entry in told:
            if entry.block <= after_block:
                return entries, True
            entries.append(entry)
        if len(page) < OPERATIONS_PER_CALL:
            _check_nothing_forgotten(chain, account_id, after_block)
            return entries, True
        start = entries[-1].instance - 1
        if start == 0:
            return entries, True
    return entries, False


def _check_order(account_id: str, told: list[Entry], start: int) -> None:
    """Raise unless a page goes down from where it was asked: in any other order something would be skipped."""
    numbers = [start or told[0].instance if told else 0, *(entry.instance for entry in told)]
    if any(after > before for before, after in pairwise(numbers)) or len(set(numbers[1:])) < len(told):
        raise DisagreementError(f"the node tells the history of {account_id} out of order, from 1.11.{start} on")
    if any(after.block > before.block for before, after in pairwise(told)):
        raise DisagreementError(f"the node tells the blocks of the history of {account_id} out of order")


def _check_nothing_forgotten(chain: Chain, account_id: str, after_block: int) -> None:
    # The history ended before the block that was read last: is that its beginning, or did the node cut it off?
    account = chain.call("get_objects", [account_id])[0]
    statistics = chain.call("get_objects", [account["statistics"]])[0] if account else None
    if statistics is None:
        raise UnreachableError(f"the node has no statistics of account {account_id}, so its history can't be trusted")
    if int(statistics["removed_ops"]):
        raise HistoryGapError(
            f"{statistics['removed_ops']} operations of account {account_id} are gone from the node's history, and "
            f"block {after_block} was the last one read: use a node with max-ops-per-account large enough"
        )


def _entry(one: Mapping[str, Any]) -> Entry:
    kind, fields = one["op"]
    return Entry(
        instance=int(str(one["id"]).split(".")[2]),
        kind=int(kind),
        fields=fields,
        block=int(one["block_num"]),
        transaction=int(one["trx_in_block"]),
        operation=int(one["op_in_trx"]),
        virtual=int(one["virtual_op"]) if one.get("is_virtual", int(one["virtual_op"]) > 0) else None,
        result=one.get("result"),
    )


class BlockSeen(NamedTuple):
    """A block as it was confirmed: when it was made, and its transactions."""

    number: int
    time: int
    transactions: list[dict[str, Any]]


def confirmed_block(chain: Chain, number: int) -> BlockSeen:
    """A block on which as many nodes agree as must (chain.md: a public node can lie); see `agreed`."""
    block = agreed(chain, lambda one: _Told(one.block(number)), f"block {number}").block
    return BlockSeen(number, seconds_of(block["timestamp"]), block["transactions"])


class _Told:
    """A block, equal to what another node tells of it in other words."""

    def __init__(self, block: dict[str, Any]) -> None:
        self.block = block
        self._essence = _essence(block)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Told) and bool(self._essence == other._essence)

    __hash__ = None  # type: ignore[assignment]


def check_entry(entry: Entry, block: BlockSeen) -> None:
    """Raise `DisagreementError` unless an operation that the history tells really stands in the block.

    A block doesn't hold what the chain did by itself: for that the nodes' histories agreeing must do. But what stands
    in the block was not done by the chain itself, and would count twice if it were told as both.
    """
    try:
        kind, fields = block.transactions[entry.transaction]["operations"][entry.operation]
    except (IndexError, KeyError):
        if entry.virtual is not None:
            return
        raise DisagreementError(f"the history tells an operation {entry.source} that its block doesn't have") from None
    stands = int(kind) == entry.kind and _plain(fields) == _plain(entry.fields)
    if entry.virtual is not None:
        if stands:
            raise DisagreementError(
                f"the history tells {entry.source} as done by the chain itself, and a person did it"
            )
        return
    if not stands:
        raise DisagreementError(f"the history and the block tell operation {entry.source} differently")


def _essence(block: Mapping[str, Any]) -> Any:
    return _plain([block["timestamp"], [[one["operations"], one["signatures"]] for one in block["transactions"]]])


def _plain(value: Any) -> Any:
    # Numbers may come as text
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value)

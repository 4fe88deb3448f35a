"""An account's operations in irreversible blocks, whole and in the chain's order, read in bounded parts.

A node tells an account's history newest first, reversible blocks included. Here it is told up to a block that can't
be undone, each part whole up to the block it names, so that a cursor moved there never skips anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.clock import seconds_of
from bsip_mplp.chain.errors import DisagreementError, HistoryGapError, StaleNodeError, UnreachableError

OPERATIONS_PER_CALL = 100
PAGES_MAX = 20
"""How many pages one reading goes through; what is older than they reach is read first, in parts."""

PAGES_OF_ONE_BLOCK_MAX = 2000
SWITCHES_MAX = 3


class Entry(NamedTuple):
    """An operation: its kind and fields, and where it stands.

    `virtual` is None for one that stands in the block itself, and counts those that the chain did by itself, such as
    the operations of an approved proposal.
    """

    instance: int
    kind: int
    fields: Mapping[str, Any]
    block: int
    transaction: int
    operation: int
    virtual: int | None

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
        time = head.irreversible_time if block == head.irreversible_number else chain.block_time(block)
        if chain.connection.generation == generation:
            return History(entries, block, time)
    raise StaleNodeError(f"nodes changed {SWITCHES_MAX} times while the history of {account_id} was read")


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
        for one in page:
            entry = _entry(one)
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
    )


class BlockSeen(NamedTuple):
    """A block as it was confirmed: when it was made, and its transactions."""

    number: int
    time: int
    transactions: list[dict[str, Any]]


def confirmed_block(chain: Chain, number: int) -> BlockSeen:
    """A block, on which another node agrees if several are configured (chain.md: a public node can lie).

    Raises `DisagreementError` if it doesn't, and `UnreachableError` if no other node can be asked.
    """
    block = chain.block(number)
    if len(chain.connection.urls) > 1:
        answers = chain.connection.others(0, "get_block", number)
        answer = next((one for one in answers if one is not None), None)  # one that is behind doesn't have it yet
        if answer is None:
            raise UnreachableError(f"no second node answers that could confirm block {number}")
        if _essence(answer) != _essence(block):
            raise DisagreementError(f"two nodes tell block {number} differently: nothing of it was taken")
    return BlockSeen(number, seconds_of(block["timestamp"]), block["transactions"])


def check_entry(chain: Chain, entry: Entry, block: BlockSeen) -> None:
    """Raise `DisagreementError` unless an operation that the history tells really stands in the block.

    A block doesn't hold what the chain did by itself: there another node's history must agree, if several nodes are
    configured.
    """
    if entry.virtual is not None:
        _check_virtual(chain, entry)
        return
    try:
        kind, fields = block.transactions[entry.transaction]["operations"][entry.operation]
    except (IndexError, KeyError):
        raise DisagreementError(f"the history tells an operation {entry.source} that its block doesn't have") from None
    if int(kind) != entry.kind or _plain(fields) != _plain(entry.fields):
        raise DisagreementError(f"the history and the block tell operation {entry.source} differently")


def _check_virtual(chain: Chain, entry: Entry) -> None:
    if len(chain.connection.urls) == 1:
        return
    answer = next(chain.connection.others("history", "get_block_operation_history", entry.block), None)
    if answer is None:
        raise UnreachableError(f"no second node answers that could confirm operation {entry.source}")
    if not any(_entry(one).source == entry.source and _same(_entry(one), entry) for one in answer):
        raise DisagreementError(f"another node does not tell operation {entry.source}: it was not taken")


def _same(one: Entry, other: Entry) -> bool:
    return one.kind == other.kind and bool(_plain(one.fields) == _plain(other.fields))


def _essence(block: Mapping[str, Any]) -> Any:
    return _plain([block["timestamp"], [[one["operations"], one["signatures"]] for one in block["transactions"]]])


def _plain(value: Any) -> Any:
    # Numbers may come as text
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value)

"""Keeping a chain in a directory: the genesis and one line for each block (``--data``).

Blocks are applied again at start, without asking for signatures that were checked when they were made. A broken
last line, as a crash leaves it, is cut off; anything else that is wrong stops the start.
"""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any, TextIO

from .blocks import Block
from .chain import Chain
from .errors import ChainError
from .genesis import Genesis
from .transactions import Transaction

_GENESIS = "genesis.json"
_BLOCKS = "blocks.jsonl"
_LOCK = "lock"


class KeepingError(Exception):
    """The directory does not hold a chain that can be continued."""


class Keeper:
    """Writes blocks as they are made."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._offsets: list[int] = []
        self._file: TextIO | None = None
        self._lock: TextIO | None = None

    @property
    def _path(self) -> Path:
        return self._directory / _BLOCKS

    def open(self, genesis: Genesis) -> Chain:
        """The chain that is kept here; a new one if there is none."""
        try:
            return self._open(genesis)
        except OSError as wrong:
            raise KeepingError(f"{self._directory}: {wrong.strerror or wrong}") from None

    def _open(self, genesis: Genesis) -> Chain:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._lock = (self._directory / _LOCK).open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KeepingError(f"{self._directory} is in use by another node") from None
        file = self._directory / _GENESIS
        if file.exists():
            kept = _read_genesis(file)
            if kept.chain_id != genesis.chain_id:
                raise KeepingError(f"{self._directory} keeps the chain {kept.chain_id}, not {genesis.chain_id}")
            genesis = kept
        else:
            file.write_text(json.dumps(genesis.to_json(), indent=1) + "\n")
        chain = Chain(genesis)
        self._replay(chain)
        self._file = self._path.open("a", encoding="utf-8")
        return chain

    def _replay(self, chain: Chain) -> None:
        if not self._path.exists():
            return
        good = 0
        with self._path.open("rb") as handle:
            for line in handle:
                if not line.endswith(b"\n"):
                    break
                self._offsets.append(good)
                good += len(line)
                try:
                    _apply(chain, json.loads(line))
                except (ValueError, KeyError, TypeError, ChainError, KeepingError) as wrong:
                    raise KeepingError(f"{self._path}, block {len(self._offsets)}: {wrong}") from None
        with self._path.open("r+b") as handle:
            handle.truncate(good)

    def keep(self, block: Block) -> None:
        """Append a block."""
        if self._file is None:
            return
        self._offsets.append(self._file.tell())
        json.dump(_row(block), self._file, separators=(",", ":"))
        self._file.write("\n")
        self._file.flush()

    def truncate(self, block_count: int) -> None:
        """Blocks were taken back."""
        if self._file is not None and block_count < len(self._offsets):
            offset = self._offsets[block_count]
            del self._offsets[block_count:]
            self._file.seek(offset)
            self._file.truncate()

    def close(self) -> None:
        """Done writing."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _read_genesis(file: Path) -> Genesis:
    try:
        return Genesis.from_json(json.loads(file.read_text()))
    except (ValueError, TypeError, KeyError) as wrong:
        raise KeepingError(f"{file}: {wrong}") from None


def _row(block: Block) -> dict[str, Any]:
    return {
        "id": block.id.hex(),
        "time": block.header.timestamp,
        "missed": block.missed,
        "transactions": [transaction.to_json() for transaction in block.transactions],
    }


def _apply(chain: Chain, row: dict[str, Any]) -> None:
    for transaction in row["transactions"]:
        chain.push(Transaction.parse(transaction), verify=False)
    block = chain.produce_block(row["time"], missed=row["missed"])
    if block.id.hex() != row["id"]:
        raise KeepingError(f"the block comes out as {block.id.hex()}, kept was {row['id']}")

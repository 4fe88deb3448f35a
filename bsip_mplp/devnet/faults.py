"""Faults on demand: a node that stands still, lags, is slow, lies, or loses replies. For testing clients."""

from __future__ import annotations

from typing import Any

from .chain import Chain
from .serial import time_to_text

_BLOCK_METHODS = ("get_block", "get_block_header")


class Faults:
    """What is wrong with the node at the moment. Nothing, to begin with."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self.stalled = False
        self.lag_blocks = 0
        self.delay_ms = 0
        self.replies_to_lose = 0
        self.lies: dict[str, Any] = {}

    def clear(self) -> None:
        """An honest node again."""
        self.stalled = False
        self.lag_blocks = self.delay_ms = self.replies_to_lose = 0
        self.lies.clear()

    @property
    def visible_head(self) -> int:
        """Number of the newest block that the node admits."""
        return max(self._chain.head_number - self.lag_blocks, min(1, self._chain.head_number))

    def head(self, properties: dict[str, Any]) -> dict[str, Any]:
        """Dynamic global properties as of the block that the node admits."""
        block = self._chain.block(self.visible_head)
        if not self.lag_blocks or block is None:
            return properties
        final = min(properties["last_irreversible_block_num"], max(block.number - self.lag_blocks, 0))
        return {
            **properties,
            "head_block_number": block.number,
            "head_block_id": block.id.hex(),
            "time": time_to_text(block.header.timestamp),
            "current_witness": f"1.6.{block.header.witness}",
            "last_irreversible_block_num": final,
        }

    def distort(self, name: str, arguments: list[Any], answer: Any) -> Any:
        """The answer that the node gives instead of the true one."""
        if name in self.lies:
            return self.lies[name]
        if not self.lag_blocks:
            return answer
        head = self.visible_head
        if name in _BLOCK_METHODS and arguments and isinstance(arguments[0], int) and arguments[0] > head:
            return None
        if isinstance(answer, list) and answer and isinstance(answer[0], dict) and "block_num" in answer[0]:
            return [row for row in answer if row["block_num"] <= head]
        return answer

    def loses_reply(self, name: str) -> bool:
        """Whether the reply to this broadcast is lost; counts down."""
        if self.replies_to_lose and name.startswith("broadcast_transaction"):
            self.replies_to_lose -= 1
            return True
        return False

    def to_json(self) -> dict[str, Any]:
        """For ``devnet_status``."""
        return {
            "stalled": self.stalled,
            "lag_blocks": self.lag_blocks,
            "delay_ms": self.delay_ms,
            "replies_to_lose": self.replies_to_lose,
            "lies": sorted(self.lies),
        }

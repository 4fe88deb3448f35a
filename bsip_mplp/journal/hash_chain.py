"""The chain of hashes over the inputs: each hash covers the one before it, the input and its outcome."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

GENESIS_HASH: Final = "0" * 64
"""What stands as the previous hash of the first input."""


def link(previous_hash: str, body: str, outcome: str) -> str:
    """Sha256, in hex, over the previous hash, the input's and the outcome's canonical JSON, a line each (UTF-8)."""
    return sha256(f"{previous_hash}\n{body}\n{outcome}".encode()).hexdigest()

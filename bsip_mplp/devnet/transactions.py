"""Transactions: their binary form, their id, the keys that signed them (``libraries/protocol/transaction.cpp``)."""

from __future__ import annotations

import hashlib
from typing import Any

from . import serial
from .errors import DuplicateSignature
from .keys import recover
from .operations import Operation, operation
from .serial import ListOf, Struct, of


class UnsignedTransaction(Struct):
    """A transaction as it is hashed, signed and proposed."""

    ref_block_num: int = of(serial.uint16)
    ref_block_prefix: int = of(serial.uint32)
    expiration: int = of(serial.moment)
    operations: tuple[Operation, ...] = of(ListOf(operation))
    extensions: tuple[()] = of(serial.no_extensions)


class Transaction(UnsignedTransaction):
    """A signed transaction. ``raw`` is its binary form without signatures, made once."""

    signatures: tuple[bytes, ...] = of(ListOf(serial.signature))

    @property
    def raw(self) -> bytes:
        """The packed transaction that is hashed and signed."""
        made = self.__dict__.get("_raw")
        if made is None:
            out = bytearray()
            for field in self.FIELDS[:-1]:
                field.kind.pack(self.__dict__[field.name], out)
            made = self.__dict__["_raw"] = bytes(out)
        return made

    @property
    def id(self) -> str:
        """The first 20 bytes of the SHA-256 of the unsigned transaction."""
        made = self.__dict__.get("_id")
        if made is None:
            made = self.__dict__["_id"] = hashlib.sha256(self.raw).hexdigest()[:40]
        return str(made)

    @property
    def size(self) -> int:
        """Bytes of the binary form, signatures included."""
        return len(self.raw) + 1 + 65 * len(self.signatures)

    def digest(self, chain_id: bytes) -> bytes:
        """What is signed: the SHA-256 of chain id and transaction."""
        return hashlib.sha256(chain_id + self.raw).digest()

    def signed_by(self, chain_id: bytes) -> tuple[bytes, ...]:
        """The keys that made the signatures; refuses two of the same key."""
        digest = self.digest(chain_id)
        keys: list[bytes] = []
        for made in self.signatures:
            key = recover(made, digest)
            if key in keys:
                raise DuplicateSignature("Duplicate Signature detected", where="transaction.cpp:get_signature_keys")
            keys.append(key)
        return tuple(keys)

    def packed(self) -> bytes:
        """The binary form with signatures."""
        out = bytearray(self.raw)
        self.FIELDS[-1].kind.pack(self.signatures, out)
        return bytes(out)

    def to_json(self) -> dict[str, Any]:
        """As on the wire."""
        return {field.wire: field.kind.json(self.__dict__[field.name]) for field in self.FIELDS}

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Transaction) and self.packed() == other.packed()

    def merkle_digest(self) -> bytes:
        """The leaf of the block's Merkle tree: signatures and an empty list of results included."""
        return hashlib.sha256(self.packed() + b"\0").digest()

"""Keys, addresses and signatures: secp256k1 with Graphene's text forms."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import secp256k1

from .errors import AssertError

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {letter: value for value, letter in enumerate(_ALPHABET)}

_ffi: Any = secp256k1.ffi
_lib: Any = secp256k1.lib
_context: Any = secp256k1.secp256k1_ctx

#: The key of all zeros: "no key" in memos and genesis records.
NULL_KEY = bytes(33)


def ripemd160(data: bytes) -> bytes:
    """RIPEMD-160, also where OpenSSL keeps it among the legacy digests."""
    try:
        return hashlib.new("ripemd160", data).digest()
    except ValueError:
        from Crypto.Hash import RIPEMD160

        return RIPEMD160.new(data).digest()


def base58_encode(data: bytes) -> str:
    """Bitcoin's base 58."""
    number = int.from_bytes(data, "big")
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def base58_decode(text: str) -> bytes:
    """Inverse of :func:`base58_encode`; ``ValueError`` for a letter that is not in the alphabet."""
    number = 0
    for letter in text:
        if letter not in _DIGITS:
            raise ValueError(f"{letter!r} is no base 58 digit")
        number = number * 58 + _DIGITS[letter]
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


@lru_cache(maxsize=65536)
def key_from_text(text: str, prefix: str) -> bytes:
    """The 33 bytes of a public key such as ``TEST6MRy…``."""
    if not text.startswith(prefix):
        raise AssertError("key_string.substr( 0, prefix_len ) == prefix: ", where="types.cpp:public_key_type")
    try:
        raw = base58_decode(text[len(prefix) :])
    except ValueError:
        raise AssertError("Unable to decode base58 string ${base58_str}", {"base58_str": text}) from None
    if len(raw) != 37 or ripemd160(raw[:33])[:4] != raw[33:]:
        raise AssertError("fc::ripemd160::hash( bin_key.data )._hash[0].value() == bin_key.check: ")
    return raw[:33]


@lru_cache(maxsize=65536)
def key_to_text(key: bytes, prefix: str) -> str:
    """The text form of a public key."""
    return prefix + base58_encode(key + ripemd160(key)[:4])


@lru_cache(maxsize=65536)
def key_order(key: bytes) -> bytes:
    """What core sorts public keys by: the hash that is the key's address."""
    return ripemd160(hashlib.sha512(key).digest())


def _pubkey_bytes(raw: Any) -> bytes:
    out = _ffi.new("unsigned char[33]")
    size = _ffi.new("size_t *", 33)
    _lib.secp256k1_ec_pubkey_serialize(_context, out, size, raw, secp256k1.EC_COMPRESSED)
    return bytes(_ffi.buffer(out, 33))


def is_canonical(signature: bytes) -> bool:
    """Graphene's rule for the 64 bytes r, s: neither may look negative or have a needless zero."""
    return not (
        signature[0] & 0x80
        or (signature[0] == 0 and not signature[1] & 0x80)
        or signature[32] & 0x80
        or (signature[32] == 0 and not signature[33] & 0x80)
    )


def recover(signature: bytes, digest: bytes) -> bytes:
    """The public key that made a 65-byte compact signature of a 32-byte digest."""
    recovery = (signature[0] - 27) & 3 if len(signature) == 65 else -1
    if len(signature) != 65 or not 27 <= signature[0] < 35:
        raise AssertError("unable to reconstruct public key from signature", where="elliptic_secp256k1.cpp:public_key")
    if not is_canonical(signature[1:]):
        raise AssertError("is_canonical( c ): signature is not canonical", where="elliptic_secp256k1.cpp:public_key")
    parsed = _ffi.new("secp256k1_ecdsa_recoverable_signature *")
    pubkey = _ffi.new("secp256k1_pubkey *")
    if not _lib.secp256k1_ecdsa_recoverable_signature_parse_compact(
        _context, parsed, signature[1:], recovery
    ) or not _lib.secp256k1_ecdsa_recover(_context, pubkey, parsed, digest):
        raise AssertError("unable to reconstruct public key from signature", where="elliptic_secp256k1.cpp:public_key")
    return _pubkey_bytes(pubkey)


class PrivateKey:
    """A private key: signs digests so that :func:`recover` finds its public key."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32 or not _lib.secp256k1_ec_seckey_verify(_context, secret):
            raise ValueError("not a private key")
        self.secret = secret
        pubkey = _ffi.new("secp256k1_pubkey *")
        _lib.secp256k1_ec_pubkey_create(_context, pubkey, secret)
        self.public = _pubkey_bytes(pubkey)

    @classmethod
    def from_wif(cls, wif: str) -> PrivateKey:
        """Read a key in wallet import format; ``ValueError`` if it is none."""
        raw = base58_decode(wif)
        checksum = hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4]
        if len(raw) != 37 or raw[0] != 0x80 or raw[-4:] != checksum:
            raise ValueError("not a private key in wallet import format")
        return cls(raw[1:33])

    @classmethod
    def from_seed(cls, text: str) -> PrivateKey:
        """The key whose secret is the SHA-256 of ``text``."""
        return cls(hashlib.sha256(text.encode()).digest())

    @property
    def wif(self) -> str:
        """Wallet import format."""
        raw = b"\x80" + self.secret
        return base58_encode(raw + hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4])

    def sign(self, digest: bytes) -> bytes:
        """A canonical 65-byte compact signature; another nonce is tried until it is canonical."""
        made = _ffi.new("secp256k1_ecdsa_recoverable_signature *")
        out = _ffi.new("unsigned char[64]")
        recovery = _ffi.new("int *")
        for attempt in range(256):
            nonce = _ffi.NULL if attempt == 0 else _ffi.new("unsigned char[32]", bytes([attempt]) + bytes(31))
            _lib.secp256k1_ecdsa_sign_recoverable(_context, made, digest, self.secret, _ffi.NULL, nonce)
            _lib.secp256k1_ecdsa_recoverable_signature_serialize_compact(_context, out, recovery, made)
            body = bytes(_ffi.buffer(out, 64))
            if is_canonical(body):
                return bytes([31 + recovery[0]]) + body
        raise RuntimeError("no canonical signature in 256 attempts")

"""The envelope of a memo: encrypted between two memo keys, or plain with null keys, as bitshares-core has it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from bsip_mplp.chain.chain import Account
from bsip_mplp.chain.keys import Keyring, Secret

NULL_KEY_BODY = "1111111111111111111111111111111114T1Anm"
"""What follows the prefix in the null key, which stands in a memo that is not encrypted."""

MESSAGE_BYTES_MAX = 4096


class EnvelopeError(ValueError):
    """A memo that can't be opened: one line that says why."""


def seal(text: str, keyring: Keyring, sender_key: str, receiver_key: str, nonce: int | None = None) -> dict[str, Any]:
    """Encrypt a memo; the nonce, random by default, makes each transfer another transaction (chain.md, 3)."""
    from graphenebase.memo import _pad, init_aes

    nonce = secrets.randbits(64) if nonce is None else nonce
    raw = text.encode()
    padded = _pad(hashlib.sha256(raw).digest()[:4] + raw, 16)
    cipher = init_aes(_shared_secret(keyring.secret(sender_key), receiver_key, keyring.prefix), nonce)
    return {"from": sender_key, "to": receiver_key, "nonce": str(nonce), "message": cipher.encrypt(padded).hex()}


def seal_plain(text: str, prefix: str, nonce: int | None = None) -> dict[str, Any]:
    """A memo that anyone can read."""
    nonce = secrets.randbits(64) if nonce is None else nonce
    key = prefix + NULL_KEY_BODY
    return {"from": key, "to": key, "nonce": str(nonce), "message": (bytes(4) + text.encode()).hex()}


def seal_for(text: str, keyring: Keyring, sender: Account, receiver: Account) -> dict[str, Any]:
    """A memo for one receiver, encrypted if both have memo keys and ours is here, plain otherwise."""
    if keyring.has(sender.memo_key) and receiver.memo_key != keyring.prefix + NULL_KEY_BODY:
        return seal(text, keyring, sender.memo_key, receiver.memo_key)
    return seal_plain(text, keyring.prefix)


def unseal(memo: Mapping[str, Any], keyring: Keyring) -> str:
    """The text of a memo, encrypted or plain, received or sent; raises `EnvelopeError` for whatever is wrong."""
    try:
        message = bytes.fromhex(str(memo["message"]))
        sender_key, receiver_key, nonce = str(memo["from"]), str(memo["to"]), int(memo.get("nonce", 0))
    except (KeyError, TypeError, ValueError):
        raise EnvelopeError("the memo is not in a form that the chain uses") from None
    if len(message) > MESSAGE_BYTES_MAX:
        raise EnvelopeError(f"the memo is too long: {len(message)} bytes, at most {MESSAGE_BYTES_MAX} are read")
    from graphenebase.memo import init_aes

    null_key = keyring.prefix + NULL_KEY_BODY
    if null_key in (sender_key, receiver_key):
        return _text(message[4:] if message[:4] == bytes(4) else message)
    for own_key, other_key in ((receiver_key, sender_key), (sender_key, receiver_key)):
        if keyring.has(own_key):
            return _decrypted(
                message, init_aes(_shared_secret(keyring.secret(own_key), other_key, keyring.prefix), nonce)
            )
    raise EnvelopeError(
        f"the memo is encrypted for {receiver_key[:60]!a}, which is not the pool's memo key: send it again"
    )


def _decrypted(message: bytes, cipher: Any) -> str:
    from graphenebase.memo import _unpad

    if not message or len(message) % 16:
        raise EnvelopeError("the memo is damaged: it is no multiple of 16 bytes long")
    clear = cipher.decrypt(message)
    raw = _unpad(clear[4:], 16)
    if hashlib.sha256(raw).digest()[:4] != clear[:4]:
        raise EnvelopeError("the memo can't be decrypted: its checksum is wrong")
    return _text(raw)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise EnvelopeError("the memo is no text") from None


def _shared_secret(own: Secret, other_key: str, prefix: str) -> str:
    # libsecp256k1 rather than the library's own arithmetic: a hundred times as fast, and it refuses a bad point
    import secp256k1
    from graphenebase.account import PublicKey

    try:
        point = secp256k1.PublicKey(bytes.fromhex(repr(PublicKey(other_key, prefix=prefix))), raw=True)
        return str(point.tweak_mul(own.raw()).serialize()[1:].hex())
    except Exception:  # noqa: BLE001  the library raises a bare Exception for a point off the curve
        fault = f"the memo names {other_key[:60]!a}, which is no public key of this chain"
    raise EnvelopeError(fault)

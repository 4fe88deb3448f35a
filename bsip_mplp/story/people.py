"""The people of a story: accounts with a key of their own, made for one run."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass

from bsip_mplp.chain.keys import Keyring, keyring_of

SUFFIX_LETTERS = 6


@dataclass(frozen=True)
class Person:
    """Who it is in the story, the account on the chain, and its one key for everything."""

    role: str
    name: str
    id: str
    keyring: Keyring

    @property
    def public_key(self) -> str:
        """The account's only public key."""
        return self.keyring.public_keys[0]

    @property
    def wif(self) -> str:
        """The private key, to be signed with."""
        return self.keyring.secret(self.public_key).reveal()


def new_keyring(prefix: str) -> Keyring:
    """A keyring of one fresh random key."""
    from graphenebase.account import PrivateKey

    return keyring_of([str(PrivateKey(secrets.token_hex(32)))], prefix)


def new_letters(letters: str = string.ascii_lowercase) -> str:
    """Random letters that make a name one that nobody has."""
    return "".join(secrets.choice(letters) for _ in range(SUFFIX_LETTERS))

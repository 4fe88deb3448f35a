"""Private keys: from a key file, or from the wallet that `uptick` made. They never show in a log, a repr or a fault."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from bsip_mplp.chain.errors import KeysError

KEYS_MAX = 1000


class Secret:
    """One private key. Only `reveal` gives it away; it can't be printed, compared by text or pickled."""

    __slots__ = ("_wif",)

    def __init__(self, wif: str) -> None:
        self._wif = wif

    def reveal(self) -> str:
        """The key in wallet import format, for the one who signs."""
        return self._wif

    def raw(self) -> bytes:
        """The key's 32 bytes."""
        from graphenebase.account import PrivateKey

        return bytes(PrivateKey(self._wif))

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise KeysError("a private key can't be written out")


class Keyring:
    """Private keys by their public key. A key of a wallet is decrypted when it is first needed, and only once."""

    def __init__(self, prefix: str, sources: Mapping[str, Callable[[], Secret]]) -> None:
        self.prefix = prefix
        self._sources = dict(sources)
        self._opened: dict[str, Secret] = {}

    @property
    def public_keys(self) -> tuple[str, ...]:
        """The public keys of all private keys that are here."""
        return tuple(self._sources)

    def has(self, public_key: str) -> bool:
        """Whether the private key of a public key is here."""
        return public_key in self._sources

    def secret(self, public_key: str) -> Secret:
        """The private key of a public key; raises `KeysError`."""
        if public_key not in self._sources:
            raise KeysError(f"the private key of {public_key} is not among the {len(self._sources)} keys that are here")
        if public_key not in self._opened:
            self._opened[public_key] = self._sources[public_key]()
        return self._opened[public_key]

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._sources)})"


def public_key_of(secret: Secret, prefix: str) -> str:
    """The public key as the chain writes it."""
    import secp256k1
    from graphenebase.account import PublicKey

    point = secp256k1.PrivateKey(secret.raw(), raw=True).pubkey.serialize()
    return str(PublicKey(point.hex(), prefix=prefix))


def keyring_of(wifs: Iterable[str], prefix: str) -> Keyring:
    """A keyring of keys in wallet import format; raises `KeysError` for one that is none, without showing it."""
    sources: dict[str, Callable[[], Secret]] = {}
    for place, wif in enumerate(wifs, 1):
        secret = Secret(wif)
        try:
            public_key = public_key_of(secret, prefix)
        except Exception:  # noqa: BLE001  whatever the library raises may hold the key
            public_key = None
        if public_key is None:
            raise KeysError(f"key {place} is no private key in wallet import format, such as 5K…")
        sources[public_key] = lambda secret=secret: secret  # type: ignore[misc]
    return Keyring(prefix, sources)


def read_key_file(path: Path, prefix: str) -> Keyring:
    """A file with one key a line; what stands behind `#` is a comment. Raises `KeysError`.

    The file must be readable by its owner alone.
    """
    text = read_private(path, "key file")
    wifs = [line.split("#")[0].strip() for line in text.splitlines()]
    wifs = [wif for wif in wifs if wif]
    if not wifs:
        raise KeysError(f"{path}: the key file holds no key: write one a line")
    if len(wifs) > KEYS_MAX:
        raise KeysError(f"{path}: the key file holds {len(wifs)} keys, at most {KEYS_MAX} are read")
    try:
        return keyring_of(wifs, prefix)
    except KeysError as error:
        raise KeysError(f"{path}: {error}") from None


def read_private(path: Path, what: str) -> str:
    """The text of a file that only its owner may read; raises `KeysError` that says what to do."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise KeysError(f"{path}: the {what} can't be read: {error.strerror}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeysError(f"{path}: others may read the {what}: write chmod 600 {path}")
    return text


def uptick_wallet_file() -> Path:
    """Where `uptick` keeps its wallet."""
    from appdirs import user_data_dir

    return Path(user_data_dir("bitshares", "Fabian Schuh")) / "bitshares.sqlite"


def read_uptick_wallet(prefix: str, ask_passphrase: Callable[[str], str]) -> Keyring:
    """The keys of the wallet that `uptick` made; raises `KeysError`.

    It is unlocked once, with UNLOCK from the environment, or with what `ask_passphrase` returns when it is shown
    the prompt. A wallet file that others may read, as the library leaves it, is made readable by its owner alone.
    """
    path = uptick_wallet_file()
    if not path.is_file():
        raise KeysError(f"{path}: there is no wallet: make one with uptick createwallet and uptick addkey")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)
    store = _unlocked_store(os.environ.get("UNLOCK") or ask_passphrase("Current Wallet Passphrase"))
    found = [key for key in store.getPublicKeys() if re.match(f"{prefix}[1-9A-HJ-NP-Za-km-z]+$", str(key))]
    if not found:
        raise KeysError(f"{path}: the wallet holds no key of a chain with the prefix {prefix}")
    return Keyring(prefix, {str(key): lambda key=str(key): _decrypted(store, key) for key in found})  # type: ignore[misc]


def _unlocked_store(passphrase: str) -> Any:
    # Straight from the library's storage: its Wallet would want a chain instance, which dials
    from bitshares.storage import get_default_config_store, get_default_key_store
    from graphenestorage.exceptions import WrongMasterPasswordException

    config = get_default_config_store()
    store = get_default_key_store(config=config)
    if not store.has_masterpassword():
        raise KeysError("the wallet has no passphrase yet: make it with uptick createwallet")
    try:
        store.unlock(passphrase)
    except WrongMasterPasswordException:
        store = None
    if store is None:
        raise KeysError("the passphrase of the wallet is wrong")
    return store


def _decrypted(store: Any, public_key: str) -> Secret:
    try:
        return Secret(str(store.getPrivateKeyForPublicKey(public_key)))
    except Exception:  # noqa: BLE001  whatever the library raises may hold the key
        fault = f"the wallet's key {public_key} can't be decrypted"
    raise KeysError(fault)

"""Freezing what was folded into bytes, and thawing it: Python's pickle, let near nothing but the classes of the rules.

Rules are free to keep what they like in their state, so it is frozen whole, as it is. That means something only to the
very program that froze it: `program` tells programs apart, and what another one froze is folded anew.
"""

from __future__ import annotations

import gc
import hashlib
import io
import pickle
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from bsip_mplp.keeper.errors import FrozenError

PROTOCOL: Final = 5
PACKAGE: Final = "bsip_mplp"
FOLDING: Final = ("", "rules", "keeper")
"""Where the modules are that folding goes by."""

RULES: Final = f"{PACKAGE}.rules."
_BESIDE_RULES: Final = {f"{PACKAGE}.{name}" for name in ("ledger", "market", "ratios", "keeper.sightings")}

_STANDARD: Final = frozenset({("fractions", "Fraction"), ("collections", "deque"), ("collections", "defaultdict")})


class _Thawing(pickle.Unpickler):
    """It knows the classes that state is made of, and no function."""

    def find_class(self, module: str, name: str) -> Any:
        """The class of that name; raises `UnpicklingError` for whatever else is asked for."""
        if module.startswith(RULES) or module in _BESIDE_RULES:
            found = getattr(sys.modules.get(module), name, None)
            if isinstance(found, type) and found.__module__ == module:
                return found
        elif (module, name) in _STANDARD:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a snapshot")


@lru_cache(maxsize=1)
def program() -> str:
    """What tells this program from any other that would fold otherwise: a hash of its modules, and Python's version."""
    digest = hashlib.sha256(repr((sys.version_info[:2], PROTOCOL)).encode())
    for folder in FOLDING:
        for module in sorted(files(PACKAGE).joinpath(folder).iterdir(), key=lambda one: one.name):
            if module.name.endswith(".py"):
                digest.update(module.name.encode() + b"\0" + module.read_bytes() + b"\0")
    return digest.hexdigest()


def freeze(state: tuple[object, ...]) -> bytes:
    """The state as bytes."""
    with _no_collection():
        return zlib.compress(pickle.dumps(state, PROTOCOL), 1)


def thaw(body: bytes, kinds: Sequence[type]) -> tuple[Any, ...]:
    """Inverse of `freeze`, for a state of those types; raises `FrozenError` if it is none."""
    try:
        with _no_collection():
            state = _Thawing(io.BytesIO(zlib.decompress(body))).load()
    except Exception as error:  # noqa: BLE001  altered bytes can raise anything, and none of it counts
        raise FrozenError(f"it can't be read: {type(error).__name__}: {error}") from None
    if not isinstance(state, tuple) or tuple(map(type, state)) != tuple(kinds):
        raise FrozenError("it is no state")
    return state


@contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of small objects are made, none of them garbage: looking for some takes four fifths of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

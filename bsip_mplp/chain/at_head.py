"""Agreement on what stands at the head: feeds and positions, which change and which no block tells.

Nodes are not at the same block at the same moment, so they may tell differently without lying. Each thing counts by
itself once `quorum` nodes tell it alike; what they don't agree on is unknown and left out. Only a node that tells
otherwise at the very block at which the others agree is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.errors import DisagreementError, UnreachableError
from bsip_mplp.chain.quorum import others_tell

TRIES_MAX = 3
K = TypeVar("K")
V = TypeVar("V")


class _Telling(NamedTuple, Generic[K, V]):
    """What a node tells, and the id of its head block; "" if that moved on while it told."""

    url: str
    head: str
    values: Mapping[K, V]


def agreed_at_head(
    chain: Chain, read: Callable[[Chain], Mapping[K, V]], what: str, *, whole: bool = False
) -> dict[K, V]:
    """What `quorum` nodes tell alike of what `read` reads, thing by thing; asked again a few times if they differ.

    Raises `UnreachableError` if too few nodes answer, and with `whole`, `DisagreementError` if anything is unknown.
    """
    quorum = chain.connection.quorum
    if quorum == 1:
        return dict(read(chain))
    tellings: list[_Telling[K, V]] = []
    found: dict[K, V] = {}
    for _ in range(TRIES_MAX):
        tellings = _ask(chain, read, what)
        found = _settled(tellings, quorum)
        if len(found) == len(_keys(tellings)):
            break
    if len(tellings) < quorum:
        told = ", ".join(one.url for one in tellings)
        raise UnreachableError(f"{what}: {quorum} nodes must agree, and only these tell it: {told}")
    _report(chain, tellings, found, what)
    unknown = [key for key in _keys(tellings) if key not in found]
    if whole and unknown:
        raise DisagreementError(f"the nodes tell {what} differently ({unknown[0]}): nothing was taken")
    return found


def _ask(chain: Chain, read: Callable[[Chain], Mapping[K, V]], what: str) -> list[_Telling[K, V]]:
    """What the node in use and others tell, until enough agree on everything."""
    tellings = [_tell(chain, read)]
    for _, telling in others_tell(chain, lambda peer: _tell(chain.through(peer), read), what):
        tellings.append(telling)
        if len(_settled(tellings, chain.connection.quorum)) == len(_keys(tellings)):
            break
    return tellings


def _tell(chain: Chain, read: Callable[[Chain], Mapping[K, V]]) -> _Telling[K, V]:
    before, generation = _head_of(chain), chain.connection.generation
    values = read(chain)
    stood = _head_of(chain) == before and chain.connection.generation == generation
    return _Telling(chain.connection.url, before if stood else "", values)


def _head_of(chain: Chain) -> str:
    return str(chain.call("get_dynamic_global_properties")["head_block_id"])


def _keys(tellings: Sequence[_Telling[K, V]]) -> list[K]:
    return list(dict.fromkeys(key for one in tellings for key in one.values))


def _settled(tellings: Sequence[_Telling[K, V]], quorum: int) -> dict[K, V]:
    found: dict[K, V] = {}
    for one in tellings:
        for key, value in one.values.items():
            if key not in found and sum(other.values.get(key) == value for other in tellings) >= quorum:
                found[key] = value
    return found


def _report(chain: Chain, tellings: Sequence[_Telling[K, V]], found: Mapping[K, V], what: str) -> None:
    """Tell of each node that tells otherwise than another at the same block, and was not believed."""
    connection = chain.connection
    in_use = connection.url
    for one in tellings:
        wrong = next((key for key in _keys(tellings) if _is_contradicted(one, key, tellings, found)), None)
        if wrong is not None:
            connection.report(one.url, f"tells {what} otherwise than the others ({wrong})")
            if one.url == in_use:
                connection.leave()


def _is_contradicted(one: _Telling[K, V], key: K, tellings: Sequence[_Telling[K, V]], found: Mapping[K, V]) -> bool:
    value = one.values.get(key)
    if not one.head or (key in found and found[key] == value):
        return False
    return any(other.head == one.head and other.values.get(key) != value for other in tellings)

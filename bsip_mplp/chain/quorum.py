"""Agreement: what matters is read from several nodes, and counts once enough of them tell the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from bsip_mplp.chain.errors import ChainError, DisagreementError, NotFoundError, UnreachableError

if TYPE_CHECKING:
    from bsip_mplp.chain.chain import Chain
    from bsip_mplp.chain.connection import Caller

T = TypeVar("T")


def agreed(chain: Chain, read: Callable[[Chain], T], what: str) -> T:
    """What the node in use says to `read`, once as many nodes as the connection's `quorum` say the same.

    A node that is outvoted is reported, and left if it is the one in use: the next reading asks another. Raises
    `DisagreementError` if there is no agreement, `UnreachableError` if too few nodes answer; nothing may be built on
    what was read then.
    """
    own = read(chain)
    connection = chain.connection
    if connection.quorum == 1:
        return own
    own_url = connection.url
    votes: list[tuple[T, list[str]]] = [(own, [own_url])]
    for url, found in others_tell(chain, lambda peer: read(type(chain)(peer)), what):
        _vote(votes, found, url)
        winner = next((value for value in votes if len(value[1]) >= connection.quorum), None)
        if winner is not None:
            _report_others(chain, votes, winner[1], what)
            if winner is votes[0]:
                return own
            connection.leave()
            raise DisagreementError(f"{own_url} tells {what} otherwise than {', '.join(winner[1])}: it was left")
    told = ", ".join(url for _, urls in votes for url in urls)
    if len(votes) > 1:
        _report_others(chain, votes, [], what)
        connection.leave()
        raise DisagreementError(f"{told} tell {what} differently: nothing was taken, {connection.quorum} must agree")
    raise UnreachableError(f"{what}: {connection.quorum} nodes must agree, and only these tell it: {told}")


def others_tell(chain: Chain, read: Callable[[Caller], T], what: str) -> Iterator[tuple[str, T]]:
    """What the nodes besides the one in use say to `read`, each with its address; what goes wrong is reported."""
    for peer in chain.connection.peers():
        try:
            found = read(peer)
        except NotFoundError:
            continue  # it is behind, which is no fault
        except ChainError as error:
            chain.connection.report(peer.url, f"{what}: {error}")
            continue
        except Exception as error:  # noqa: BLE001  a node may answer whatever it likes
            chain.connection.report(peer.url, f"{what}: what it tells makes no sense ({type(error).__name__})")
            continue
        yield peer.url, found


def _vote(votes: list[tuple[T, list[str]]], found: T, url: str) -> None:
    for value, urls in votes:
        if value == found:
            urls.append(url)
            return
    votes.append((found, [url]))


def _report_others(chain: Chain, votes: list[tuple[T, list[str]]], agreeing: list[str], what: str) -> None:
    for _, urls in votes:
        if urls is not agreeing:
            for url in urls:
                chain.connection.report(url, f"tells {what} otherwise than the others")

"""A connection that outlives its nodes: several addresses, bounded retries, back-off, and a watch on the head.

A node can also lie. So what matters is asked of several (`agreed` in `quorum`), and how far the chain is irreversible
counts only as far as `quorum` of the nodes say so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Any, NamedTuple, Protocol

from bsip_mplp.chain.errors import ChainError, RefusedError, StaleNodeError, UnreachableError, WrongChainError
from bsip_mplp.chain.network import Network, ask_network, check_network, register
from bsip_mplp.chain.node import Api, Node, NodeLike

BACKOFF_SECONDS_MAX = 5.0
REST_SECONDS_MAX = 60.0
"""How long a node that keeps failing is left alone when it is asked beside the one in use."""

REPORT_SECONDS = 120.0
"""How long a fault of a node is told."""


class Report(NamedTuple):
    """A fault of a node: what it was, how often it was seen, and when last, by the monotonic clock."""

    reason: str
    times: int
    at: float


class Caller(Protocol):
    """What the rest of this package needs of a connection; tests put faults in between here."""

    @property
    def network(self) -> Network:
        """The chain that the nodes are on."""

    @property
    def generation(self) -> int:
        """How often a node was dialled: while it stays the same, all answers came from one node."""

    @property
    def url(self) -> str:
        """The address of the node in use."""

    @property
    def quorum(self) -> int:
        """How many nodes must agree on what matters."""

    def call(self, api: Api, method: str, *arguments: Any) -> Any:
        """Ask, trying again on other nodes."""

    def call_once(self, api: Api, method: str, *arguments: Any) -> Any:
        """Ask one node one time."""

    def peers(self) -> Iterator[Caller]:
        """The other nodes than the one in use, each to be asked by itself."""

    def report(self, url: str, reason: str) -> None:
        """Tell of a node that lies, or fails."""

    def leave(self) -> None:
        """Leave the node in use."""

    def head(self) -> dict[str, Any]:
        """The dynamic global properties of a node that keeps up."""


class Connection:
    """Asks one node at a time and goes on to the next when it fails. Safe to use from several threads.

    Nothing is dialled before the first question. Each node's chain id is checked before it is believed. Retries
    are finite (chain.md, 9): after `rounds_max` rounds over all nodes an `UnreachableError` says why. With
    `chain_id` None the first node says which chain it is, and all others must be on the same one. `quorum` nodes must
    agree on what matters: by default two, if there are so many.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain_id: str | None = None,
        quorum: int | None = None,
        timeout_seconds: float = 10.0,
        rounds_max: int = 3,
        stale_seconds: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        dial: Callable[[str, float], NodeLike] | None = None,
    ) -> None:
        if not urls:
            raise ChainError("no node is named: give the address of at least one, such as ws://127.0.0.1:8090")
        self.quorum = min(2, len(urls)) if quorum is None else quorum
        if not 1 <= self.quorum <= len(urls):
            raise ChainError(f"{self.quorum} nodes can't agree where {len(urls)} are named")
        self._urls = tuple(urls)
        self._chain_id = chain_id
        self._timeout_seconds = timeout_seconds
        self._rounds_max = rounds_max
        self._sleep = sleep
        self._lock = RLock()
        self._monotonic = monotonic
        self._dial_node = dial or (lambda url, seconds: Node(url, timeout_seconds=seconds))
        self._node: NodeLike | None = None
        self._peers: dict[str, NodeLike] = {}
        self._resting: dict[str, tuple[float, float]] = {}
        """Until when a peer that failed is left alone, and for how long that was."""
        self._reports: dict[str, Report] = {}
        self._generation = 0
        self._network: Network | None = None
        self._at = 0
        self._watch = HeadWatch(stale_seconds, monotonic)

    @property
    def network(self) -> Network:
        """The chain; dials if no node has been asked yet."""
        with self._lock:
            if self._network is None:
                self.call(0, "get_chain_properties")
            if self._network is None:
                raise UnreachableError("no node has said yet which chain it is on")
            return self._network

    @property
    def generation(self) -> int:
        """How often a node was dialled: while it stays the same, all answers came from one node."""
        return self._generation

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of all nodes."""
        return self._urls

    @property
    def url(self) -> str:
        """The address of the node in use."""
        return self._urls[self._at]

    def call(self, api: Api, method: str, *arguments: Any) -> Any:
        """Ask, going on to the next node when one fails.

        Raises `RefusedError` if a node refuses, `WrongChainError` if no node is on the right chain, and
        `UnreachableError` when every node has failed `rounds_max` times.
        """
        with self._lock:
            fault: ChainError | None = None
            for attempt in range(self._rounds_max * len(self._urls)):
                if attempt and attempt % len(self._urls) == 0:
                    self._sleep(min(0.25 * 2 ** (attempt // len(self._urls)), BACKOFF_SECONDS_MAX))
                try:
                    return self._open().call(api, method, arguments)
                except (UnreachableError, WrongChainError) as error:
                    fault = error
                    self.report(self.url, str(error))
                    self.leave()
            if isinstance(fault, WrongChainError):
                raise fault
            raise UnreachableError(f"no node answers, of {', '.join(self._urls)}; the last: {fault}")

    def call_once(self, api: Api, method: str, *arguments: Any) -> Any:
        """Ask one node one time; after an `UnreachableError` nobody knows whether it was done."""
        with self._lock:
            try:
                return self._open().call(api, method, arguments)
            except (UnreachableError, WrongChainError):
                self.leave()
                raise

    def peers(self) -> Iterator[Caller]:
        """The other nodes than the one in use, each to be asked by itself, but for those that failed just now."""
        for url in [url for url in self._urls if url != self.url]:
            if self._monotonic() >= self._resting.get(url, (0.0, 0.0))[0]:
                yield Peer(self, url)

    def ask_peer(self, url: str, api: Api, method: str, *arguments: Any) -> Any:
        """Ask one other node one time; one that fails is left alone for a while, longer each time."""
        with self._lock:
            try:
                if url not in self._peers:
                    self._peers[url] = self._dial(url)
                answer = self._peers[url].call(api, method, arguments)
            except (UnreachableError, WrongChainError) as error:
                self._peers.pop(url, None)
                rest_seconds = min(2 * self._resting.get(url, (0.0, 0.5))[1], REST_SECONDS_MAX)
                self._resting[url] = self._monotonic() + rest_seconds, rest_seconds
                self.report(url, str(error))
                raise
            self._resting.pop(url, None)
            return answer

    def report(self, url: str, reason: str) -> None:
        """Remember that a node lies, or fails, to be told by `reports`."""
        before = self._reports.get(url)
        self._reports[url] = Report(reason, before.times + 1 if before else 1, self._monotonic())

    def reports(self) -> dict[str, Report]:
        """The faults of nodes that were seen in the last two minutes, the last of each."""
        now = self._monotonic()
        return {url: one for url, one in self._reports.items() if now - one.at <= REPORT_SECONDS}

    def head(self) -> dict[str, Any]:
        """The dynamic global properties, from a node that neither went back nor stands still.

        Raises `StaleNodeError` if every node knows less than is known already. If all merely stand still, the chain
        does, and that is the answer.
        """
        with self._lock:
            for _ in range(len(self._urls) + 1):
                properties = self._as_far_as_agreed(self.call(0, "get_dynamic_global_properties"))
                complaint = self._watch.complaint(self.url, properties)
                if complaint is None:
                    return properties
                self.report(self.url, complaint)
                self.leave()
            if self._watch.went_back(self.url, properties):
                raise StaleNodeError(f"no node keeps up; the last: {complaint}")
            return properties

    def _as_far_as_agreed(self, properties: dict[str, Any]) -> dict[str, Any]:
        """Irreversible is what `quorum` nodes say is: one alone could call a block so that is yet taken back."""
        claimed = int(properties["last_irreversible_block_num"])
        impossible = claimed > int(properties["head_block_number"])  # left for the watch to complain of
        if self.quorum == 1 or impossible or claimed <= self._watch.irreversible:
            return properties
        said = [claimed]
        for peer in self.peers():
            try:
                said.append(int(peer.call(0, "get_dynamic_global_properties")["last_irreversible_block_num"]))
            except (ChainError, KeyError, TypeError, ValueError):
                continue  # it is no help; `ask_peer` has reported it
            if sum(number >= claimed for number in said) >= self.quorum:
                return properties
        if len(said) < self.quorum:
            raise UnreachableError(f"{len(said)} of the {self.quorum} nodes that must agree answer")
        agreed = sorted(said, reverse=True)[self.quorum - 1]
        return {**properties, "last_irreversible_block_num": max(agreed, self._watch.irreversible)}

    def leave(self) -> None:
        """Close the connection to the node in use; the next question goes to the next node."""
        with self._lock:
            self.close()
            self._at = (self._at + 1) % len(self._urls)

    def close(self) -> None:
        """Close the connection; a later question opens it again."""
        with self._lock:
            if self._node is not None:
                self._node.close()
                self._node = None
            for node in self._peers.values():
                node.close()
            self._peers.clear()

    def _open(self) -> NodeLike:
        if self._node is None:
            self._node = self._dial(self.url)
            self._generation += 1
        return self._node

    def _dial(self, url: str) -> NodeLike:
        node = self._dial_node(url, self._timeout_seconds)
        try:
            found = ask_network(node)
            check_network(found, self._chain_id, url)
        except RefusedError as error:
            node.close()
            raise UnreachableError(f"{url} does not say which chain it is on: {error}") from None
        except BaseException:
            node.close()
            raise
        if self._network is None:
            register(found)
            self._network = found
            self._chain_id = found.chain_id
        return node


class Peer:
    """Another node than the one in use, asked by itself and one time for each question."""

    quorum = 1
    generation = 0

    def __init__(self, connection: Connection, url: str) -> None:
        self._connection = connection
        self.url = url

    @property
    def network(self) -> Network:
        """The chain, which is the same for all nodes."""
        return self._connection.network

    def call(self, api: Api, method: str, *arguments: Any) -> Any:
        """Ask it one time; raises `UnreachableError`, `WrongChainError` or `RefusedError`."""
        return self._connection.ask_peer(self.url, api, method, *arguments)

    call_once = call

    def peers(self) -> Iterator[Caller]:
        """Nobody else."""
        return iter(())

    def report(self, url: str, reason: str) -> None:
        """Tell of a node, as the connection does."""
        self._connection.report(url, reason)

    def leave(self) -> None:
        """A peer is not in use."""

    def head(self) -> dict[str, Any]:
        """Its dynamic global properties, as it tells them."""
        properties: dict[str, Any] = self.call(0, "get_dynamic_global_properties")
        return properties


class HeadWatch:
    """Remembers how far the chain was seen, and complains of a node that is behind it or stands still (chain.md, 9)."""

    def __init__(self, stale_seconds: float, monotonic: Callable[[], float]) -> None:
        self._stale_seconds = stale_seconds
        self._monotonic = monotonic
        self._irreversible = 0
        self._heads: dict[str, int] = {}
        self._head = 0
        self._moved_at = monotonic()

    @property
    def irreversible(self) -> int:
        """The highest irreversible block that was seen."""
        return self._irreversible

    def went_back(self, url: str, properties: dict[str, Any]) -> bool:
        """Whether a node's head is under its own former one, or its irreversible block under any that was seen."""
        irreversible = int(properties["last_irreversible_block_num"])
        return irreversible < self._irreversible or int(properties["head_block_number"]) < self._heads.get(url, 0)

    def complaint(self, url: str, properties: dict[str, Any]) -> str | None:
        """What is wrong with a node's head, or None; what is right is remembered."""
        head, irreversible = int(properties["head_block_number"]), int(properties["last_irreversible_block_num"])
        if irreversible > head:
            return f"{url} calls block {irreversible} irreversible and knows {head} at most"
        if self.went_back(url, properties):
            return (
                f"{url} went back to block {head} (irreversible {irreversible}) "
                f"from {self._heads.get(url, 0)} (irreversible {self._irreversible})"
            )
        now = self._monotonic()
        if head > self._head:
            self._head, self._moved_at = head, now
        self._heads[url] = head
        self._irreversible = irreversible
        standing_seconds = now - self._moved_at
        if standing_seconds > self._stale_seconds:
            return f"{url} stands at block {head} for {standing_seconds:.0f} s"
        return None

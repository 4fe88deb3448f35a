"""A connection that outlives its nodes: several addresses, bounded retries, back-off, and a watch on the head."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Any, Protocol

from bsip_mplp.chain.errors import ChainError, RefusedError, StaleNodeError, UnreachableError, WrongChainError
from bsip_mplp.chain.network import Network, ask_network, check_network, register
from bsip_mplp.chain.node import Api, Node

BACKOFF_SECONDS_MAX = 5.0


class Caller(Protocol):
    """What the rest of this package needs of a connection; tests put faults in between here."""

    @property
    def network(self) -> Network:
        """The chain that the nodes are on."""

    @property
    def generation(self) -> int:
        """How often a node was dialled: while it stays the same, all answers came from one node."""

    @property
    def urls(self) -> Sequence[str]:
        """The addresses of all nodes."""

    def call(self, api: Api, method: str, *arguments: Any) -> Any:
        """Ask, trying again on other nodes."""

    def call_once(self, api: Api, method: str, *arguments: Any) -> Any:
        """Ask one node one time."""

    def others(self, api: Api, method: str, *arguments: Any) -> Iterator[Any]:
        """The answers of other nodes than the one in use."""

    def head(self) -> dict[str, Any]:
        """The dynamic global properties of a node that keeps up."""


class Connection:
    """Asks one node at a time and goes on to the next when it fails. Safe to use from several threads.

    Nothing is dialled before the first question. Each node's chain id is checked before it is believed. Retries
    are finite (chain.md, 9): after `rounds_max` rounds over all nodes an `UnreachableError` says why. With
    `chain_id` None the first node says which chain it is, and all others must be on the same one.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain_id: str | None = None,
        timeout_seconds: float = 10.0,
        rounds_max: int = 3,
        stale_seconds: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not urls:
            raise ChainError("no node is named: give the address of at least one, such as ws://127.0.0.1:8090")
        self._urls = tuple(urls)
        self._chain_id = chain_id
        self._timeout_seconds = timeout_seconds
        self._rounds_max = rounds_max
        self._sleep = sleep
        self._lock = RLock()
        self._node: Node | None = None
        self._witnesses: dict[str, Node] = {}
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

    def others(self, api: Api, method: str, *arguments: Any) -> Iterator[Any]:
        """Ask each other node, one time, and yield the answers; nodes that fail or refuse are passed over."""
        for url in [url for url in self._urls if url != self.url]:
            with self._lock:
                try:
                    if url not in self._witnesses:
                        self._witnesses[url] = self._dial(url)
                    answer = self._witnesses[url].call(api, method, arguments)
                except (UnreachableError, WrongChainError):
                    self._witnesses.pop(url, None)
                    continue
                except RefusedError:
                    continue
            yield answer

    def head(self) -> dict[str, Any]:
        """The dynamic global properties, from a node that neither went back nor stands still.

        Raises `StaleNodeError` if every node knows less than is known already. If all merely stand still, the chain
        does, and that is the answer.
        """
        with self._lock:
            for _ in range(len(self._urls) + 1):
                properties: dict[str, Any] = self.call(0, "get_dynamic_global_properties")
                complaint = self._watch.complaint(self.url, properties)
                if complaint is None:
                    return properties
                self.leave()
            if self._watch.went_back(self.url, properties):
                raise StaleNodeError(f"no node keeps up; the last: {complaint}")
            return properties

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
            for node in self._witnesses.values():
                node.close()
            self._witnesses.clear()

    def _open(self) -> Node:
        if self._node is None:
            self._node = self._dial(self.url)
            self._generation += 1
        return self._node

    def _dial(self, url: str) -> Node:
        node = Node(url, timeout_seconds=self._timeout_seconds)
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


class HeadWatch:
    """Remembers how far the chain was seen, and complains of a node that is behind it or stands still (chain.md, 9)."""

    def __init__(self, stale_seconds: float, monotonic: Callable[[], float]) -> None:
        self._stale_seconds = stale_seconds
        self._monotonic = monotonic
        self._irreversible = 0
        self._heads: dict[str, int] = {}
        self._head = 0
        self._moved_at = monotonic()

    def went_back(self, url: str, properties: dict[str, Any]) -> bool:
        """Whether a node's head is under its own former one, or its irreversible block under any that was seen."""
        irreversible = int(properties["last_irreversible_block_num"])
        return irreversible < self._irreversible or int(properties["head_block_number"]) < self._heads.get(url, 0)

    def complaint(self, url: str, properties: dict[str, Any]) -> str | None:
        """What is wrong with a node's head, or None; what is right is remembered."""
        head, irreversible = int(properties["head_block_number"]), int(properties["last_irreversible_block_num"])
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

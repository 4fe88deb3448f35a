"""Starting a node: in the foreground for a shell, or in a background thread for a test."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from .chain import Chain
from .clock import Clock
from .constants import DEVELOPMENT_WIF, TESTNET_CHAIN_ID
from .genesis import DEVNET_CHAIN_ID, FAUCET, Funded, Genesis
from .keeping import Keeper
from .node import Node
from .script import FeedScript
from .server import Server

T = TypeVar("T")

_START_SECONDS_MAX = 30.0


@dataclass(frozen=True)
class Options:
    """How a node runs. ``block_interval`` in seconds; 0 makes a block for each transaction."""

    host: str = "127.0.0.1"
    port: int = 8090
    block_interval: float = 1.0
    data: Path | None = None
    as_testnet: bool = False
    maintenance_interval: int = 300
    funded: tuple[Funded, ...] = ()
    feeds: tuple[FeedScript, ...] = ()
    fee_divisor: int = 1


def make_node(options: Options, *, now: int | None = None) -> Node:
    """A node with a new chain, or with the one that is kept in ``options.data``."""
    clock = Clock(options.block_interval)
    start = clock.now() if now is None else now
    genesis = Genesis(
        time=start - start % clock.slot - clock.slot,
        chain_id=TESTNET_CHAIN_ID if options.as_testnet else DEVNET_CHAIN_ID,
        block_interval=clock.slot,
        maintenance_interval=max(options.maintenance_interval, clock.slot),
        funded=options.funded,
        fee_divisor=options.fee_divisor,
    )
    keeper = Keeper(options.data) if options.data is not None else None
    chain = keeper.open(genesis) if keeper else Chain(genesis)
    clock.follow(chain.now)
    node = Node(chain, clock, keeper)
    node.scripts.extend(options.feeds)
    return node


def greeting(server: Server) -> str:
    """What a person needs to know, on one line."""
    chain_id = server.node.chain.chain_id.hex()
    return f"{server.url}  chain {chain_id}  faucet {FAUCET}  key {DEVELOPMENT_WIF}"


async def run(options: Options, announce: Callable[[Server], None]) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    node = make_node(options)
    server = Server(node, options.host, options.port)
    try:
        await server.start()
        announce(server)
        await stop.wait()
    finally:
        await server.close()
        if node.keeper is not None:
            node.keeper.close()


class DevnetServer:
    """A node in a background thread, for tests and tools.

    The chain lives in that thread: reach it with :meth:`run`, or over :attr:`url` like any client.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options(port=0)
        self.url = ""
        self.node: Node | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="devnet", daemon=True)
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    def start(self) -> DevnetServer:
        """Start and wait until clients can connect."""
        self._thread.start()
        self._ready.wait(_START_SECONDS_MAX)
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        if not self.url:
            raise TimeoutError("the node did not start")
        return self

    def stop(self) -> None:
        """Stop and wait for the end."""
        if self._thread.is_alive() and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def run(self, work: Callable[[Node], T]) -> T:
        """Carry out ``work(node)`` in the node's thread and answer its result."""

        async def inside() -> T:
            if self.node is None:
                raise RuntimeError("the node has not started")
            return work(self.node)

        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result()

    def __enter__(self) -> DevnetServer:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that waits in start()
            self._failure = failure
        finally:
            self._loop.close()
            self._ready.set()

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        self.node = make_node(self.options)
        server = Server(self.node, self.options.host, self.options.port)
        try:
            await server.start()
            self.url = server.url
            self._ready.set()
            await self._stop.wait()
        finally:
            await server.close()
            if self.node.keeper is not None:
                self.node.keeper.close()


@contextmanager
def serve(options: Options | None = None) -> Iterator[str]:
    """``with serve() as url:`` - a node on a free port for as long as the block lasts."""
    with DevnetServer(options) as server:
        yield server.url

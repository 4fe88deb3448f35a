"""The node's socket: websocket frames and plain HTTP POST on one port, in one event loop.

The websocket protocol itself is the ``websockets`` library's, used without its own server so that POST requests
can share the port. Everything is bounded: header, message, requests under way and unsent bytes of each client.
"""

from __future__ import annotations

import asyncio
import contextlib

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State as ConnectionState
from websockets.server import ServerProtocol

from .node import Node
from .rpc import ReplyLost, Session

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
HEADER_BYTES_MAX = 16 * 1024
UNSENT_BYTES_MAX = 64 * 1024 * 1024
REQUESTS_UNDER_WAY_MAX = 256
READ_BYTES = 256 * 1024

_REASONS = {200: "OK", 204: "No Content", 400: "Bad Request", 405: "Method Not Allowed", 413: "Content Too Large"}


class Server:
    """Listens and serves until it is closed."""

    def __init__(self, node: Node, host: str, port: int) -> None:
        self.node = node
        self._host, self._port = host, port
        self._listener: asyncio.Server | None = None
        self._producer: asyncio.Task[None] | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, make the first block, and go on making blocks by the clock."""
        self._listener = await asyncio.start_server(self._accept, self._host, self._port, limit=HEADER_BYTES_MAX)
        self.node.tick()
        if not self.node.clock.on_demand:
            self._producer = asyncio.create_task(self._produce())

    @property
    def port(self) -> int:
        """The port that is listened on; useful when any free one was asked for."""
        if self._listener is None:
            raise RuntimeError("the server has not started")
        return int(self._listener.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Where clients connect."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"ws://{host}:{self.port}"

    async def close(self) -> None:
        """Stop producing, close every connection."""
        tasks = [task for task in (self._producer, *self._clients) if task is not None]
        if self._listener is not None:
            self._listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _produce(self) -> None:
        """One block each interval; a late block does not make the following ones late."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + self.node.clock.interval, loop.time())
            await asyncio.sleep(due - loop.time())
            self.node.tick()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_Client(self.node, reader, writer).run())
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)


class _Client:
    """One connection."""

    def __init__(self, node: Node, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._node = node
        self._reader, self._writer = reader, writer
        self._protocol = ServerProtocol(max_size=MESSAGE_BYTES_MAX)
        self._session = Session(node, self._send)
        self._under_way: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(REQUESTS_UNDER_WAY_MAX)
        self._parts: list[bytes] = []
        self._size = 0

    async def run(self) -> None:
        """Serve until the client leaves."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            if b"upgrade: websocket" in head.lower():
                await self._serve_websocket(head)
            else:
                await self._serve_http(head)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ReplyLost):
            pass  # the client is gone, or never spoke HTTP
        finally:
            self._session.close()
            for task in self._under_way:
                task.cancel()
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    # ---- websocket -----------------------------------------------------------------------------------------

    async def _serve_websocket(self, data: bytes) -> None:
        protocol = self._protocol
        while True:
            protocol.receive_data(data)
            for event in protocol.events_received():
                if isinstance(event, Request):
                    protocol.send_response(protocol.accept(event))
                elif isinstance(event, Frame):
                    await self._frame(event)
            await self._flush()
            if protocol.close_expected() or protocol.state is ConnectionState.CLOSED:
                return
            data = await self._reader.read(READ_BYTES)
            if not data:
                return

    async def _frame(self, frame: Frame) -> None:
        """Put a message together from its frames and hand it over."""
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        if frame.opcode is not Opcode.CONT:
            self._parts, self._size = [], 0
        self._parts.append(bytes(frame.data))
        self._size += len(frame.data)
        if self._size > MESSAGE_BYTES_MAX:
            self._protocol.fail(CloseCode.MESSAGE_TOO_BIG)
        elif frame.fin:
            message = b"".join(self._parts)
            await self._slots.acquire()
            task = asyncio.create_task(self._answer(message))
            self._under_way.add(task)
            task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._slots.release()
        if not task.cancelled() and isinstance(task.exception(), ReplyLost):
            self._writer.transport.abort()

    async def _answer(self, message: bytes) -> None:
        answer = await self._session.handle(message)
        if self._node.faults.delay_ms:
            await asyncio.sleep(self._node.faults.delay_ms / 1000)
        if answer is not None:
            self._send(answer)
            await self._drain()

    def _send(self, text: str) -> None:
        """Queue a message; a client that does not read its messages is dropped."""
        if self._protocol.state is not ConnectionState.OPEN:
            return
        self._protocol.send_text(text.encode())
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
        transport = self._writer.transport
        if transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            transport.abort()

    async def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
            elif self._writer.can_write_eof():
                self._writer.write_eof()
        await self._drain()

    async def _drain(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    # ---- plain HTTP ----------------------------------------------------------------------------------------

    async def _serve_http(self, head: bytes) -> None:
        while True:
            verb, length = _read_head(head)
            if verb != b"POST":
                return await self._reply(405, b"POST JSON-RPC, or open a websocket.\n", keep=False)
            if length is None or length > MESSAGE_BYTES_MAX:
                return await self._reply(400 if length is None else 413, b"", keep=False)
            body = await self._reader.readexactly(length)
            answer = await self._session.handle(body)
            await self._reply(200 if answer else 204, (answer or "").encode(), keep=True)
            head = await self._reader.readuntil(b"\r\n\r\n")

    async def _reply(self, status: int, body: bytes, *, keep: bool) -> None:
        connection = "keep-alive" if keep else "close"
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: {connection}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        await self._drain()


def _read_head(head: bytes) -> tuple[bytes, int | None]:
    """Verb and content length of a request."""
    lines = head.split(b"\r\n")
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return lines[0].split(b" ")[0], int(value)
    return lines[0].split(b" ")[0], None

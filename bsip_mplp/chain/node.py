"""One websocket to one node: a request out, the answer with the same id in."""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

import websocket

from bsip_mplp.chain.errors import RefusedError, UnreachableError

Api = int | str
"""0 for the database, or `"history"`, `"network_broadcast"`."""

STRAY_MESSAGES_MAX = 1000
"""How many notices and late answers are passed over while waiting for one answer."""


class NodeLike(Protocol):
    """One node, dialled: `Node`, or what a test puts in its place."""

    def call(self, api: Api, method: str, arguments: Sequence[Any] = ()) -> Any:
        """Ask it."""

    def close(self) -> None:
        """Leave it."""


class Node:
    """An open connection to a node. After any `UnreachableError` it is closed for good: make a new one.

    The library's own websocket takes whatever comes next for the answer (chain.md, 10); a late answer would then
    be read as the next one's. Here answers are matched by id.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 10.0) -> None:
        self.url = url
        self._last_id = 0
        options = {"ca_certs": ssl.get_default_verify_paths().cafile} if url.startswith("wss") else None
        try:
            self._socket = websocket.create_connection(url, timeout=timeout_seconds, sslopt=options)
        except (OSError, websocket.WebSocketException, ValueError) as error:
            raise UnreachableError(f"{url} can't be reached: {_said(error)}") from None

    def call(self, api: Api, method: str, arguments: Sequence[Any] = ()) -> Any:
        """Ask the node; raises `RefusedError` if it won't, `UnreachableError` if no answer came in time."""
        self._last_id += 1
        request = {"jsonrpc": "2.0", "id": self._last_id, "method": "call", "params": [api, method, list(arguments)]}
        try:
            self._socket.send(json.dumps(request))
            answer = self._answer_to(self._last_id)
        except (OSError, websocket.WebSocketException, ValueError) as error:
            self.close()
            raise UnreachableError(f"{self.url} did not answer {method}: {_said(error)}") from None
        except BaseException:
            self.close()  # an answer may still be under way
            raise
        if "error" in answer:
            raise _refused(method, answer["error"])
        return answer.get("result")

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        with suppress(OSError, websocket.WebSocketException):  # it may be broken already
            self._socket.send_close()
        self._socket.shutdown()

    def _answer_to(self, number: int) -> dict[str, Any]:
        for _ in range(STRAY_MESSAGES_MAX):
            text = self._socket.recv()
            message = json.loads(text)
            if isinstance(message, dict) and message.get("id") == number:
                found: dict[str, Any] = speakable(message) if "\\ud" in str(text).lower() else message
                return found
        raise ValueError(f"{STRAY_MESSAGES_MAX} other messages came instead")


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _refused(method: str, error: Any) -> RefusedError:
    if not isinstance(error, dict):
        return RefusedError(method, str(error))
    data = error.get("data")
    data = data if isinstance(data, dict) else {}
    code = error.get("code")
    message = str(error.get("message", error)).removeprefix("Execution error: ")
    return RefusedError(method, message, code if isinstance(code, int) else 0, str(data.get("name", "")), data)


def speakable(value: Any) -> Any:
    """JSON without lone surrogates, which no text may hold that is to be written: each becomes U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [speakable(one) for one in value]
    if isinstance(value, dict):
        return {speakable(key): speakable(one) for key, one in value.items()}
    return value

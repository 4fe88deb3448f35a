"""JSON-RPC as a BitShares node speaks it (``fc/rpc/websocket_api.cpp``, ``api_connection.hpp``).

A :class:`Session` is one connection: it knows which interfaces were asked for and what is subscribed to.
It has no socket; it takes a message and answers one, so tests can drive it directly.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from .errors import AssertError, ChainError, MethodNotFound
from .serial import as_int, as_list, as_text, time_to_text

#: What an interface answers at once, or later (a broadcast that waits for its block).
Answer = Any | Awaitable[Any]


def method(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a method of an interface as callable by clients."""
    function.__dict__["is_rpc"] = True
    return function


class Api:
    """A named set of methods. Arguments arrive as JSON; each method reads its own."""

    NAME: ClassVar[str] = ""
    METHODS: ClassVar[dict[str, tuple[str, int, int]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        methods = dict(cls.METHODS)
        for name, function in list(cls.__dict__.items()):
            if getattr(function, "is_rpc", False):
                rows = list(inspect.signature(function).parameters.values())[1:]
                needed = sum(1 for row in rows if row.default is inspect.Parameter.empty)
                methods[name] = (name, needed, len(rows))
        cls.METHODS = methods

    def __init__(self, session: Session) -> None:
        self.session = session

    def call(self, name: str, arguments: list[Any]) -> Answer:
        """Call a method by name; surplus arguments are ignored, as in core."""
        found = self.METHODS.get(name)
        if found is None:
            listing = [[each, index] for index, each in enumerate(sorted(self.METHODS))]
            raise MethodNotFound(
                "No method with name '${name}'",
                {"name": name[:200], "api": listing},
                where="api_connection.hpp:call",
            )
        attribute, needed, most = found
        if len(arguments) < needed:
            raise AssertError(
                "a0 != e || optional_args: too few arguments passed to method",
                where="api_connection.hpp:call_generic",
            )
        return getattr(self, attribute)(*arguments[:most])


class RpcError(Exception):
    """A message that is no request: code and words of JSON-RPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ReplyLost(Exception):
    """The request was carried out, but its answer shall not arrive."""


class Session:
    """One client: interfaces by number, answers, notices."""

    def __init__(self, node: Any, send: Callable[[str], None]) -> None:
        self.node = node
        self._send = send
        self._kinds: dict[str, type[Api]] = node.apis
        self._apis: list[Api] = [self._kinds["database"](self), self._kinds["login"](self)]
        self._numbers = {"database": 0, "login": 1}

    def register(self, name: str) -> int:
        """The number under which this client calls an interface."""
        if name not in self._numbers:
            self._apis.append(self._kinds[name](self))
            self._numbers[name] = len(self._apis) - 1
        return self._numbers[name]

    def api(self, name: str) -> Api:
        """An interface by name."""
        return self._apis[self.register(name)]

    def close(self) -> None:
        """The client is gone."""
        for api in self._apis:
            closing = getattr(api, "closed", None)
            if closing:
                closing()

    def notify(self, callback: int, payload: list[Any]) -> None:
        """Send a notice to a callback that the client named."""
        self._send(_dump({"method": "notice", "params": [callback, payload]}))

    # ---- requests ------------------------------------------------------------------------------------------

    async def handle(self, message: str | bytes) -> str | None:
        """Answer one message; ``None`` if none is due."""
        request: Any = None
        try:
            request = _parse(message)
            answer = self.dispatch(request["method"], request.get("params", []))
            if inspect.isawaitable(answer):
                answer = await answer
            outcome: dict[str, Any] = {"result": answer}
        except ChainError as refusal:
            outcome = {"error": refusal.to_json(time_to_text(self.node.chain.now))}
        except RpcError as wrong:
            return _dump({"id": None, "jsonrpc": "2.0", "error": {"code": wrong.code, "message": wrong.message}})
        except RecursionError:
            outcome = {"error": {"code": -32603, "message": "Recursion depth exceeded!"}}
        if "id" not in request:
            return None
        head = {"id": request["id"]}
        if "jsonrpc" in request:
            head["jsonrpc"] = request["jsonrpc"]
        return _dump({**head, **outcome})

    def dispatch(self, name: str, params: list[Any]) -> Answer:
        """Carry out a request: ``call`` with an interface, or a method of the database directly."""
        if name == "call":
            if len(params) != 3 or not isinstance(params[2], list):
                raise AssertError("args.size() == 3 && args[2].is_array(): ", where="websocket_api.cpp:operator()")
            return self._call(params[0], as_text(params[1]), params[2])
        if name.startswith("devnet_"):
            return self.api("devnet").call(name, params)
        if name in ("notice", "callback"):
            raise AssertError("_local_callbacks.size() > callback_id: ", where="api_connection.hpp:receive_notice")
        return self._answer(self._apis[0], name, params)

    def _call(self, which: Any, name: str, arguments: list[Any]) -> Answer:
        if isinstance(which, str) and not which.isdigit():
            number = self._apis[1].call(which, [])
            if not isinstance(number, int) or isinstance(number, bool):
                raise AssertError("_local_apis.size() > api_id: ", where="api_connection.hpp:receive_call")
        else:
            number = as_int(which, 0, 2**64 - 1, "uint64")
        if number >= len(self._apis):
            raise AssertError("_local_apis.size() > api_id: ", where="api_connection.hpp:receive_call")
        if name.startswith("devnet_"):
            return self.api("devnet").call(name, as_list(arguments))
        return self._answer(self._apis[number], name, as_list(arguments))

    def _answer(self, api: Api, name: str, arguments: list[Any]) -> Answer:
        answer = api.call(name, arguments)
        faults = self.node.faults
        if faults.loses_reply(name):
            raise ReplyLost
        return faults.distort(name, arguments, answer)


def _dump(row: dict[str, Any]) -> str:
    return json.dumps(row, separators=(",", ":"))


def _parse(message: str | bytes) -> dict[str, Any]:
    try:
        row = json.loads(message, parse_constant=_no_constant)
    except (ValueError, RecursionError, UnicodeDecodeError):
        raise RpcError(-32700, "Invalid JSON message") from None
    if isinstance(row, list):
        raise RpcError(-32600, "Batch requests not supported")
    if not isinstance(row, dict):
        raise RpcError(-32600, "Invalid JSON request")
    if not isinstance(row.get("id"), str | int | float | type(None)):
        raise RpcError(-32600, "Invalid id")
    if not isinstance(row.get("method"), str) or not row["method"]:
        words = "Missing or invalid method" if "method" in row else "Missing method or result or error"
        raise RpcError(-32600, words)
    if "jsonrpc" in row and row["jsonrpc"] != "2.0":
        raise RpcError(-32600, "Unsupported JSON-RPC version")
    if isinstance(row.get("params"), dict):
        raise RpcError(-32602, "Named parameters not supported")
    if "params" in row and not isinstance(row["params"], list):
        raise RpcError(-32600, "Invalid parameters")
    return row


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def check_limit(value: Any, configured: int, *, default: int | None = None) -> int:
    """Read a ``limit`` argument; core refuses more than its configured one."""
    limit = default if value is None and default is not None else as_int(value, 0, 2**32 - 1, "uint64")
    if limit > configured:
        raise AssertError(
            "limit <= configured_limit: limit can not be greater than ${configured_limit}",
            {"configured_limit": configured},
        )
    return limit

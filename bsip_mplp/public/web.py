"""The rehearsal's page, its figures as JSON, and the faucet, over HTTP, on loopback by default.

The faucet speaks as those of BitShares wallets do: POST /api/v1/accounts with a name and three public keys. A private
key never reaches it. Reading changes nothing, and no request costs more than the last table.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from bsip_mplp.public.game import RegistrationError

BODY_BYTES_MAX = 4096
REQUEST_SECONDS_MAX = 70

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
    "img-src data:; frame-ancestors 'none'"
)
"""The page is whole in itself: nothing from elsewhere."""

Register = Callable[[str, tuple[str, str, str]], str]


class Site:
    """What is served: the page, and the last figures."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self.figures: dict[str, Any] = {}
        """The last table; replaced whole, never changed."""
        self.page = (files("bsip_mplp.public") / "page.html").read_bytes()


class _Handler(BaseHTTPRequestHandler):
    site: Site
    timeout = REQUEST_SECONDS_MAX
    server_version, sys_version = "mplp", ""

    def do_GET(self) -> None:
        """The page and the figures."""
        path = urlsplit(self.path).path
        if path == "/":
            self._send(HTTPStatus.OK, self.site.page, "text/html; charset=utf-8")
        elif path == "/table.json":
            self._send_json(HTTPStatus.OK, self.site.figures)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no {path[:60]}: see / or /table.json")

    def do_POST(self) -> None:
        """The faucet."""
        try:
            if urlsplit(self.path).path != "/api/v1/accounts":
                raise RegistrationError("the faucet is at /api/v1/accounts")
            account = self._account()
            keys = (str(account["owner_key"]), str(account["active_key"]), str(account["memo_key"]))
            name = str(account["name"])
            account_id = self.site.register(name, keys)
        except RegistrationError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        self._send_json(HTTPStatus.CREATED, {"account": {"name": name, "id": account_id}})

    def _account(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            raise RegistrationError(f"send at most {BODY_BYTES_MAX} bytes of JSON, and say how many")
        try:
            body = json.loads(self.rfile.read(int(length)))
            account = body["account"]
            missing = {"name", "owner_key", "active_key", "memo_key"} - set(account)
        except (ValueError, KeyError, TypeError, RecursionError):
            missing = {"account"}
        if missing:
            raise RegistrationError(
                f"{', '.join(sorted(missing))} is missing: "
                'send {"account": {"name": …, "owner_key": …, "active_key": …, "memo_key": …}}'
            )
        return dict(account)

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send_json(status, {"error": {"base": [why]}})

    def _send_json(self, status: HTTPStatus, body: Any) -> None:
        self._send(status, json.dumps(body, ensure_ascii=False).encode(), "application/json; charset=utf-8")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal shows the table."""


def serve(site: Site, host: str, port: int) -> ThreadingHTTPServer:
    """Serve from a thread of its own; gives the server, whose address says the port. Raises `OSError`."""
    handler = type("Handler", (_Handler,), {"site": site})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, name="web", daemon=True).start()
    return server

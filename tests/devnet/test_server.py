"""Goal: whatever a client sends, it gets an error or is dropped, and others notice nothing. Method: real sockets to a
node in a thread: broken frames, huge ones, floods, HTTP; hypothesis makes up requests."""

import asyncio
import json
import socket
import struct
import time
import urllib.request

import pytest
import websocket
import websockets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsip_mplp.devnet import DevnetServer, Options
from bsip_mplp.devnet.rpc import Session
from bsip_mplp.devnet.server import MESSAGE_BYTES_MAX

from .kit import Client, Stage, state_dump


@pytest.fixture(scope="module")
def server():
    with DevnetServer(Options(port=0, block_interval=0.1)) as server:
        yield server


@pytest.fixture
def port(server):
    return int(server.url.rsplit(":", 1)[1])


def connect(server):
    return websocket.create_connection(server.url, timeout=10)


def ask(ws, method, *params, api=0):
    ws.send(json.dumps({"id": 1, "method": "call", "params": [api, method, list(params)]}))
    while True:
        answer = json.loads(ws.recv())
        if answer.get("id") == 1:
            return answer


@pytest.fixture
def bystander(server):
    """A client that must not notice anything."""
    ws = connect(server)
    yield ws
    assert "result" in ask(ws, "get_chain_id")
    ws.close()


def post(server, body):
    request = urllib.request.Request(server.url.replace("ws", "http", 1), data=body)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or "null")


# ---- HTTP ------------------------------------------------------------------------------------------------------


def test_http_post(server):
    answer = post(server, b'{"jsonrpc": "2.0", "id": 5, "method": "get_chain_id", "params": []}')
    assert answer["id"] == 5
    assert len(answer["result"]) == 64
    assert "error" in post(server, b"{")


def test_http_is_kept_alive_and_bounded(port, bystander):
    body = b'{"id":1,"method":"get_chain_id","params":[]}'
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        for _ in range(2):
            raw.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            assert raw.recv(4096).startswith(b"HTTP/1.1 200")
        raw.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MESSAGE_BYTES_MAX + 1))
        assert raw.recv(4096).startswith(b"HTTP/1.1 413")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 405")


NO_HTTP = [b"\0" * 100, b"GET\r\n\r\n", b"x" * 100_000, b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"]


@pytest.mark.parametrize("data", NO_HTTP)
def test_no_http_at_all(port, bystander, data):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(data)
        raw.shutdown(socket.SHUT_WR)
        try:
            while raw.recv(4096):
                pass
        except ConnectionError:
            pass  # dropped, which is fine


# ---- frames ----------------------------------------------------------------------------------------------------


MALFORMED = [
    "",
    "{",
    "[]",
    "5",
    "null",
    '"x"',
    '{"id":1}',
    '{"id":1,"method":5}',
    "\0",
    '{"id":{},"method":"x"}',
    "NaN",
]


@pytest.mark.parametrize("message", MALFORMED)
def test_malformed_messages(server, bystander, message):
    ws = connect(server)
    ws.send(message)
    assert "error" in json.loads(ws.recv())
    assert "result" in ask(ws, "get_chain_id")  # and the connection goes on
    ws.close()


def test_bytes_that_are_no_text(server, bystander):
    ws = connect(server)
    ws.send_binary(b"\xff\xfe\x00")
    assert "error" in json.loads(ws.recv())
    ws.close()


def test_deep_nesting(server, bystander):
    ws = connect(server)
    ws.send("[" * 100_000)
    assert "error" in json.loads(ws.recv())
    ws.send('{"id":2,"method":"call","params":[0,"get_objects",[' + "[" * 5000 + "]" * 5000 + "]]}")
    assert "error" in json.loads(ws.recv())
    ws.close()


def test_a_huge_message_ends_its_connection(server, bystander):
    ws = connect(server)
    try:
        ws.send("x" * (MESSAGE_BYTES_MAX + 1))
        answer = ws.recv()
    except (websocket.WebSocketException, OSError):
        answer = ""
    assert not answer


def test_a_frame_that_promises_too_much(port, bystander):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert raw.recv(4096).startswith(b"HTTP/1.1 101")
        raw.sendall(b"\x81\xff" + struct.pack(">Q", 2**40) + b"\0\0\0\0")
        answer = raw.recv(4096)
        assert not answer or answer[0] & 0x0F == 8  # a close frame


def test_fragments_are_put_together(server):
    async def talk():
        async with websockets.connect(server.url) as ws:
            await ws.send(['{"id": 1, "method": ', '"get_chain_id", ', '"params": []}'])
            return json.loads(await ws.recv())

    assert len(asyncio.run(talk())["result"]) == 64


# ---- requests --------------------------------------------------------------------------------------------------


def test_unknown_methods_and_interfaces(server, bystander):
    ws = connect(server)
    assert "Method not found" in ask(ws, "get_rich")["error"]["message"]
    assert "error" in ask(ws, "get_chain_id", api=99)
    assert "error" in ask(ws, "get_chain_id", api="nothing")
    assert "error" in ask(ws, "get_objects")
    ws.close()


def test_a_flood(server, bystander):
    ws = connect(server)
    for number in range(3000):
        ws.send(json.dumps({"id": number, "method": "get_chain_id", "params": []}))
    begun = time.monotonic()
    assert "result" in ask(bystander, "get_chain_id")
    assert time.monotonic() - begun < 20
    answers = {json.loads(ws.recv())["id"] for _ in range(3000)}
    assert answers == set(range(3000))
    ws.close()


def test_many_connections(server, bystander):
    many = [connect(server) for _ in range(100)]
    assert all("result" in ask(ws, "get_chain_id") for ws in many)
    for ws in many:
        ws.sock.close()  # without a word


def test_a_subscriber_that_goes_away(server, bystander):
    ws = connect(server)
    ask(ws, "set_block_applied_callback", 7)
    ask(ws, "set_subscribe_callback", 8, True)
    assert json.loads(ws.recv())["method"] == "notice"
    ws.sock.close()
    time.sleep(0.3)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["1.2.17", "1.3.0", "TEST", "nathan", "1.7.0", "1.11.0", "2.1.0", "1970-01-01T00:00:00"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)

QUIET = Client(Stage().chain)
METHODS = sorted(
    (kind, name)
    for kind, api in QUIET.node.apis.items()
    if kind != "devnet"
    for name in api.METHODS
    if not name.startswith("broadcast")
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(METHODS), st.lists(JSON, max_size=5))
def test_any_arguments(method, arguments):
    """Every method answers a result or an error, and reading changes nothing."""
    before = state_dump(QUIET.node.chain)
    message = json.dumps({"id": 1, "method": "call", "params": [method[0], method[1], arguments]})
    answer = QUIET.raw(message)
    assert answer["id"] == 1
    assert ("result" in answer) != ("error" in answer)
    assert state_dump(QUIET.node.chain) == before


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON | st.fixed_dictionaries({"id": JSON, "method": JSON, "params": JSON}))
def test_any_message(message):
    answer = QUIET.raw(json.dumps(message))
    assert answer is None or "error" in answer or "result" in answer


TRANSACTION = st.fixed_dictionaries(
    {
        "ref_block_num": JSON,
        "ref_block_prefix": JSON,
        "expiration": JSON,
        "operations": st.lists(st.tuples(st.integers(0, 80), JSON | st.just({"from": "1.2.17"}))) | JSON,
        "extensions": st.just([]) | JSON,
        "signatures": st.lists(st.just("1f" + "0" * 128) | JSON, max_size=2) | JSON,
    }
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TRANSACTION | JSON)
def test_any_transaction(transaction):
    before = state_dump(QUIET.node.chain)
    params = ["network_broadcast", "broadcast_transaction", [transaction]]
    answer = QUIET.raw(json.dumps({"id": 1, "method": "call", "params": params}))
    assert "error" in answer
    assert state_dump(QUIET.node.chain) == before


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200))
def test_any_bytes(data):
    session = Session(QUIET.node, lambda text: None)
    answer = asyncio.run(session.handle(data))
    assert answer is None or "error" in answer

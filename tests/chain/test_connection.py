"""One connection over several real websockets: answers matched by id, bounded retries, nodes that are left."""

import json
import threading
from contextlib import contextmanager, suppress

import pytest
from bitsharesbase.chains import known_chains
from websockets.sync.server import serve

from bsip_mplp.chain.connection import Connection, HeadWatch
from bsip_mplp.chain.errors import (
    ChainError,
    RefusedError,
    StaleNodeError,
    UnreachableError,
    WrongChainError,
)

CHAIN_ID = "ab" * 32


class Scripted:
    """A node whose chain, head and manners a test can set."""

    def __init__(self):
        self.chain_id = CHAIN_ID
        self.head = 100
        self.irreversible = 90
        self.asked = []
        self.manners = None
        self.port = 0

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}"

    def answer(self, method):
        match method:
            case "get_chain_properties":
                return {"chain_id": self.chain_id}
            case "get_config":
                return {"GRAPHENE_ADDRESS_PREFIX": "ODD"}
            case "get_objects":
                return [{"symbol": "ODDCORE"}]
            case "get_dynamic_global_properties":
                return {"head_block_number": self.head, "last_irreversible_block_num": self.irreversible}
            case _:
                return {"said": method}

    def handle(self, socket):
        for text in socket:
            request = json.loads(text)
            method = request["params"][1]
            self.asked.append(method)
            if self.manners is not None and self.manners(socket, request):
                continue
            socket.send(json.dumps({"id": request["id"], "jsonrpc": "2.0", "result": self.answer(method)}))


@contextmanager
def running(node):
    with serve(node.handle, "127.0.0.1", 0) as server:
        node.port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield node
        server.shutdown()
        thread.join(10)


@pytest.fixture
def node():
    with running(Scripted()) as one:
        yield one


@pytest.fixture
def other():
    with running(Scripted()) as one:
        yield one


def connect(*urls, **options):
    options = {"chain_id": CHAIN_ID, "timeout_seconds": 5, "sleep": lambda seconds: None, **options}
    return Connection(urls, **options)


def gone():
    """An address that nobody listens on."""
    with running(Scripted()) as one:
        return one.url


def test_nothing_is_dialled_before_the_first_question(node):
    connection = connect(node.url)
    assert node.asked == []
    assert connection.call(0, "hello") == {"said": "hello"}
    assert connection.network == (CHAIN_ID, "ODD", "ODDCORE")
    assert connection.generation == 1


def test_an_unknown_chain_is_made_known_to_the_library(node):
    node.chain_id = "cd" * 32
    assert connect(node.url, chain_id=None).network.prefix == "ODD"
    assert {"chain_id": "cd" * 32, "prefix": "ODD", "core_symbol": "ODDCORE"} in known_chains.values()


def test_a_late_answer_or_a_notice_is_not_taken_for_the_answer(node):
    def manners(socket, request):
        socket.send(json.dumps({"method": "notice", "params": [1, []]}))
        socket.send(json.dumps({"id": request["id"] - 1, "result": "late"}))

    connection = connect(node.url)
    connection.call(0, "hello")
    node.manners = manners
    assert connection.call(0, "again") == {"said": "again"}


def test_a_lone_surrogate_in_an_answer_is_replaced(node):
    def manners(socket, request):
        if request["params"][1] == "odd":
            odd = r'{"a\uD800":["x\udfff","\ud83d\ude00"]}'
            socket.send(f'{{"id":{request["id"]},"result":{odd}}}')
            return True
        return False

    node.manners = manners
    assert connect(node.url).call(0, "odd") == {"a\ufffd": ["x\ufffd", "\U0001f600"]}


def test_after_a_time_out_the_connection_is_not_used_again(node):
    slow = []

    def manners(socket, request):
        if request["params"][1] == "slow" and not slow:
            slow.append(1)
            return True
        return False

    node.manners = manners
    connection = connect(node.url, timeout_seconds=0.3)
    assert connection.call(0, "slow") == {"said": "slow"}
    assert connection.generation == 2


def test_a_node_that_is_down_is_left_for_the_next(node):
    assert connect(gone(), node.url).call(0, "hello") == {"said": "hello"}


def test_when_all_are_down_retries_end_with_what_was_tried():
    pauses = []
    connection = connect(gone(), gone(), rounds_max=4, sleep=pauses.append)
    with pytest.raises(UnreachableError, match="no node answers"):
        connection.call(0, "hello")
    assert pauses == [0.5, 1.0, 2.0]


def test_a_node_of_another_chain_is_refused(node, other):
    node.chain_id = "cd" * 32
    with pytest.raises(WrongChainError, match="take its address out"):
        connect(node.url).call(0, "hello")
    assert connect(node.url, other.url).call(0, "hello") == {"said": "hello"}
    assert "hello" not in node.asked


def test_all_nodes_must_be_on_the_chain_of_the_first(node, other):
    other.chain_id = "cd" * 32
    connection = connect(node.url, other.url, chain_id=None)
    connection.call(0, "hello")
    connection.leave()
    assert connection.call(0, "again") == {"said": "again"}
    assert "again" not in other.asked


def test_a_refusal_is_told_and_not_tried_again(node):
    def manners(socket, request):
        if request["params"][1] == "wrong":
            error = {
                "code": 10,
                "message": "Execution error: Assert Exception: no",
                "data": {"name": "assert_exception"},
            }
            socket.send(json.dumps({"id": request["id"], "error": error}))
            return True
        return False

    node.manners = manners
    connection = connect(node.url)
    with pytest.raises(RefusedError, match="wrong: Assert Exception: no") as caught:
        connection.call(0, "wrong")
    assert (caught.value.code, caught.value.name) == (10, "assert_exception")
    assert node.asked.count("wrong") == 1


def test_asking_once_is_asking_once(node):
    def manners(socket, request):
        if request["params"][1] == "broadcast":
            socket.close()
            return True
        return False

    node.manners = manners
    connection = connect(node.url)
    with pytest.raises(UnreachableError, match="did not answer broadcast"):
        connection.call_once("network_broadcast", "broadcast", {})
    assert node.asked.count("broadcast") == 1
    assert connection.call(0, "hello") == {"said": "hello"}


def test_a_node_that_went_back_is_left(node, other):
    other.head, other.irreversible = 101, 91
    connection = connect(node.url, other.url)
    assert connection.head()["head_block_number"] == 100
    node.head = 99
    assert connection.head()["head_block_number"] == 101
    other.irreversible = 80
    with pytest.raises(StaleNodeError, match="went back"):
        connection.head()


def test_a_node_that_stands_still_is_left_unless_all_do(node, other):
    now = [0.0]
    connection = connect(node.url, other.url, monotonic=lambda: now[0], stale_seconds=60)
    assert connection.head()["head_block_number"] == 100
    other.head = 110
    now[0] = 100.0
    assert connection.head()["head_block_number"] == 110
    assert connection.url == other.url
    assert "stands at block 100" in connection.reports()[node.url].reason
    now[0] = 200.0
    assert connection.head()["head_block_number"] in (100, 110)  # all stand still: the chain does


def test_others_are_asked_beside_the_one_in_use(node, other):
    times = [0.0]
    connection = connect(node.url, other.url, gone(), monotonic=lambda: times[0])
    connection.call(0, "hello")

    def ask_all():
        found = []
        for peer in connection.peers():
            with suppress(UnreachableError):
                found.append(peer.call(0, "witness"))
        return found

    assert ask_all() == [{"said": "witness"}]
    assert "witness" not in node.asked
    assert len(list(connection.peers())) == 1  # the one that is gone rests
    ask_all()
    assert other.asked.count("get_chain_properties") == 1  # kept open
    (report,) = connection.reports().values()
    assert "can't be reached" in report.reason
    times[0] = 1.5
    assert len(list(connection.peers())) == 2
    ask_all()
    times[0] = 3.0
    assert len(list(connection.peers())) == 1  # longer each time
    times[0] = 1000.0
    assert connection.reports() == {}


def test_irreversible_is_what_enough_nodes_say_is(node, other):
    with running(Scripted()) as third:
        nodes = [node, other, third]
        connection = connect(*(one.url for one in nodes), quorum=2)
        node.irreversible, other.irreversible, third.irreversible = 99, 90, 91
        assert connection.head()["last_irreversible_block_num"] == 91
        node.irreversible, other.irreversible, third.irreversible = 99, 80, 92
        assert connection.head()["last_irreversible_block_num"] == 92
        assert connection.url == node.url
        other.irreversible, third.irreversible = 80, 80  # what was agreed stays so
        assert connection.head()["last_irreversible_block_num"] == 92
        other.irreversible = third.irreversible = 93
        node.irreversible = 101  # beyond its own head: it is left
        assert connection.head()["last_irreversible_block_num"] == 93
        assert connection.url == other.url
        assert "calls block 101 irreversible" in connection.reports()[node.url].reason
    alone = connect(node.url, other.url, quorum=1)
    other.irreversible, node.irreversible = 80, 95
    assert alone.head()["last_irreversible_block_num"] == 95


def test_a_quorum_needs_as_many_nodes(node):
    with pytest.raises(ChainError, match="2 nodes can't agree where 1 are named"):
        connect(node.url, quorum=2)


def test_a_connection_needs_a_node():
    with pytest.raises(ChainError, match="no node is named"):
        Connection([])


def test_the_watch_remembers_only_what_was_right():
    watch = HeadWatch(60, lambda: 0.0)
    assert watch.complaint("a", {"head_block_number": 10, "last_irreversible_block_num": 5}) is None
    assert "went back" in watch.complaint("a", {"head_block_number": 9, "last_irreversible_block_num": 5})
    assert "went back" in watch.complaint("b", {"head_block_number": 12, "last_irreversible_block_num": 4})
    assert watch.complaint("a", {"head_block_number": 11, "last_irreversible_block_num": 5}) is None

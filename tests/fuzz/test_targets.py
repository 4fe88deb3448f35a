"""The same targets fed by hypothesis, a little each time; more by `make soak`."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzz import targets
from tests.fuzz.__main__ import SEEDS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(("id", "op", "block_num", "from", "to", "message", "nonce")) | st.text(max_size=3),
        inner, max_size=6,
    ),
    max_leaves=12,
)  # fmt: skip
AS_BYTES = st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace"))
VOCABULARY = "mplp lend borrow withdraw all TEST USDX rate= 12%/yr days=7 pool=4 at=1.6 \x00 借 ½ ٣ 1e9 -1 .".split(" ")
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=8).map(lambda words: " ".join(words).encode())


@given(AS_BYTES | WORDS)
@example("mplp withdraw ٣ TEST".encode())
@settings(max_examples=400, deadline=None)
def test_memos(data):
    targets.memo_text(data)


@given(AS_BYTES | JSON.map(lambda body: json.dumps(body).encode()))
@example(b'{"message":"\\ud800","from":"\\ud800","to":1,"nonce":{}}')
@settings(max_examples=300, deadline=None)
def test_sealed_memos(data):
    targets.sealed_memo(data)


@given(JSON)
@settings(max_examples=300, deadline=None)
def test_configurations(body):
    for table in (body, {"place": "x", "chain": body}, {"place": "x", "chain": {"nodes": body, "core_asset": body}},
                  {"place": "x", "chain": {"nodes": ["ws://a"], "core_asset": "TEST", "pool_account": "p"},
                   "markets": {"CNY": body}, "payouts": {"largest": body}}):  # fmt: skip
        if isinstance(table, dict):
            targets.read_configuration(table)


@given(st.binary(max_size=8) | JSON.map(lambda body: json.dumps(body).encode()))
@settings(max_examples=300, deadline=None)
def test_answers(data):
    targets.answer(data)


def test_the_seeds_of_the_fuzzer_break_nothing():
    for data in SEEDS:
        for target in targets.TARGETS.values():
            target(data)

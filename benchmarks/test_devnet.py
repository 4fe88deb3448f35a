"""The embedded node: signed transactions per second, a feed over 10,000 positions, start to first block.

Bounds are far above what an idle machine needs, so that a busy one passes: they catch a slip in the order of growth.
``pytest benchmarks/test_devnet.py --benchmark-enable`` shows the table.
"""

import subprocess
import sys
import time
from itertools import count

import pytest

from bsip_mplp.devnet import Asset, Chain, Funded, Genesis, Transaction
from bsip_mplp.devnet.operations import CallOrderUpdate, Transfer
from tests.devnet.kit import FAUCET_KEY, Stage

TRANSACTIONS = 1_000
POSITIONS = 10_000
PER_SECOND_MIN = 2_000
FEED_SECONDS_MAX = 0.05
START_SECONDS_MAX = 1.0


def test_signed_transactions(benchmark):
    """Parse, check the signature of, and apply transfers, and make their block."""
    amounts, spent = count(1), []

    def signed():
        chain = Chain()
        chain.produce_block()
        transfers = [Transfer(from_=17, to=6, amount=Asset(next(amounts), 0)) for _ in range(TRANSACTIONS)]
        return (chain, [chain.transaction([op], [FAUCET_KEY]).to_json() for op in transfers]), {}

    def take(chain, rows):
        begun = time.process_time()  # others may use the machine
        for row in rows:
            chain.push(Transaction.parse(row))
        chain.produce_block()
        spent.append(time.process_time() - begun)

    benchmark.pedantic(take, setup=signed, rounds=8)
    if benchmark.stats:
        assert TRANSACTIONS / min(spent) > PER_SECOND_MIN


@pytest.fixture(scope="module")
def crowded():
    """A market of 10,000 positions, none near a call."""
    people = tuple(Funded.named(f"debtor-{number}", 10**10) for number in range(POSITIONS))
    stage = Stage(Chain(Genesis(funded=people))).account("issuer", "feeder")
    asset = stage.bitasset()
    stage.feed(5, 1000)
    for number, person in enumerate(people):
        op = CallOrderUpdate(
            funding_account=stage.chain.account(person.name).number,
            delta_collateral=Asset(10**9 + number, 0),
            delta_debt=Asset(10**6, asset),
        )
        stage.chain.send([op])
    stage.chain.produce_block()
    return stage


def test_feed_over_ten_thousand_positions(benchmark, crowded):
    """A feed update and its block while nothing is called."""
    prices = count(1000)
    benchmark.pedantic(lambda: crowded.feed(5_000, 10**6 + next(prices)), rounds=20, warmup_rounds=2)
    if benchmark.stats:
        assert benchmark.stats.stats.median < FEED_SECONDS_MAX


def test_start_to_first_block(benchmark):
    """A new interpreter, a new chain, its first block."""
    program = "from bsip_mplp.devnet import Chain; chain = Chain(); chain.produce_block(); print(chain.head_number)"

    def start():
        begun = time.perf_counter()
        assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"1\n"
        return time.perf_counter() - begun

    benchmark.pedantic(start, rounds=3)
    if benchmark.stats:
        assert benchmark.stats.stats.min < START_SECONDS_MAX

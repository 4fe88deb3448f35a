"""A leader killed with `kill -9`: how long until the keeper that stands by has read the chain, beside a long journal.

Real processes on PostgreSQL. The lease of 6 seconds is part of it; the first start, without a snapshot, and one with a
snapshot are told beside it. MPLP_INPUTS says how many inputs the journal holds. The target is 15 seconds.
"""

import os
import time

import pytest

from bsip_mplp.journal import Journal
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.lead import leader_of
from bsip_mplp.keeper.status import StatusBoard
from bsip_mplp.rules.inputs import PositionSeen
from tests.cli.world import World, until
from tests.databases import Postgres
from tests.kit import devnet

INPUTS = int(os.environ.get("MPLP_INPUTS", "50000"))
MOST_SECONDS = 15.0
BLOCK = 5_000
PATIENCE_SECONDS = 60 + INPUTS / 500


@pytest.fixture
def world(tmp_path):
    server = Postgres(durable=True)
    with devnet("--block-interval", "0.5") as url:
        made = World(url, tmp_path, server.with_tables()).build()
        status, _, err = made.mplp("init")
        assert status == 0, err
        lengthen(made)
        yield made
    server.stop()


def lengthen(world):
    """Positions of thousands of people, seen again and again: no money, but as much to fold as any input."""
    with Journal.open(world.database) as journal:
        intake = Intake.load(journal)
        intake.SNAPSHOT_INPUTS = 2 * INPUTS + BLOCK  # the first start has none
        number, now = 0, intake.now
        while journal.head.seq < INPUTS:
            part = range(number, number + BLOCK)
            seen = [
                PositionSeen(
                    time=now, market=world.market, account=f"holder-{one % 3001}",
                    collateral=2_000_000 + one, debt=1_000_000 + one % 7,
                )
                for one in part
            ]  # fmt: skip
            intake.take(seen)
            number += BLOCK


def works(world, process, since):
    """Whether that process leads, and has read the chain."""
    leader = leader_of(world.database)
    if leader is None or not leader.holder.endswith(f"process {process.pid}"):
        return False
    board = StatusBoard(world.database, read_only=True)
    try:
        return any(bot.name == "inbox" and (bot.last_success or 0) >= since for bot in board.read())
    finally:
        board.close()


def seconds_until_it_works(world, process):
    began, since = time.perf_counter(), int(time.time())
    until(lambda: works(world, process, since), "it leads and reads", PATIENCE_SECONDS)
    return time.perf_counter() - began


def test_taking_over_from_a_killed_leader(benchmark, world):
    first = world.keeper("--standby", log="first.log")
    others = [first]
    try:
        whole_seconds = seconds_until_it_works(world, first)
        others.append(second := world.keeper("--standby", log="second.log"))
        log = world.folder / "second.log"
        until(lambda: "ready to take over" in log.read_text(), "the second has folded the journal", PATIENCE_SECONDS)

        def killed():
            first.kill()
            first.wait(30)
            return (world, second), {}

        taken_seconds = benchmark.pedantic(seconds_until_it_works, setup=killed, rounds=1)
        second.terminate()
        second.wait(60)
        with Journal.open(world.database) as journal:
            snapshot_seq = journal.snapshot().head.seq if journal.snapshot() else 0
        others.append(third := world.keeper("--standby", log="third.log"))
        again_seconds = seconds_until_it_works(world, third)
    finally:
        for process in others:
            process.kill()
            process.wait(30)
    if benchmark.stats is not None:
        benchmark.extra_info["inputs"] = INPUTS
        benchmark.extra_info["first_start_seconds"] = round(whole_seconds, 1)
        benchmark.extra_info["takeover_seconds"] = round(taken_seconds, 1)
        benchmark.extra_info["start_with_snapshot_at"] = snapshot_seq
        benchmark.extra_info["start_seconds"] = round(again_seconds, 1)
        print(benchmark.extra_info)
    assert taken_seconds < MOST_SECONDS

"""A writer killed with SIGKILL at any moment leaves whole batches only, and a journal that opens and holds."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from bsip_mplp.journal import Journal, read
from bsip_mplp.journal.verify import verify
from tests.journal.crash_writer import BATCH
from tests.journal.fake_engine import FakeEngine

KILLS = 8
WRITER = "tests.journal.crash_writer"
ROOT = Path(__file__).parents[2]


def test_a_killed_writer_leaves_whole_batches(url: str) -> None:
    """The writer says each batch that it has written; what it said must be there, whole, and at most one more.

    It is killed after a random number of batches and a random bit of the next, and goes on from the journal.
    """
    chance = random.Random(20260)
    said = 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-m", WRITER, url], stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            for _ in range(chance.randrange(1, 12)):
                said = int(writer.stdout.readline())
            time.sleep(chance.random() / 50)
            writer.kill()
            rest = writer.stdout.read().split("\n")
        said = max([said, *(int(line) for line in rest[:-1])])
        with Journal.open(url) as journal:
            report = verify(journal, FakeEngine())
            assert report.holds, report.differences
            cursor = journal.cursor()
            assert cursor is not None
            assert report.inputs in (said * BATCH, (said + 1) * BATCH)
            assert cursor.block == report.inputs // BATCH
            with journal.reading() as connection:
                assert read.counts(connection).objects["order"] == report.inputs // BATCH
            assert len(journal.attempts()) in (cursor.block, cursor.block - 1)
    assert said >= KILLS

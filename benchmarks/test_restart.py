"""Starting again: from the journal's beginning, in inputs folded per second, and from a snapshot with its tail.

MPLP_INPUTS says how many inputs the journal holds; the tail is as long as one gets.
"""

import os
import time
from fractions import Fraction

from benchmarks.test_engine import borrower, feed, market
from benchmarks.test_interest import Recorder
from bsip_mplp.journal import Journal
from bsip_mplp.keeper.folded import Folded
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.verifying import verify_with_snapshot
from bsip_mplp.rules.inputs import Deposit, Lend, Tick

INPUTS = int(os.environ.get("MPLP_INPUTS", "50000"))


def journal_of(folder):
    """A mixed course: a lender, positions, prepaid interest, loans, feeds that trigger nothing, ticks."""
    journal = Journal.open(str(folder / "journal.sqlite"), create=True)
    recorder = Recorder([journal])
    market(recorder)
    recorder.apply(
        Deposit(time=0, account="lender", asset="BTS", amount=10**15, ask=Lend(rate=Fraction(1, 10), term_days=14))
    )
    number = 0
    while journal.head.seq + len(recorder.batch) < INPUTS:
        number += 1
        for item in (*borrower(number, 1_500_000 + number), feed(1_000_000 + number % 100), Tick(time=0)):
            recorder.apply(item)
    recorder.flush()
    return journal


def test_a_start_without_a_snapshot(benchmark, tmp_path):
    with journal_of(tmp_path) as journal:
        count = journal.head.seq
        benchmark.pedantic(Intake.load, args=(journal,), rounds=1)
        if benchmark.stats is not None:
            benchmark.extra_info["inputs"] = count
            benchmark.extra_info["inputs_per_second"] = round(count / benchmark.stats.stats.mean)
            print(benchmark.extra_info)


def test_a_start_from_a_snapshot_and_its_tail(benchmark, tmp_path):
    with journal_of(tmp_path) as journal:
        count = journal.head.seq
        begun = Folded()
        begun.fold_to(journal, max(1, count - Intake.SNAPSHOT_INPUTS))
        began = time.perf_counter()
        journal.save_snapshot(begun.snapshot())
        saved_seconds = time.perf_counter() - began
        benchmark.pedantic(Intake.load, args=(journal,), rounds=1)
        assert verify_with_snapshot(journal).holds
        if benchmark.stats is not None:
            benchmark.extra_info["inputs"] = count
            benchmark.extra_info["tail"] = count - begun.head.seq
            benchmark.extra_info["megabytes"] = round(len(journal.snapshot().body) / 1e6, 1)
            benchmark.extra_info["seconds_to_save"] = round(saved_seconds, 2)
            print(benchmark.extra_info)

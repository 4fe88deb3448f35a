"""Starting again: inputs folded per second, which is how long a keeper takes to start or to take over.

MPLP_INPUTS says how many inputs the journal holds; `mplp verify` of the same journal is measured beside it.
"""

import os
from fractions import Fraction

from benchmarks.test_engine import borrower, feed, market
from benchmarks.test_interest import Recorder
from bsip_mplp.journal import Journal
from bsip_mplp.journal.verify import verify
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.rules.engine import Engine
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


def test_fold_and_verify(benchmark, tmp_path):
    with journal_of(tmp_path) as journal:
        count = journal.head.seq
        benchmark.pedantic(Intake.load, args=(journal,), rounds=1)
        report = verify(journal, Engine())
        assert report.holds
        assert report.folded == count
        if benchmark.stats is not None:
            benchmark.extra_info["inputs"] = count
            benchmark.extra_info["inputs_per_second"] = round(count / benchmark.stats.stats.mean)
            print(benchmark.extra_info)

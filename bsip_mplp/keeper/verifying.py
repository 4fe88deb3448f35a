"""Verifying a journal together with its snapshot, which is no part of it, but what a keeper starts from."""

from __future__ import annotations

from bsip_mplp.journal import Journal
from bsip_mplp.journal.differences import Difference
from bsip_mplp.journal.rebuild import Progress
from bsip_mplp.journal.verify import Report, verify
from bsip_mplp.keeper.folded import Folded


def verify_with_snapshot(journal: Journal, progress: Progress | None = None) -> Report:
    """Fold the journal anew and compare, and then what comes of its snapshot; raises `ReadError`."""
    folded, begun = Folded(), Folded.begin(journal)
    report = verify(journal, folded, progress)
    seq = begun.head.seq
    if not report.holds or seq == 0:
        return report
    begun.fold_to(journal, report.head.seq)
    if begun.is_like(folded):
        return report
    text = "isn't what the inputs make of it: stop the keeper and delete it (DELETE FROM snapshots)"
    return report._replace(differences=(Difference(seq, "snapshot", text),))

"""Writing off what is missing in the pool's account: an entry of the operator's, journaled like any other."""

from __future__ import annotations

import secrets

from bsip_mplp.config import Settings
from bsip_mplp.journal import Journal
from bsip_mplp.keeper.audit import Audit
from bsip_mplp.keeper.errors import KeeperError
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.lead import lead
from bsip_mplp.rules.inputs import Loss


def write_off(settings: Settings, audit: Audit, asset: str, reason: str) -> int:
    """Take what the audit found missing of an asset from the operator's reserve; gives the units.

    No keeper may run: raises `OtherKeeperError`. Raises `KeeperError` if nothing is missing, if it may yet be explained
    (payments unknown to the journal, payouts under way), or if the rules refuse it.
    """
    missing = {one.asset: -one.difference_units for one in audit.figures if one.is_short}
    if audit.unknown:
        raise KeeperError(f"transaction {audit.unknown[0]} is unknown to this journal: find out about it first")
    if any(one.under_way_units for one in audit.figures):
        raise KeeperError("payouts are under way: wait until they are done")
    if asset not in missing:
        raise KeeperError(f"no {asset} is missing: there is nothing to write off")
    with Journal.open(settings.database_url) as journal, lead(settings.database_url) as leading:
        if leading.epoch is not None:
            journal.lead(leading.epoch)
        intake = Intake.load(journal)
        source = f"loss.{secrets.token_hex(8)}"
        loss = Loss(time=intake.now, asset=asset, amount=missing[asset], reason=reason, source=source)
        (outcome,) = intake.take([loss])
    if outcome.refusals:
        raise KeeperError(outcome.refusals[0].reason)
    return loss.amount

"""A fault put in by hand: orders of a kind are told as done before they are sent."""

from bsip_mplp.chain.outbox import Outbox
from bsip_mplp.rules.inputs import OrderDone
from tests.safety.run import Broken


def tell_too_soon(monkeypatch, kind):
    """From now on the outbox reports orders of a kind as done once they are signed, and sends nothing."""
    begin = Outbox._begin

    def hasty(self, one, context, reserve_units):
        if one.order.kind != kind:
            return begin(self, one, context, reserve_units)
        number = one.order.number
        transaction = self._sign(one, context).id
        return OrderDone(time=context.time, order=number, fee_asset="TEST", fee=0, transaction=transaction), 0

    monkeypatch.setattr(Outbox, "_begin", hasty)


def is_caught(run, town, seeds):
    """Whether a run of one of the seeds breaks."""
    for seed in seeds:
        try:
            run(town, seed).play()
        except Broken:
            return True
    return False

"""G-5: what is gone from the pool's account is borne by the operator, and by nobody else."""

from bsip_mplp.rules.inputs import Deposit, Loss, Operator
from tests.rules.scene import Scene


def loss(amount, asset="BTS"):
    return Loss(time=10, asset=asset, amount=amount, reason="a fee", source=f"loss.{amount}")


def test_G_5_the_operators_reserve_bears_a_loss_and_nobody_else():
    scene = Scene()
    scene.put(Deposit(time=1, account="ann", asset="BTS", amount=500, ask=None))
    scene.put(Deposit(time=1, account="op", asset="BTS", amount=100, ask=Operator()))
    outcome = scene.put(loss(30))
    ledger = scene.engine.ledger
    assert [ledger.balance(who, "BTS") for who in ("outside", "operator", "free/ann")] == [-570, 70, 500]
    assert outcome.notices[0].account == "operator"
    scene.put(loss(90))
    assert ledger.balance("operator", "BTS") == -20
    assert ledger.balance("free/ann", "BTS") == 500


def test_a_loss_of_nothing_or_of_an_unknown_asset_is_refused():
    scene = Scene()
    for item in (loss(0), loss(5, "NOSUCH")):
        outcome = scene.put(item)
        assert outcome.refusals[0].rule == "G-5"
        assert outcome.entries == ()

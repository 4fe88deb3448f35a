"""Courses of vaults by the change of state that they bring about: further ways of the table of transitions (PL-I4)."""

from tests.rules.vault_stage import MONEY, VaultStage

M = MONEY


def lent(days=14, *, price=1000, prepaid=M, renews=True, collateral=20 * M, **more):
    """ann's vault of 20 M BTS and 10 M USD, with the least of bob's core asset: CR 2 · p, LCR 2.46 · p."""
    stage = VaultStage(**more)
    stage.lend("bob", 100 * M, "BTS", "73/600", days, renews=renews)
    stage.prepay("ann", prepaid, "BTS")
    stage.open("ann", collateral, 10 * M)
    stage.feed(price)
    stage.borrow("ann", None, "BTS")
    assert not stage.refused, stage.outcome.refusals
    stage.work()
    return stage


def ended():
    """PL-17: CR 1.28 is under LMCR, and too low for the chain to let anything out."""
    stage = lent()
    stage.feed(640)
    return stage


def _at_its_term(days):
    stage = lent(days, price=750, renews=False)
    stage.wait(days=days)
    return stage


def _by_ratio():
    stage = lent(combined_floor=1700)
    stage.feed(690)
    return stage


def _repaid(days):
    stage = lent(days)
    stage.repay("ann", 1)
    assert stage.tasks() == ["home"]
    return stage


def _missed():
    """461,538,462 at 1 % for 30 days is 4,615,385 units: the prepaid interest is for one period."""
    stage = lent(30, price=750, prepaid=5 * M // 100)
    stage.wait(days=30)
    return stage


def _oversupplied():
    """PL-D54: the debt paid, LCR is over its cap, and CR alone is enough."""
    stage = lent()
    stage.pay("ann", 6 * M)
    stage.work()
    stage.wait(days=14)
    return stage


def _not_renewed():
    stage = lent(price=750)
    stage.feed(750, icr=2000)
    stage.wait(days=14)
    return stage


def _over_icr():
    stage = ended()
    stage.feed(900)
    stage.work()
    return stage


def _borrowed_again():
    stage = _at_its_term(14)
    stage.feed(750, mssr=1050)  # room in the cover for both at once
    stage.lend("dan", 100 * M, "BTS", "1/100", 14)
    stage.borrow("ann", None, "BTS", pools=(2,))
    assert not stage.refused, stage.outcome.refusals
    stage.work()
    return stage


def _wound_up():
    stage = ended()
    stage.insure("eve", 30 * M, "USD", "risk")
    stage.work("vault")
    return stage


def _called():
    stage = ended()
    stage.buyers(600)
    stage.feed(610)
    return stage


COURSES = {
    ("protected", "unwinding", "PL-6"): lambda: _at_its_term(14),
    ("protected", "unwinding", "PL-17"): ended,
    ("protected", "unwinding", "PL-18"): _by_ratio,
    ("protected", "unwinding", "PL-19"): lambda: _repaid(14),
    ("protected", "unwinding", "PL-21"): _missed,
    ("protected", "unwinding", "PL-24"): lambda: _repaid(30),
    ("protected", "unwinding", "PL-D54"): _oversupplied,
    ("protected", "unwinding", "PL-D58"): _not_renewed,
    ("unwinding", "protected", "PL-11"): _borrowed_again,
    ("unwinding", "free", "V-5"): _over_icr,
    ("unwinding", "closed", "V-5"): _wound_up,
    ("unwinding", "closed", "PL-46"): _called,
}
"""By (from, to, rule): a course that goes that way."""

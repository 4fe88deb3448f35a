"""The states of a position: each way in the table is gone by a course, and no other can be (PL-I4, PL-D52)."""

import pytest

from bsip_mplp.ledger import LedgerError
from bsip_mplp.rules.transitions import TRANSITIONS, check_transition
from tests.rules import vault_courses
from tests.rules.scene import DAY, Scene, carried, protected

STATES = {"unwinding", "free", "protected", "in_auction", "taken_over", "carried", "black", "closed"}


def ways_of(scene):
    """All changes of state so far, as (from, to, rule)."""
    vaults = [vault.account for vault in scene.engine.book.vaults.values()]
    return [(was, now, rule) for account in ("ann", *vaults) for _, rule, was, now in scene.ways(account)]


def auctioned(price=880, **more):
    scene = protected(**more)
    scene.feed(price)
    scene.wait(seconds=60)
    return scene


def won(price):
    scene = auctioned(price)
    scene.bid("cat", 200)
    scene.wait(seconds=900)
    return scene


def closed(scene):
    scene.position("ann", 0, 0)
    return scene


def black(**more):
    """Carried, the fund holds 16 of the 180 that fall due on day 23, nobody buys a bond: black on day 30."""
    scene = carried(**more)
    scene.now = 30 * DAY
    scene.wait()
    assert scene.state("ann") == ("black", "PL-38")
    return scene


def _paid_again():
    scene = black()
    scene.insure("eve", 10_000, "USD")
    return scene


def _over_lmcr(scene):
    scene.feed(1000)
    return scene


def _short_by_ratio():
    """PL-18: a combined floor of 1.7 under a short loan with LCR 1.75 · 0.96 = 1.68; CR 1.344 is over LMCR."""
    scene = protected(days=14, period_days=None, combined_floor=1700)
    scene.feed(960)
    return scene


def _short_unpaid():
    scene = protected(days=14, period_days=None, prepaid=94)
    scene.wait(days=14)
    return scene


def _repaid(**more):
    scene = protected(**more)
    scene.repay("ann", 1)
    return scene


def _until_day_30(**more):
    scene = protected(**more)
    scene.wait(days=30)
    return scene


def _by_smaller_debt():
    """PL-51: a debt of 1 leaves nothing of lp2."""
    scene = protected()
    scene.position("ann", 140_000, 1)
    return scene


def _exchanged():
    """PL-39, compulsory: cat's carried debt of 1,000,000 takes all that the pools have, ann's only loan included.

    cat has CR 1.4 and 200,000 of eve's; at 0.78 that is 1.092. ann has CR 2.4 and needs no auction.
    """
    scene = Scene(bond_forced="compulsory")
    scene.lend("bob", 20_000, "USD", "73/600", 60, period_days=30)
    scene.lend("eve", 200_000, "USD", "73/600", 60, period_days=30)
    scene.prepay("ann", 200, "USD")
    scene.prepay("cat", 2_000, "USD")
    scene.position("ann", 240_000, 100_000)
    scene.position("cat", 1_400_000, 1_000_000, "protocol")
    scene.borrow("ann", 20_000, "USD", pools=(1,))
    scene.borrow("cat", 200_000, "USD", pools=(2,))
    scene.feed(780)
    scene.wait(seconds=60)
    scene.wait(days=2)
    assert scene.state("cat") == ("carried", "PL-33")
    scene.wait(days=7)
    return scene


def _shrunk():
    """PL-D54: LCR 140,000 / 10,000 is over the cap, and CR is enough alone."""
    scene = protected(prepaid=400)
    scene.position("ann", 140_000, 30_000)
    scene.wait(days=30)
    return scene


def _not_renewed():
    """PL-D58: short, made at LCR 1.75, of which a publisher's ICR of 1.8 asks more when it would renew."""
    scene = protected(days=14, period_days=None, prepaid=1000)
    scene.feed(1000, icr=1800)
    scene.wait(days=14)
    return scene


def _last_long_loan_ends(price):
    scene = protected(days=30, renews=False)
    scene.now = 29 * DAY
    scene.feed(price)
    scene.wait(days=1)
    return scene


def _seen_again():
    scene = closed(protected())
    scene.position("ann", 1000, 500)
    return scene


COURSES = {
    ("free", "protected", "PL-11"): protected,
    ("protected", "free", "PL-6"): lambda: _until_day_30(days=30, renews=False),
    ("protected", "free", "PL-17"): _short_unpaid,
    ("protected", "free", "PL-18"): _short_by_ratio,
    ("protected", "free", "PL-19"): lambda: _repaid(days=14, period_days=None),
    ("protected", "free", "PL-21"): _until_day_30,
    ("protected", "free", "PL-24"): _repaid,
    ("protected", "free", "PL-39"): lambda: _exchanged(),
    ("protected", "free", "PL-51"): _by_smaller_debt,
    ("protected", "free", "PL-D54"): _shrunk,
    ("protected", "free", "PL-D58"): _not_renewed,
    ("protected", "in_auction", "PL-21"): lambda: _missed_under_mssr(),
    ("protected", "in_auction", "PL-22"): auctioned,
    ("protected", "taken_over", "PL-23"): lambda: auctioned(780),
    ("in_auction", "taken_over", "PL-23"): lambda: _falls_on(),
    ("in_auction", "protected", "PL-28"): lambda: won(880),
    ("taken_over", "protected", "PL-28"): lambda: won(780),
    ("in_auction", "protected", "PL-31"): lambda: _cured(),
    ("in_auction", "protected", "PL-27"): lambda: _last_long_loan_ends(880),
    ("taken_over", "protected", "PL-27"): lambda: _last_long_loan_ends(780),
    ("in_auction", "carried", "PL-33"): carried,
    ("taken_over", "carried", "PL-33"): lambda: carried_from_takeover(),
    ("in_auction", "carried", "PL-49"): lambda: _under_the_floor(880, auction_floor=1200),  # over MSSR
    ("taken_over", "carried", "PL-49"): lambda: _under_the_floor(780),
    ("carried", "black", "PL-38"): black,
    ("black", "carried", "PL-38"): _paid_again,
    ("carried", "free", "PL-36"): lambda: _over_lmcr(carried()),
    ("black", "free", "PL-36"): lambda: _over_lmcr(black()),
    ("free", "closed", "PL-46"): lambda: closed(_repaid()),
    ("protected", "closed", "PL-46"): lambda: closed(protected()),
    ("in_auction", "closed", "PL-46"): lambda: closed(auctioned()),
    ("taken_over", "closed", "PL-46"): lambda: closed(auctioned(780)),
    ("carried", "closed", "PL-46"): lambda: closed(carried()),
    ("black", "closed", "PL-46"): lambda: closed(black()),
    ("closed", "free", "PL-46"): _seen_again,
    **vault_courses.COURSES,
}


def _missed_under_mssr():
    scene = protected()
    scene.now = 23 * DAY - 30
    scene.feed(780)
    scene.wait(seconds=30)
    return scene


def _falls_on():
    scene = auctioned()
    scene.feed(780)
    scene.wait(seconds=60)
    return scene


def _cured():
    scene = auctioned()
    scene.feed(1000)
    scene.wait(seconds=60)
    return scene


def carried_from_takeover():
    scene = auctioned(780)
    scene.wait(days=2)
    return scene


def _under_the_floor(price, **more):
    scene = auctioned(price, **more)
    scene.feed(700 if price == 780 else 850)  # CR 0.98 and 1.19
    scene.wait(seconds=60)
    return scene


@pytest.mark.parametrize("way", COURSES, ids=lambda way: "-".join(way))
def test_pl_i4_every_way_between_states_is_gone_by_its_rule(way):
    assert way in ways_of(COURSES[way]())


def test_pl_d52_the_table_has_no_way_that_no_course_goes():
    assert set(COURSES) == {(way.was, way.now, way.rule) for way in TRANSITIONS}


def test_pl_i4_a_position_is_in_one_of_eight_states():
    assert {way.was for way in TRANSITIONS} | {way.now for way in TRANSITIONS} == STATES


def test_pl_i4_any_other_change_is_a_fault():
    with pytest.raises(LedgerError, match="PL-22 does not lead from free to in_auction"):
        check_transition("free", "in_auction", "PL-22")
    with pytest.raises(LedgerError):
        check_transition("carried", "protected", "PL-28")


def test_pl_i4_the_rule_is_recorded_with_the_state():
    scene = auctioned()

    shown = scene.outcome.objects["position", "USD/ann"]
    assert (shown["state"], shown["state_rule"]) == ("in_auction", "PL-22")


def test_pl_46_a_closed_position_ends_its_loans_with_principal_back_in_full():
    """PL-I1, in every state that a position can be closed from."""
    for scene in (protected(), auctioned(), auctioned(780), carried(), black()):
        closed(scene)
        pool = scene.pool(1)
        assert (pool.available, pool.lent) == (50_000, 0)
        assert scene.engine.ledger.balance("risk_lent/USD", "USD") == 0
        assert scene.of("ann").lp2 == 0


def test_pl_46_a_position_opened_anew_is_the_accounts_own_again():
    scene = won(880)
    closed(scene)
    scene.position("ann", 1000, 500)

    assert scene.of("ann").holder == "ann"

"""How far the pool reaches (SP-7, SP-8): in a bounded number of looks, and as a plain walk over all positions says."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsip_mplp.rules import shared_lenders, shared_service
from bsip_mplp.rules.inputs import Borrow, Deposit, Lend, Prepay, Request
from bsip_mplp.rules.ordered_sums import OrderedSums
from bsip_mplp.rules.shared_state import SharedPool
from bsip_mplp.rules.state import Position

from .shared_scene import SharedScene

ICR, MCR = Fraction(1550, 1000), Fraction(3, 2)


class Looks:
    """Counts how often one position's share is worked out, or one position is passed on the way through an order."""

    def __init__(self, patch):
        self.count = 0
        share, between = SharedPool.extra_of, OrderedSums.between
        patch.setattr(SharedPool, "extra_of", lambda *given: self.one_more() or share(*given))
        patch.setattr(OrderedSums, "between", lambda *given: (self.one_more() or place for place in between(*given)))

    def one_more(self):
        self.count += 1

    def of(self, act):
        before = self.count
        act()
        return self.count - before


def exact_sum(positions, price):
    level = Fraction(price, 10_000_000) / ICR
    return sum(debt - collateral * level for collateral, debt in positions)


def in_the_gap(number, price=40_000):
    """A pool whose end falls where the sums can't tell: it holds what all take before rounding, and some units more."""
    scene = SharedScene(price=80_000)
    positions = [(10**9 + 7919 * n, 3_000_000 + 13 * n) for n in range(number)]
    scene.supply("lea", ceil(exact_sum(positions, price)) + number // 4)
    for n, (collateral, debt) in enumerate(positions):
        scene.joined(f"holder-{n}", collateral, debt, mcr=1100, interest=300_000)
    scene.feed(price)
    return scene


@pytest.mark.parametrize("number", [60, 240])
def test_sp_8_in_the_gap_of_rounding_no_more_than_so_many_positions_are_looked_at(monkeypatch, number):
    """One more feed, one more deposit, all that is available taken out: the number of positions makes no difference."""
    monkeypatch.setattr(shared_service, "ADDED_UP", 20)
    scene = in_the_gap(number)
    assert scene.pool.served_count == number - 1
    looks = Looks(monkeypatch)
    assert looks.of(lambda: scene.feed(40_000)) < 50
    assert looks.of(lambda: scene.supply("lea", 10)) < 50
    assert looks.of(lambda: scene.leave("lea")) < 50
    assert looks.of(lambda: scene.split) < 50
    assert looks.of(lambda: scene.feed(40_001)) < 50


@pytest.mark.parametrize("missing", [0, 1])
def test_sp_8_up_to_so_many_positions_enough_to_the_last_unit_is_enough(monkeypatch, missing):
    monkeypatch.setattr(shared_service, "ADDED_UP", 40)
    scene = in_the_gap(40)
    taken = sum(
        ceil(exact_sum([(part.position.collateral, part.position.debt)], 40_000))
        for part in scene.pool.participants.values()
    )
    scene.supply("lea", taken - missing - scene.held("pool"))
    assert scene.pool.served_count == 40 - missing
    if not missing:
        assert scene.split.available == 0


def test_sp_8_of_more_a_unit_each_stands_for_the_rounding(monkeypatch):
    monkeypatch.setattr(shared_service, "ADDED_UP", 39)
    scene = in_the_gap(40)
    parts = scene.pool.participants.values()
    most = ceil(exact_sum([(p.position.collateral, p.position.debt) for p in parts], 40_000)) + 39
    scene.supply("lea", most - 1 - scene.held("pool"))
    assert scene.pool.served_count == 39
    scene.supply("lea", 1)
    assert scene.pool.served_count == 40
    assert scene.split.available == 0
    assert sum(part.extra_units() for part in parts) <= scene.held("pool")


@pytest.mark.parametrize("limit", [2, 3, 4])
@pytest.mark.parametrize("more", range(-1, 4))
def test_sp_7_who_joins_under_mcr_displaces_nobody(monkeypatch, limit, more):
    """Whether it makes the position added up the last one, or the first for which a unit stands; room to the unit."""
    monkeypatch.setattr(shared_service, "ADDED_UP", limit)
    scene = SharedScene(price=40_000)
    positions = [(10**9 + 7919 * n, 3_000_000 + 13 * n) for n in range(4)]
    scene.supply("lea", 10_000_000)
    for n, (collateral, debt) in enumerate(positions[:3]):
        scene.joined(f"holder-{n}", collateral, debt, mcr=1100, interest=300_000)
    scene.leave("lea", scene.split.available - ceil(exact_sum(positions[3:], 40_000)) - more)
    scene.position("last", *positions[3])
    scene.hold("last", 1100, interest=300_000)
    assert scene.served() == {"holder-0", "holder-1", "holder-2"} | ({"last"} if scene.refused is None else set())
    if limit == 4:
        assert (scene.refused is None) == (more >= 0)


def test_a_feed_looks_at_no_position_with_loans_that_the_pool_holds_at_icr(monkeypatch):
    """LCR of all of them is another, but no rule acts on it at ICR: nobody goes through them."""
    scene = SharedScene()
    scene.supply("lea", 10**9)
    scene.put(Deposit(time=0, account="bob", asset="USD", amount=10**7, ask=Lend(rate=Fraction(1, 10), term_days=60)))
    for name in ("ann", "cat", "dan"):
        scene.joined(name, 10**9, 3_000_000, mcr=1100, interest=300_000)
        scene.deposit(name, 100_000, Prepay())
        scene.put(Request(time=0, account=name, ask=Borrow(market="USD", asset="USD", amount=500_000)))
        assert scene.of(name).position.loans, scene.outcome.refusals
    scene.feed(40_000)
    assert len(scene.served()) == 3
    asked = []
    owed = Position.owed_units.fget
    monkeypatch.setattr(Position, "owed_units", property(lambda position: asked.append(position) or owed(position)))
    scene.feed(40_001)
    assert not asked
    scene.leave("lea", 10**8)
    scene.feed(39_000)
    assert not asked


def test_what_a_lender_does_looks_at_that_lender_alone(monkeypatch):
    """SP-5, SP-9: rewards and what comes free are indexes; 100 others, half of whom wait, are not touched."""
    scene = SharedScene(price=80_000)
    for number in range(100):
        scene.supply(f"lender-{number}", 6_500 + number)
    scene.joined("ann", 10**9, 3_230_000, mcr=1100, interest=300_000)
    scene.feed(40_000)
    for number in range(0, 100, 2):
        scene.leave(f"lender-{number}")
    looked_at, bring_up = [], shared_lenders.bring_up
    monkeypatch.setattr(shared_lenders, "bring_up", lambda pool, one: looked_at.append(one.name) or bring_up(pool, one))
    scene.wait(days=1)  # 24 steps of what comes free
    scene.feed(40_100)
    assert looked_at == []
    for act in (scene.supply, scene.leave):
        act("lender-3", 10_000)
    scene.rewards("lender-3")
    scene.rewards("lender-4")
    assert looked_at == ["lender-3"] * 3 + ["lender-4"]


# --- a plain walk -----------------------------------------------------------------------------------------


def plainly(positions, units, price, limit):
    """(served, lower, upper, available) by going through all positions; as the rules count what they take together."""
    price = Fraction(price, 10_000_000)
    cr = {n: collateral * price / debt for n, (collateral, debt, _) in enumerate(positions)}

    def takes(numbers, level):
        shares = [positions[n][1] - positions[n][0] * level for n in numbers]
        if len(shares) > limit:
            return ceil(sum(shares)) + len(shares) - 1
        return sum(map(ceil, shares))

    level = price / ICR
    upper = [n for n in cr if MCR <= cr[n] < ICR]
    if takes(upper, level) > units:
        level = max(level, common_level([positions[n] for n in upper], units))
        served = {n for n in upper if positions[n][1] > positions[n][0] * level}
        shares = [positions[n][1] - positions[n][0] * level for n in served]
        return served, 0, ceil(sum(shares)) if len(shares) > limit else sum(map(floor, shares)), 0
    lower = []
    can = [
        n for n in cr if 1 < cr[n] < MCR and positions[n][2] is not None and Fraction(positions[n][2], 1000) <= cr[n]
    ]
    for ratio in sorted({cr[n] for n in can}, reverse=True):
        group = [n for n in can if cr[n] == ratio]
        if takes(upper + lower + group, level) > units:
            break
        lower += group
    taken = takes(upper + lower, level)
    return {*upper, *lower}, taken - takes(upper, level), takes(upper, level), units - taken


def common_level(upper, units):
    """The level to which exactly `units` raise those of upper that are over it."""
    upper = sorted(upper, key=lambda position: Fraction(position[1], position[0]), reverse=True)
    for last in range(1, len(upper) + 1):
        raised = upper[:last]
        level = Fraction(sum(p[1] for p in raised) - units, sum(p[0] for p in raised))
        if last == len(upper) or level >= Fraction(upper[last][1], upper[last][0]):
            return level
    raise AssertionError("no level")


POSITION = st.tuples(
    st.sampled_from((10**9, 10**9 + 1, 10**9 + 7, 5 * 10**8, 333_333_333)),
    st.integers(2_500_000, 3_400_000),
    st.sampled_from((None, 1001, 1100, 1300)),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(POSITION, max_size=14),
    st.integers(0, 14),
    st.integers(-9, 9),
    st.integers(0, 8),
    st.sampled_from((40_000, 41_001, 47_000)),
)
def test_who_is_served_is_what_a_plain_walk_finds(positions, reached, more, limit, price):
    """With pools that end within some units of a whole number of positions: where rounding decides."""
    positions = [
        (collateral, debt * collateral // 10**9 if collateral < 10**9 else debt, own)
        for collateral, debt, own in positions
    ]
    by_ratio = sorted(positions, key=lambda p: Fraction(p[1], p[0]))
    some = [p[:2] for p in by_ratio if Fraction(p[1], p[0]) > Fraction(price, 10_000_000) / ICR][:reached]
    units = max(1, ceil(exact_sum(some, price)) + more)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_service, "ADDED_UP", limit)
        scene = SharedScene(price=160_000)
        scene.supply("lea", units)
        for number, (collateral, debt, own) in enumerate(positions):
            scene.joined(f"holder-{number}", collateral, debt, mcr=own, interest=10**9)
        scene.feed(price)
        served, lower, upper, available = plainly(positions, units, price, limit)
        assert scene.served() == {f"holder-{number}" for number in served}
        assert scene.split == (lower, upper, available)
        assert sum(scene.extra(f"holder-{number}") for number in served) <= units

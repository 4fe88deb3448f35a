"""SP-14: what the insurance pool can't cover, and what it makes good later, for any lenders, waiting or not."""

from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bsip_mplp.rules.shared_lenders import bring_up, waiting_units

from .shared_scene import SharedScene

C, D = 10**9, 3_230_000
LENDER = st.tuples(st.integers(1, 2_000_000), st.one_of(st.just(0), st.integers(1, 2_000_000)))
PLAYED = settings(max_examples=60, deadline=None)


def held_by(scene):
    """What each has in the pool, staying or waiting."""
    found = {}
    for name, lender in scene.pool.lenders.items():
        bring_up(scene.pool, lender)
        found[name] = lender.staying + waiting_units(scene.pool, lender)
    return found


def owned_and_sold(lenders, hours, insurance, got):
    """A position in protocol custody that the pool owns, all of whose collateral was sold for `got`."""
    scene = SharedScene(price=80_000)
    scene.supply("lou", 700_000)  # so that the position is served until the price falls under its debt
    for number, (units, _) in enumerate(lenders):
        scene.supply(f"lender-{number}", units)
    scene.joined("ann", C, D, mcr=1100, interest=40_000, custody="protocol")
    scene.feed(40_000)
    for number, (units, leaving) in enumerate(lenders):
        if leaving:
            scene.leave(f"lender-{number}", min(units, leaving))
        scene.wait(seconds=3600 * hours)
    scene.feed(32_000)  # cr is 0.991
    if insurance:
        scene.insure("ida", insurance)
    assert scene.of("ann").call == "full"
    scene.position("ann", 0, D - got, "protocol")
    return scene


def check(scene):
    balances = scene.engine.ledger.balances()
    assert sum(units for (_, asset), units in balances.items() if asset == "USD") == 0
    assert all(units >= 0 for (account, _), units in balances.items() if account not in ("outside", "operator"))
    assert scene.pool.lent_units() <= scene.held("pool")


@PLAYED
@given(
    st.lists(LENDER, max_size=6),
    st.integers(0, 30),
    st.integers(0, 60_000),
    st.integers(2_000_000, D),
    st.lists(st.integers(1, 400_000), max_size=4),
)
def test_sp_14_each_loses_its_share_and_has_no_more_made_good_than_it_lost(lenders, hours, insurance, got, income):
    scene = owned_and_sold(lenders, hours, insurance, got)
    close = next(order for order in scene.engine.book.orders.values() if order.kind == "close")
    before, insured = held_by(scene), scene.held("insurance")
    scene.filled(close.number, C, got=got)
    check(scene)
    rest = D - got
    covered = min(rest, insured)
    lost = min(rest - covered, sum(before.values()))
    paid = {name: lender.lost for name, lender in scene.pool.lenders.items()}
    assert sum(paid.values()) == lost == scene.pool.loss
    for name, units in paid.items():
        assert abs(units - Fraction(lost * before[name], max(1, sum(before.values())))) < len(before)
        assert before[name] - units - 1 <= held_by(scene)[name] <= before[name] - units
    for order in [o for o in scene.engine.book.orders.values() if o.kind == "pay_debt"]:
        rest -= order.units
        scene.position("ann", 0, rest, "protocol")  # reported before the order, as it must be
        scene.filled(order.number, order.units)
    assume(not rest)
    for units in income:
        scene.insure("ida", units)
        check(scene)
    assert lost - scene.pool.loss == min(lost, sum(income) + insured - covered)
    assert scene.held("insurance") == max(0, sum(income) + insured - covered - lost)
    scene.wait(days=15)
    for number, (units, _) in enumerate([*lenders, (700_000, 0)]):
        name = f"lender-{number}" if number < len(lenders) else "lou"
        scene.leave(name)
        scene.rewards(name)
        made_good = scene.free(name) - scene.lender(name).earned - (units - paid[name])
        assert -1 <= made_good <= paid[name]
    check(scene)

"""What always holds in the shared pool, whoever does what: found by hypothesis, in courses of its own."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from bsip_mplp.rules import shared_service
from bsip_mplp.rules.inputs import Supply
from bsip_mplp.rules.ordered_sums import OrderedSums, Sums

from .shared_scene import SharedScene

LENDERS, HOLDERS = ("lea", "lou", "lin"), ("ann", "bob", "cat")
STEP = st.one_of(
    st.tuples(st.just("supply"), st.sampled_from(LENDERS), st.integers(1, 2_000_000)),
    st.tuples(st.just("leave"), st.sampled_from(LENDERS), st.one_of(st.none(), st.integers(0, 2_000_000))),
    st.tuples(st.just("rewards"), st.sampled_from(LENDERS), st.none()),
    st.tuples(st.just("hold"), st.sampled_from(HOLDERS), st.sampled_from((None, 1001, 1100, 1300))),
    st.tuples(st.just("unhold"), st.sampled_from(HOLDERS), st.none()),
    st.tuples(st.just("feed"), st.none(), st.integers(30_000, 60_000)),
    st.tuples(st.just("wait"), st.none(), st.integers(0, 20 * 86_400)),
    st.tuples(st.just("debt"), st.sampled_from(HOLDERS), st.integers(2_000_000, 3_600_000)),
)
PLAYED = settings(max_examples=60, deadline=None)


def play(steps, scene=None):
    scene = scene or SharedScene(price=80_000, model="inverse")
    for name in HOLDERS:
        scene.joined(name, 10**9, 3_000_000, mcr=1100, interest=300_000)
    for what, who, value in steps:
        match what:
            case "supply" | "leave" | "hold":
                getattr(scene, what)(who, value)
            case "rewards" | "unhold":
                getattr(scene, what)(who)
            case "feed":
                scene.feed(value)
            case "wait":
                scene.wait(seconds=value)
            case "debt":
                scene.position(who, 10**9, value)
        check(scene)
    return scene


def check(scene):
    """All is conserved, and the sums that are kept are the sums of what there is."""
    balances = scene.engine.ledger.balances()
    assert sum(units for (_, asset), units in balances.items() if asset == "USD") == 0
    assert all(units >= 0 for (account, _), units in balances.items() if account not in ("outside", "operator"))
    pool, (lower, upper, available) = scene.pool, scene.split
    served = [part for part in pool.participants.values() if part.served]
    assert lower + upper == sum(part.extra_units() for part in served) <= scene.held("pool")
    assert available >= 0
    assert pool.served_collateral == sum(part.position.collateral for part in served)
    assert pool.weight_debt == sum(part.weight_debt for part in served)
    assert pool.lent_units() <= scene.held("pool")
    assert pool.staying == sum(lender.staying for lender in pool.lenders.values())


@PLAYED
@given(st.lists(STEP, max_size=25))
def test_all_is_conserved_and_no_lender_gets_more_than_its_share(steps):
    scene = play(steps)
    scene.wait(days=30)
    for name in LENDERS:
        scene.unhold(name)
    put_in, came_out = dict.fromkeys(LENDERS, 0), {}
    for what, who, value in steps:
        if what == "supply":
            put_in[who] += value
    for name in scene.pool.lenders:
        scene.leave(name)
        scene.rewards(name)
        came_out[name] = scene.free(name) + scene.lender(name).staying
    handed = sum(lender.earned for lender in scene.pool.lenders.values())
    fees = scene.held("insurance")
    assert handed <= 900_000 - fees  # no more than holders paid
    for name, units in came_out.items():
        assert units - scene.lender(name).earned <= put_in[name]


@PLAYED
@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 20))
def test_leaving_and_coming_back_gains_nothing(mine, others, times):
    """Who goes out and in again each hour has no more than who stays; nor has rounding given it a unit."""
    stays, moves = SharedScene(price=60_000), SharedScene(price=60_000)
    for scene in (stays, moves):
        scene.supply("lou", others + 700_000)
        scene.supply("lea", mine)
        scene.joined("ann", 10**9, 3_230_000, mcr=1100, interest=1_000_000)
        scene.feed(40_000)
        for _ in range(times):
            scene.wait(seconds=3600)
            if scene is moves:
                scene.leave("lea")
                assert scene.free("lea") >= mine
                scene.ask("lea", Supply(market="USD", asset="USD", amount=scene.free("lea")))
        scene.rewards("lea")
        scene.leave("lea")
    assert moves.free("lea") <= stays.free("lea")
    assert moves.lender("lea").earned <= stays.lender("lea").earned


@PLAYED
@given(st.integers(1, 5_000_000), st.lists(st.integers(1, 90_000), min_size=1, max_size=12))
def test_who_fetches_rewards_often_gains_nothing_by_rounding(mine, waits):
    """One asks for rewards at each moment, the other once, at the end."""
    found = []
    for often in (True, False):
        scene = SharedScene(price=60_000)
        scene.supply("lou", 700_000)
        scene.supply("lea", mine)
        scene.joined("ann", 10**9, 3_230_000, mcr=1100, interest=1_000_000)
        scene.feed(40_000)
        for seconds in waits:
            scene.wait(seconds=seconds)
            if often:
                scene.rewards("lea")
        scene.rewards("lea")
        found.append(scene.free("lea"))
    assert found[0] == found[1]


@PLAYED
@given(st.integers(2_600_000, 3_300_000), st.lists(st.integers(0, 90_000), min_size=1, max_size=12))
def test_who_leaves_with_a_position_and_comes_back_pays_no_less(debt, waits):
    """By rounding, or by the time for which nothing was paid: each time a unit that has begun is used up."""
    paid = []
    for often in (True, False):
        scene = SharedScene(price=60_000)
        scene.supply("lea", 10_000_000)
        scene.joined("ann", 10**9, debt, mcr=1100, interest=1_000_000)
        scene.feed(40_000)
        for seconds in waits:
            scene.wait(seconds=seconds)
            if often:
                scene.unhold("ann")
                scene.hold("ann", 1100, interest=1_000_000)
                assert scene.refused is None
        scene.unhold("ann")
        paid.append(1_000_000 * (1 + often * len(waits)) - scene.free("ann"))
    assert paid[0] >= paid[1]


@PLAYED
@given(st.permutations([("lea", 70_001), ("lou", 1_300_000), ("lin", 333_333)]), st.permutations(HOLDERS))
def test_the_order_of_equal_events_does_not_matter(lenders, holders):
    found = []
    for people, joining in ((lenders, holders), (sorted(lenders), sorted(holders))):
        scene = SharedScene(price=80_000, model="inverse")
        for name in HOLDERS:
            scene.position(name, 10**9, 3_000_000 + 100_000 * HOLDERS.index(name))
        for name, units in people:
            scene.supply(name, units)
        for name in joining:
            scene.hold(name, 1100, interest=100_000)
        scene.feed(40_000)
        scene.wait(days=20)
        for name in LENDERS:
            scene.rewards(name)
        found.append(({n: scene.free(n) for n in LENDERS}, {n: scene.of(n).paid for n in HOLDERS}, scene.split))
    assert found[0] == found[1]


@PLAYED
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9), st.integers(1, 9)), max_size=40), st.integers(0, 30))
def test_ordered_sums_are_what_a_list_says(items, key):
    index, plain = OrderedSums(), {}
    for number, (place, collateral, debt) in enumerate(items):
        index.put(number % 25, place, Sums(1, collateral, debt))
        plain[number % 25] = (place, collateral, debt)
        if number % 7 == 6:
            index.discard(number % 5)
            plain.pop(number % 5, None)
    up_to = [kept for kept in plain.values() if kept[0] <= key]
    assert index.up_to(key) == (len(up_to), sum(k[1] for k in up_to), sum(k[2] for k in up_to))
    assert [place for place, _ in index.between(5, key)] == sorted(k[0] for k in plain.values() if 5 < k[0] <= key)
    assert len(index) == len(plain)
    assert index.total() == index.up_to(30)
    if plain:
        assert index.last_key() == max(kept[0] for kept in plain.values())


def test_a_decision_in_the_gap_of_rounding_is_exact():
    """Enough to the last unit is enough; one less is not: the sums alone could not tell."""
    for missing in (0, 1):
        scene = SharedScene(price=80_000)
        for number in range(40):
            scene.joined(f"holder-{number}", 10**9 + number, 3_000_000, mcr=1100, interest=300_000)
        scene.feed(40_000)
        level = Fraction(40_000, 10_000_000) * 1000 / 1550
        exact = sum(-((-(3_000_000 - (10**9 + n) * level)) // 1) for n in range(40))
        scene.supply("lea", exact - missing)
        assert scene.pool.served_count == 40 - missing
        sums = Sums(40, sum(10**9 + n for n in range(40)), 120_000_000)
        assert shared_service.least_sum(scene.pool, sums) < exact

"""What falls due comes in one order, whenever it was put in (G-7, PL-D10)."""

from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.rules.schedule import DueItem, DueKind, Schedule

ITEMS = st.builds(DueItem, st.integers(0, 5), st.sampled_from(DueKind), st.integers(1, 4), st.integers(0, 2))


@given(st.lists(st.one_of(ITEMS, st.integers(0, 5)), max_size=60))
def test_g_7_what_falls_due_is_taken_in_order_however_it_came(steps):
    """Beside a list that is searched through each time; a number takes what is due until then."""
    schedule, plain = Schedule(), []
    for step in steps:
        if isinstance(step, DueItem):
            schedule.add(step)
            plain.append(step)
        else:
            due = min((item for item in plain if item.time <= step), default=None)
            assert schedule.take(step) == due
            if due is not None:
                plain.remove(due)
        assert schedule.next_time() == min((item.time for item in plain), default=None)
        for kind in DueKind:
            assert schedule.next_time([kind]) == min((i.time for i in plain if i.kind == kind), default=None)
    while plain:
        plain.remove(schedule.take(5))
    assert schedule.take(10**9) is None

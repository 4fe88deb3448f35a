"""Courses of the model played on real chains: what people send, the bots read and the journal keeps leads where the
model says, to the last unit. More of them with `python -m tests.model --node SEED [LAST]`."""

import pytest

from tests.model import node

STEPS = 110


@pytest.mark.parametrize(
    ("seed", "happens"),
    [(7, ("loans", "auctions", "orders")), (8, ("loans", "auctions", "bids"))],
)
def test_a_course_on_a_node_leads_where_the_model_says(seed, happens, tmp_path):
    model = node.play(seed, STEPS, tmp_path).model
    assert [name for name in happens if not getattr(model, name)] == []


def test_a_balance_that_is_off_by_one_unit_is_seen(tmp_path):
    with node.node_course(3, 1, tmp_path) as course:
        course.inputs_made()
        course.check_end()
        course.model.money["free/ann", course.core] = course.model.held("free/ann", course.core) + 1
        with pytest.raises(node.Differs, match="free/ann"):
            course.check_end()


def test_a_deposit_that_the_inbox_would_miss_is_seen(tmp_path):
    with node.node_course(3, 1, tmp_path) as course:
        course.inputs_made()
        course.meant.append("a transfer")
        with pytest.raises(node.Differs, match="not counted"):
            course.tick()

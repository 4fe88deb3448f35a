"""What stands at the head counts once enough nodes tell it alike, thing by thing; being a block apart is no lie."""

import pytest

from bsip_mplp.chain.at_head import TRIES_MAX, agreed_at_head
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.errors import DisagreementError, UnreachableError


class Teller:
    """A node that tells values at a head; `heads` and `values` are told one after the other, the last for ever."""

    generation = 1

    def __init__(self, url, *values, heads=("a",), quorum=1, others=()):
        self.url, self.quorum, self.others = url, quorum, others
        self.values, self.heads = list(values), list(heads)
        self.reported, self.left, self.asked = {}, 0, 0

    def call(self, api, method):
        if method == "get_dynamic_global_properties":
            return {"head_block_id": self.heads.pop(0) if len(self.heads) > 1 else self.heads[0]}
        self.asked += 1
        value = self.values.pop(0) if len(self.values) > 1 else self.values[0]
        if isinstance(value, Exception):
            raise value
        return value

    def peers(self):
        yield from self.others

    def report(self, url, reason):
        self.reported[url] = reason

    def leave(self):
        self.left += 1


def asked(own, *, whole=False):
    return agreed_at_head(Chain(own), lambda one: one.call("values"), "feeds", whole=whole)


def nodes(*values, quorum=2, **own):
    others = [Teller(f"ws://{place}", *value) for place, value in enumerate(values[1:], 1)]
    return Teller("ws://0", *values[0], quorum=quorum, others=others, **own)


def test_one_node_alone_is_believed():
    assert asked(nodes([{"x": 1}], quorum=1)) == {"x": 1}


def test_two_that_agree_are_enough_and_the_third_is_not_asked():
    own = nodes([{"x": 1}], [{"x": 1}], [{"x": 1}])
    assert asked(own) == {"x": 1}
    assert own.others[1].asked == 0


def test_a_liar_is_outvoted_and_reported_and_left_if_it_is_in_use():
    own = nodes([{"x": 9, "y": 2}], [{"x": 1, "y": 2}], [{"x": 1, "y": 2}])
    assert asked(own, whole=True) == {"x": 1, "y": 2}
    assert list(own.reported) == ["ws://0"]
    assert own.left == 1
    own = nodes([{"x": 1}], [{"x": 9}], [{"x": 1}])
    assert asked(own) == {"x": 1}
    assert (list(own.reported), own.left) == (["ws://1"], 0)


def test_what_one_leaves_out_or_makes_up_counts_by_the_others():
    own = nodes([{"x": 1}], [{"x": 1, "y": 2}], [{"x": 1, "y": 2}])
    assert asked(own) == {"x": 1, "y": 2}
    own = nodes([{"x": 1}], [{"x": 1}, {"x": 1}], [{"x": 1, "z": 5}])
    assert asked(own) == {"x": 1}


def test_without_agreement_a_thing_is_unknown_and_the_others_count():
    own = nodes([{"x": 1, "y": 2}], [{"x": 9, "y": 2}])
    assert asked(own) == {"y": 2}
    assert set(own.reported) == {"ws://0", "ws://1"}
    with pytest.raises(DisagreementError, match="differently"):
        asked(own, whole=True)


def test_a_node_that_is_a_block_behind_is_asked_again_and_not_reported():
    own = nodes([{"x": 2}], [{"x": 1}, {"x": 2}])
    own.others[0].heads = ["old", "old", "a"]
    assert asked(own) == {"x": 2}
    assert own.reported == {}
    own = nodes([{"x": 2}], [{"x": 1}])
    own.others[0].heads = ["old"]
    assert asked(own) == {}
    assert own.reported == {}
    assert own.others[0].asked == TRIES_MAX


def test_a_node_that_moves_on_while_it_tells_is_no_liar():
    own = nodes([{"x": 1}], [{"x": 9}], [{"x": 1}], heads=("a", "b", "b"))
    own.others[0].heads = ["a", "b"]
    assert asked(own) == {"x": 1}
    assert own.reported == {}


def test_too_few_that_answer_are_no_agreement():
    own = nodes([{"x": 1}], [UnreachableError("gone")], [TypeError("rubbish")])
    with pytest.raises(UnreachableError, match="2 nodes must agree"):
        asked(own)
    assert set(own.reported) == {"ws://1", "ws://2"}

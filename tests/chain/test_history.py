"""A history is told whole and in order, however much there is and however it is cut into parts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsip_mplp.chain import history
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.errors import DisagreementError, HistoryGapError, StaleNodeError, UnreachableError
from bsip_mplp.chain.history import check_entry, confirmed_block, read_irreversible
from tests.chain.fake import ACCOUNT, START, FakeCaller, transfer_fields


def filled(blocks, irreversible, url="ws://one", gaps=None):
    fake = FakeCaller(irreversible=irreversible, urls=(url,))
    for place, block in enumerate(sorted(blocks)):
        gap = gaps[place % len(gaps)] if gaps else 1
        fake.add(block, transfer_fields("1.2.60", ACCOUNT, place + 1), gap=gap)
    return fake


def read_all(fake, pages_max, after_block=0):
    """Read on as a keeper does, part by part, until nothing is new."""
    chain, found = Chain(fake), []
    for _ in range(1000):
        part = read_irreversible(chain, ACCOUNT, after_block, pages_max)
        found += part.entries
        assert part.time == START + part.block
        if part.block == after_block:
            return found, after_block
        assert part.block > after_block
        after_block = part.block
    raise AssertionError("reading did not come to an end")


@settings(max_examples=60, deadline=None)
@given(
    blocks=st.lists(st.integers(1, 400), max_size=120),
    irreversible=st.integers(1, 400),
    gaps=st.lists(st.integers(1, 10**6), min_size=1, max_size=7),
    page=st.integers(1, 7),
    pages_max=st.integers(1, 4),
    start=st.integers(0, 100),
)
def test_every_operation_comes_once_in_order_and_none_from_a_reversible_block(
    blocks, irreversible, gaps, page, pages_max, start
):
    fake = filled(blocks, irreversible, gaps=gaps)
    start = min(start, irreversible)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "OPERATIONS_PER_CALL", page)
        found, reached = read_all(fake, pages_max, start)
    wanted = [place + 1 for place, block in enumerate(sorted(blocks)) if start < block <= irreversible]
    assert [entry.fields["amount"]["amount"] for entry in found] == wanted
    assert reached == irreversible
    assert len({entry.source for entry in found}) == len(found)


def test_an_empty_history_moves_on():
    part = read_irreversible(Chain(FakeCaller(irreversible=7)), ACCOUNT, 0)
    assert part == ((), 7, START + 7)


def test_thousands_of_operations_take_bounded_calls():
    fake = filled([1 + place // 3 for place in range(9000)], 3000)
    before = fake.calls
    part = read_irreversible(Chain(fake), ACCOUNT, 0)
    assert 0 < len(part.entries) <= history.PAGES_MAX * history.OPERATIONS_PER_CALL
    assert fake.calls - before < 40 * history.PAGES_MAX
    found, _ = read_all(fake, history.PAGES_MAX)
    assert [entry.instance for entry in found] == list(range(1, 9001))


def test_a_block_with_more_operations_than_a_part_holds_comes_whole():
    fake = filled([5] * 350 + [6] * 10, 6)
    found, _ = read_all(fake, 2)
    assert len(found) == 360


def test_a_history_that_the_node_cut_off_is_a_fault_until_what_is_left_reaches_back():
    fake = filled([10, 11], 20)
    fake.forgotten = 3
    with pytest.raises(HistoryGapError, match="3 operations"):
        read_irreversible(Chain(fake), ACCOUNT, 5)
    assert len(read_irreversible(Chain(fake), ACCOUNT, 10).entries) == 1


def test_a_change_of_nodes_while_reading_is_no_answer():
    fake = filled([1, 2], 5)

    class Switching(FakeCaller):
        def get_account_history(self, *arguments):
            self.generation += 1
            return super().get_account_history(*arguments)

    switching = Switching(irreversible=5)
    switching.operations, switching.blocks = fake.operations, fake.blocks
    with pytest.raises(StaleNodeError, match="nodes changed 3 times"):
        read_irreversible(Chain(switching), ACCOUNT, 0)


def test_a_node_behind_what_was_read_is_no_answer():
    with pytest.raises(StaleNodeError, match="block 9 was read"):
        read_irreversible(Chain(FakeCaller(irreversible=7)), ACCOUNT, 9)


def test_an_operation_must_stand_in_its_block():
    fake = filled([3], 5)
    chain = Chain(fake)
    entry = read_irreversible(chain, ACCOUNT, 0).entries[0]
    check_entry(entry, confirmed_block(chain, 3))
    lied = entry._replace(fields={**entry.fields, "amount": {"amount": "9", "asset_id": "1.3.0"}})
    with pytest.raises(DisagreementError, match=r"3\.0\.0 differently"):
        check_entry(lied, confirmed_block(chain, 3))
    with pytest.raises(DisagreementError, match="doesn't have"):
        check_entry(entry._replace(transaction=4), confirmed_block(chain, 3))
    as_text = entry._replace(fields={**entry.fields, "amount": {"amount": "1", "asset_id": "1.3.0"}})
    check_entry(as_text, confirmed_block(chain, 3))


def test_with_several_nodes_a_second_one_must_agree_on_the_block():
    fake = filled([3], 5)
    fake.quorum = 2
    chain = Chain(fake)
    with pytest.raises(UnreachableError, match="2 nodes must agree, and only these tell it: ws://one"):
        confirmed_block(chain, 3)
    same, other = filled([3], 5, "ws://two"), filled([3, 3], 5, "ws://three")
    fake.others = [same]
    assert confirmed_block(chain, 3).number == 3
    fake.others = [other]
    with pytest.raises(DisagreementError, match="block 3 differently"):
        confirmed_block(chain, 3)
    fake.reported.clear()
    fake.others = [other, same]
    assert confirmed_block(chain, 3).number == 3
    assert list(fake.reported) == ["ws://three"]


def test_a_node_in_use_that_is_outvoted_is_left_and_reported():
    liar = filled([3, 3], 5)
    liar.quorum, liar.others = 2, [filled([3], 5, "ws://two"), filled([3], 5, "ws://three")]
    before = liar.generation
    with pytest.raises(DisagreementError, match="ws://one tells block 3 otherwise than ws://two, ws://three"):
        confirmed_block(Chain(liar), 3)
    assert liar.generation > before
    assert list(liar.reported) == ["ws://one"]


def test_an_operation_that_one_node_leaves_out_is_missed():
    hiding = filled([2, 4], 5)
    hiding.quorum, hiding.others = 2, [filled([2, 3, 4], 5, "ws://two"), filled([2, 3, 4], 5, "ws://three")]
    with pytest.raises(DisagreementError, match="history of"):
        read_irreversible(Chain(hiding), ACCOUNT, 0)
    assert list(hiding.reported) == ["ws://one"]


@pytest.mark.parametrize("order", [[1, 0, 2], [2, 1, 0], [0, 0, 1, 2], [0, 2, 1]])
def test_a_page_out_of_order_is_no_page(order):
    fake = filled([2, 3, 4], 5)
    page = fake.get_account_history(ACCOUNT, "1.11.0", 100, "1.11.0")
    fake.get_account_history = lambda *_: [page[place] for place in order]
    with pytest.raises(DisagreementError, match="out of order"):
        read_irreversible(Chain(fake), ACCOUNT, 2)


def test_what_a_person_did_is_not_taken_for_what_the_chain_did_by_itself():
    fake = filled([3], 5)
    fake.operations[0].update(is_virtual=True)
    chain = Chain(fake)
    entry = read_irreversible(chain, ACCOUNT, 0).entries[0]
    with pytest.raises(DisagreementError, match="and a person did it"):
        check_entry(entry, confirmed_block(chain, 3))


def test_what_an_approved_proposal_did_has_a_place_of_its_own():
    fake = filled([3], 5)
    for virtual in (0, 1):
        fake.add(4, transfer_fields("1.2.60", ACCOUNT, 70 + virtual), virtual=virtual)
    chain = Chain(fake)
    entries = read_irreversible(chain, ACCOUNT, 0).entries
    assert [entry.source for entry in entries] == ["3.0.0", "4.0.0.0", "4.0.0.1"]
    check_entry(entries[1], confirmed_block(chain, 4))

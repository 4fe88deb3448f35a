"""Goal: proposals are made, approved, vetoed and carried out as bitshares-core 7 does. Method: a stage of accounts
whose authorities need each other; what is proposed is all done or not at all."""

import pytest

from bsip_mplp.devnet import Chain, ChainError
from bsip_mplp.devnet.operations import BY_NUMBER, AccountUpdate, Authority, operation
from bsip_mplp.devnet.serial import time_to_text

from .kit import Client, Stage, amount, key_of, state_dump


@pytest.fixture
def stage():
    """`safe` acts by two of ann, bob and cat; ann and dan own it together."""
    stage = Stage().account("ann", "bob", "cat", "dan", "safe", "mallory")
    both = Authority(weight_threshold=2, account_auths=tuple(sorted((stage.ids[one], 1) for one in ("ann", "dan"))))
    some = Authority(weight_threshold=2, account_auths=tuple((stage.ids[one], 1) for one in ("ann", "bob", "cat")))
    stage.send(AccountUpdate(account=stage.ids["safe"], owner=both, active=some))
    return stage


def who(stage, name):
    return f"1.2.{stage.ids[name]}"


def payment(stage, units=5, sender="safe", receiver="dan"):
    fields = {"from": who(stage, sender), "to": who(stage, receiver), "amount": amount(units), "fee": amount(2_000_000)}
    return [0, fields]


def propose(stage, *proposed, by="mallory", lasts=1000, review=None, keys=True):
    fields = {
        "fee_paying_account": who(stage, by),
        "expiration_time": time_to_text(stage.chain.now + lasts),
        "proposed_ops": [{"op": one} for one in proposed],
    }
    if review is not None:
        fields["review_period_seconds"] = review
    made = stage.chain.send([[22, fields]], *([key_of(by)] if keys else []))[0][1]
    stage.chain.produce_block()
    return made


def approve(stage, proposal, *names, by=None, block=True, remove=False, role="active", payer=None):
    payer = payer or names[0]
    fields = {
        "fee_paying_account": who(stage, payer),
        "proposal": proposal,
        f"{role}_approvals_to_{'remove' if remove else 'add'}": [who(stage, one) for one in names],
    }
    signers = by or [key_of(one, role) for one in names]
    stage.chain.send([[23, fields]], *signers)
    if block:
        stage.chain.produce_block()


def veto(stage, proposal, by):
    stage.chain.send([[24, {"fee_paying_account": who(stage, by), "proposal": proposal}]], key_of(by))
    stage.chain.produce_block()


def proposal_of(stage, made):
    return stage.state.proposals.get(int(made.split(".")[2]))


def test_two_of_three_carry_it_out_the_moment_the_second_approves(stage):
    before, saved = stage.balance("dan"), stage.balance("safe")
    made = propose(stage, payment(stage, 5), payment(stage, 7))
    assert made == "1.10.0"
    found = proposal_of(stage, made)
    assert found.required_active_approvals == (stage.ids["safe"],)
    assert found.required_owner_approvals == ()
    assert found.proposer == stage.ids["mallory"]
    approve(stage, made, "bob")
    assert proposal_of(stage, made).available_active_approvals == (stage.ids["bob"],)
    assert stage.balance("dan") == before
    approve(stage, made, "cat")
    assert proposal_of(stage, made) is None
    assert stage.balance("dan") == before + 12
    assert stage.balance("safe") == saved - 12 - 2 * 2_000_000


def test_the_operations_stand_in_histories_as_virtual_ones_of_the_approval(stage):
    made = propose(stage, payment(stage))
    approve(stage, made, "bob")
    approve(stage, made, "cat")
    number = stage.chain.head_number
    rows = stage.state.history_by_block.all(number)
    assert [(row.op.NUMBER, row.is_virtual, row.trx_in_block, row.op_in_trx, row.virtual_op) for row in rows] == [
        (23, False, 0, 0, 0),
        (0, True, 0, 0, 1),
    ]
    linked = [
        stage.state.history.get(one.operation_id).op.NUMBER
        for one in stage.state.history_by_account.all(stage.ids["dan"])
    ]
    assert linked[-1] == 0


def test_who_is_asked_has_the_proposal_in_the_history_and_may_read_it(stage):
    client = Client(stage.chain)
    made = propose(stage, payment(stage))
    assert [one["id"] for one in client.ask("get_proposed_transactions", "safe")] == [made]
    assert client.ask("get_proposed_transactions", "bob") == []
    approve(stage, made, "bob")
    (row,) = client.ask("get_proposed_transactions", "bob")
    assert row == client.ask("get_objects", [made])[0]
    assert row["available_active_approvals"] == [who(stage, "bob")]
    assert set(row["proposed_transaction"]) == {
        "ref_block_num", "ref_block_prefix", "expiration", "operations", "extensions",
    }  # fmt: skip
    assert row["proposed_transaction"]["expiration"] == row["expiration_time"]
    assert "review_period_time" not in row
    assert row["fail_reason"] == ""
    full = client.ask("get_full_accounts", ["safe"], False)[0][1]
    assert full["proposals"] == [row]
    newest = stage.state.history_by_account.all(stage.ids["safe"])[-1]
    assert stage.state.history.get(newest.operation_id).op.NUMBER == 22


def test_an_approval_needs_the_authority_of_who_approves(stage):
    made = propose(stage, payment(stage))
    for signers, words in (([key_of("mallory")], "Missing Active Authority"), ([], "Missing Active Authority")):
        with pytest.raises(ChainError, match=words):
            stage.chain.push(
                stage.chain.transaction(
                    [
                        [
                            23,
                            {
                                "fee_paying_account": who(stage, "mallory"),
                                "proposal": made,
                                "active_approvals_to_add": [who(stage, "bob")],
                            },
                        ]
                    ],
                    signers,
                )
            )
    assert proposal_of(stage, made).available_active_approvals == ()


def test_an_approval_of_one_without_authority_does_nothing(stage):
    made = propose(stage, payment(stage))
    approve(stage, made, "mallory")
    approve(stage, made, "bob")
    assert proposal_of(stage, made) is not None


def test_an_approval_can_be_taken_back(stage):
    made = propose(stage, payment(stage))
    approve(stage, made, "bob")
    approve(stage, made, "bob", remove=True)
    approve(stage, made, "cat")
    assert proposal_of(stage, made).available_active_approvals == (stage.ids["cat"],)
    with pytest.raises(ChainError, match="available.find"):
        approve(stage, made, "bob", remove=True)


def test_owner_authorities_are_met_by_both_owners(stage):
    new = {"weight_threshold": 1, "account_auths": [[who(stage, "dan"), 1]], "key_auths": [], "address_auths": []}
    made = propose(stage, [6, {"account": who(stage, "safe"), "owner": new, "fee": amount(2_000_000)}])
    assert proposal_of(stage, made).required_owner_approvals == (stage.ids["safe"],)
    assert proposal_of(stage, made).required_active_approvals == ()
    approve(stage, made, "bob", "cat", payer="bob")  # all keepers, and not the owners
    assert proposal_of(stage, made) is not None
    approve(stage, made, "ann")
    assert proposal_of(stage, made) is not None
    approve(stage, made, "dan")
    assert proposal_of(stage, made) is None
    assert stage.chain.account("safe").owner.account_auths == ((stage.ids["dan"], 1),)


def test_an_owner_key_may_approve_by_its_owner_authority(stage):
    made = propose(stage, payment(stage, sender="ann"))
    approve(stage, made, "ann", role="owner", by=[key_of("ann", "owner")])
    assert proposal_of(stage, made) is None


def test_what_is_refused_when_approved_stays_whole_and_is_tried_again_when_it_expires(stage):
    made = propose(stage, payment(stage, 5), payment(stage, 10**12), lasts=100)
    before = stage.balance("dan"), stage.balance("safe")
    approve(stage, made, "bob")
    approve(stage, made, "cat")
    assert "Insufficient Balance" in proposal_of(stage, made).fail_reason
    assert (stage.balance("dan"), stage.balance("safe")) == before
    assert [row.op.NUMBER for row in stage.state.history_by_block.all(stage.chain.head_number)] == [23]
    stage.transfer("nathan", "safe", 10**12)
    stage.chain.advance(100)
    assert proposal_of(stage, made) is None
    assert stage.balance("dan") == before[0] + 5 + 10**12
    last = stage.state.history_by_block.all(stage.chain.head_number)
    assert [(row.op.NUMBER, row.is_virtual, row.trx_in_block, row.op_in_trx) for row in last] == [(0, True, 0, 0)] * 2


def test_what_is_still_refused_when_it_expires_is_gone(stage):
    before = stage.balance("safe")
    made = propose(stage, payment(stage, 10**12), lasts=100)
    approve(stage, made, "bob")
    approve(stage, made, "cat")
    stage.chain.advance(100)
    assert proposal_of(stage, made) is None
    assert stage.balance("safe") == before


def test_what_nobody_approved_is_gone_when_it_expires(stage):
    made = propose(stage, payment(stage), lasts=50)
    stage.chain.advance(48)
    assert proposal_of(stage, made) is not None
    stage.chain.advance(2)
    assert proposal_of(stage, made) is None
    with pytest.raises(ChainError, match="Unable to find Object"):
        approve(stage, made, "bob")


def test_a_review_period_lets_nobody_approve_in_it_and_carries_out_at_its_end(stage):
    made = propose(stage, payment(stage), lasts=100, review=40)
    before = stage.balance("dan")
    approve(stage, made, "bob")
    approve(stage, made, "cat")
    assert proposal_of(stage, made) is not None  # never before it expires
    stage.chain.advance(70)
    with pytest.raises(ChainError, match="in its review period"):
        approve(stage, made, "ann")
    approve(stage, made, "cat", remove=True)  # but to think better of it is allowed
    stage.chain.advance(40)
    assert (proposal_of(stage, made), stage.balance("dan")) == (None, before)
    made = propose(stage, payment(stage), lasts=100, review=40)
    approve(stage, made, "bob", "cat", payer="bob")
    stage.chain.advance(101)
    assert stage.balance("dan") == before + 5


def test_only_whose_authority_it_needs_may_veto(stage):
    made = propose(stage, payment(stage, sender="bob"))
    with pytest.raises(ChainError, match="not authoritative"):
        veto(stage, made, "mallory")
    veto(stage, made, "bob")
    assert proposal_of(stage, made) is None


def test_what_a_proposal_may_not_be(stage):
    stage.ids["committee"] = 0
    cases = [
        ((payment(stage),), {"lasts": 0}, "already expired"),
        ((payment(stage),), {"lasts": 2419200 + 10}, "too far in the future"),
        ((payment(stage),), {"lasts": 50, "review": 50}, "less than its overall lifetime"),
        ((), {}, "proposed_ops.empty"),
        ((payment(stage, 0),), {}, "amount.amount > 0"),
        ((payment(stage, sender="committee"),), {}, "Review period not given"),
        ((payment(stage, sender="committee"),), {"review": 60}, "at least 1209600 required"),
    ]
    for proposed, more, words in cases:
        with pytest.raises(ChainError, match=words):
            propose(stage, *proposed, **more)
    update = [
        23,
        {"fee_paying_account": who(stage, "bob"), "proposal": "1.10.9", "active_approvals_to_add": [who(stage, "bob")]},
    ]
    with pytest.raises(ChainError, match="At most one proposal update"):
        propose(stage, update, update)
    with pytest.raises(ChainError, match="with a future id"):
        propose(stage, update)
    with pytest.raises(ChainError, match="Cannot add and remove"):
        stage.send(
            [
                23,
                {
                    "fee_paying_account": who(stage, "bob"),
                    "active_approvals_to_add": ["1.2.5"],
                    "active_approvals_to_remove": ["1.2.5"],
                },
            ]
        )


def test_the_committee_acts_by_a_proposal_after_its_review_period(stage):
    stage.ids["committee"] = 0
    stage.transfer("nathan", "committee", 10**9)
    made = propose(stage, payment(stage, sender="committee"), lasts=2_000_000, review=1_300_000)
    names = [f"init{number}" for number in range(6)]
    stage.ids |= {name: 6 + number for number, name in enumerate(names)}
    stage.transfer("nathan", "init0", 10**9)
    before = stage.balance("dan")
    fields = {
        "fee_paying_account": who(stage, "init0"),
        "proposal": made,
        "active_approvals_to_add": [who(stage, one) for one in names],
    }
    stage.send([23, fields])
    stage.chain.advance(2_000_001)
    assert stage.balance("dan") == before + 5


def test_keys_may_approve_and_must_sign(stage):
    made = propose(stage, payment(stage, sender="ann"))
    from bsip_mplp.devnet.keys import key_to_text

    key = key_to_text(key_of("ann").public, "TEST")
    fields = {"fee_paying_account": who(stage, "mallory"), "proposal": made, "key_approvals_to_add": [key]}
    with pytest.raises(ChainError, match="Missing Authority"):
        stage.chain.send([[23, fields]], key_of("mallory"))
    stage.chain.send([[23, fields]], key_of("mallory"), key_of("ann"))
    assert proposal_of(stage, made) is None


def test_fees_of_a_proposal_are_told_with_those_of_what_it_proposes(stage):
    client = Client(stage.chain)
    own = {
        "fee_paying_account": who(stage, "bob"),
        "expiration_time": "2030-01-01T00:00:00",
        "proposed_ops": [{"op": payment(stage)}],
    }
    inner = [22, own]
    outer = [22, {**own, "proposed_ops": [{"op": inner}, {"op": payment(stage)}]}]
    plain, made, nested = client.ask("get_required_fees", [payment(stage), inner, outer], "1.3.0")
    assert made[1] == [plain]
    assert nested[1] == [made, plain]
    assert made[0]["amount"] == 2_000_000 + len(operation.parse(inner).packed()) * 10 // 1024
    assert BY_NUMBER[22].parse(own).to_json()["proposed_ops"] == [
        {"op": operation.json(operation.parse(payment(stage)))}
    ]


def test_a_proposal_comes_back_whole_after_a_fork_and_a_snapshot(stage):
    made = propose(stage, payment(stage))
    before = state_dump(stage.chain)
    snapshot = stage.chain.snapshot()
    approve(stage, made, "bob")
    approve(stage, made, "cat")
    assert proposal_of(stage, made) is None
    stage.chain.revert(snapshot)
    assert state_dump(stage.chain) == before
    approve(stage, made, "bob", "cat", payer="bob", block=False)
    stage.chain.produce_block()
    assert proposal_of(stage, made) is None


def test_a_new_chain_has_none():
    assert len(Chain().state.proposals) == 0

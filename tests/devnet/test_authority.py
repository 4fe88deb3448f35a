"""Goal: who must sign, and who must not. Method: signed transactions of accounts with weights and nested accounts."""

import itertools

import pytest

from bsip_mplp.devnet import ChainError
from bsip_mplp.devnet.operations import AccountUpdate, Authority, operation

from .kit import FAUCET_KEY, Stage, amount, key_of


@pytest.fixture
def stage():
    stage = Stage()
    return stage.account("ann", "bob", "cat", "dan")


def authority(stage, threshold, keys=(), accounts=()):
    return Authority(
        weight_threshold=threshold,
        key_auths=tuple((key_of(name).public, weight) for name, weight in keys),
        account_auths=tuple(sorted((stage.ids[name], weight) for name, weight in accounts)),
    )


def rule(stage, who, *args, **kwargs):
    stage.send(AccountUpdate(account=stage.ids[who], active=authority(stage, *args, **kwargs)))


def pay(stage, who, *keys):
    op = operation.parse([0, {"from": f"1.2.{stage.ids[who]}", "to": "1.2.17", "amount": amount(1)}])
    return stage.chain.push(stage.chain.transaction([op], keys))


def refuses(stage, who, keys, words):
    with pytest.raises(ChainError, match=words):
        pay(stage, who, *keys)


def test_one_key(stage):
    pay(stage, "ann", key_of("ann"))
    pay(stage, "ann", key_of("ann", "owner"))  # the owner may do all that the active key may
    refuses(stage, "ann", [], "Missing Active Authority")
    refuses(stage, "ann", [key_of("bob")], "Missing Active Authority")
    refuses(stage, "ann", [key_of("ann", "memo")], "Missing Active Authority")


def test_needless_and_doubled_signatures(stage):
    refuses(stage, "ann", [key_of("ann"), key_of("bob")], r"Unnecessary signature\(s\) detected")
    refuses(stage, "ann", [key_of("ann"), key_of("ann")], "Duplicate Signature detected")


def test_weights(stage):
    rule(stage, "ann", 5, keys=[("k1", 2), ("k2", 3), ("k3", 4)])
    weights = {"k1": 2, "k2": 3, "k3": 4}
    for count in range(4):
        for chosen in itertools.combinations(weights, count):
            enough = sum(weights[name] for name in chosen) >= 5
            # core takes keys in their order and stops at the threshold: a key after that is needless
            keys = [key_of(name) for name in chosen]
            if enough and count == 2:
                pay(stage, "ann", *keys)
            elif not enough:
                refuses(stage, "ann", keys, "Missing Active Authority")


def test_accounts_stand_for_accounts(stage):
    rule(stage, "ann", 2, keys=[("ann", 1)], accounts=[("bob", 1), ("cat", 1)])
    pay(stage, "ann", key_of("ann"), key_of("bob"))
    pay(stage, "ann", key_of("cat"), key_of("bob"))
    pay(stage, "ann", key_of("cat", "owner"), key_of("bob"))
    refuses(stage, "ann", [key_of("bob")], "Missing Active Authority")


def test_two_deep_and_no_deeper(stage):
    rule(stage, "cat", 1, accounts=[("dan", 1)])
    rule(stage, "bob", 1, accounts=[("cat", 1)])
    pay(stage, "bob", key_of("dan"))
    rule(stage, "ann", 1, accounts=[("bob", 1)])
    refuses(stage, "ann", [key_of("dan")], "Missing Active Authority")
    pay(stage, "ann", key_of("cat", "owner"))


def test_a_circle_ends(stage):
    rule(stage, "ann", 1, accounts=[("bob", 1)])
    rule(stage, "bob", 1, accounts=[("ann", 1)])
    refuses(stage, "ann", [key_of("cat")], "Missing Active Authority")
    pay(stage, "ann", key_of("ann", "owner"))


def test_owner_authority_needs_the_owner(stage):
    change = AccountUpdate(account=stage.ids["ann"], owner=authority(stage, 1, keys=[("new", 1)]))
    with pytest.raises(ChainError, match="Missing Owner Authority"):
        stage.chain.push(stage.chain.transaction([change], [key_of("ann")]))
    stage.chain.push(stage.chain.transaction([change], [key_of("ann", "owner")]))
    pay(stage, "ann", key_of("new"))


def test_several_operations_need_all_their_signers(stage):
    ops = [
        [0, {"from": f"1.2.{stage.ids['ann']}", "to": "1.2.17", "amount": amount(1)}],
        [0, {"from": f"1.2.{stage.ids['bob']}", "to": "1.2.17", "amount": amount(1)}],
    ]
    with pytest.raises(ChainError, match="Missing Active Authority"):
        stage.chain.push(stage.chain.transaction(ops, [key_of("ann")]))
    stage.chain.push(stage.chain.transaction(ops, [key_of("ann"), key_of("bob")]))


def test_impossible_authorities_are_refused(stage):
    with pytest.raises(ChainError):
        rule(stage, "ann", 3, keys=[("ann", 1)])
    with pytest.raises(ChainError):
        stage.send(AccountUpdate(account=stage.ids["ann"], active=Authority(weight_threshold=0)))


def test_nobody_signs_for_the_committee(stage):
    op = operation.parse([0, {"from": "1.2.0", "to": "1.2.17", "amount": amount(1)}])
    with pytest.raises(ChainError, match="Committee account may only propose"):
        stage.chain.push(stage.chain.transaction([op], [FAUCET_KEY]))

"""The claimer: what was collected is claimed by the owner of the bitasset, and by nobody else (PL-42)."""

import pytest

from bsip_mplp import config
from bsip_mplp.bots import claimer
from bsip_mplp.bots.actions import Claim, Warn
from bsip_mplp.chain.claims import Collected


def view(owner="issuer", account="issuer", usd=0, core=0, least=None):
    collected = [Collected("USD", owner, {"USD": usd, "TEST": core})]
    return claimer.View(collected, account, "mplp-pool", least or {"USD": 10, "TEST": 100})


def test_pl_42_what_was_collected_is_claimed_in_each_asset_once_it_is_worth_it():
    assert claimer.plan(view(usd=10, core=99)) == (Claim("USD", "USD", 10),)
    assert claimer.plan(view(usd=9, core=100)) == (Claim("USD", "TEST", 100),)
    assert claimer.plan(view(usd=50, core=500)) == (Claim("USD", "TEST", 500), Claim("USD", "USD", 50))
    assert claimer.plan(view()) == ()


def test_the_fees_of_a_bitasset_of_somebody_else_are_left_alone():
    assert claimer.plan(view(owner="someone", usd=50)) == ()
    assert claimer.plan(view(account=None, usd=50)) == ()


def test_where_the_pools_own_account_is_the_owner_it_is_said_what_to_do():
    (warned,) = claimer.plan(view(owner="mplp-pool", usd=50))
    assert isinstance(warned, Warn)
    assert "claims.account" in warned.texts[0]
    assert claimer.plan(view(owner="mplp-pool")) == ()


def test_a_claim_says_itself_in_a_line():
    assert Claim("USD", "TEST", 5).lines() == ["claim 5 units of TEST that USD collected, for its insurance fund"]


def test_the_pools_account_can_not_be_the_one_that_claims():
    plain = {"place": "trial", "chain": {"nodes": ["ws://127.0.0.1:9"], "core_asset": "TEST", "pool_account": "pool"}}
    assert config.read(plain | {"claims": {"account": "issuer"}}).claim_least_units("USD", 4) == 10_000
    assert config.read(plain | {"claims": {"least": {"USD": "0.5"}}}).claim_least_units("USD", 4) == 5_000
    with pytest.raises(config.ConfigError, match=r"claims\.account: the pool's account can't pay itself"):
        config.read(plain | {"claims": {"account": "pool"}})

"""`mplp borrow --dry-run` for a vault: figures by the rules; where V-6 refuses, the mix that passes (V-12)."""

import re

import pytest

from bsip_mplp.cli.sending import RefusedError
from bsip_mplp.cli.vault_trial import quote, try_out_vault, vault_of
from bsip_mplp.rules.inputs import Borrow
from tests.rules.vault_stage import MONEY, VaultStage


def stage_of(**parameters):
    """Ann has a vault; Bob lends the core asset, Dan the bitasset."""
    stage = VaultStage(**parameters)
    stage.lend("bob", 100 * MONEY, "BTS", "1/100", 14)
    stage.lend("dan", 100 * MONEY, "USD", "1/100", 14)
    for asset in ("BTS", "USD"):
        stage.prepay("ann", MONEY, asset)
    return stage


def tight(**parameters):
    """LMCR / ICR = 1.45 / 1.85 is under MSSR / MCR = 1.3 / 1.6: no core asset alone is covered."""
    stage = stage_of(lmcr=1450, **parameters)
    stage.feed(1000, mcr=1600, mssr=1300, icr=1850)
    return stage, stage.open("ann", 20 * MONEY, 10 * MONEY)


def test_v_6_what_would_be_lent_is_told_with_the_ratio_that_the_chain_would_have(capsys):
    stage = stage_of()
    vault = stage.open("ann", 20 * MONEY, 10 * MONEY)
    ask = Borrow(market="USD", asset="BTS")
    assert vault_of(stage.engine, "ann", ask) == vault
    assert vault_of(stage.engine, "bob", ask) is None
    before = stage.engine.state()
    try_out_vault(stage.engine, "ann", ask, None, None, as_json=False)
    said = capsys.readouterr().out
    assert stage.engine.state() == before
    assert "the chain's own ratio would be LCR" in said
    assert "Nothing was sent." in said
    stage.borrow("ann", None, "BTS")
    assert stage.refused is None


def test_v_12_where_no_core_asset_alone_is_covered_the_mix_is_proposed_and_it_passes():
    stage, _ = tight()
    with pytest.raises(RefusedError) as caught:
        try_out_vault(stage.engine, "ann", Borrow(market="USD", asset="BTS"), None, None, as_json=True)
    assert caught.value.exit_code == 2
    said = caught.value.format_message()
    assert said.startswith("it would be refused by V-6: ")
    amount = re.search(r"Covered would be ([0-9.]+) USD: mplp borrow --amount \1 --asset USD \(V-12\)", said)
    assert amount, said
    units = round(float(amount[1]) * 10 ** stage.engine.book.assets["USD"].precision)
    stage.borrow("ann", units, "USD")
    assert stage.refused is None


def test_v_12_where_nothing_is_covered_it_says_what_helps():
    stage, _ = tight(lp2_cover="squeeze")
    with pytest.raises(RefusedError, match="No mix of core asset and bitasset is covered now: add collateral"):
        try_out_vault(stage.engine, "ann", Borrow(market="USD", asset="BTS"), None, None, as_json=True)


def test_a_quote_is_what_the_rules_plan_or_their_refusal():
    stage = stage_of()
    vault = stage.open("ann", 20 * MONEY, 10 * MONEY)
    found = quote(stage.engine, "ann", "USD", "BTS", vault)
    assert (found.refused, found.days) == (None, 14)
    assert found.units > 0
    assert set(found.interest) == {"BTS"}
    bad, vault = tight()
    assert quote(bad.engine, "ann", "USD", "BTS", vault).refused.rule == "V-6"

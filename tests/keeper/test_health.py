"""Health: each check gives its reasons, and only when there are some."""

from dataclasses import replace

import pytest

from bsip_mplp.keeper import health
from bsip_mplp.keeper.health import HealthView, reasons
from bsip_mplp.keeper.metrics import exposition
from bsip_mplp.keeper.status import BotStatus
from bsip_mplp.keeper.vault_health import VaultView, news
from bsip_mplp.market import Parameters

WELL = HealthView(
    now=1000,
    keeper_runs=True,
    statuses=[BotStatus("inbox", 3000, last_success=950)],
    expected_bots=["inbox"],
    tick_age_seconds_max=60,
    balances={("operator", "TEST"): 500, ("outside", "TEST"): -800, ("pool/1/lent", "TEST"): 300},
    pools=[{"number": 1, "asset": "TEST", "available": 0, "lent": 300}],
    markets=[{"market": "CNY", "invalid": None}],
    precisions={"TEST": 2},
    held_back=[],
    core_asset="TEST",
    reserve_units_needed=400,
)


def test_a_ledger_whose_clock_stands_is_told_while_a_keeper_runs():
    late = replace(WELL, ledger_time=300, ledger_lag_seconds_max=600)
    assert [reason[:28] for reason in reasons(late)] == ["the ledger is 700 s behind: "]
    assert reasons(replace(late, ledger_time=400)) == []
    assert reasons(replace(late, ledger_time=10**6)) == []
    assert reasons(replace(late, keeper_runs=None)) == []
    assert "mplp_ledger_lag_seconds 700" in exposition(late, None)


def test_when_all_is_well_there_is_no_reason():
    assert reasons(WELL) == []
    assert reasons(replace(WELL, keeper_runs=None)) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"keeper_runs": False}, "no keeper runs: start one with mplp keeper run"),
        ({"now": 1014}, "the inbox last succeeded 64 s ago"),
        ({"expected_bots": ["inbox", "watcher"]}, "the watcher never succeeded yet"),
        (
            {"statuses": [BotStatus("inbox", 3000, failures=2, last_error="no node")]},
            "the inbox never succeeded yet: no node",
        ),
        (
            {"reserve_units_needed": 501},
            "the reserve for fees holds 5.00 TEST, it should hold 5.01: fill it with mplp keeper reserve",
        ),
        ({"held_back": ["order 7 waits"]}, "order 7 waits"),
        ({"markets": [{"market": "CNY", "invalid": "no feed"}]}, "CNY takes no new loans: no feed"),
        ({"pools": [{"number": 1, "asset": "TEST", "available": 1, "lent": 300}]},
         "pool 1 shows 1 units available, the ledger holds 0"),
    ],
)  # fmt: skip
def test_each_thing_that_is_not_well_is_one_reason(change, says):
    assert reasons(replace(WELL, **change)) == [says]


def test_where_no_keeper_runs_no_bot_is_named_besides():
    idle = replace(WELL, keeper_runs=False, now=10**6, expected_bots=["inbox", "watcher"])
    assert reasons(idle) == ["no keeper runs: start one with mplp keeper run"]
    assert len(reasons(replace(idle, keeper_runs=None))) == 2


def test_a_lag_within_the_bots_own_schedule_is_well():
    slow = BotStatus("inbox", 300_000, last_success=700)
    assert reasons(replace(WELL, statuses=[slow])) == []


def test_balances_that_do_not_add_up_or_are_negative_are_found():
    found = health.check_sums(replace(WELL, balances={("free/bob", "TEST"): -1, ("outside", "CNY"): 0}))
    assert found == [
        "free/bob holds -1 units of TEST: stop the keeper and run mplp verify",
        "balances of TEST add up to -1 units, not 0: stop the keeper and run mplp verify",
    ]


def test_the_operators_reserve_may_be_negative_and_the_outside_is():
    balances = {("operator", "TEST"): -5, ("outside", "TEST"): 5}
    assert health.check_sums(replace(WELL, balances=balances)) == []


# --- vaults -----------------------------------------------------------------------------------------------

MARKET = {
    "market": "USD", "core_asset": "TEST", "parameters": Parameters().as_json(), "invalid": None,
    "feed": {"price": [1000, 100_000], "mcr": 1500, "mssr": 1100, "icr": 1550, "expires": 9000},
}  # fmt: skip
POSITION = {"collateral": 165_000_000, "debt": 1_000_000, "placed_lp1": 0, "placed_lp2": 0, "buffer": 0}
VAULT = {"account": "v-1", "holder": "bob", "market": "USD", "state": "sound", "reason": ""}
SOUND = VaultView(VAULT, POSITION, MARKET, [], [])


def test_v_2_authorities_that_are_not_as_agreed_are_a_reason():
    unsound = SOUND._replace(vault=VAULT | {"state": "unsound", "reason": "the active authority is another"})
    assert reasons(replace(WELL, vaults=[SOUND])) == []
    assert reasons(replace(WELL, vaults=[unsound])) == [
        "vault v-1 of bob: the active authority is another; nothing more goes into it"
    ]


def test_a_vault_near_a_rule_is_named_with_how_far_the_price_may_fall():
    """165,000,000 of collateral at 1/100 are 1.65 of the debt: at MCR 1.5 the chain calls, 9.09 % lower."""
    assert news([SOUND], {}) == ["vault v-1 of bob is near: 9.0 % lower the chain calls: its ratio is at MCR"]
    far = SOUND._replace(position=POSITION | {"collateral": 200_000_000})
    assert news([far], {}) == []


def test_what_is_on_its_way_home_is_named_and_is_no_fault_of_the_operator():
    item = {"units": 5, "asset": "TEST", "loan": 3}
    view = SOUND._replace(position=None, unwinding=[item])
    assert news([view], {"TEST": 2}) == ["vault v-1: loan 3 is unwinding, 0.05 TEST are on their way home"]
    assert reasons(replace(WELL, vaults=[view])) == []


def test_the_metrics_have_figures_for_each_vault():
    item = {"units": 5, "asset": "TEST", "loan": 3}
    text = exposition(replace(WELL, vaults=[SOUND._replace(unwinding=[item, item])]), None)
    assert 'mplp_vault_fall_permille{vault="v-1"} 90\n' in text
    assert 'mplp_vault_sound{vault="v-1"} 1\n' in text
    assert 'mplp_vault_unwinding_units{vault="v-1",asset="TEST"} 10\n' in text


def test_the_ledgers_account_of_what_lies_in_vaults_may_be_negative():
    balances = {**WELL.balances, ("vaults", "TEST"): -7, ("free/bob", "TEST"): 7}
    assert reasons(replace(WELL, balances=balances)) == []

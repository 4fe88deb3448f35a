"""A scenario: what stands in the file counts exactly, and a changed key is that key written otherwise."""

from __future__ import annotations

import pickle
from decimal import Decimal
from fractions import Fraction

import pytest

from bsip_mplp.config import ConfigError
from bsip_mplp.rehearsal.scenario import USER_KINDS, check, load
from tests.rehearsal import kit


def test_ratios_and_shares_are_read_as_written():
    scenario = kit.scenario(
        chain={"mcr": Decimal("1.555")}, parameters={"lmcr": Decimal("1.299"), "i2": Decimal("0.1")}
    )

    assert scenario.chain.mcr_permille == 1555
    assert scenario.market_parameters.lmcr == 1299
    assert scenario.market_parameters.i2 == Fraction(1, 10)


def test_the_shared_pool_takes_its_own_parameters():
    scenario = kit.scenario(shared_pool={"preset": "thin", "fee": Decimal("0.3")})

    assert scenario.pool_parameters.b == 9
    assert scenario.pool_parameters.fee == Fraction(3, 10)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("days", 5),
        ("users.lenders", 4),
        ("parameters.lmcr", Decimal("1.25")),
        ("shared_pool.b", 8),
        ("path.params.start", 7),
        ("path", {"kind": "jump"}),
        ("attackers", [{"kind": "short"}]),
        ("chain.mcr", Decimal("1.7")),
    ],
)
def test_a_changed_key_changes_the_run_and_nothing_else(key, value):
    scenario = kit.scenario(chain={"icr": Decimal("1.8")})
    changed = scenario.changed({key: value})
    table = key.split(".")[0]

    assert changed.run_key() != scenario.run_key()
    assert changed.model_dump(exclude={table}) == scenario.model_dump(exclude={table})
    assert scenario.changed({}).run_key() == scenario.run_key()


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("dayz", "dayz is no key of a scenario: name, title_en"),
        ("users.lender", "lender is no key of a scenario: lenders, tight"),
        ("parameters.lmrc", "lmrc is no parameter of a market"),
        ("nothing.at.all", "nothing is no table of a scenario"),
        ("days.first", "days is no table of a scenario"),
        ("path.params.begin", "begin is no number of a calm path"),
    ],
)
def test_a_key_that_is_none_is_named(key, says):
    with pytest.raises(ConfigError, match=says):
        kit.scenario().changed({key: 1})


def test_a_parameter_written_out_as_its_default_is_the_same_run():
    assert kit.scenario(parameters={"lmcr": Decimal("1.30")}).run_key() == kit.scenario().run_key()


def test_a_scenario_survives_its_way_to_a_worker():
    scenario = load("march-2020")

    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert check(scenario.model_dump()) == scenario


def test_all_users_are_counted():
    assert kit.scenario(users=dict.fromkeys(USER_KINDS, 2)).users.total == 2 * len(USER_KINDS)


def test_march_2020_answers_every_question():
    scenario = load("march-2020")

    assert {variant.role for variant in scenario.variants} == {
        "illiquid",
        "falling",
        "rising",
        "spike",
        "slow_fall",
        "attack",
    }
    assert scenario.users.total == 1000
    assert (scenario.days, scenario.step_seconds, scenario.paths) == (14, 60, 100)
    assert {axis.key.split(".")[1] for sweep in scenario.sweeps for axis in (sweep.x, sweep.y)} == {
        *("lmcr", "i2", "surplus_to_system", "auction_round", "insurance_reserve")
    }


def test_variants_and_sweeps_are_checked_when_they_are_read(tmp_path):
    text = """
        name = "x"
        title_en = "x"
        title_zh = "x"
        path = { kind = "calm" }
        [[variants]]
        name = "v"
        title_en = "v"
        title_zh = "v"
        changes = { "users.lender" = 3 }
    """
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match="lender is no key of a scenario"):
        load(str(tmp_path / "x.toml"))


def test_a_figure_that_is_none_is_named():
    with pytest.raises(ConfigError, match="gold is no figure of a run"):
        kit.scenario(sweeps=[{**kit.SWEEP, "figures": ["gold"]}])

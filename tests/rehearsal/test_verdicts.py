"""Each verdict follows from its figures by its criterion, and is left open where the figures leave it open (RE-6)."""

from __future__ import annotations

import numpy as np
import pytest

from bsip_mplp.rehearsal.campaign import Run
from bsip_mplp.rehearsal.measure import repayment_days
from bsip_mplp.rehearsal.parts import parts_of
from bsip_mplp.rehearsal.questions import CHANGE, PATHS_MANY, QUESTIONS, verdicts
from bsip_mplp.rehearsal.result import FIGURES, RunResult
from bsip_mplp.rehearsal.results import Results
from bsip_mplp.rehearsal.scenario import USER_KINDS
from bsip_mplp.rehearsal.statistics import NOTHING, Answer, Interval, share
from bsip_mplp.rehearsal.verdicts import Claim
from bsip_mplp.rehearsal.words import FIGURES as WORDS
from bsip_mplp.rehearsal.words import GROUPS, Words
from tests.rehearsal import kit

YES, NO, OPEN, NOT_ASKED = Answer.YES, Answer.NO, Answer.UNDECIDED, Answer.NOT_ASKED
PATHS = 60
ROLES = ("illiquid", "spike", "slow_fall", "falling", "rising", "attack")
RULE_SETS = ("none", "peer", "ratio_two", "target_ratio", "dividends")

GOOD = {
    "none": {"called_positions_share": 0.5, "positions_called": 50, "holders_wealth_change_permille": -200},
    "ratio_two": {"called_positions_share": 0.4, "holders_wealth_change_permille": -250},
    "target_ratio": {"collateral_sold_units": 10, "holders_wealth_change_permille": -210},
    "dividends": {"called_positions_share": 0.5, "holders_wealth_change_permille": -199},
    "peer": {
        "called_positions_share": 0.3,
        "positions_called": 30,
        "holders_wealth_change_permille": -150,
        "lenders_yield_per_year": 0.1,
        "auctions_overtaken": 1,
        "auctions_unsold": 1,
        "bonds_sold_units": 5,
        "bond_repayment_days_max": 100,
        "order_book_loan_rate_per_year": 0.05,
        "debt_locked_share_max": 0.1,
    },
}
"""A world in which the proposal does all that it promises, but for its prediction of a rising market's rate."""


def _results(figures=None, groups=None, paths=PATHS, noise=0.0, variants=ROLES, parts=None):
    """Made-up results: `figures` by rule set over those of GOOD, `groups` by (rule set, group); noise is unpaired."""
    scenario = kit.scenario(
        paths=paths,
        rule_sets=RULE_SETS,
        variants=[{**kit.VARIANT, "name": role.replace("_", "-"), "role": role, "paths": paths} for role in variants],
    )
    random = np.random.default_rng(5)
    runs = []
    for part in parts_of(scenario):
        for rule_set in RULE_SETS:
            own = GOOD[rule_set] | (figures or {}).get(rule_set, {}) | (parts or {}).get((part.name, rule_set), {})
            for path in range(paths):
                drawn = {
                    name: (value[path] if isinstance(value, list) else value) + noise * random.normal()
                    for name, value in own.items()
                }
                runs.append(Run(part, _result(rule_set, path, dict.fromkeys(FIGURES, 0) | drawn, groups or {})))
    return Results(scenario, runs)


def _result(rule_set, path, figures, groups):
    kinds = {
        name: {"users": 5, "positions_called": 3, "wealth_change_permille": -200, "gain_units": 0}
        for name in (*USER_KINDS, "large", "small", "attack_cheap_interest")
    }
    better = {"positions_called": 1, "wealth_change_permille": -150, "gain_units": -7}
    if rule_set == "peer":
        kinds = {name: group | better for name, group in kinds.items()}
    for (chosen, name), change in groups.items():
        if chosen == rule_set:
            kinds[name] = kinds[name] | change
    return RunResult("small", rule_set, path, 1, figures, {}, kinds)


def _answers(results):
    return {verdict.name: verdict.answer for verdict in verdicts(results)}


def _peer(**figures):
    return {"peer": figures}


def test_RE_6_all_questions_of_the_seed_are_there():
    assert [question.name for question in QUESTIONS] == [
        "liquidity-crisis",
        "loophole-1",
        "loophole-2",
        "loophole-3",
        "residual-1",
        "residual-2",
        "no-benefit",
        "raise-to-2",
        "target-ratio",
        "on-purpose",
        "spike",
        "dividends",
        "parameters",
        "large-and-small",
        "draft-rates",
    ]


def test_RE_6_where_the_proposal_keeps_its_promises_no_fear_is_borne_out():
    answers = _answers(_results())

    assert answers == dict.fromkeys(answers, NO)


BAD = [
    ("liquidity-crisis", _peer(price_fall_inside_permille=11)),
    ("liquidity-crisis", _peer(black_swans=[1] * 15 + [0] * 45)),
    ("liquidity-crisis", _peer(bad_debt_units=[1] * 15 + [0] * 45)),
    ("loophole-1", _peer(lenders_loss_units=1)),
    ("loophole-1", _peer(black_positions=2)),
    ("loophole-2", _peer(bond_repayment_days_max=1825)),
    ("loophole-3", _peer(debt_locked_share_max=0.3, price_fall_inside_permille=11)),
    ("residual-1", _peer(black_positions=1)),
    ("residual-1", _peer(lenders_loss_units=1)),
    ("no-benefit", _peer(called_positions_share=0.5)),
    ("no-benefit", _peer(holders_wealth_change_permille=-200)),
    ("no-benefit", _peer(lenders_yield_per_year=0)),
    ("raise-to-2", {"ratio_two": {"called_positions_share": 0.2, "holders_wealth_change_permille": -100}}),
    ("target-ratio", {"target_ratio": {"collateral_sold_units": 0, "holders_wealth_change_permille": -150}}),
    ("on-purpose", _peer(positions_called=60, chosen_calls=10)),
    ("parameters", _peer(lenders_yield_per_year=0)),
]


@pytest.mark.parametrize(("name", "figures"), BAD)
def test_RE_6_a_fear_is_borne_out_by_its_figures(name, figures):
    assert _answers(_results(figures))[name] is YES


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("liquidity-crisis", _peer(price_fall_inside_permille=10)),
        ("loophole-2", _peer(bond_repayment_days_max=1824)),
        ("loophole-3", _peer(debt_locked_share_max=0.3)),
        ("loophole-3", _peer(price_fall_inside_permille=500)),
        ("raise-to-2", {"ratio_two": {"called_positions_share": 0.2}}),
        ("target-ratio", {"target_ratio": {"holders_wealth_change_permille": -100}}),
        ("on-purpose", _peer(positions_called=60, chosen_calls=11)),
    ],
)
def test_RE_6_a_fear_is_not_borne_out_up_to_its_threshold(name, figures):
    assert _answers(_results(figures))[name] is NO


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("residual-2", {("peer", "attack_cheap_interest"): {"gain_units": 1}}),
        ("spike", {("peer", "protected"): {"positions_called": 3}}),
        ("parameters", {("peer", "protected"): {"wealth_change_permille": -200}}),
        ("large-and-small", {("peer", "small"): {"wealth_change_permille": -201}}),
    ],
)
def test_RE_6_a_fear_is_borne_out_by_what_a_group_of_users_got(name, groups):
    assert _answers(_results(groups=groups))[name] is YES


def test_RE_6_a_spike_that_calls_nobody_today_says_nothing():
    spared = {(name, "protected"): {"positions_called": 0} for name in ("none", "peer")}

    assert _answers(_results(groups=spared))["spike"] is OPEN


def test_RE_6_dividends_have_to_serve_lenders_too():
    figures = {"dividends": {"called_positions_share": 0.3, "holders_wealth_change_permille": -150}}
    lenders = {("dividends", "lenders"): {"wealth_change_permille": -150}}

    assert _answers(_results(figures))["dividends"] is NO
    assert _answers(_results(figures, lenders))["dividends"] is YES


def test_RE_11_the_drafts_prediction_holds_where_both_halves_do():
    rising = {("rising", "peer"): {"order_book_loan_rate_per_year": 0.2}}

    assert _answers(_results(parts=rising))["draft-rates"] is YES
    assert _answers(_results(parts=rising, variants=("falling",)))["draft-rates"] is NOT_ASKED


@pytest.mark.parametrize("paths", [1, 4])
def test_RE_6_few_paths_decide_nothing(paths):
    answers = _answers(_results(paths=paths))

    assert answers == dict.fromkeys(answers, OPEN)


def test_RE_6_where_the_interval_spans_both_answers_the_verdict_is_open():
    """Noise of 1,000 on figures that differ by 50 and 0.2."""
    answers = _answers(_results(noise=1000))

    for name in ("no-benefit", "raise-to-2", "target-ratio", "on-purpose"):
        assert answers[name] is OPEN


def test_RE_6_what_came_up_on_no_path_is_open():
    never = _answers(_results(_peer(auctions_overtaken=0, auctions_unsold=0, bond_repayment_days_max=0)))

    assert [never[name] for name in ("loophole-1", "residual-1", "loophole-2")] == [OPEN] * 3


def test_a_rare_thing_seen_on_no_path_of_few_is_open():
    """Nothing on 20 paths leaves room for one in six; nothing on 60 paths for less than one in ten."""
    assert _answers(_results(paths=20))["liquidity-crisis"] is OPEN
    assert _answers(_results(paths=60))["liquidity-crisis"] is NO
    assert PATHS_MANY == 0.10


def test_a_scenario_that_does_not_bring_a_question_up_says_so():
    answers = _answers(_results(variants=()))

    assert {name for name, answer in answers.items() if answer is NOT_ASKED} == {
        "loophole-2",
        "residual-1",
        "residual-2",
        "spike",
        "draft-rates",
    }


def test_the_pairs_of_a_path_are_compared_and_not_the_means():
    """Luck common to both is far larger than the effect, and drops out."""
    luck = [float(v) for v in np.random.default_rng(1).normal(0, 500, PATHS)]
    figures = {name: {"holders_wealth_change_permille": luck} for name in RULE_SETS}
    figures["peer"] = {"holders_wealth_change_permille": [value + 1 for value in luck]}

    assert _answers(_results(figures))["no-benefit"] is NO


@pytest.mark.parametrize("sign", ["≥", "≤", ">", "<"])
def test_a_claim_is_decided_by_its_whole_interval(sign):
    def answer(low, high):
        return Claim(Words("", ""), Interval((low + high) / 2, low, high, 9), "count", sign, 0.0).answer

    above, below = (YES, NO) if sign in "≥>" else (NO, YES)
    assert answer(1, 2) is above
    assert answer(-2, -1) is below
    assert answer(-1, 1) is OPEN
    assert answer(0, 0) is (YES if sign in "≥≤" else NO)


def test_every_figure_and_group_has_words_in_both_languages():
    assert set(WORDS) == set(FIGURES) - {"user_steps"}
    assert set(USER_KINDS) <= set(GROUPS)
    for question in QUESTIONS:
        for words in (question.source, question.question, question.criterion):
            assert words.en.isascii() or set(words.en) & set("“”‰≥")
            assert any("\u4e00" <= letter <= "\u9fff" for letter in words.zh)


def test_each_verdict_shows_what_it_rests_on():
    for verdict in verdicts(_results()):
        assert verdict.judged
        assert verdict.judged[0].claims
        assert verdict.paths == PATHS
        assert verdict.answer is verdict.judged[0].answer


@pytest.mark.parametrize(
    ("sold", "redeemed", "elapsed", "days"),
    [(100, 50, 7.0, 14.0), (100, 1, 20.0, 2000.0), (100, 0, 7.0, 36_500.0), (10**12, 1, 7.0, 36_500.0)],
)
def test_what_is_outstanding_of_bonds_is_repaid_at_the_pace_so_far(sold, redeemed, elapsed, days):
    assert repayment_days(sold, redeemed, elapsed) == days


def test_a_question_whose_variant_was_left_out_says_so_and_another_is_not_asked():
    found = {
        verdict.name: verdict.answer for verdict in verdicts(_results(variants=("spike",)), {"slow_fall", "spike"})
    }

    assert found["loophole-2"] is Answer.LEFT_OUT
    assert found["residual-1"] is NOT_ASKED
    assert found["spike"] is NO


def _share_of(count, paths):
    return Claim(Words("", ""), share(np.arange(paths) < count), "share", ">", 0.1, is_share_of_paths=True)


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        (_share_of(0, 4), "fewer than 5 paths"),
        (_share_of(0, 5), "too few paths: none of 5 may still be up to 52 %"),
        (_share_of(5, 5), None),
        (_share_of(0, 36), None),
        (_share_of(4, 60), None),
        (Claim(Words("", ""), Interval(1, -1, 3, 5), "count", ">", 0), None),
        (Claim(Words("", ""), Interval(1, -1, 3, 4), "count", ">", 0), "fewer than 5 paths"),
        (Claim(Words("", ""), NOTHING, "share", ">", 0.1, is_share_of_paths=True), None),
    ],
)
def test_what_too_few_paths_leave_open_says_so(claim, says):
    assert (claim.lacks_paths and claim.lacks_paths.en) == says
    assert claim.lacks_paths is None or claim.answer is OPEN


def test_no_benefit_says_through_what_holders_changed():
    parts = {"sold": 40, "passed": -10, "interest": -5, "kept": 25}
    peer = {f"holders_{name}_permille": value for name, value in parts.items()}
    verdict = next(one for one in verdicts(_results({"peer": peer})) if one.name == "no-benefit")
    change = verdict.judged[0].change

    assert [fact.interval.middle for fact in change] == [50, *parts.values()]
    assert CHANGE[0] == "holders_wealth_change_permille"


def test_no_figure_stands_twice_beside_a_verdict():
    for verdict in verdicts(_results()):
        for judged in verdict.judged[:1]:
            shown = [claim.interval for claim in judged.claims if claim.interval.low < claim.interval.high]
            assert not {fact.interval for fact in verdict.facts} & set(shown), verdict.name
    small = next(one for one in verdicts(_results()) if one.name == "large-and-small")
    assert [fact.words.en for fact in small.facts] == ["wealth of large holders, against today"]

"""The open questions of the seed and its critics' objections, each with the criterion that decides it (RE-6, RE-11).

The thresholds are judgements, and are written out with each: whoever disagrees sees the figures and can judge anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.results import Results, Values
from bsip_mplp.rehearsal.statistics import NOTHING, all_of, any_of, difference, mean
from bsip_mplp.rehearsal.verdicts import Claim, Fact, Question, Verdict, View, judge, part_for
from bsip_mplp.rehearsal.words import LENDING, Words

PATHS_MANY: Final = 0.10
"""A bad outcome counts as one that happens if it does in more than this share of paths."""

DEEPER_PERMILLE: Final = 10.0
"""The inside price falls deeper if it is this much of the outside price further below it."""

LOCKED_MUCH: Final = 0.25
"""This share of all bitasset is much, if it is locked."""

_PAIR: Final = ("called_positions_share", "collateral_sold_units")

YEARS_LONG_DAYS: Final = 5 * 365
"""The seed's "five years or longer"."""

CHANGE: Final = (
    "holders_wealth_change_permille",
    *(f"holders_{part}_permille" for part in ("sold", "passed", "interest", "kept")),
)
"""How holders' wealth changed, and through what."""

_SEED = Words("The proposal's opening question", "提案开篇的问题")
_OBJECTION = Words("A critic's objection", "批评者的意见")


def _positive(values: Values) -> NDArray[np.bool_]:
    return values > 0


def _liquidity(view: View) -> list[Claim]:
    return [
        view.versus("price_fall_inside_permille", ">", DEEPER_PERMILLE),
        view.more_than_none("black_swans", ">", PATHS_MANY),
        view.more_than_none("bad_debt_units", ">", PATHS_MANY),
    ]


def _harm_when(when: str, view: View) -> list[Claim]:
    """Lenders lose principal, or positions end black, in many of the paths in which something came up."""
    loss = Words("of these paths, lenders lost principal in", "其中出借人损失本金的比例")
    black = Words("of these paths, positions ended black in", "其中出现黑仓的比例")
    return [
        view.among(when, "lenders_loss_units", _positive, loss, PATHS_MANY),
        view.among(when, "black_positions", _positive, black, PATHS_MANY),
    ]


def _long_bonds(view: View) -> list[Claim]:
    words = Words(
        "of the paths in which bonds were sold, repayment takes five years or longer in",
        "在发行债券的路径中，偿还需五年或更久的比例",
    )
    long = view.among(
        "bond_repayment_days_max", "bond_repayment_days_max", lambda days: days >= YEARS_LONG_DAYS, words, 0.5
    )
    return [long]


def _locked(view: View) -> list[Claim]:
    return [
        view.average("debt_locked_share_max", ">", LOCKED_MUCH),
        view.versus("price_fall_inside_permille", ">", DEEPER_PERMILLE),
    ]


def _speculation(view: View) -> list[Claim]:
    words = Words("gain of the attacker who does not pay and bids", "不付息并参与竞拍的攻击者收益")
    return [view.group_versus("attack_cheap_interest", "gain_units", words, "bitasset", ">")]


def _no_benefit(view: View) -> list[Claim]:
    return [
        view.versus("called_positions_share", "≥"),
        view.versus("holders_wealth_change_permille", "≤"),
        view.average("lenders_yield_per_year", "≤", 0.0),
    ]


def _simpler_is_better(other: str, sold: str, view: View) -> list[Claim]:
    """Another rule set serves holders at least as well: no more is sold or called, and they are no poorer."""
    return [view.versus(sold, "≥", 0.0, other), view.versus("holders_wealth_change_permille", "≤", 0.0, other)]


def _on_purpose(view: View) -> list[Claim]:
    words = Words("positions called against their holder's will", "非故意的爆仓数")
    against = difference(_unchosen(view, view.rule_set), _unchosen(view, "none"))
    text = Words(f"{words.en}, against “Today's chain”", f"{words.zh}，对比“现行规则”")
    return [Claim(text, against, "count", "≥", 0.0)]


def _unchosen(view: View, rule_set: str) -> Values:
    return view.values("positions_called", rule_set) - view.values("chosen_calls", rule_set)


def _chosen_share(view: View) -> list[Fact]:
    called, chosen = view.values("positions_called", "none"), view.values("chosen_calls", "none")
    some = called > 0
    if not some.any():
        return []
    words = Words("share of calls that were on purpose, “Today's chain”", "故意爆仓占爆仓的比例，“现行规则”")
    return [Fact(words, mean(chosen[some] / called[some]), "share")]


def _spike(view: View) -> list[Claim]:
    """Only where the spike gets at somebody: paths on which none of them is called today say nothing."""
    called, today = (
        view.results.group_values(view.part, name, "protected", "positions_called") for name in (view.rule_set, "none")
    )
    hit = today > 0
    found = difference(called[hit], today[hit]) if hit.any() else NOTHING
    words = Words(
        "where some are called today: holders with standing protection called, against “Today's chain”",
        "在现行规则下有人被强平的路径中：预设保护者被强平的债仓数，对比“现行规则”",
    )
    return [Claim(words, found, "count", "≥", 0.0)]


def _spike_facts(view: View) -> list[Fact]:
    facts = []
    for group, en, zh in (("protected", "with standing protection", "有预设保护者"), ("tight", "tight", "贴线者")):
        for rule_set in ("none", view.rule_set):
            if view.results.has_group(view.part, rule_set, group):
                found = view.results.group_mean(view.part, rule_set, group, "positions_called")
                where = Words("today", "现行规则") if rule_set == "none" else Words("with lending", "有借贷")
                facts.append(Fact(Words(f"called, {en}, {where.en}", f"被强平（{zh}，{where.zh}）"), found, "count"))
    return facts


def _dividends(view: View) -> list[Claim]:
    lenders = Words("wealth of those who lend", "出借人的财富")
    return [
        view.group_versus("lenders", "wealth_change_permille", lenders, "permille", "≤", "dividends"),
        view.versus("holders_wealth_change_permille", "≤", 0.0, "dividends"),
        view.versus("called_positions_share", "≥", 0.0, "dividends"),
    ]


def _one_command(view: View) -> list[Claim]:
    words = Words("wealth of holders who gave one command (protect)", "只用一条命令（protect）的抵押者的财富")
    return [
        view.group_versus("protected", "wealth_change_permille", words, "permille", "≤"),
        view.average("lenders_yield_per_year", "≤", 0.0),
    ]


def _small_holders(view: View) -> list[Claim]:
    words = Words("wealth of small holders", "散户抵押者的财富")
    return [view.group_versus("small", "wealth_change_permille", words, "permille", "≤")]


def _large_facts(view: View) -> list[Fact]:
    """Large holders beside the small ones, whose figure is the claim."""
    found = view.results.group_difference(view.part, view.rule_set, "large", "wealth_change_permille")
    return [Fact(Words("wealth of large holders, against today", "大户的财富，对比现行规则"), found, "permille")]


def _rates(view: View) -> list[Claim]:
    """The draft's prediction: over BSIP-70's rate in a falling market, under it in a rising one."""
    claims = []
    for role, sign, en, zh in (("falling", ">", "falling", "下跌"), ("rising", "<", "rising", "上涨")):
        part = part_for(role, view.results)
        if part is None or not view.results.has(part, view.rule_set):
            return []
        there = View(view.results, part, view.rule_set)
        over = difference(there.values("lenders_yield_per_year"), there.values("order_book_loan_rate_per_year"))
        words = Words(f"lenders' yield over order-book lending, {en} market", f"{zh}市场中出借收益高出挂单借贷")
        claims.append(Claim(words, over, "rate", sign, 0.0))
    return claims


def _facts(*figures: str, today: tuple[str, ...] = ()) -> Callable[[View], list[Fact]]:
    """Figures to stand beside a verdict, and some of today's chain for comparison."""
    return lambda view: [view.fact(figure) for figure in figures] + [view.fact(figure, "none") for figure in today]


_ALL_IN_ALL = "called_positions_share"

QUESTIONS: Final[tuple[Question, ...]] = (
    Question(
        "liquidity-crisis",
        _SEED,
        Words(
            "Does lending cause a liquidity crisis of the bitasset?",
            "会不会造成锚定资产的流动性危机？",
        ),
        Words(
            "Yes if, against today's chain, the inside price falls deeper below the outside one by more than 10 ‰, or "
            "black swans or bad debt grow in more than 10 % of the paths. No if none of these is so.",
            "与现行规则相比，内盘价低于外盘价的幅度加深超过 10 ‰，或超过 10% 的路径中黑天鹅或坏账增加，即为“是”；"
            "三者皆无，即为“否”。",
        ),
        _liquidity,
        any_of,
        LENDING,
        facts=_facts("debt_locked_share_max", _ALL_IN_ALL, today=(_ALL_IN_ALL,)),
    ),
    Question(
        "loophole-1",
        Words("Loophole 1", "漏洞1"),
        Words(
            "Does a fast fall during an auction leave a hole?",
            "拍卖过程中快速下跌，会留下亏空吗？",
        ),
        Words(
            "Of the paths in which an auction was overtaken by a fall: yes if in more than 10 % of them lenders lose "
            "principal or positions end black. No if neither is so.",
            "在拍卖因快速下跌而中断的路径中，超过 10% 出现出借人本金损失或黑仓，即为“是”；两者皆无，即为“否”。",
        ),
        lambda view: _harm_when("auctions_overtaken", view),
        any_of,
        ("peer", "peer_vaults", "both"),
        needs=(),
        facts=_facts("auctions_held", "auctions_overtaken", "takeovers", "black_positions", "lenders_loss_units"),
    ),
    Question(
        "loophole-2",
        Words("Loophole 2", "漏洞2"),
        Words(
            "After a fall from 6 to 0.1, do risk bonds take five years or longer to repay?",
            "从6块跌到1毛，风险债券的偿还需要五年或更久吗？",
        ),
        Words(
            "Of the paths in which bonds were sold and their 7 days of sale are over: yes if repayment, at its pace so "
            "far, takes five years or longer in more than half. No if in no more.",
            "在债券已售出且 7 日发行期已过的路径中，按已有的偿还速度，超过一半需五年或更久，即为“是”；否则为“否”。",
        ),
        _long_bonds,
        any_of,
        ("peer", "peer_vaults", "both"),
        role="slow_fall",
        needs=(),
        facts=_facts("bonds_sold_units", "bond_repayment_days_max", "black_positions", "insurance_end_units"),
    ),
    Question(
        "loophole-3",
        Words("Loophole 3", "漏洞3"),
        Words(
            "Does bitasset locked in the lending pools make a liquidity problem?",
            "大量bitasset在借贷池中被锁定，会造成流动性问题吗？",
        ),
        Words(
            "Yes if more than 25 % of all bitasset is locked at the worst moment, and the inside price falls deeper "
            "than today by more than 10 ‰. No if either is not so.",
            "锁定比例最高时超过总量的 25%，并且内盘价比现行规则多跌超过 10 ‰，即为“是”；其一不成立，即为“否”。",
        ),
        _locked,
        all_of,
        LENDING,
        facts=_facts("debt_locked_units_max", "lenders_days_locked_mean"),
    ),
    Question(
        "residual-1",
        Words("Residual question 1", "残留问题1"),
        Words(
            "Does carrying unsold positions fail where the bitasset is illiquid?",
            "对于流动性差的智能资产，流拍后由管理账户背仓会失败吗？",
        ),
        Words(
            "In an illiquid market, of the paths in which an auction stayed unsold: yes if in more than 10 % of them "
            "lenders lose principal or positions end black. No if neither is so.",
            "在流动性差的市场中，出现流拍的路径里超过 10% 有出借人本金损失或黑仓，即为“是”；两者皆无，即为“否”。",
        ),
        lambda view: _harm_when("auctions_unsold", view),
        any_of,
        ("peer", "peer_vaults", "both"),
        role="illiquid",
        needs=(),
        facts=_facts(
            "auctions_held", "auctions_unsold", "bonds_sold_units", "black_positions", "insurance_least_units"
        ),
    ),
    Question(
        "residual-2",
        Words("Residual question 2", "残留问题2"),
        Words(
            "Can the auction be gamed: does not paying and bidding oneself bring a gain?",
            "竞拍规则会被投机者利用吗：不付息再自己竞拍能获利吗？",
        ),
        Words(
            "Yes if the attacker is richer than the same one on today's chain, with prices and users the same. "
            "No if not.",
            "在相同的价格和用户下，攻击者比在现行规则中更富，即为“是”；否则为“否”。",
        ),
        _speculation,
        all_of,
        ("peer", "peer_vaults", "both"),
        role="attack",
        groups=("attack_cheap_interest",),
        facts=_facts("auctions_held", "auctions_won", "interest_paid_units"),
    ),
    Question(
        "no-benefit",
        _OBJECTION,
        Words("“I see no benefit in this.” Do the figures bear it out?", "“没有看出来这样有多大的好处。”数字支持吗？"),
        Words(
            "Yes if, against today's chain, no smaller share of positions is called, or holders are no richer, or "
            "lenders earn nothing. No if none of these is so.",
            "与现行规则相比，被强平比例没有下降，或抵押者没有更富，或出借人没有收益，即为“是”；三者皆非，即为“否”。",
        ),
        _no_benefit,
        any_of,
        LENDING,
        facts=_facts("borrowers_cost_units", "calls_cost_units", today=("calls_cost_units",)),
        change=CHANGE,
    ),
    Question(
        "raise-to-2",
        _OBJECTION,
        Words(
            "“Simply raise the ratio to 2.” Is that at least as good for holders?",
            "“直接提高TCR至2以上不是更简单粗暴吗？”对抵押者至少同样好吗？",
        ),
        Words(
            "Yes if with MCR at 2 no larger share of positions is called than with lending, and holders are no poorer. "
            "No if either is not so.",
            "抵押率为 2 时，被强平比例不高于借贷方案，并且抵押者不更穷，即为“是”；其一不成立，即为“否”。",
        ),
        lambda view: _simpler_is_better("ratio_two", _ALL_IN_ALL, view),
        all_of,
        LENDING,
        needs=("ratio_two",),
        facts=lambda view: [view.fact(figure, name) for figure in _PAIR for name in (view.rule_set, "ratio_two")],
    ),
    Question(
        "target-ratio",
        _OBJECTION,
        Words(
            "“There is the target ratio already.” Is that at least as good for holders?",
            "“还有一个目标抵押率可以用。”对抵押者至少同样好吗？",
        ),
        Words(
            "Yes if with a target ratio on every position no more collateral is sold than with lending, and holders "
            "are no poorer. No if either is not so.",
            "所有债仓都用目标抵押率时，卖出的抵押物不多于借贷方案，并且抵押者不更穷，即为“是”；其一不成立，即为“否”。",
        ),
        lambda view: _simpler_is_better("target_ratio", "collateral_sold_units", view),
        all_of,
        LENDING,
        needs=("target_ratio",),
        facts=lambda view: [view.fact(figure, name) for figure in _PAIR for name in (view.rule_set, "target_ratio")],
    ),
    Question(
        "on-purpose",
        _OBJECTION,
        Words(
            "“Most calls are on purpose.” Is lending then of no use?",
            "“爆仓单绝大部分都是故意爆仓的。”那么借贷就没有用吗？",
        ),
        Words(
            "How many let themselves be called on purpose is set by the scenario, not found by it. So: yes if lending "
            "does not lessen the calls of those who did not choose to be called. No if it does.",
            "有多少人故意爆仓是情景设定的，不是推演得出的。因此：非故意的爆仓没有因借贷减少，即为“是”；减少则为“否”。",
        ),
        _on_purpose,
        any_of,
        LENDING,
        facts=_chosen_share,
    ),
    Question(
        "spike",
        _OBJECTION,
        Words(
            "“A spike leaves no time to borrow.” Are holders with standing protection called as often as today?",
            "“插针的情况下根本不会给你借的时间。”预设保护者仍照样被强平吗？",
        ),
        Words(
            "In a spike and back, on the paths on which it gets some of them called today: yes if of the holders with "
            "standing protection no fewer are called. No if fewer are.",
            "在插针行情中，只看现行规则下有预设保护者被强平的路径：其被强平数目没有减少，即为“是”；减少则为“否”。",
        ),
        _spike,
        all_of,
        LENDING,
        role="spike",
        groups=("protected",),
        facts=_spike_facts,
    ),
    Question(
        "dividends",
        _OBJECTION,
        Words(
            "“Pay out fees instead.” Is that at least as good for lenders and holders?",
            "“手续费按快照发就可以了。”对出借人和抵押者至少同样好吗？",
        ),
        Words(
            "Yes if with dividends neither lenders nor holders are poorer than with lending, and no larger share of "
            "positions is called. No if any of these is not so.",
            "分红方案下出借人和抵押者都不比借贷方案更穷，并且被强平比例不更高，即为“是”；其一不成立，即为“否”。",
        ),
        _dividends,
        all_of,
        LENDING,
        needs=("dividends",),
        groups=("lenders",),
        facts=lambda view: [view.fact("dividends_paid_units", "dividends"), view.fact("interest_paid_units")],
    ),
    Question(
        "parameters",
        _OBJECTION,
        Words(
            "“Too many parameters for users.” Do those who use one command with its defaults get nothing from it?",
            "“参数太多，用户在使用中然并卵。”只用一条默认命令的用户得不到好处吗？",
        ),
        Words(
            "Yes if holders who gave one command (protect, with its defaults) are no richer than today, or lenders "
            "earn nothing. No if neither is so.",
            "只用一条默认命令（protect）的抵押者不比现行规则更富，或出借人没有收益，即为“是”；两者皆非，即为“否”。",
        ),
        _one_command,
        any_of,
        LENDING,
        groups=("protected",),
    ),
    Question(
        "large-and-small",
        _OBJECTION,
        Words(
            "“The large ones will profit, the small ones hardly.” Do small holders gain nothing?",
            "“大户会找到套利的姿势，散户想赚点利息估计很难。”散户没有好处吗？",
        ),
        Words(
            "Yes if small holders are no richer than on today's chain. No if they are.",
            "散户抵押者不比现行规则更富，即为“是”；更富则为“否”。",
        ),
        _small_holders,
        all_of,
        LENDING,
        groups=("large", "small"),
        facts=_large_facts,
    ),
    Question(
        "draft-rates",
        Words("The draft's prediction", "草案的预测"),
        Words(
            "Do lenders earn more than in order-book lending when prices fall, and less when they rise?",
            "熊市中出借收益高于挂单借贷（BSIP-70），牛市中低于它吗？",
        ),
        Words(
            "Yes if the yield is over BSIP-70's rate in a falling market and under it in a rising one. No if either is "
            "not so.",
            "下跌市场中高于 BSIP-70 的利率，上涨市场中低于它，即为“是”；其一不成立，即为“否”。",
        ),
        _rates,
        all_of,
        ("shared", "both", "peer", "peer_vaults"),
        role="falling",
        needs=(),
        is_concern=False,
    ),
)
"""In the order of the seed."""


def verdicts(results: Results, left_out: Collection[str] = ()) -> list[Verdict]:
    """The verdict on each question, in the order of the seed; `left_out` has the roles of variants not run."""
    return [judge(question, results, left_out) for question in QUESTIONS]

"""What the report calls things, in English and Chinese."""

from __future__ import annotations

from typing import Final, NamedTuple

from bsip_mplp.rehearsal.statistics import Answer


class Words(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str


class Figure(NamedTuple):
    """A figure of a run as people read it: what it is, and in what."""

    words: Words
    unit: str
    """One of share, permille, rate, bitasset, core, count, days; a difference of shares is in points."""
    better: int = 0
    """1 if more is better, -1 if less is, 0 if neither."""


RULE_SETS: Final[dict[str, Words]] = {
    "none": Words("Today's chain", "现行规则"),
    "peer": Words("Peer lending", "个人借贷池"),
    "peer_vaults": Words("Peer lending in vaults", "个人借贷池（保管账户）"),
    "shared": Words("Shared pool", "共享流动池"),
    "both": Words("Both ways of lending", "两种借贷并行"),
    "target_ratio": Words("Target ratio for all", "全部使用目标抵押率"),
    "ratio_two": Words("MCR at 2", "抵押率提高到2"),
    "dividends": Words("Fees as dividends", "手续费分红"),
}

LENDING: Final = ("peer", "peer_vaults", "shared", "both")
"""The rule sets in which somebody lends."""

ANSWERS: Final[dict[Answer, Words]] = {
    Answer.YES: Words("Yes", "是"),
    Answer.NO: Words("No", "否"),
    Answer.UNDECIDED: Words("Undecided", "未定"),
    Answer.NOT_ASKED: Words("Not asked", "未涉及"),
    Answer.LEFT_OUT: Words("Left out by --quick", "--quick 未计算"),
}

FIGURES: Final[dict[str, Figure]] = {
    "positions_live": Figure(Words("positions open at the end", "期末未平的债仓"), "count"),
    "positions_called": Figure(Words("positions margin-called", "被强平的债仓数"), "count", -1),
    "called_positions_share": Figure(Words("share of positions margin-called", "被强平的债仓比例"), "share", -1),
    "collateral_sold_units": Figure(Words("collateral sold by margin calls", "强平卖出的抵押物"), "core", -1),
    "bad_debt_units": Figure(Words("bad debt", "坏账"), "bitasset", -1),
    "black_swans": Figure(Words("black swans", "黑天鹅次数"), "count", -1),
    "price_fall_inside_permille": Figure(
        Words("deepest inside price below the outside one", "内盘价低于外盘价的最大幅度"), "permille", -1
    ),
    "debt_locked_share_max": Figure(
        Words("most bitasset locked in lending, of all there is", "借贷锁定锚定资产占总量的最高比例"), "share"
    ),
    "debt_locked_units_max": Figure(Words("most bitasset locked in lending", "借贷锁定锚定资产的最高数量"), "bitasset"),
    "lenders_yield_per_year": Figure(Words("lenders' yield", "出借人年化收益"), "rate", 1),
    "lenders_days_locked_mean": Figure(Words("days that a loan is locked", "出借资产平均锁定天数"), "days", -1),
    "lenders_loss_units": Figure(Words("principal that lenders lost", "出借人本金损失"), "bitasset", -1),
    "borrowers_cost_units": Figure(Words("what borrowers paid", "借入人成本"), "bitasset", -1),
    "calls_cost_units": Figure(Words("what margin calls cost their holders", "强平给抵押者造成的损失"), "bitasset", -1),
    "call_cost_avoided_units": Figure(
        Words("what calls would have cost where a loan averted one", "借贷避免的强平损失"), "bitasset", 1
    ),
    "borrowers_cost_without_units": Figure(
        Words("what calls would have cost without loans", "没有借贷时强平会造成的损失"), "bitasset"
    ),
    "insurance_end_units": Figure(Words("insurance fund at the end", "期末保险金"), "bitasset", 1),
    "insurance_least_units": Figure(Words("insurance fund at its lowest", "保险金最低值"), "bitasset", 1),
    "auctions_held": Figure(Words("auctions held", "拍卖次数"), "count"),
    "auctions_won": Figure(Words("auctions won", "成交的拍卖"), "count"),
    "auctions_unsold": Figure(Words("auctions unsold", "流拍次数"), "count", -1),
    "auctions_overtaken": Figure(Words("auctions overtaken by a fall", "拍卖中因快速下跌中断"), "count", -1),
    "takeovers": Figure(Words("takeovers by the management account", "管理账户接管次数"), "count", -1),
    "bonds_sold_units": Figure(Words("risk bonds sold", "售出的风险债券"), "bitasset"),
    "black_positions": Figure(Words("black positions", "黑仓数"), "count", -1),
    "bond_repayment_days_max": Figure(Words("longest repayment of a bond", "债券最长偿还时间"), "days", -1),
    "loans_made": Figure(Words("loans made", "借贷笔数"), "count"),
    "interest_paid_units": Figure(Words("interest paid", "支付的利息"), "bitasset"),
    "chosen_calls": Figure(Words("positions called on purpose", "故意爆仓数"), "count"),
    "order_book_loan_rate_per_year": Figure(
        Words("rate of order-book lending (BSIP-70)", "挂单借贷利率（BSIP-70）"), "rate"
    ),
    "holders_wealth_change_permille": Figure(Words("change of holders' wealth", "抵押者财富变化"), "permille", 1),
    "holders_sold_permille": Figure(Words("forced sales", "强制卖出"), "permille", 1),
    "holders_passed_permille": Figure(
        Words("positions lost in auctions, by carrying and by full calls", "因拍卖、接管承担和全额强平而失去的债仓"),
        "permille",
        1,
    ),
    "holders_interest_permille": Figure(Words("interest", "利息"), "permille", 1),
    "holders_kept_permille": Figure(
        Words("price moves of what they kept, and their own trades", "所保留仓位的价格变动及自己的买卖"), "permille", 1
    ),
    "dividends_paid_units": Figure(Words("dividends paid", "分红"), "bitasset", 1),
}

GROUPS: Final[dict[str, Words]] = {
    "lenders": Words("Lenders", "出借人"),
    "tight": Words("Tight holders", "贴线抵押者"),
    "careful": Words("Careful holders", "谨慎抵押者"),
    "absent": Words("Absent holders", "不看盘抵押者"),
    "protected": Words("Holders with standing protection", "预设保护抵押者"),
    "called_on_purpose": Words("Called on purpose", "故意爆仓者"),
    "bidders": Words("Bidders", "竞拍者"),
    "call_traders": Words("Margin-call traders", "吃强平单者"),
    "arbitrageur": Words("Arbitrageur", "搬砖者"),
    "large": Words("Large holders", "大户"),
    "small": Words("Small holders", "散户"),
    "attack_short": Words("Attacker: shorts to force calls", "攻击者：做空挤爆"),
    "attack_spike": Words("Attacker: spikes the price", "攻击者：插针"),
    "attack_cheap_interest": Words("Attacker: cheap interest", "攻击者：利息套利"),
    "attack_withdraw": Words("Attacker: withdraws all at once", "攻击者：集中撤资"),
}

"""The example of the proposal: 小红 borrows from 小明, in 14 steps, told in the order in which they can happen.

The numbers are the source's where it has some: CR > 1.6, MCR 1.55. Of the market it asks `MSSR < LMCR < MCR`.
"""

from __future__ import annotations

from bsip_mplp.story import example_steps as play
from bsip_mplp.story.configuration import Setting
from bsip_mplp.story.ratios import LMCR_TEXT, RATIOS
from bsip_mplp.story.run import Story
from bsip_mplp.story.scene import Step
from bsip_mplp.story.stage import Stage

SETTING = Setting(
    funds={"Hong": "1700", "Gang": "1700", "Ming": "1100", "Li": "1100", "Maker": "12200"},
    ratios=RATIOS,
    first_price="0.1",
    parameters={"lmcr": LMCR_TEXT},
)

STEPS = (
    Step("1", "小红的抵押率 CR>1.6;", "Hong's collateral ratio CR is over 1.6.", play.opens),
    Step("2", "价格下跌;", "The price falls.", play.falls),
    Step(
        "3",
        "小红的抵押率无限接近于MCR=1.55,就要爆仓了;",
        "Hong's ratio is as near as can be to MCR = 1.55: she is about to be called.",
        play.nears_mcr,
    ),
    Step("10", "利息由市场决定;", "Interest is decided by the market.", play.sets_rates),
    Step(
        "13",
        "利息类型的支付可以按照抵押物的类型进行决定;",
        "The kind of interest can follow the kind of collateral.",
        play.takes_kinds,
    ),
    Step("6", "小红必须提前支付给小明利息;", "Hong must pay Ming interest ahead.", play.pays_ahead),
    Step(
        "4",
        "小红此时可以从小明借贷智能资产/bts来保证她的债仓在大于借贷爆仓抵押率(也就是她自己的抵押率CR)>=MCR"
        "(或者其它由理事会设定的参数)的情况下不会被强平,同时保证自己+借贷来的债仓的综合抵押率必须大于ICR;",
        "Now Hong can borrow bitasset and BTS from Ming, so that her position is not closed while her own CR stays at "
        "or over the ratio set for loans (LMCR); what is hers and what is lent must together be over ICR.",
        play.borrows,
    ),
    Step("5", "小红不能动用从小明借贷的资产;", "Hong cannot touch what she borrowed from Ming.", play.cannot_spend),
    Step(
        "11",
        "如果小明借贷给小红资产,在借贷时间没有到期或者小红没有主动终止合约或者小红没有被强平之前," "小明不能撤回资产;",
        "Until the term ends, or Hong ends it, or she is closed, Ming cannot take back what he lent.",
        play.cannot_withdraw,
    ),
    Step(
        "12",
        "小明借贷出的资产,将会锁定在自己账户的借贷池中;",
        "What Ming lent is locked in the lending pool of his own account.",
        play.is_locked,
    ),
    Step("7", "价格又跌了;", "The price falls again.", play.falls_again),
    Step(
        "14",
        "没有进行这样借贷的抵押者如果CR<MCR, 就会直接被系统强平。",
        "Whoever did not borrow like this is closed by the system as soon as CR < MCR.",
        play.calls_the_unprotected,
    ),
    Step(
        "8",
        "小红的抵押率无限接近与LMCR,如果她不增加抵押率或者还一部分款的使自己的借贷爆仓抵押率LMCR的话,"
        "一旦小于LMCR或者自己+借贷来的债仓的综合抵押率小于LCR,她就会被系统强制平仓;",
        "Hong's ratio is as near as can be to LMCR. If she neither adds collateral nor pays debt, then under LMCR, or "
        "with too small a combined ratio, the system closes her.",
        play.nears_lmcr,
    ),
    Step(
        "9",
        "小红一旦被触发强平,从小明借贷的资产将会归还给小明;",
        "Once Hong is closed, what she borrowed from Ming goes back to Ming.",
        play.goes_home,
    ),
)
"""The 14 steps, each with its number and its words in the source."""


def _opening(stage: Stage) -> list[str]:
    return [
        f"Hong (小红) and Gang (小刚) owe {stage.symbol}, which {stage.core} backs; Ming (小明) and Li (小丽) lend; "
        "Maker trades and operates; Feeds says the price. All are accounts made for this run, each with its own key.",
        "Steps have the source's numbers and stand in the order in which they happen: 10 to 14 are about what goes on "
        "during 4 to 9.",
    ]


STORY = Story("The example of the proposal, on a BitShares chain", _opening, lambda can_move_time: SETTING, STEPS)

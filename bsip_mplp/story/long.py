"""The life of long loans: interest month by month, an auction won, one unsold, a carry, a bond, black and its end.

On an embedded node chain time is moved, and a year goes by. On another node nothing can be moved: the auctions are
made short by the market's parameters, and what takes weeks is skipped.
"""

from __future__ import annotations

from bsip_mplp.story import long_auctions as first
from bsip_mplp.story import long_carrying as then
from bsip_mplp.story.configuration import Setting
from bsip_mplp.story.ratios import LMCR_TEXT, RATIOS
from bsip_mplp.story.run import Story
from bsip_mplp.story.scene import Step
from bsip_mplp.story.stage import Stage

FUNDS = {"Hong": "16600", "Gang": "16300", "Ming": "8100", "Wei": "600", "Li": "10", "Maker": "20100"}

PARAMETERS = {"lmcr": LMCR_TEXT, "dividend_target": "[10000000, 150000]"}
"""What stands over the defaults: a dividend of what the fund holds over 100 core asset and 15 bitasset."""

SHORT = {"trigger_hold": "3", "auction_round": "30", "auction_limit": "180", "cure_window": "150"}
"""Where time can't be moved: seconds in place of minutes, hours and a day."""


def setting(can_move_time: bool) -> Setting:
    """The setting; with short auctions where time can't be moved."""
    return Setting(FUNDS, RATIOS, "0.1", PARAMETERS if can_move_time else PARAMETERS | SHORT)


STEPS = (
    Step(
        "1",
        "大于等于30日的借贷日期将会视为长期借贷。",
        "Hong and Gang borrow from Ming for 30 days and longer: long loans, which renew as long as interest is paid.",
        first.borrow,
    ),
    Step(
        "2",
        "提前七日付息",
        "Interest is paid month by month, each time 7 days ahead, from what both have prepaid.",
        first.pay_monthly,
        "interest paid month by month",
    ),
    Step(
        "3",
        "if LCR<MCR, 系统拍卖;",
        "The price falls until even with the loans the ratio is under MCR, and stays there: both positions are "
        "auctioned.",
        first.fall,
    ),
    Step(
        "4",
        "竞拍者只需要对利息进行竞拍; 中标者会获得借入人的债仓,同时按照原约定到期付息;",
        "Bidders bid interest. Wei bids most for Hong's position: he pays Ming the month's interest, 80 % of what is "
        "over goes to the insurance fund and 20 % to Ming, and from now on Wei is the holder and pays.",
        first.bid,
    ),
    Step(
        "5",
        "如果48小时到期后,无人竞拍,债仓会流转至智能资产管理账户进行长期利息背仓。",
        "Nobody bids for Gang's position: after 48 hours the management account has to carry it.",
        first.nobody_bids,
    ),
    Step(
        "6",
        "由锚定资产保险金付息; 当发生锚定资产手续费及竞拍利息差无法支付利息进行背仓的情况, 在预付息日发行风险债券",
        "The insurance fund pays its interest, month after month, until it has too little: then, on the prepay date, "
        "risk bonds are offered for what is owed.",
        then.run_dry,
        "the months until the insurance fund is empty, and the bonds",
    ),
    Step(
        "7",
        "7日到期后如果无法兑换到足够的锚定资产进行平仓,这部分债仓将会变成黑仓",
        "Li buys half of the bonds, nobody the rest. After 7 days the position is black.",
        then.sell_half,
        "the week of the bonds, and the black position",
    ),
    Step(
        "8",
        "按照实际收入进行利息+本金赎回; 直到黑仓变成正常仓位。",
        "Income reaches the fund (the fees of the market, paid in). It pays what is owed, redeems the bonds with their "
        "coupon, and the position is black no more.",
        then.pay_in,
        "the end of the black position, and the redemption",
    ),
    Step(
        "9",
        "债仓CR>LMCR后,会出售债仓进行付息平仓操作。",
        "The price rises until Gang's own ratio is over LMCR: the carrying ends, and the loans go back to Ming's pool.",
        then.rise,
    ),
    Step(
        "10",
        "派息分红",
        "With nothing black and no bond left, what the fund has over its target is paid out to those who lend.",
        then.pay_dividend,
        "the weekly dividend",
    ),
    Step(
        "11",
        "同时按照原约定到期付息;",
        "The year goes on to its end; Wei pays for the loan he took over.",
        then.end_the_year,
        "the rest of the year",
    ),
    Step("12", "", "Wei ends the loan, and Ming takes home what he lent and what he earned.", then.go_home),
)
"""The chapters, each with the words of the source's rules that it shows."""


def _opening(stage: Stage) -> list[str]:
    lines = [
        f"Hong (小红) and Gang (小刚) owe {stage.symbol}, which {stage.core} backs; Ming (小明) lends; Wei (小伟) "
        "bids; Li (小丽) buys bonds; Maker trades and operates; Feeds says the price.",
        "CR is what a position's own collateral is worth in its debt; LCR counts what is lent to it, too. The chain's "
        "MCR is 1.55; the committee's LMCR is 1.3. In the insurance fund is a tenth of all interest.",
    ]
    if not stage.can_move_time:
        lines.append("Time can't be moved on this node: auctions are short here, and what takes weeks is skipped.")
    return lines


STORY = Story("A year of long loans, on a BitShares chain", _opening, setting, STEPS)

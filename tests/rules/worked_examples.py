"""The worked examples of docs/long-loans.md: each a course of events, told step by step with its figures.

`python -m tests.rules.worked_examples` writes their tables into the page, in English and Chinese.
tests/rules/test_worked_examples.py asserts the figures, worked out by hand, and that the page has these tables.
"""

from __future__ import annotations

import re
from pathlib import Path

from bsip_mplp.ratios import collateral_ratio
from tests.rules.scene import DAY, Scene, protected
from tests.rules.simulated_chain import SimulatedChain

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "long-loans.md", "zh": DOCS / "zh" / "long-loans.md"}
HEADS = {
    "en": "| time | what happens | price | CR | LCR | state | by | bob has | fund has |",
    "zh": "| 时间 | 发生了什么 | 价格 | CR | LCR | 状态 | 规则 | bob 持有 | 保险金 |",
}
STATES_ZH = {
    "free": "自由",
    "protected": "受保护",
    "in_auction": "拍卖中",
    "taken_over": "已接管",
    "carried": "背仓",
    "black": "黑仓",
    "closed": "已关闭",
}
ROUND = 900


class Course:
    """A scene, and the rows told of it so far."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.rows: list[tuple] = []
        self.tell("ann borrows 20,000 USD of bob's long pool", "ann 从 bob 的长期借贷池借入 20,000 USD")

    def tell(self, english, chinese):
        """Tell what has just happened; the figures are those of now."""
        scene = self.scene
        position, feed = scene.of("ann"), scene.engine.book.markets["USD"].last_valid
        self.rows.append(
            (
                _clock(scene.now),
                {"en": english, "zh": chinese},
                f"{feed.price.bitasset / feed.price.core:.3f}",
                _ratio(collateral_ratio(position.collateral, position.debt, feed.price)),
                _ratio(collateral_ratio(position.collateral + position.lp1, position.debt - position.lp2, feed.price)),
                position.state,
                position.state_rule,
                f"{scene.free('bob', 'USD'):,}",
                _fund(scene),
            )
        )

    def feed(self, price, english=None, chinese=None):
        self.scene.feed(price)
        p = f"{price / 1000:g}"
        self.tell(english or f"the price is {p}", chinese or f"价格为 {p}")

    def wait(self, english, chinese, **time):
        self.scene.wait(**time)
        self.tell(english, chinese)

    def until(self, day, english, chinese, seconds=0):
        self.scene.now = day * DAY + seconds
        self.scene.wait()
        self.tell(english, chinese)

    def table(self, language):
        """The rows as a table in Markdown."""
        lines = [HEADS[language], "| --- | --- | ---: | ---: | ---: | --- | --- | ---: | ---: |"]
        for when, what, price, cr, lcr, state, rule, lender, fund in self.rows:
            shown = STATES_ZH[state] if language == "zh" else state.replace("_", " ")
            time = when.replace("day ", "第 ").replace(",", " 天") if language == "zh" else when
            lines.append(
                f"| {time} | {what[language]} | {price} | {cr} | {lcr} | {shown} | {rule} | {lender} | {fund} |"
            )
        return "\n".join(lines)


def _clock(seconds):
    day, rest = divmod(seconds, DAY)
    return f"day {day}, {rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"


def _ratio(value):
    return "–" if value is None else f"{float(value):.3f}"


def _fund(scene):
    core = scene.fund("BTS")
    return f"{scene.fund('USD'):,}" + (f" + {core:,} BTS" if core else "")


# --- the cases of the seed -----------------------------------------------------------------------------------


def missed_over_mssr():
    course = Course(protected())
    course.feed(800)
    course.scene.feed(900)
    course.until(23, "interest of 200 is due and not there; CR is over MSSR", "应付 200 利息而未付；CR 高于 MSSR")
    course.until(30, "the time paid for ends, and the loan with it", "已付息的时间结束，借贷随之结束")
    return course


def missed_under_mssr():
    course = Course(protected())
    course.until(22, "a day before the interest is due", "付息日前一天")
    course.scene.now = 23 * DAY - 30
    course.feed(780, "the price falls to 0.78, thirty seconds before", "付息日前三十秒价格跌至 0.78")
    course.until(23, "interest of 200 is due and not there: auction at once", "应付 200 利息而未付：立即拍卖")
    course.wait("CR has been under MSSR for 60 s: taken over", "CR 低于 MSSR 已满 60 秒：接管", seconds=30)
    return course


def lcr_under_mcr():
    course = Course(protected())
    course.feed(880)
    course.wait("59 s later", "59 秒后", seconds=59)
    course.wait("60 s: the auction opens", "满 60 秒：开始拍卖", seconds=1)
    return course


def takeover():
    course = Course(protected())
    course.feed(780)
    course.wait("60 s: taken over, and auctioned", "满 60 秒：接管并拍卖", seconds=60)
    course.feed(1000)
    course.wait("the price is back, and there is no cure", "价格恢复，但已不能补救", seconds=3600)
    course.scene.bid("cat", 200)
    course.wait("cat's bid of the reserve wins the fifth round", "cat 以底价赢得第五轮", seconds=ROUND)
    return course


def _auctioned(**more):
    course = Course(protected(**more))
    course.feed(880)
    course.wait("60 s: the auction opens", "满 60 秒：开始拍卖", seconds=60)
    return course


def won_in_the_first_round():
    course = _auctioned()
    course.scene.bid("cat", 500)
    course.tell("cat bids 500, dan 350, eve 150", "cat 出价 500,dan 350,eve 150")
    course.scene.bid("dan", 350)
    course.scene.bid("eve", 150)
    course.wait("the round closes: cat is the holder", "本轮结束：cat 成为持有者", seconds=ROUND)
    return course


def won_in_the_hundredth_round():
    course = _auctioned()
    course.wait("99 rounds without a bid", "99 轮无人出价", seconds=99 * ROUND)
    course.scene.bid("cat", 200)
    course.wait("cat's bid of 200 wins the hundredth", "cat 以 200 赢得第一百轮", seconds=ROUND)
    return course


def never_won():
    course = _auctioned()
    course.scene.bid("cat", 199)
    course.wait("a bid of 199 was under the reserve and came back", "出价 199 低于底价，已退回", seconds=ROUND)
    course.wait("48 hours are over: carried", "48 小时已过：背仓", seconds=2 * DAY - ROUND)
    return course


def two_lenders_and_a_short_loan():
    course = Course(protected())
    scene = course.scene
    scene.lend("dan", 5_000, "USD", "73/600", 60, period_days=30)
    scene.lend("eve", 5_000, "USD", "73/600", 14)
    scene.prepay("ann", 100, "USD")
    scene.borrow("ann", 5_000, "USD", pools=(2,))
    scene.borrow("ann", 5_000, "USD", pools=(3,))
    course.tell("and 5,000 of dan's long and of eve's short pool", "并从 dan 的长期池和 eve 的短期池各借 5,000")
    course.feed(820, "the price is 0.82: CR < LMCR, the short loan ends", "价格为 0.82：CR < LMCR，短期借贷结束")
    course.wait("60 s: LCR without it is under MCR, auction", "满 60 秒：去掉它后 LCR 低于 MCR，拍卖", seconds=60)
    scene.bid("cat", 400)
    course.wait("cat's bid of 400 wins: reserve 250", "cat 以 400 中标：底价 250", seconds=ROUND)
    return course


def cured_before_a_bid():
    course = _auctioned()
    course.scene.position("ann", 142_000, 100_000)
    course.tell("ann adds 2,000 BTS at a price that has held", "ann 在价格已稳定时增加 2,000 BTS")
    return course


def cured_after_a_bid():
    course = _auctioned()
    course.scene.bid("cat", 1_000)
    course.tell("cat bids 1,000", "cat 出价 1,000")
    course.feed(900, "the price is 0.9, LCR over MCR again", "价格为 0.9,LCR 重新高于 MCR")
    course.wait("held for 60 s: cured, cat has the 1,000 back", "满 60 秒：补救成功，cat 取回 1,000", seconds=60)
    return course


def too_late_to_cure():
    course = _auctioned()
    course.scene.bid("cat", 200)
    course.wait("cat wins", "cat 中标", seconds=ROUND)
    course.scene.position("ann", 200_000, 100_000)
    course.tell("60,000 BTS added afterwards are for cat's position", "其后增加的 60,000 BTS 归 cat 的债仓")
    return course


def carried_until_the_close():
    course = Course(protected("protocol", risk_share="0"))
    scene = course.scene
    chain = SimulatedChain(scene, price=(880, 1000))
    course.feed(880)
    course.wait("60 s: the auction opens", "满 60 秒：开始拍卖", seconds=60)
    course.wait("unsold for 48 hours: carried", "48 小时无人中标：背仓", days=2)
    scene.insure("eve", 1_000, "USD")
    chain.carry_out_all("ann")
    course.tell("the fund's 20 and fees of 1,000 pay down debt: 98,980", "保险金 20 和手续费 1,000 偿还债务：98,980")
    scene.parameters(insurance_reserve=[0, 500])
    scene.insure("eve", 500, "USD")
    course.tell("500 more stay as the reserve", "另外 500 留作储备")
    course.until(23, "the fund pays bob 176 for what is needed", "保险金为所需部分支付 bob 176")
    scene.parameters(insurance_reserve=[0, 324])
    course.feed(930, "at 0.93 CR is over LMCR: the sale is ordered", "价格 0.93 时 CR 高于 LMCR：下达卖单")
    chain.price = (920, 1000)
    chain.carry_out_all("ann")
    course.tell("sold at 0.92, over the limit: closed", "以高于限价的 0.92 卖出：关闭")
    return course


def the_fund_runs_dry():
    course = _auctioned(risk_share="0")
    scene = course.scene
    scene.insure("eve", 200, "USD")
    course.wait("unsold for 48 hours: carried", "48 小时无人中标：背仓", days=2)
    course.until(23, "the fund pays bob 180 of its 220", "保险金 220 中支付 bob 180")
    course.until(53, "the next 180 are due: 40 do not pay them, bonds are offered", "又应付 180：40 不足，发行债券")
    scene.buy_bond("cat", 140)
    course.tell("cat buys 140 of the 180: bob is paid", "cat 购买 180 中的 140:bob 得到利息")
    course.until(60, "the window ends: nothing is owed", "窗口结束：无欠息")
    return course


def half_sold_black_and_redeemed():
    course = _auctioned(risk_share="0")
    scene = course.scene
    course.wait("unsold for 48 hours: carried", "48 小时无人中标：背仓", days=2)
    course.until(23, "180 are due, the fund has 20: 180 of bonds are offered", "应付 180，保险金 20：发行 180 债券")
    scene.buy_bond("cat", 90)
    course.tell("cat buys half, 90", "cat 购买一半，90")
    course.until(30, "the window ends with 180 still owed: black", "窗口结束时仍欠 180：黑仓")
    scene.insure("eve", 80, "USD")
    course.tell("income of 80: the 180 are paid, 10 redeem bonds", "收入 80：付清 180，余 10 赎回债券")
    scene.now = 40 * DAY
    scene.insure("eve", 100, "USD")
    course.tell("income of 100: a coupon of 1 and the last 80 are paid", "收入 100：支付利息 1 和最后 80")
    return course


def forced_option():
    course = _auctioned(risk_share="0", bond_forced="option", insurance_reserve=[0, 100])
    scene = course.scene
    course.wait("unsold for 48 hours: carried", "48 小时无人中标：背仓", days=2)
    course.until(23, "180 are due: bonds are offered", "应付 180：发行债券")
    scene.buy_bond("cat", 180)
    course.tell("cat buys all 180, bob is paid", "cat 全部购买 180,bob 得到利息")
    scene.wait(days=7)
    scene.insure("eve", 60, "USD")
    course.tell("income of 60 stays under the reserve", "收入 60 低于储备，留存")
    scene.redeem("cat", 80)
    course.tell("cat exchanges 80 bonds for the 80 that the fund has", "cat 以 80 债券换取保险金中的 80")
    return course


def forced_compulsory():
    course = _auctioned(risk_share="0", bond_forced="compulsory")
    scene = course.scene
    scene.lend("dan", 10_000, "USD", "1", 14)
    course.wait("unsold for 48 hours: carried", "48 小时无人中标：背仓", days=2)
    course.until(23, "180 are due: bonds are offered", "应付 180：发行债券")
    course.until(
        30, "nobody bought: 150 of bob's pool, 30 of dan's are exchanged", "无人购买：bob 的池 150、dan 的池 30 被兑换"
    )
    return course


# --- the seed's loopholes ------------------------------------------------------------------------------------


def falling_fast_during_an_auction():
    course = _auctioned()
    course.scene.bid("cat", 1_000)
    course.tell("cat bids 1,000", "cat 出价 1,000")
    course.scene.wait(seconds=300)
    course.feed(700, "five minutes later the price is 0.7: CR < 1", "五分钟后价格为 0.7：CR < 1")
    course.wait("60 s: carried, cat has the 1,000 back", "满 60 秒：背仓，cat 取回 1,000", seconds=60)
    return course


def _from_six_to_a_tenth():
    course = Course(protected("protocol", risk_share="0"))
    course.feed(17, "the price falls to a sixtieth", "价格跌至六十分之一")
    course.wait("60 s: taken over", "满 60 秒：接管", seconds=60)
    course.wait("60 s more: carried; bonds of 99,980 are offered", "再 60 秒：背仓；发行 99,980 债券", seconds=60)
    return course


MONTHLY_INCOME = 1_700


def from_six_to_a_tenth_sold():
    course = _from_six_to_a_tenth()
    scene = course.scene
    chain = SimulatedChain(scene, price=(17, 1000))
    scene.buy_bond("cat", 99_980)
    chain.carry_out_all("ann")
    course.tell("cat buys all: the debt is paid down, the rest is sold", "cat 全部购买：偿还债务，余下卖出")
    months = 0
    while scene.series().outstanding and months < 200:
        scene.wait(days=30)
        scene.insure("eve", MONTHLY_INCOME, "USD")
        months += 1
    course.tell(
        f"{months} months of an income of 1,700 redeemed all bonds, coupon {scene.series().coupon_paid:,}",
        f"以每月 1,700 的收入，{months} 个月赎回全部债券，利息 {scene.series().coupon_paid:,}",
    )
    return course


def from_six_to_a_tenth_unsold():
    course = _from_six_to_a_tenth()
    course.wait("nobody buys: black", "无人购买：黑仓", days=7)
    scene = course.scene
    months = 0
    while scene.state("ann")[0] != "closed" and months < 200:
        scene.wait(days=30)
        scene.insure("eve", MONTHLY_INCOME, "USD")
        SimulatedChain(scene, price=(17, 1000)).carry_out_all("ann")
        months += 1
    course.tell(
        f"{months} months of an income of 1,700 paid the interest and the debt; the rest is sold",
        f"以每月 1,700 的收入，{months} 个月付清利息和债务，余下卖出",
    )
    return course


def much_of_the_bitasset_locked():
    """The debts of ann and cat, 200,000, are all there is of the bitasset; 120,000 of it is in pools."""
    course = Course(protected())
    scene = course.scene
    scene.lend("dan", 70_000, "USD", "73/600", 14)
    scene.prepay("cat", 300, "USD")
    scene.position("cat", 140_000, 100_000)
    scene.borrow("cat", 56_000, "USD", pools=(2,))
    course.tell(
        "cat borrows 56,000 of dan's short pool: 76,000 of 200,000 are locked",
        "cat 从 dan 的短期池借入 56,000:200,000 中锁定 76,000",
    )
    course.feed(
        880, "the price is 0.88: cat's short loan ends, 56,000 are free", "价格为 0.88：cat 的短期借贷结束，释放 56,000"
    )
    course.wait("60 s: ann's auction opens, 20,000 stay locked", "满 60 秒：ann 的拍卖开始，20,000 仍锁定", seconds=60)
    course.wait("unsold for 48 hours: carried", "48 小时无人中标：背仓", days=2)
    scene.insure("eve", 20_000, "USD", fund="risk")
    course.tell("20,000 into the risk fund free bob's", "存入风险资金池 20,000,bob 的得以释放")
    return course


EXAMPLES = {
    course.__name__: course
    for course in (
        missed_over_mssr,
        missed_under_mssr,
        lcr_under_mcr,
        takeover,
        won_in_the_first_round,
        won_in_the_hundredth_round,
        never_won,
        two_lenders_and_a_short_loan,
        cured_before_a_bid,
        cured_after_a_bid,
        too_late_to_cure,
        carried_until_the_close,
        the_fund_runs_dry,
        half_sold_black_and_redeemed,
        forced_option,
        forced_compulsory,
        falling_fast_during_an_auction,
        from_six_to_a_tenth_sold,
        from_six_to_a_tenth_unsold,
        much_of_the_bitasset_locked,
    )
}


def filled(page, language):
    """A page with each place that is marked for a table filled with what the code makes now."""

    def fill(found):
        return f"<!-- {found[1]} -->\n{EXAMPLES[found[1]]().table(language)}\n<!-- end -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- end -->", fill, page, flags=re.DOTALL)


if __name__ == "__main__":
    for code, path in PAGES.items():
        path.write_text(filled(path.read_text(encoding="utf-8"), code), encoding="utf-8")

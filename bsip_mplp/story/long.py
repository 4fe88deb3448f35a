"""The life of long loans: interest month by month, an auction won, one unsold, a carry, a bond, black and its end.

On an embedded node chain time is moved, and a year goes by. On another node nothing can be moved: the auctions are
made short by the market's parameters, and what takes weeks is skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from bsip_mplp.cli.reading import Reader
from bsip_mplp.money import SECONDS_PER_DAY
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.story import books, facts
from bsip_mplp.story.run import Story
from bsip_mplp.story.scene import Scene, Step
from bsip_mplp.story.stage import Setting, Stage
from bsip_mplp.story.town import Ratios

RATIOS = Ratios(mcr=1550, mssr=1100, icr=1600)
MCR, MSSR, LMCR = Fraction(RATIOS.mcr, PERMILLE), Fraction(RATIOS.mssr, PERMILLE), Fraction(1300, PERMILLE)

FUNDS = {"Hong": "16600", "Gang": "16300", "Ming": "8100", "Wei": "600", "Li": "10", "Maker": "20100"}

PARAMETERS = {"lmcr": "1.3", "dividend_target": "[10000000, 150000]"}
"""What stands over the defaults: a dividend of what the fund holds over 100 core asset and 15 bitasset."""

SHORT = {"trigger_hold": "3", "auction_round": "30", "auction_limit": "180", "cure_window": "150"}
"""Where time can't be moved: seconds in place of minutes, hours and a day."""

YEAR_DAYS = 365
PREPAY_DATES_MAX = 12


def setting(can_move_time: bool) -> Setting:
    """The setting; with short auctions where time can't be moved."""
    return Setting(FUNDS, RATIOS, "0.1", PARAMETERS if can_move_time else PARAMETERS | SHORT)


# --- the loans ---------------------------------------------------------------------------------------------------


def borrow(stage: Stage, scene: Scene) -> None:
    """Two long loans."""
    town = stage.town
    for role, collateral, debt in (("Maker", "20000", "500"), ("Hong", "16300", "1000"), ("Gang", "16050", "1000")):
        town.change_position(stage[role], collateral, debt)
    for role, amount in (("Wei", "100"), ("Li", "50")):
        town.give(stage["Maker"], stage[role], amount, stage.symbol)
    stage.counted(
        stage.reserve_for_fees(scene, "Maker"),
        stage.ask(scene, "Ming", "mplp lend rate=12%/yr days=30", "8000"),
        stage.ask(scene, "Hong", "mplp interest", "200"),
        stage.ask(scene, "Gang", "mplp interest", "200"),
    )
    stage.counted(*(stage.ask(scene, role, "mplp borrow least below=13%/yr") for role in ("Hong", "Gang")))
    stage.memory["began"] = town.chain.head().time
    scene.chain += facts.look_at_chain(stage, "Hong", "Gang")
    scene.ledger += facts.look_at_ledger(stage, loans=True, positions=("Hong", "Gang"))
    with stage.books.reading() as reader:
        loans = reader.objects("loan")
    scene.equal("kinds of the loans", ["long" if loan["long"] else "short" for loan in loans], ["long", "long"])
    for role in ("Hong", "Gang"):
        scene.over(f"{role}'s LCR", facts.combined_ratio(stage, role), Fraction(RATIOS.icr, PERMILLE), "ICR")


def pay_monthly(stage: Stage, scene: Scene) -> None:
    """Interest for three months."""
    stage.pass_time(scene, 85 * SECONDS_PER_DAY, "85 days")
    now = stage.town.chain.head().time
    stage.books.until("the interest", lambda reader: all(due > now for due in _dues(reader)) or None)
    with stage.books.reading() as reader:
        loans = reader.objects("loan")
        earned = reader.objects("pool")[0]["earned"][stage.core]
    scene.ledger += facts.look_at_ledger(stage, loans=True, balances=("Hong", "Gang", "Ming"), fund=True)
    months = [(loan["paid_until"] - loan["made"]) // (30 * SECONDS_PER_DAY) for loan in loans]
    scene.equal("months paid for, each 7 days before it begins", months, [4, 4])
    scene.over("Ming has earned", earned, 0, show=partial(stage.town.show, symbol=stage.core))


# --- auctions ----------------------------------------------------------------------------------------------------


def fall(stage: Stage, scene: Scene) -> None:
    """Two auctions open."""
    _publish(stage, scene, "0.076")
    hold = _parameter(stage, "trigger_hold")
    stage.pass_time(scene, hold + 1, f"{hold + 1} seconds")
    stage.books.until("both auctions to open", lambda reader: len(reader.objects("auction")) == 2 or None)
    scene.chain += facts.look_at_chain(stage, "Hong", "Gang")
    scene.ledger += facts.look_at_ledger(stage, positions=("Hong", "Gang"))
    for role in ("Hong", "Gang"):
        scene.over(f"{role}'s CR", facts.ratio_on_chain(stage, role), MSSR, "MSSR: not taken over")
        scene.under(f"{role}'s LCR", facts.combined_ratio(stage, role), MCR, "MCR")
        scene.equal(f"{role}'s position is", _position(stage, role)["state"], "in_auction")
    scene.notes.append(
        "An auction here gives nobody a hold on the account on the chain (books custody): it decides who pays the "
        "lenders and is the holder in the ledger."
    )


def bid(stage: Stage, scene: Scene) -> None:
    """Hong's position is won."""
    number, before = _position(stage, "Hong")["auction"], _bitasset_balances(stage)
    stage.counted(
        stage.ask(scene, "Li", f"mplp bid {number}", "12", stage.symbol),
        stage.ask(scene, "Wei", f"mplp bid {number}", "18.5", stage.symbol),
        stage.ask(scene, "Wei", "mplp interest", "500"),
    )
    seconds = _parameter(stage, "auction_round")
    if stage.can_move_time:
        stage.pass_time(scene, seconds, f"{seconds // 60} minutes")
    auction = stage.books.until("the round to close", lambda reader: _ended_auction(reader, number))
    _publish(stage, scene, "0.0775")
    show = partial(stage.town.show, symbol=stage.symbol)
    scene.ledger.append(
        f"auction {number}: won by {facts.role_of(stage, auction['winner'])} for {show(auction['price'])}"
    )
    scene.ledger += facts.look_at_ledger(
        stage, loans=True, positions=("Hong",), balances=("Ming", "Wei", "Li"), fund=True
    )
    scene.equal("the highest bid is", facts.role_of(stage, auction["winner"]), "Wei")
    scene.equal("the holder in the ledger is", facts.role_of(stage, _position(stage, "Hong")["holder"]), "Wei")
    scene.equal("Li has back", show(_free(stage, "Li", stage.symbol)), show(stage.town.units("12", stage.symbol)))
    ming, funds = (after - was for after, was in zip(_bitasset_balances(stage), before, strict=True))
    scene.over("Ming got", ming, 0, "the month's interest, and a fifth of what is over it", show)
    scene.equal("that and what the funds got is the whole bid", show(ming + funds), show(auction["price"]))


def nobody_bids(stage: Stage, scene: Scene) -> None:
    """Gang's position is carried."""
    limit, number = _parameter(stage, "auction_limit"), _position(stage, "Gang")["auction"]
    if stage.can_move_time:
        stage.pass_time(scene, limit, f"{limit // 3600} hours")
    auction = stage.books.until("the auction to end", lambda reader: _ended_auction(reader, number))
    position = _position(stage, "Gang")
    scene.chain += facts.look_at_chain(stage, "Hong", "Gang")
    scene.ledger += facts.look_at_ledger(stage, positions=("Hong", "Gang"), fund=True)
    scene.equal("it ended by", auction["ended_by"], "PL-33")
    scene.equal("won by", auction["winner"] or "nobody", "nobody")
    scene.equal("Gang's position is", position["state"], "carried")
    scene.over("LCR of what Wei holds", facts.combined_ratio(stage, "Hong"), MCR, "MCR: no new auction")


# --- carrying, bonds, black --------------------------------------------------------------------------------------


def run_dry(stage: Stage, scene: Scene) -> None:
    """The fund pays until it can't."""
    before = _months(stage, "Gang")
    for _ in range(PREPAY_DATES_MAX):
        with stage.books.reading() as reader:
            if reader.objects("series"):
                break
            due = min(_dues(reader))
        stage.pass_time(scene, max(1, due - stage.town.chain.head().time) + 60, "days, to the next prepay date,")
        now = stage.town.chain.head().time
        stage.books.until("the prepay date", partial(_is_worked_off, now=now))
    scene.done[:] = [scene.done[-1].replace("days, to the next prepay date,", f"{len(scene.done)} prepay dates")]
    paid = _months(stage, "Gang") - before
    with stage.books.reading() as reader:
        series = reader.objects("series")
    scene.ledger += facts.look_at_ledger(stage, loans=True, positions=("Gang",), balances=("Ming",), fund=True)
    scene.over("months that the fund paid for Gang's loans", paid, 0)
    scene.equal("series of bonds on offer", [one["on_offer"] for one in series], [True])
    for one in series:
        scene.ledger.append(f"bond series {one['number']}: {stage.town.show(one['amount'], stage.symbol)} on offer")


def sell_half(stage: Stage, scene: Scene) -> None:
    """Half a series is sold; the position is black."""
    amount = _object(stage, "series", "1")["amount"] // 2
    text = stage.town.show(amount, stage.symbol).split()[0]
    stage.counted(stage.ask(scene, "Li", "mplp buy-bond 1", text, stage.symbol))
    scene.equal("sold", _object(stage, "series", "1")["sold"], amount)
    stage.pass_time(scene, 7 * SECONDS_PER_DAY, "7 days")
    stage.books.until("the window to end", lambda reader: not reader.objects("series")[0]["on_offer"] or None)
    series = _object(stage, "series", "1")
    show = partial(stage.town.show, symbol=stage.symbol)
    scene.ledger.append(f"bond series 1: {show(series['sold'])} sold of {show(series['amount'])}")
    scene.ledger += facts.look_at_ledger(stage, positions=("Gang",), fund=True)
    scene.equal("Gang's position is", _position(stage, "Gang")["state"], "black")


def pay_in(stage: Stage, scene: Scene) -> None:
    """Income ends the black state and redeems the bonds."""
    before = _free(stage, "Li", stage.symbol)
    stage.counted(stage.ask(scene, "Maker", "mplp insure", "60", stage.symbol))
    series = _object(stage, "series", "1")
    got = _free(stage, "Li", stage.symbol) - before
    show = partial(stage.town.show, symbol=stage.symbol)
    scene.ledger += facts.look_at_ledger(stage, loans=True, positions=("Gang",), balances=("Li",), fund=True)
    scene.equal("bonds redeemed", show(series["redeemed"]), show(series["sold"]))
    scene.over("Li got back", got, series["sold"], "the bonds, without the coupon", show)
    scene.equal("Gang's position is", _position(stage, "Gang")["state"], "carried")


def rise(stage: Stage, scene: Scene) -> None:
    """CR over LMCR: the loans go home."""
    _publish(stage, scene, "0.09")
    stage.books.until("the close", lambda reader: _state(reader, stage, "Gang") == "free" or None)
    scene.chain += facts.look_at_chain(stage, "Hong", "Gang")
    scene.ledger += facts.look_at_ledger(stage, loans=True, positions=("Gang",), pools=True)
    scene.over("Gang's CR", facts.ratio_on_chain(stage, "Gang"), LMCR, "LMCR")
    with stage.books.reading() as reader:
        ended = {loan["ended_by"] for loan in reader.objects("loan") if loan["account"] == stage["Gang"].name}
    scene.equal("what ended the loan to it", ended, {"PL-36"})
    scene.notes.append("In books custody nothing of Gang's is sold: the loans end, and the position is his own again.")


def pay_dividend(stage: Stage, scene: Scene) -> None:
    """A dividend."""
    before = _free(stage, "Ming", stage.symbol)
    stage.pass_time(scene, 7 * SECONDS_PER_DAY, "7 days")
    show = partial(stage.town.show, symbol=stage.symbol)
    stage.books.until("the dividend", lambda reader: _free_of(reader, stage, "Ming", stage.symbol) > before or None)
    scene.ledger += facts.look_at_ledger(stage, balances=("Ming",), fund=True)
    scene.over("Ming's share", _free(stage, "Ming", stage.symbol) - before, 0, show=show)
    with stage.books.reading() as reader:
        held = books.balance(reader, f"fund/{stage.symbol}", stage.symbol)
    scene.equal("left in the fund: its target", show(held), show(150_000))


def end_the_year(stage: Stage, scene: Scene) -> None:
    """The rest of the year."""
    left = stage.memory["began"] + YEAR_DAYS * SECONDS_PER_DAY - stage.town.chain.head().time
    stage.pass_time(scene, left, f"{left // SECONDS_PER_DAY} days")
    now = stage.town.chain.head().time
    stage.books.until("the interest", lambda reader: all(due > now for due in _dues(reader)) or None)
    scene.ledger += facts.look_at_ledger(stage, loans=True, positions=("Hong",), balances=("Wei", "Ming"))
    with stage.books.reading() as reader:
        live = [loan for loan in reader.objects("loan") if loan["ended"] is None]
    scene.equal("who pays for the loan that lives", [facts.role_of(stage, loan["borrower"]) for loan in live], ["Wei"])


def go_home(stage: Stage, scene: Scene) -> None:
    """The loan is repaid; everything goes home."""
    with stage.books.reading() as reader:
        live = [loan["number"] for loan in reader.objects("loan") if loan["ended"] is None]
    stage.counted(*(stage.ask(scene, "Wei", f"mplp repay {number}") for number in live))
    stage.counted(
        stage.ask(scene, "Ming", "mplp unlend 1"),
        stage.ask(scene, "Ming", f"mplp withdraw all {stage.core}"),
        stage.ask(scene, "Ming", f"mplp withdraw all {stage.symbol}"),
    )
    stage.books.paid_out(stage["Ming"])
    got = stage.town.received(stage["Ming"], stage.pool)
    scene.ledger += facts.look_at_ledger(stage, pools=True, balances=("Ming", "Wei"), fund=True)
    scene.over(
        "Ming has got", got.get(stage.core, 0), stage.town.units("8000", stage.core), "what he lent",
        partial(stage.town.show, symbol=stage.core),
    )  # fmt: skip
    with stage.books.reading() as reader:
        scene.equal("loans that live", [n["number"] for n in reader.objects("loan") if n["ended"] is None], [])
    facts.audit(stage, scene)


# --- what they share ---------------------------------------------------------------------------------------------


def _publish(stage: Stage, scene: Scene, price: str) -> None:
    made = stage.town.publish(price)
    scene.done.append(f"Feeds publishes {price} {stage.symbol} for 1 {stage.core}")
    stage.books.has_feed(stage.symbol, made)


def _object(stage: Stage, kind: str, key: str) -> Mapping[str, Any]:
    with stage.books.reading() as reader:
        found = books.body(reader, kind, key)
    if found is None:
        raise LookupError(f"the ledger has no {kind} {key}")
    return found


def _position(stage: Stage, role: str) -> Mapping[str, Any]:
    return _object(stage, "position", f"{stage.symbol}/{stage[role].name}")


def _state(reader: Reader, stage: Stage, role: str) -> str:
    found = books.position(reader, stage.symbol, stage[role])
    return "" if found is None else str(found["state"])


def _parameter(stage: Stage, name: str) -> int:
    return int(_object(stage, "market", stage.symbol)["parameters"][name])


def _ended_auction(reader: Reader, number: int) -> Mapping[str, Any] | None:
    found = books.body(reader, "auction", str(number))
    return None if found is None or found["ended"] is None else found


def _free_of(reader: Reader, stage: Stage, role: str, asset: str) -> int:
    return books.balance(reader, f"free/{stage[role].name}", asset)


def _free(stage: Stage, role: str, asset: str) -> int:
    with stage.books.reading() as reader:
        return _free_of(reader, stage, role, asset)


def _dues(reader: Reader) -> list[int]:
    """When the next interest of each live loan falls due."""
    return [loan["interest_due"] for loan in reader.objects("loan") if loan["ended"] is None]


def _bitasset_balances(stage: Stage) -> tuple[int, int]:
    """What Ming has free of the bitasset, and what the funds hold of it."""
    with stage.books.reading() as reader:
        funds = sum(books.balance(reader, f"{kind}/{stage.symbol}", stage.symbol) for kind in ("fund", "risk"))
        return _free_of(reader, stage, "Ming", stage.symbol), funds


def _is_worked_off(reader: Reader, now: int) -> bool | None:
    return bool(reader.objects("series")) or all(due > now for due in _dues(reader)) or None


def _months(stage: Stage, role: str) -> int:
    """Months paid for a position's loans that live, the most of any."""
    with stage.books.reading() as reader:
        loans = [loan for loan in reader.objects("loan") if loan["account"] == stage[role].name and not loan["ended"]]
    return max(int(loan["paid_until"] - loan["made"]) // (30 * SECONDS_PER_DAY) for loan in loans)


STEPS = (
    Step("1", "大于等于30日的借贷日期将会视为长期借贷。",
     "Hong and Gang borrow from Ming for 30 days and longer: long loans, which renew as long as interest is paid.",
     borrow),
    Step("2", "提前七日付息",
     "Interest is paid month by month, each time 7 days ahead, from what both have prepaid.", pay_monthly,
         "interest paid month by month"),
    Step("3", "if LCR<MCR, 系统拍卖;",
     "The price falls until even with the loans the ratio is under MCR, and stays there: both positions are auctioned.",
     fall),
    Step("4", "竞拍者只需要对利息进行竞拍; 中标者会获得借入人的债仓,同时按照原约定到期付息;",
     "Bidders bid interest. Wei bids most for Hong's position: he pays Ming the month's interest, 80 % of what is over "
     "goes to the insurance fund and 20 % to Ming, and from now on Wei is the holder and pays.", bid),
    Step("5", "如果48小时到期后,无人竞拍,债仓会流转至智能资产管理账户进行长期利息背仓。",
     "Nobody bids for Gang's position: after 48 hours the management account has to carry it.", nobody_bids),
    Step("6", "由锚定资产保险金付息; 当发生锚定资产手续费及竞拍利息差无法支付利息进行背仓的情况, "
              "在预付息日发行风险债券",
     "The insurance fund pays its interest, month after month, until it has too little: then, on the prepay date, risk "
     "bonds are offered for what is owed.", run_dry, "the months until the insurance fund is empty, and the bonds"),
    Step("7", "7日到期后如果无法兑换到足够的锚定资产进行平仓,这部分债仓将会变成黑仓",
     "Li buys half of the bonds, nobody the rest. After 7 days the position is black.", sell_half,
         "the week of the bonds, and the black position"),
    Step("8", "按照实际收入进行利息+本金赎回; 直到黑仓变成正常仓位。",
     "Income reaches the fund (the fees of the market, paid in). It pays what is owed, redeems the bonds with their "
     "coupon, and the position is black no more.", pay_in, "the end of the black position, and the redemption"),
    Step("9", "债仓CR>LMCR后,会出售债仓进行付息平仓操作。",
     "The price rises until Gang's own ratio is over LMCR: the carrying ends, and the loans go back to Ming's pool.",
     rise),
    Step("10", "派息分红",
     "With nothing black and no bond left, what the fund has over its target is paid out to those who lend.",
     pay_dividend, "the weekly dividend"),
    Step("11", "同时按照原约定到期付息;", "The year goes on to its end; Wei pays for the loan he took over.",
         end_the_year,
         "the rest of the year"),
    Step("12", "", "Wei ends the loan, and Ming takes home what he lent and what he earned.", go_home),
)  # fmt: skip
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

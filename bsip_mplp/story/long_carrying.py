"""The second half of the long loans' story: the carry, a bond, a black position and its end, a dividend."""

from __future__ import annotations

from functools import partial

from bsip_mplp.cli.output import time_text
from bsip_mplp.money import SECONDS_PER_DAY
from bsip_mplp.story import facts
from bsip_mplp.story.long_auctions import months_paid
from bsip_mplp.story.ratios import LMCR
from bsip_mplp.story.scene import Scene
from bsip_mplp.story.stage import Stage

YEAR_DAYS = 365
PREPAY_DATES_MAX = 24


def run_dry(stage: Stage, scene: Scene) -> None:
    """The fund pays until it can't."""
    before, dates = _months_paid(stage), 0
    while not stage.objects("series") and dates < PREPAY_DATES_MAX:
        seconds = max(0, stage.next_due() - stage.town.chain.head().time) + 60
        stage.pass_time(scene, seconds, "days")
        now, dates = stage.town.chain.head().time, dates + 1
        stage.until("the prepay date", partial(_is_worked_off, stage, now))
    scene.done[:] = [f"{dates} prepay dates go by, until {time_text(stage.town.chain.head().time)}"]
    series = stage.objects("series")
    scene.ledger += facts.look_at_ledger(stage, loans=True, positions=("Gang",), balances=("Ming",), fund=True)
    scene.ledger += [f"bond series {n['number']}: {stage.show_bitasset(n['amount'])} on offer" for n in series]
    scene.over("months that the fund paid for Gang's loans", _months_paid(stage) - before, 0)
    scene.equal("series of bonds on offer", [one["number"] for one in series if one["on_offer"]], [1])


def sell_half(stage: Stage, scene: Scene) -> None:
    """Half a series is sold; the position is black."""
    half = stage.object("series", "1")["amount"] // 2
    amount, _, _ = stage.show_bitasset(half).partition(" ")
    stage.counted(stage.ask(scene, "Li", "mplp buy-bond 1", amount, stage.symbol))
    scene.equal("sold", stage.show_bitasset(stage.object("series", "1")["sold"]), stage.show_bitasset(half))
    stage.pass_time(scene, 7 * SECONDS_PER_DAY, "7 days")
    stage.until("the window to end", lambda: not stage.object("series", "1")["on_offer"])
    sold, of = (stage.show_bitasset(stage.object("series", "1")[name]) for name in ("sold", "amount"))
    scene.ledger.append(f"bond series 1: {sold} sold of {of}")
    scene.ledger += facts.look_at_ledger(stage, positions=("Gang",), fund=True)
    scene.equal("Gang's position is", stage.position("Gang")["state"], "black")


def pay_in(stage: Stage, scene: Scene) -> None:
    """Income ends the black state and redeems the bonds."""
    before = stage.balance("free/Li", stage.symbol)
    stage.counted(stage.ask(scene, "Maker", "mplp insure", "60", stage.symbol))
    series = stage.object("series", "1")
    got = stage.balance("free/Li", stage.symbol) - before
    scene.ledger += facts.look_at_ledger(stage, loans=True, positions=("Gang",), balances=("Li",), fund=True)
    scene.equal("bonds redeemed", stage.show_bitasset(series["redeemed"]), stage.show_bitasset(series["sold"]))
    scene.over("Li got back", got, series["sold"], "the bonds, without the coupon", stage.show_bitasset)
    scene.equal("Gang's position is", stage.position("Gang")["state"], "carried")


def rise(stage: Stage, scene: Scene) -> None:
    """CR over LMCR: the loans go home."""
    stage.publish(scene, "0.09")
    stage.until("the loans to go home", lambda: stage.position("Gang")["state"] == "free")
    scene.chain += facts.look_at_chain(stage, "Hong", "Gang")
    scene.ledger += facts.look_at_ledger(stage, loans=True, positions=("Gang",), pools=True)
    scene.over("Gang's CR", facts.ratio_on_chain(stage, "Gang"), LMCR, "LMCR")
    ended = [loan["ended_by"] for loan in stage.objects("loan") if loan["account"] == stage["Gang"].name]
    scene.equal("what ended the loan to it", ended, ["PL-36"])
    scene.notes.append("In books custody nothing of Gang's is sold: the loans end, and the position is his own again.")


def pay_dividend(stage: Stage, scene: Scene) -> None:
    """A dividend."""
    before = stage.balance("free/Ming", stage.symbol)
    stage.pass_time(scene, 7 * SECONDS_PER_DAY, "7 days")
    stage.until("the dividend", lambda: stage.balance("free/Ming", stage.symbol) > before)
    scene.ledger += facts.look_at_ledger(stage, balances=("Ming",), fund=True)
    scene.over("Ming's share", stage.balance("free/Ming", stage.symbol) - before, 0, show=stage.show_bitasset)
    held, target = stage.balance(f"fund/{stage.symbol}", stage.symbol), stage.parameter("dividend_target")[1]
    scene.equal("left in the fund: its target", stage.show_bitasset(held), stage.show_bitasset(target))


def end_the_year(stage: Stage, scene: Scene) -> None:
    """The rest of the year."""
    left = stage.memory["began"] + YEAR_DAYS * SECONDS_PER_DAY - stage.town.chain.head().time
    stage.pass_time(scene, left, f"{left // SECONDS_PER_DAY} days")
    now = stage.town.chain.head().time
    stage.until("the interest", lambda: stage.next_due() > now)
    scene.ledger += facts.look_at_ledger(stage, loans=True, positions=("Hong",), balances=("Wei", "Ming"))
    payers = [facts.role_of(stage, loan["borrower"]) for loan in stage.live_loans()]
    scene.equal("who pays for the loan that lives", payers, ["Wei"])


def go_home(stage: Stage, scene: Scene) -> None:
    """The loan is repaid; everything goes home."""
    stage.counted(*(stage.ask(scene, "Wei", f"mplp repay {loan['number']}") for loan in stage.live_loans()))
    stage.counted(
        stage.ask(scene, "Ming", "mplp unlend 1"),
        stage.ask(scene, "Ming", f"mplp withdraw all {stage.core}"),
        stage.ask(scene, "Ming", f"mplp withdraw all {stage.symbol}"),
    )
    stage.books.paid_out(stage["Ming"])
    got = stage.town.received(stage["Ming"], stage.pool)
    scene.ledger += facts.look_at_ledger(stage, pools=True, balances=("Ming", "Wei"), fund=True)
    lent = stage.town.units("8000", stage.core)
    scene.over("Ming has got", got.get(stage.core, 0), lent, "what he lent", stage.show_core)
    scene.equal("loans that live", len(stage.live_loans()), 0)
    facts.audit(stage, scene)


def _is_worked_off(stage: Stage, now: int) -> bool:
    """Whether all interest that fell due by then was paid, or bonds are sold for it."""
    return bool(stage.objects("series")) or stage.next_due() > now


def _months_paid(stage: Stage) -> int:
    """How many months of the loans to Gang's position are paid for."""
    return max(months_paid(loan) for loan in stage.live_loans() if loan["account"] == stage["Gang"].name)

"""The first half of the long loans' story: two loans, interest by the month, an auction won and one unsold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bsip_mplp.money import SECONDS_PER_DAY
from bsip_mplp.story import facts
from bsip_mplp.story.ratios import ICR, MCR, MSSR
from bsip_mplp.story.scene import Scene
from bsip_mplp.story.stage import Stage

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
    kinds = ["long" if loan["long"] else "short" for loan in stage.objects("loan")]
    scene.equal("kinds of the loans", kinds, ["long", "long"])
    for role in ("Hong", "Gang"):
        scene.over(f"{role}'s LCR", facts.combined_ratio(stage, role), ICR, "ICR")


def pay_monthly(stage: Stage, scene: Scene) -> None:
    """Interest for three months."""
    stage.pass_time(scene, 85 * SECONDS_PER_DAY, "85 days")
    now = stage.town.chain.head().time
    stage.until("the interest", lambda: stage.next_due() > now)
    earned = stage.object("pool", "1")["earned"][stage.core]
    scene.ledger += facts.look_at_ledger(stage, loans=True, balances=("Hong", "Gang", "Ming"), fund=True)
    months = [months_paid(loan) for loan in stage.objects("loan")]
    scene.equal("months paid for, each 7 days before it begins", months, [4, 4])
    scene.over("Ming has earned", earned, 0, show=stage.show_core)


# --- auctions ----------------------------------------------------------------------------------------------------


def fall(stage: Stage, scene: Scene) -> None:
    """Two auctions open."""
    stage.publish(scene, "0.076")
    hold = stage.parameter("trigger_hold")
    stage.pass_time(scene, hold + 1, f"{hold + 1} seconds")
    stage.until("both auctions to open", lambda: len(stage.objects("auction")) == 2)
    scene.chain += facts.look_at_chain(stage, "Hong", "Gang")
    scene.ledger += facts.look_at_ledger(stage, positions=("Hong", "Gang"))
    for role in ("Hong", "Gang"):
        scene.over(f"{role}'s CR", facts.ratio_on_chain(stage, role), MSSR, "MSSR: not taken over")
        scene.under(f"{role}'s LCR", facts.combined_ratio(stage, role), MCR, "MCR")
        scene.equal(f"{role}'s position is", stage.position(role)["state"], "in_auction")
    scene.notes.append(
        "An auction here gives nobody a hold on the account on the chain (books custody): it decides who pays the "
        "lenders and is the holder in the ledger."
    )


def bid(stage: Stage, scene: Scene) -> None:
    """Hong's position is won."""
    number, before = stage.position("Hong")["auction"], _bitasset_balances(stage)
    stage.counted(
        stage.ask(scene, "Li", f"mplp bid {number}", "12", stage.symbol),
        stage.ask(scene, "Wei", f"mplp bid {number}", "18.5", stage.symbol),
        stage.ask(scene, "Wei", "mplp interest", "500"),
    )
    seconds = stage.parameter("auction_round")
    if stage.can_move_time:
        stage.pass_time(scene, seconds, f"{seconds // 60} minutes")
    auction = stage.until("the round to close", lambda: _ended(stage.object("auction", str(number))))
    stage.publish(scene, "0.0775")
    winner, price = facts.role_of(stage, auction["winner"]), stage.show_bitasset(auction["price"])
    scene.ledger.append(f"auction {number}: won by {winner} for {price}")
    scene.ledger += facts.look_at_ledger(
        stage, loans=True, positions=("Hong",), balances=("Ming", "Wei", "Li"), fund=True
    )
    scene.equal("the highest bid is", winner, "Wei")
    scene.equal("the holder in the ledger is", facts.role_of(stage, stage.position("Hong")["holder"]), "Wei")
    back = stage.balance("free/Li", stage.symbol)
    scene.equal("Li has back", stage.show_bitasset(back), stage.show_bitasset(stage.town.units("12", stage.symbol)))
    ming, funds = (after - was for after, was in zip(_bitasset_balances(stage), before, strict=True))
    scene.over("Ming got", ming, 0, "the month's interest, and a fifth of what is over it", stage.show_bitasset)
    scene.equal("that and what the funds got is the whole bid", stage.show_bitasset(ming + funds), price)


def nobody_bids(stage: Stage, scene: Scene) -> None:
    """Gang's position is carried."""
    limit, number = stage.parameter("auction_limit"), stage.position("Gang")["auction"]
    if stage.can_move_time:
        stage.pass_time(scene, limit, f"{limit // 3600} hours")
    auction = stage.until("the auction to end", lambda: _ended(stage.object("auction", str(number))))
    scene.chain += facts.look_at_chain(stage, "Hong", "Gang")
    scene.ledger += facts.look_at_ledger(stage, positions=("Hong", "Gang"), fund=True)
    scene.equal("it ended by", auction["ended_by"], "PL-33")
    scene.equal("won by", auction["winner"] or "nobody", "nobody")
    scene.equal("Gang's position is", stage.position("Gang")["state"], "carried")
    scene.over("LCR of what Wei holds", facts.combined_ratio(stage, "Hong"), MCR, "MCR: no new auction")


# --- what they share ---------------------------------------------------------------------------------------------


def months_paid(loan: Mapping[str, Any]) -> int:
    """How many months of a loan of 30 days are paid for."""
    return int(loan["paid_until"] - loan["made"]) // (30 * SECONDS_PER_DAY)


def _ended(auction: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return None if auction["ended"] is None else auction


def _bitasset_balances(stage: Stage) -> tuple[int, int]:
    """What Ming has free of the bitasset, and what the funds hold of it."""
    return stage.balance("free/Ming", stage.symbol), stage.funds(stage.symbol)

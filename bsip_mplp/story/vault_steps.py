"""The first half of the vaults' story: a vault, what is forbidden, a loan in it, and what a fall does to whom."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Authority, Units
from bsip_mplp.chain.chain import CORE_ID, Position
from bsip_mplp.ratios import PERMILLE, collateral_ratio
from bsip_mplp.story import facts
from bsip_mplp.story.scene import Scene
from bsip_mplp.story.stage import Stage
from bsip_mplp.story.town import Ratios

RATIOS = Ratios(mcr=1500, mssr=1100, icr=1550)
MCR, MSSR, ICR = (Fraction(ratio, PERMILLE) for ratio in RATIOS)
LMCR = Fraction(13, 10)
GUARD = "Guard"

COLLATERAL, DEBT = "1650", "100"
LENT = "1000"
"""What Ming puts into his pool."""

LMCR_PRICE = "0.0787"
"""Under it CR is under LMCR, and LCR under ICR, but not yet under MCR."""

FEES = 60
"""Transfers whose fees the operator puts aside: an order on a vault costs about three, and its account one more."""


def same(stage: Stage, scene: Scene) -> None:
    """Step 1: two equal positions."""
    stage.town.change_position(stage["Maker"], "18000", "800")
    for role in ("Hong", "Gang"):
        stage.town.change_position(stage[role], COLLATERAL, DEBT)
    stage.counted(stage.reserve_for_fees(scene, "Maker", FEES))
    scene.chain += facts.look_at_chain(stage, "Hong", "Gang")
    hong, gang = (facts.ratio_on_chain(stage, role) for role in ("Hong", "Gang"))
    scene.equal("the same ratio", hong, gang)
    scene.over("CR", hong, ICR, "ICR")


def move(stage: Stage, scene: Scene) -> None:
    """Step 2: into a vault."""
    held = stage.town.holds(stage["Hong"], stage.symbol)
    stage.run_as(scene, "Hong", "vault", "move", "--wait", "--timeout", "300")
    stage.until("the vault to be open", lambda: is_at_rest(stage, "Hong") and on_chain(stage, "Hong").debt)
    found, account = on_chain(stage, "Hong"), vault_of(stage, "Hong")["account"]
    scene.chain += [facts.position_line(stage, "Hong"), vault_line(stage, "Hong")]
    scene.ledger += [facts.position_line(stage, "Gang")]
    scene.equal("collateral in the vault", stage.show_core(found.collateral), show(stage, COLLATERAL, stage.core))
    scene.equal("its debt", stage.show_bitasset(found.debt), show(stage, DEBT, stage.symbol))
    scene.equal("the position in Hong's own account", stage.town.position(stage["Hong"]).debt, 0)
    now = stage.town.holds(stage["Hong"], stage.symbol)
    scene.equal("Hong holds as much bitasset as before", stage.show_bitasset(now), stage.show_bitasset(held))
    scene.notes.append(f"The vault is the account {account}. mplp vault show draws it:")
    scene.notes += shown_lines(stage, "Hong")


def forbidden(stage: Stage, scene: Scene) -> None:
    """Step 3: who can't do what."""
    town, account = stage.town, vault_of(stage, "Hong")["account"]
    vault_id, hong, guard, pool = town.chain.account_ids([account])[account], stage["Hong"], stage[GUARD], stage.pool
    core, bitasset = Units(CORE_ID, 1), Units(town.chain.asset(stage.symbol).id, 0)
    take = builders.call_order_update(vault_id, Units(CORE_ID, -core.units), bitasset, None)
    own = Authority(1, ((hong.id, 1),))
    seize = builders.account_update(vault_id, owner=own, active=own)
    tried = {
        "Hong takes collateral out of the vault by herself": town.refusal([take], hong),
        "Guard takes collateral out": town.refusal([take], guard),
        "Hong makes herself its only owner": town.refusal([seize], hong),
        "Guard makes Hong its only owner": town.refusal([seize], guard),
        "the keeper makes Hong its only owner": town.refusal([seize], pool),
    }
    for what, said in tried.items():
        scene.chain.append(f"{what}: {_first_line(said)}")
        scene.equal(what, "refused" if said else "taken", "refused")
    scene.equal("the vault's debt", stage.show_bitasset(on_chain(stage, "Hong").debt), show(stage, DEBT, stage.symbol))


def lend(stage: Stage, scene: Scene) -> None:
    """Step 4: a loan that is really there."""
    stage.counted(
        stage.ask_elsewhere(scene, "Ming", "mplp lend rate=12%/yr days=14", LENT),
        stage.ask(scene, "Hong", "mplp interest", "10"),
    )
    before = stage.town.chain.balances(stage.pool.name).get(stage.core, 0)
    borrow(stage, scene, "Hong")
    lent, found = lp1(stage, "Hong"), on_chain(stage, "Hong")
    scene.chain += [facts.feed_line(stage), vault_line(stage, "Hong"), facts.position_line(stage, "Gang")]
    scene.ledger += facts.look_at_ledger(stage, pools=True, loans=True, balances=("Hong",))
    scene.over("lent", lent, 0, show=stage.show_core)
    own = stage.town.units(COLLATERAL, stage.core)
    scene.equal("collateral on the chain: Hong's and Ming's", stage.show_core(found.collateral),
                stage.show_core(own + lent))  # fmt: skip
    held = stage.town.chain.balances(stage.pool.name).get(stage.core, 0)
    scene.at_least("less in the pool's account", before - held, lent, "what was lent; the rest are fees",
                   stage.show_core)  # fmt: skip
    scene.equal("the chain's own ratio is LCR", ratio_of(stage, found), lcr(stage, "Hong"))
    scene.notes.append("mplp vault show now:")
    scene.notes += shown_lines(stage, "Hong")


def fall(stage: Stage, scene: Scene) -> None:
    """Step 5: the chain sells the one and not the other."""
    before, gang = on_chain(stage, "Hong"), stage.town.position(stage["Gang"])
    stage.publish(scene, "0.088")
    scene.chain += [facts.feed_line(stage), facts.position_line(stage, "Gang"), vault_line(stage, "Hong")]
    cr = collateral_ratio(stage.town.units(COLLATERAL, stage.core), before.debt, facts.price_on_chain(stage))
    scene.under("CR of both by their own collateral", cr, MCR, "MCR")
    scene.over("the vault's ratio on the chain", ratio_of(stage, before), ICR, "ICR")
    buy(stage, scene, gang.debt)
    stage.until("the chain to sell", lambda: not stage.town.position(stage["Gang"]).debt)
    scene.chain += ["after: " + facts.position_line(stage, "Gang"), "after: " + vault_line(stage, "Hong")]
    scene.equal("Gang's debt left", stage.town.position(stage["Gang"]).debt, 0)
    scene.equal("Hong's debt, as it was", stage.show_bitasset(on_chain(stage, "Hong").debt),
                stage.show_bitasset(before.debt))  # fmt: skip


def end(stage: Stage, scene: Scene) -> None:
    """Step 6: the loan ends, and waits."""
    lent, before = lp1(stage, "Hong"), on_chain(stage, "Hong")
    stage.publish(scene, LMCR_PRICE)
    stage.until("the loan to end", lambda: not stage.live_loans())
    stage.until("the loan to be unwinding", lambda: unwinding(stage, "Hong"))
    scene.chain += [facts.feed_line(stage), vault_line(stage, "Hong")]
    scene.ledger += facts.look_at_ledger(stage, loans=True, pools=True)
    scene.ledger += unwinding_lines(stage)
    scene.under("CR", own_ratio(stage, "Hong"), LMCR, "LMCR")
    scene.over("the chain's own ratio", ratio_of(stage, before), MCR, "MCR: the chain does not call")
    rule = stage.objects("loan")[-1]["ended_by"]
    scene.equal("the rule that ended it", rule, rule if rule in ("PL-17", "PL-18") else "PL-17 or PL-18")
    scene.equal("on its way home", stage.show_core(sum(one["units"] for one in unwinding(stage, "Hong"))),
                stage.show_core(lent))  # fmt: skip
    scene.equal("still in the vault", stage.show_core(on_chain(stage, "Hong").collateral),
                stage.show_core(before.collateral))  # fmt: skip
    scene.notes.append(
        "The chain lets no collateral out while the position would be under ICR without it. So the loan stays where it "
        "is, still Ming's, until one of the three ways is open."
    )


# --- what both halves use -----------------------------------------------------------------------------------------


def borrow(stage: Stage, scene: Scene, role: str) -> None:
    """Borrow the least, and wait until the chain has it."""
    live = len(stage.live_loans())
    seq = stage.counted(stage.ask(scene, role, "mplp borrow least"))[0]
    scene.ledger += [f"refused by {one.rule}: {one.reason}. {one.remedy}" for one in stage.refusals(seq)]
    if not stage.refusals(seq):
        stage.until("the loan to be in the vault", lambda: len(stage.live_loans()) > live and is_at_rest(stage, role))


def buy(stage: Stage, scene: Scene, units: int, ratio: int = RATIOS.mssr) -> None:
    """Maker offers so much bitasset at the feed over `ratio` per mille: a called position takes MSSR."""
    scene.done.append(f"Maker offers {stage.show_bitasset(units)} for {stage.core} at the feed over {ratio / 1000:g}")
    refused = stage.town.buy_core(stage["Maker"], units, facts.price_on_chain(stage), ratio)
    if refused:
        scene.chain.append(f"refused: {refused}")


def vault_of(stage: Stage, role: str) -> Mapping[str, Any]:
    """A person's newest vault that was not refused; raises `LookupError` if there is none."""
    found = [one for one in stage.objects("vault") if one["holder"] == stage[role].name and one["state"] != "failed"]
    if not found:
        raise LookupError(f"{role} has no vault")
    return max(found, key=lambda one: int(one["number"]))


def vault_position(stage: Stage, role: str) -> Mapping[str, Any]:
    """The ledger's position of a person's vault."""
    return stage.object("position", f"{stage.symbol}/{vault_of(stage, role)['account']}")


def is_at_rest(stage: Stage, role: str) -> bool:
    """Whether a person's vault is made and has nothing under way."""
    found = [one for one in stage.objects("vault") if one["holder"] == stage[role].name and one["state"] == "sound"]
    return bool(found) and all(one["order"] is None and not one["queued"] for one in found)


def on_chain(stage: Stage, role: str) -> Position:
    """The position of a person's vault on the chain."""
    return stage.town.position_of(vault_of(stage, role)["account"])


def lp1(stage: Stage, role: str) -> int:
    """What of the core asset is lent to a person's vault."""
    return int(vault_position(stage, role)["lp1"])


def unwinding(stage: Stage, role: str) -> list[Mapping[str, Any]]:
    """What is on its way home from a person's vault."""
    account = vault_of(stage, role)["account"]
    return [one for one in stage.objects("unwinding") if one["account"] == account and one["home"] is None]


def unwinding_lines(stage: Stage) -> list[str]:
    """All that is, or was, on its way home."""
    return [
        f"unwinding {one['number']}: {stage.town.show(one['units'], one['asset'])} of loan {one['loan']}, "
        + (f"home by way ({one['way']})" if one["home"] is not None else "not home yet")
        for one in stage.objects("unwinding")
    ]


def ratio_of(stage: Stage, found: Position) -> Fraction | None:
    """The chain's own ratio of a position at the feed of now."""
    return collateral_ratio(found.collateral, found.debt, facts.price_on_chain(stage))


def own_ratio(stage: Stage, role: str) -> Fraction | None:
    """CR of a person's vault: by own collateral and debt."""
    found = vault_position(stage, role)
    return collateral_ratio(found["collateral"], found["debt"], facts.price_on_chain(stage))


def lcr(stage: Stage, role: str) -> Fraction | None:
    """LCR of a person's vault by the ledger."""
    with stage.books.reading() as reader:
        return reader.ratios(vault_position(stage, role))[1]


def vault_line(stage: Stage, role: str) -> str:
    """Collateral, debt and the chain's own ratio of a person's vault."""
    found = on_chain(stage, role)
    if not found.debt:
        return f"{role}'s vault: no position"
    ratio = facts.show_ratio(ratio_of(stage, found))
    return f"{role}'s vault: C {stage.show_core(found.collateral)}  D {stage.show_bitasset(found.debt)}  ratio {ratio}"


def show(stage: Stage, amount: str, symbol: str) -> str:
    """A decimal amount as smallest units are shown."""
    return stage.town.show(stage.town.units(amount, symbol), symbol)


def shown_lines(stage: Stage, role: str) -> list[str]:
    """What `mplp vault show` draws for a person."""
    return [line.rstrip() for line in stage.run_as(Scene(), role, "vault", "show").splitlines() if line.strip()]


def _first_line(said: str) -> str:
    return (said.splitlines() or ["the chain takes it"])[0][:100]

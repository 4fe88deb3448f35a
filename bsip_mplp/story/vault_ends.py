"""The second half of the vaults' story: the three ways home (V-5), and the lender's last unit."""

from __future__ import annotations

from bsip_mplp.story import facts
from bsip_mplp.story.scene import Scene
from bsip_mplp.story.stage import Stage
from bsip_mplp.story.vault_steps import (
    COLLATERAL,
    DEBT,
    ICR,
    LENT,
    LMCR_PRICE,
    MCR,
    borrow,
    buy,
    is_at_rest,
    lp1,
    on_chain,
    own_ratio,
    ratio_of,
    show,
    unwinding,
    unwinding_lines,
    vault_line,
)

CRASH_PRICE = "0.0755"
"""Under it even the vault's own ratio on the chain is under MCR."""

BETTER = 1080
"""Maker pays a little more than the worst price, which is MSSR's."""


def recover(stage: Stage, scene: Scene) -> None:
    """Step 7: way (a)."""
    stage.publish(scene, "0.097")
    stage.until("the loan to come home", lambda: not unwinding(stage, "Hong") and is_at_rest(stage, "Hong"))
    scene.chain += [facts.feed_line(stage), vault_line(stage, "Hong")]
    scene.over("CR", own_ratio(stage, "Hong"), ICR, "ICR")
    found = on_chain(stage, "Hong")
    scene.equal("in the vault: Hong's own", stage.show_core(found.collateral), show(stage, COLLATERAL, stage.core))
    came_home(stage, scene, "a")


def call(stage: Stage, scene: Scene) -> None:
    """Step 8: way (c)."""
    borrow(stage, scene, "Hong")
    lent, debt = lp1(stage, "Hong"), on_chain(stage, "Hong").debt
    scene.over("lent again", lent, 0, show=stage.show_core)
    before = stage.balance("free/Hong", stage.core)
    stage.publish(scene, CRASH_PRICE)
    scene.chain += [facts.feed_line(stage), vault_line(stage, "Hong")]
    scene.under("the chain's own ratio", ratio_of(stage, on_chain(stage, "Hong")), MCR, "MCR: it calls the vault")
    stage.until("the loan to end", lambda: not stage.live_loans())
    buy(stage, scene, debt)
    stage.until("the chain to sell", lambda: not on_chain(stage, "Hong").debt)
    stage.until("the loan to come home", lambda: not unwinding(stage, "Hong"))
    got = stage.balance("free/Hong", stage.core) - before
    scene.chain += ["after: " + vault_line(stage, "Hong")]
    scene.over("left of Hong's own, her free balance now", got, 0, show=stage.show_core)
    came_home(stage, scene, "c")


def capital(stage: Stage, scene: Scene) -> None:
    """Step 9: way (b)."""
    stage.publish(scene, "0.1")
    memo = f"mplp vault open debt={DEBT}"
    stage.counted(stage.ask(scene, "Fang", memo, COLLATERAL), stage.ask(scene, "Fang", "mplp interest", "10"))
    stage.until("the vault to be open", lambda: is_at_rest(stage, "Fang") and on_chain(stage, "Fang").debt)
    scene.chain.append(vault_line(stage, "Fang"))
    borrow(stage, scene, "Fang")
    scene.over("lent", lp1(stage, "Fang"), 0, show=stage.show_core)
    stage.publish(scene, LMCR_PRICE)
    stage.until("the loan to end", lambda: not stage.live_loans())
    stage.until("the loan to be unwinding", lambda: unwinding(stage, "Fang"))
    debt, before = on_chain(stage, "Fang").debt, stage.town.holds(stage["Fang"], stage.core)
    buy(stage, scene, debt + debt // 10, BETTER)
    stage.counted(stage.ask(scene, "Maker", "mplp insure risk", "150", stage.symbol))
    stage.until("the loan to come home", lambda: not unwinding(stage, "Fang") and is_at_rest(stage, "Fang"))
    stage.until("the capital to be replaced", lambda: _is_replaced(stage))
    scene.chain += ["after: " + vault_line(stage, "Fang")]
    got = stage.town.holds(stage["Fang"], stage.core) - before
    scene.over("the rest, straight to Fang's account", got, 0, show=stage.show_core)
    risk = stage.balance(f"risk/{stage.symbol}", stage.symbol)
    scene.at_least("the risk fund has its capital back", risk, stage.town.units("150", stage.symbol), "what it had",
                   stage.show_bitasset)  # fmt: skip
    scene.equal("debt left in Fang's vault", on_chain(stage, "Fang").debt, 0)
    came_home(stage, scene, "b")


def go_home(stage: Stage, scene: Scene) -> None:
    """Step 10: the last unit."""
    stage.counted(
        stage.ask(scene, "Ming", "mplp unlend 1"),
        *(stage.ask(scene, role, f"mplp withdraw all {stage.core}") for role in ("Ming", "Hong", "Fang")),
    )
    for role in ("Ming", "Hong", "Fang"):
        stage.books.paid_out(stage[role])
    got = stage.town.received(stage["Ming"], stage.pool).get(stage.core, 0)
    lent = stage.town.units(LENT, stage.core)
    scene.ledger += facts.look_at_ledger(stage, pools=True, loans=True, fund=True)
    scene.over("Ming has got", got, lent, "what he lent", stage.show_core)
    lost = sum(one["lost"] for one in stage.objects("unwinding"))
    scene.equal("units that any lender has lost", lost, 0)
    held = {one.asset: one.units for one in facts.balances(stage) if one.account == "vaults"}
    scene.equal("money of the ledger in vaults", held or "none", "none")
    audit = stage.audit()
    scene.equal("mplp audit", audit["verdict"], "agrees")


def came_home(stage: Stage, scene: Scene, way: str) -> None:
    """All that was lent is the pool's again; by which way."""
    pool = stage.object("pool", "1")
    scene.ledger += [facts.pool_line(stage, pool), *unwinding_lines(stage)]
    scene.equal("the way home", stage.objects("unwinding")[-1]["way"], way)
    scene.equal("in Ming's pool again", stage.show_core(pool["available"]), show(stage, LENT, stage.core))
    scene.equal("lent", pool["lent"], 0)


def _is_replaced(stage: Stage) -> bool:
    wanted = stage.town.units("150", stage.symbol)
    return stage.balance(f"risk/{stage.symbol}", stage.symbol) >= wanted

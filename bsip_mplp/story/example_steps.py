"""How each step of the example goes: what is done, what the chain and the ledger then say, and what must hold."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from bsip_mplp.cli.output import rate_text
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.story import facts
from bsip_mplp.story.ratios import ICR, LMCR, MCR, RATIOS
from bsip_mplp.story.scene import Scene
from bsip_mplp.story.stage import Stage

NEAR = Fraction(1, 100)
"""How near is "infinitely near" in this story."""


# --- the fall ---------------------------------------------------------------------------------------------------


def opens(stage: Stage, scene: Scene) -> None:
    """Step 1: the positions."""
    town = stage.town
    town.change_position(stage["Maker"], "12000", "400")
    town.change_position(stage["Hong"], "1630", "100")
    town.change_position(stage["Gang"], "1620", "100")
    town.give(stage["Maker"], stage["Ming"], "50", stage.symbol)
    scene.done.append(f"Hong, Gang and Maker lock {stage.core} and issue {stage.symbol}; Ming gets 50 from Maker")
    scene.chain += facts.look_at_chain(stage, "Hong", "Gang")
    lmcr = Fraction(stage.object("market", stage.symbol)["parameters"]["lmcr"], PERMILLE)
    scene.ledger.append(f"market {stage.symbol}: LMCR {facts.show_ratio(lmcr)}, no pool, no loan")
    hong, gang = facts.ratio_on_chain(stage, "Hong"), facts.ratio_on_chain(stage, "Gang")
    scene.over("Hong's CR", hong, Fraction(8, 5))
    scene.over("Hong's CR", hong, gang, "Gang's: the one who will not borrow is the lower one")
    scene.equal("LMCR, set by the committee", lmcr, LMCR)


def falls(stage: Stage, scene: Scene) -> None:
    """Step 2: the price falls."""
    before = facts.price_on_chain(stage).as_fraction()
    stage.publish(scene, "0.0957")
    now, show = facts.price_on_chain(stage).as_fraction(), partial(facts.show_price, stage)
    scene.chain.append(facts.feed_line(stage))
    with stage.books.reading() as reader:
        seen = reader.price(stage.symbol)
    scene.ledger.append("the watcher has seen this feed")
    scene.under("the price", now, before, "before", show)
    scene.equal("the ledger sees", seen and show(seen.as_fraction()), show(now))


def nears_mcr(stage: Stage, scene: Scene) -> None:
    """Step 3: near MCR."""
    scene.chain += facts.look_at_chain(stage, "Hong", "Gang")
    scene.ledger.append("Hong has nothing here yet, so her position is not watched")
    hong = facts.ratio_on_chain(stage, "Hong")
    scene.over("Hong's CR", hong, MCR, "MCR")
    scene.under("Hong's CR", hong, MCR + NEAR, "MCR and a hundredth")


# --- the lenders -------------------------------------------------------------------------------------------------


def sets_rates(stage: Stage, scene: Scene) -> None:
    """Step 10: interest is the market's."""
    stage.counted(
        stage.reserve_for_fees(scene, "Maker"),
        stage.ask_elsewhere(scene, "Ming", "mplp lend rate=12%/yr days=14", "1000"),
        stage.ask(scene, "Li", "mplp lend rate=15%/yr days=14", "1000", plain=True),
    )
    scene.notes.append("Maker also plays the operator, who puts money aside for the chain's fees of payouts.")
    scene.ledger += facts.look_at_ledger(stage, pools=True)
    pools = stage.objects("pool")
    scene.equal("rates a year, as each lender wants", [rate_text(pool["rate"]) for pool in pools], ["12 %", "15 %"])


def takes_kinds(stage: Stage, scene: Scene) -> None:
    """Step 13: the kind of interest."""
    memo = f"mplp lend rate=10%/yr days=14 interest={stage.core}"
    stage.counted(stage.ask(scene, "Ming", memo, "50", stage.symbol))
    pool = stage.objects("pool")[-1]
    scene.ledger.append(facts.pool_line(stage, pool))
    scene.equal("what this pool lends", pool["asset"], stage.symbol)
    scene.equal("what its interest is paid in", pool["interest_asset"], stage.core)


# --- the loan ----------------------------------------------------------------------------------------------------


def pays_ahead(stage: Stage, scene: Scene) -> None:
    """Step 6: interest first."""
    too_early = stage.ask(scene, "Hong", "mplp borrow least below=13%/yr", plain=True)
    deposit = stage.ask_elsewhere(scene, "Hong", "mplp interest", "10")
    seq, _ = stage.counted(too_early, deposit)
    refused, prepaid = stage.refusals(seq), stage.balance("prepaid/Hong", stage.core)
    scene.ledger += [f"refused by {one.rule}: {one.reason}" for one in refused]
    scene.ledger += facts.look_at_ledger(stage, positions=("Hong",), balances=("Hong",))
    scene.equal("without interest paid ahead, borrowing is refused by", [one.rule for one in refused], ["PL-8"])
    scene.equal("prepaid interest", stage.show_core(prepaid), stage.show_core(stage.town.units("10", stage.core)))


def borrows(stage: Stage, scene: Scene) -> None:
    """Step 4: the loans."""
    before = _interest_balances(stage)
    stage.counted(
        stage.ask(scene, "Hong", "mplp borrow least below=13%/yr"),
        stage.ask(scene, "Hong", f"mplp borrow 5 {stage.symbol}", plain=True),
    )
    hong, ming, funds = (after - was for after, was in zip(_interest_balances(stage), before, strict=True))
    paid = 2 - hong  # each request brought a unit along, which is prepaid interest too
    scene.chain += facts.look_at_chain(stage, "Hong")
    scene.ledger += facts.look_at_ledger(stage, loans=True, positions=("Hong",), balances=("Hong", "Ming"), fund=True)
    lenders = [facts.role_of(stage, loan["lender"]) for loan in stage.live_loans()]
    i2 = Fraction(stage.object("market", stage.symbol)["parameters"]["i2"])
    scene.equal("lenders, by the lowest rate", lenders, ["Ming", "Ming"])
    scene.over("Hong's CR", facts.ratio_on_chain(stage, "Hong"), MCR, "MCR")
    scene.over("Hong's LCR", facts.combined_ratio(stage, "Hong"), ICR, "ICR")
    scene.over("interest taken at once", paid, 0, show=stage.show_core)
    scene.equal("it went to Ming and the funds", stage.show_core(ming + funds), stage.show_core(paid))
    scene.under("the funds' part", funds, int(paid * i2) + 1, f"{i2} of it and a unit", stage.show_core)
    scene.notes.append(
        "A loan here is an entry of the ledger, and does not keep the chain from calling Hong: the chain knows only "
        f"CR. Her position stands because nobody buys {stage.core} in this new market but the story, and it does so "
        "only where a step has the system close a position."
    )


def cannot_spend(stage: Stage, scene: Scene) -> None:
    """Step 5: what was borrowed can't be spent."""
    held = stage.town.holds(stage["Hong"], stage.core)
    seq = stage.counted(stage.ask(scene, "Hong", f"mplp withdraw 300 {stage.core}", plain=True))[0]
    refused, now = stage.refusals(seq), stage.town.holds(stage["Hong"], stage.core)
    scene.ledger += [f"refused by {one.rule}: {one.reason}" for one in refused]
    scene.chain.append(f"Hong holds {stage.show_core(now)}")
    scene.equal("refusals of taking the loan out", len(refused), 1)
    scene.under("she holds", now, held, "before, as this transfer had its fee", stage.show_core)


def cannot_withdraw(stage: Stage, scene: Scene) -> None:
    """Step 11: what was lent can't be taken back."""
    seq = stage.counted(stage.ask(scene, "Ming", f"mplp unlend 1 1000 {stage.core}", plain=True))[0]
    refused, pool = stage.refusals(seq), stage.object("pool", "1")
    scene.ledger += [f"refused by {one.rule}: {one.reason}" for one in refused]
    scene.ledger.append(facts.pool_line(stage, pool))
    scene.equal("refusals of taking the lent part back", [one.rule for one in refused], ["PL-2"])
    whole = stage.show_core(stage.town.units("1000", stage.core))
    scene.equal("available and lent together", stage.show_core(pool["available"] + pool["lent"]), whole)


def is_locked(stage: Stage, scene: Scene) -> None:
    """Step 12: locked in the lender's own pool."""
    for loan in stage.live_loans():
        held = stage.balance(f"pool/{loan['pool']}/lent", loan["asset"])
        whose = facts.role_of(stage, loan["lender"])
        expected, found = (f"{stage.town.show(n, loan['asset'])} of {whose}" for n in (loan["principal"], held))
        scene.equal(f"locked in pool {loan['pool']}", found, expected)
    scene.ledger += facts.look_at_ledger(stage, pools=True)
    facts.audit(stage, scene)


# --- the end -----------------------------------------------------------------------------------------------------


def falls_again(stage: Stage, scene: Scene) -> None:
    """Step 7: the price falls again."""
    stage.publish(scene, "0.0798")
    scene.chain += facts.look_at_chain(stage, "Hong", "Gang")
    scene.ledger += facts.look_at_ledger(stage, positions=("Hong",))
    scene.under("Hong's CR", facts.ratio_on_chain(stage, "Hong"), MCR, "MCR: alone she would be closed now")
    scene.over("Hong's LCR", facts.combined_ratio(stage, "Hong"), ICR, "ICR")


def calls_the_unprotected(stage: Stage, scene: Scene) -> None:
    """Step 14: the chain calls the one without a loan."""
    gang, hong = stage.town.position(stage["Gang"]), stage.town.position(stage["Hong"])
    scene.chain.append("before: " + facts.position_line(stage, "Gang"))
    scene.under("Gang's CR", facts.ratio_on_chain(stage, "Gang"), MCR, "MCR")
    _buy(stage, scene, gang.debt)
    scene.chain += ["after: " + facts.position_line(stage, "Gang"), facts.position_line(stage, "Hong")]
    scene.equal("Gang's debt", stage.town.position(stage["Gang"]).debt, 0)
    scene.equal("Hong's position, as it was", stage.town.position(stage["Hong"])[:2], hong[:2])
    scene.ledger += facts.look_at_ledger(stage, positions=("Hong",))
    scene.notes.append("The chain calls the lowest position first: Gang's, by this one order over exactly his debt.")


def nears_lmcr(stage: Stage, scene: Scene) -> None:
    """Step 8: near LMCR, then under it."""
    hong = facts.ratio_on_chain(stage, "Hong")
    scene.over("Hong's CR", hong, LMCR, "LMCR")
    scene.under("Hong's CR", hong, LMCR + NEAR, "LMCR and a hundredth")
    scene.equal("her loans that live", len(stage.live_loans()), 2)
    stage.publish(scene, "0.0795")
    stage.books.until("the loans to end", lambda _: not stage.live_loans())
    scene.chain.append("before: " + facts.position_line(stage, "Hong"))
    scene.under("Hong's CR", facts.ratio_on_chain(stage, "Hong"), LMCR, "LMCR")
    scene.equal("what ended her loans", {loan["ended_by"] for loan in stage.objects("loan")}, {"PL-17"})
    scene.ledger += facts.look_at_ledger(stage, loans=True)
    _buy(stage, scene, stage.town.position(stage["Hong"]).debt)
    scene.chain.append("after: " + facts.position_line(stage, "Hong"))
    scene.equal("Hong's debt", stage.town.position(stage["Hong"]).debt, 0)
    stage.books.has_position(stage.symbol, stage["Hong"], 0)


def goes_home(stage: Stage, scene: Scene) -> None:
    """Step 9: the lender has it back."""
    pools = [pool for pool in stage.objects("pool") if pool["owner"] == stage["Ming"].name]
    scene.ledger += [facts.pool_line(stage, pool) for pool in pools]
    for pool, amount in zip(pools, ("1000", "50"), strict=True):
        whole = stage.town.show(stage.town.units(amount, pool["asset"]), pool["asset"])
        scene.equal(f"available in pool {pool['number']}", stage.town.show(pool["available"], pool["asset"]), whole)
    stage.counted(
        stage.ask(scene, "Ming", "mplp unlend 1", plain=True),
        stage.ask(scene, "Ming", "mplp unlend 3", plain=True),
        stage.ask(scene, "Ming", f"mplp withdraw all {stage.symbol}", plain=True),
        stage.ask_elsewhere(scene, "Ming", f"mplp withdraw all {stage.core}", "1"),
        stage.ask(scene, "Hong", f"mplp interest back all {stage.core}", plain=True),
        stage.ask(scene, "Hong", f"mplp withdraw all {stage.core}", plain=True),
    )
    for role in ("Ming", "Hong"):
        stage.books.paid_out(stage[role])
    got = stage.town.received(stage["Ming"], stage.pool)
    for symbol, amount in ((stage.core, "1000"), (stage.symbol, "50")):
        units, lent = got.get(symbol, 0), stage.town.units(amount, symbol)
        scene.chain.append(f"Ming has got {stage.town.show(units, symbol)} from the pool's account")
        scene.at_least(
            "came home, with interest", units, lent, "what he had put in", partial(stage.town.show, symbol=symbol)
        )
    scene.ledger += facts.look_at_ledger(stage, balances=("Ming", "Hong"), fund=True)
    facts.audit(stage, scene)


# --- what they share ---------------------------------------------------------------------------------------------


def _buy(stage: Stage, scene: Scene, debt: int) -> None:
    """Offer exactly a position's debt for what the chain's margin call sells."""
    stage.town.buy_core(stage["Maker"], debt, facts.price_on_chain(stage), RATIOS.mssr)
    scene.done.append(f"Maker offers {stage.show_bitasset(debt)} for {stage.core} at feed / MSSR")
    scene.equal("orders left in the book", stage.town.open_orders(), 0)


def _interest_balances(stage: Stage) -> tuple[int, int, int]:
    """What Hong has prepaid, Ming has free, and the funds hold, of the core asset."""
    core = stage.core
    return stage.balance("prepaid/Hong", core), stage.balance("free/Ming", core), stage.funds(core)

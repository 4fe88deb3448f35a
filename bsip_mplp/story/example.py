"""The example of the proposal: 小红 borrows from 小明, in 14 steps, told in the order in which they can happen.

The numbers are the source's where it has some: CR > 1.6, MCR 1.55. Of the market it asks `MSSR < LMCR < MCR`.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from bsip_mplp.cli.output import rate_text
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.story import books, facts
from bsip_mplp.story.run import Story
from bsip_mplp.story.scene import Scene, Step
from bsip_mplp.story.stage import Setting, Stage
from bsip_mplp.story.town import Ratios

RATIOS = Ratios(mcr=1550, mssr=1100, icr=1600)
MCR, ICR, LMCR = Fraction(RATIOS.mcr, PERMILLE), Fraction(RATIOS.icr, PERMILLE), Fraction(1300, PERMILLE)
NEAR = Fraction(1, 100)
"""How near is "infinitely near" in this story."""

SETTING = Setting(
    funds={"Hong": "1700", "Gang": "1700", "Ming": "1100", "Li": "1100", "Maker": "12200"},
    ratios=RATIOS,
    first_price="0.1",
    parameters={"lmcr": "1.3"},
)


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
    with stage.books.reading() as reader:
        lmcr = Fraction(reader.markets[stage.symbol]["parameters"]["lmcr"], PERMILLE)
    scene.ledger.append(f"market {stage.symbol}: LMCR {facts.show_ratio(lmcr)}, no pool, no loan")
    hong, gang = facts.ratio_on_chain(stage, "Hong"), facts.ratio_on_chain(stage, "Gang")
    scene.over("Hong's CR", hong, Fraction(8, 5))
    scene.over("Hong's CR", hong, gang, "Gang's: the one who will not borrow is the lower one")
    scene.equal("LMCR, set by the committee", lmcr, LMCR)


def falls(stage: Stage, scene: Scene) -> None:
    """Step 2: the price falls."""
    before = facts.price_on_chain(stage).as_fraction()
    _publish(stage, scene, "0.0957")
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
    with stage.books.reading() as reader:
        pools = reader.objects("pool")
    scene.equal("rates a year, as each lender wants", [rate_text(pool["rate"]) for pool in pools], ["12 %", "15 %"])


def takes_kinds(stage: Stage, scene: Scene) -> None:
    """Step 13: the kind of interest."""
    memo = f"mplp lend rate=10%/yr days=14 interest={stage.core}"
    stage.counted(stage.ask(scene, "Ming", memo, "50", stage.symbol))
    with stage.books.reading() as reader:
        pool = reader.objects("pool")[-1]
        scene.ledger.append(facts.pool_line(stage, pool))
    scene.equal("what this pool lends", pool["asset"], stage.symbol)
    scene.equal("what its interest is paid in", pool["interest_asset"], stage.core)


# --- the loan ----------------------------------------------------------------------------------------------------


def pays_ahead(stage: Stage, scene: Scene) -> None:
    """Step 6: interest first."""
    too_early = stage.ask(scene, "Hong", "mplp borrow least below=13%/yr", plain=True)
    deposit = stage.ask_elsewhere(scene, "Hong", "mplp interest", "10")
    seq, _ = stage.counted(too_early, deposit)
    with stage.books.reading() as reader:
        refused = books.refusals_of(reader, seq)
        prepaid = books.balance(reader, f"prepaid/{stage['Hong'].name}", stage.core)
    scene.ledger += [f"refused by {one.rule}: {one.reason}" for one in refused]
    scene.ledger += facts.look_at_ledger(stage, positions=("Hong",), balances=("Hong",))
    scene.equal("without interest paid ahead, borrowing is refused by", [one.rule for one in refused], ["PL-8"])
    scene.equal("prepaid interest", stage.town.show(prepaid, stage.core), "10.00000 " + stage.core)


def borrows(stage: Stage, scene: Scene) -> None:
    """Step 4: the loans."""
    before = _interest_balances(stage)
    stage.counted(
        stage.ask(scene, "Hong", "mplp borrow least below=13%/yr"),
        stage.ask(scene, "Hong", f"mplp borrow 5 {stage.symbol}", plain=True),
    )
    after = _interest_balances(stage)
    scene.chain += facts.look_at_chain(stage, "Hong")
    scene.ledger += facts.look_at_ledger(stage, loans=True, positions=("Hong",), balances=("Hong", "Ming"), fund=True)
    with stage.books.reading() as reader:
        loans = [loan for loan in reader.objects("loan") if loan["ended"] is None]
        i2 = Fraction(reader.markets[stage.symbol]["parameters"]["i2"])
    scene.equal("lenders, by the lowest rate", [facts.role_of(stage, one["lender"]) for one in loans], ["Ming"] * 2)
    scene.over("Hong's CR", facts.ratio_on_chain(stage, "Hong"), MCR, "MCR")
    scene.over("Hong's LCR", facts.combined_ratio(stage, "Hong"), ICR, "ICR")
    paid, ming, funds = (after[name] - before[name] for name in ("Hong", "Ming", "funds"))
    paid = 2 - paid  # each request brought a unit along, which is prepaid interest too
    show = partial(stage.town.show, symbol=stage.core)
    scene.over("interest taken at once", paid, 0, show=show)
    scene.equal("it went to Ming and the funds", show(ming + funds), show(paid))
    scene.under("the funds' part", funds, int(paid * i2) + 1, f"{i2} of it and a unit", show)
    scene.notes.append(
        "A loan here is an entry of the ledger, and does not keep the chain from calling Hong: the chain knows only "
        f"CR. Her position stands because nobody buys {stage.core} in this new market but the story, and it does so "
        "only where a step has the system close a position."
    )


def cannot_spend(stage: Stage, scene: Scene) -> None:
    """Step 5: what was borrowed can't be spent."""
    held = stage.town.holds(stage["Hong"], stage.core)
    seq = stage.counted(stage.ask(scene, "Hong", f"mplp withdraw 300 {stage.core}", plain=True))[0]
    with stage.books.reading() as reader:
        refused = books.refusals_of(reader, seq)
    scene.ledger += [f"refused by {one.rule}: {one.reason}" for one in refused]
    now, show = stage.town.holds(stage["Hong"], stage.core), partial(stage.town.show, symbol=stage.core)
    scene.chain.append(f"Hong holds {show(now)}")
    scene.equal("refusals of taking the loan out", len(refused), 1)
    scene.under("she holds", now, held, "before, as this transfer had its fee", show)


def cannot_withdraw(stage: Stage, scene: Scene) -> None:
    """Step 11: what was lent can't be taken back."""
    seq = stage.counted(stage.ask(scene, "Ming", f"mplp unlend 1 1000 {stage.core}", plain=True))[0]
    with stage.books.reading() as reader:
        refused = books.refusals_of(reader, seq)
        pool = reader.objects("pool")[0]
        scene.ledger += [f"refused by {one.rule}: {one.reason}" for one in refused]
        scene.ledger.append(facts.pool_line(stage, pool))
    scene.equal("refusals of taking the lent part back", [one.rule for one in refused], ["PL-2"])
    whole, show = stage.town.units("1000", stage.core), partial(stage.town.show, symbol=stage.core)
    scene.equal("available and lent together", show(pool["available"] + pool["lent"]), show(whole))


def is_locked(stage: Stage, scene: Scene) -> None:
    """Step 12: locked in the lender's own pool."""
    with stage.books.reading() as reader:
        loans, pools = reader.objects("loan"), reader.objects("pool")
        held = {pool["number"]: books.balance(reader, f"pool/{pool['number']}/lent", pool["asset"]) for pool in pools}
    for loan in loans:
        expected, found = (
            f"{stage.town.show(units, loan['asset'])} of {facts.role_of(stage, loan['lender'])}"
            for units in (loan["principal"], held[loan["pool"]])
        )
        scene.equal(f"locked in pool {loan['pool']}", found, expected)
    scene.ledger += facts.look_at_ledger(stage, pools=True)
    facts.audit(stage, scene)


# --- the end -----------------------------------------------------------------------------------------------------


def falls_again(stage: Stage, scene: Scene) -> None:
    """Step 7: the price falls again."""
    _publish(stage, scene, "0.0798")
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
    scene.equal("her loans that live", len(_live_loans(stage)), 2)
    _publish(stage, scene, "0.0795")
    stage.books.until("the loans to end", lambda reader: not _live_loans(stage) or None)
    scene.chain.append("before: " + facts.position_line(stage, "Hong"))
    scene.under("Hong's CR", facts.ratio_on_chain(stage, "Hong"), LMCR, "LMCR")
    with stage.books.reading() as reader:
        scene.equal("what ended her loans", {loan["ended_by"] for loan in reader.objects("loan")}, {"PL-17"})
    scene.ledger += facts.look_at_ledger(stage, loans=True)
    _buy(stage, scene, stage.town.position(stage["Hong"]).debt)
    scene.chain.append("after: " + facts.position_line(stage, "Hong"))
    scene.equal("Hong's debt", stage.town.position(stage["Hong"]).debt, 0)
    stage.books.has_position(stage.symbol, stage["Hong"], 0)


def goes_home(stage: Stage, scene: Scene) -> None:
    """Step 9: the lender has it back."""
    with stage.books.reading() as reader:
        pools = [pool for pool in reader.objects("pool") if pool["owner"] == stage["Ming"].name]
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


# --- what they share -----------------------------------------------------------------------------------------------


def _publish(stage: Stage, scene: Scene, price: str) -> None:
    made = stage.town.publish(price)
    scene.done.append(f"Feeds publishes {price} {stage.symbol} for 1 {stage.core}")
    stage.books.has_feed(stage.symbol, made)


def _buy(stage: Stage, scene: Scene, debt: int) -> None:
    """Offer exactly a position's debt for what the chain's margin call sells."""
    stage.town.buy_core(stage["Maker"], debt, facts.price_on_chain(stage), RATIOS.mssr)
    scene.done.append(f"Maker offers {stage.town.show(debt, stage.symbol)} for {stage.core} at feed / MSSR")
    scene.equal("orders left in the book", stage.town.open_orders(), 0)


def _live_loans(stage: Stage) -> list[int]:
    with stage.books.reading() as reader:
        return [loan["number"] for loan in reader.objects("loan") if loan["ended"] is None]


def _interest_balances(stage: Stage) -> dict[str, int]:
    core = stage.core
    with stage.books.reading() as reader:
        return {
            "Hong": books.balance(reader, f"prepaid/{stage['Hong'].name}", core),
            "Ming": books.balance(reader, f"free/{stage['Ming'].name}", core),
            "funds": sum(books.balance(reader, f"{kind}/{stage.symbol}", core) for kind in ("fund", "risk")),
        }


STEPS = (
    Step("1", "小红的抵押率 CR>1.6;", "Hong's collateral ratio CR is over 1.6.", opens),
    Step("2", "价格下跌;", "The price falls.", falls),
    Step("3", "小红的抵押率无限接近于MCR=1.55,就要爆仓了;",
         "Hong's ratio is as near as can be to MCR = 1.55: she is about to be called.", nears_mcr),
    Step("10", "利息由市场决定;", "Interest is decided by the market.", sets_rates),
    Step("13", "利息类型的支付可以按照抵押物的类型进行决定;",
         "The kind of interest can follow the kind of collateral.", takes_kinds),
    Step("6", "小红必须提前支付给小明利息;", "Hong must pay Ming interest ahead.", pays_ahead),
    Step("4", "小红此时可以从小明借贷智能资产/bts来保证她的债仓在大于借贷爆仓抵押率(也就是她自己的抵押率CR)>=MCR"
              "(或者其它由理事会设定的参数)的情况下不会被强平,同时保证自己+借贷来的债仓的综合抵押率必须大于ICR;",
         "Now Hong can borrow bitasset and BTS from Ming, so that her position is not closed while her own CR stays at "
         "or over the ratio set for loans (LMCR); what is hers and what is lent must together be over ICR.", borrows),
    Step("5", "小红不能动用从小明借贷的资产;", "Hong cannot touch what she borrowed from Ming.", cannot_spend),
    Step("11", "如果小明借贷给小红资产,在借贷时间没有到期或者小红没有主动终止合约或者小红没有被强平之前,"
               "小明不能撤回资产;",
         "Until the term ends, or Hong ends it, or she is closed, Ming cannot take back what he lent.",
         cannot_withdraw),
    Step("12", "小明借贷出的资产,将会锁定在自己账户的借贷池中;",
         "What Ming lent is locked in the lending pool of his own account.", is_locked),
    Step("7", "价格又跌了;", "The price falls again.", falls_again),
    Step("14", "没有进行这样借贷的抵押者如果CR<MCR, 就会直接被系统强平。",
         "Whoever did not borrow like this is closed by the system as soon as CR < MCR.", calls_the_unprotected),
    Step("8", "小红的抵押率无限接近与LMCR,如果她不增加抵押率或者还一部分款的使自己的借贷爆仓抵押率LMCR的话,"
              "一旦小于LMCR或者自己+借贷来的债仓的综合抵押率小于LCR,她就会被系统强制平仓;",
         "Hong's ratio is as near as can be to LMCR. If she neither adds collateral nor pays debt, then under LMCR, or "
         "with too small a combined ratio, the system closes her.", nears_lmcr),
    Step("9", "小红一旦被触发强平,从小明借贷的资产将会归还给小明;",
         "Once Hong is closed, what she borrowed from Ming goes back to Ming.", goes_home),
)  # fmt: skip
"""The 14 steps, each with its number and its words in the source."""


def _opening(stage: Stage) -> list[str]:
    return [
        f"Hong (小红) and Gang (小刚) owe {stage.symbol}, which {stage.core} backs; Ming (小明) and Li (小丽) lend; "
        "Maker trades and operates; Feeds says the price. All are accounts made for this run, each with its own key.",
        "Steps have the source's numbers and stand in the order in which they happen: 10 to 14 are about what goes on "
        "during 4 to 9.",
    ]


STORY = Story("The example of the proposal, on a BitShares chain", _opening, lambda can_move_time: SETTING, STEPS)

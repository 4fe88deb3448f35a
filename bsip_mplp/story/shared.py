"""The shared pool's example from the draft, stage by stage: its own figures beside the exact ones."""

from __future__ import annotations

from fractions import Fraction

from bsip_mplp.money import SECONDS_PER_DAY
from bsip_mplp.ratios import debt_over_level
from bsip_mplp.story import facts
from bsip_mplp.story.configuration import Setting
from bsip_mplp.story.run import Story
from bsip_mplp.story.scene import Scene, Step
from bsip_mplp.story.stage import Stage
from bsip_mplp.story.town import Ratios

RATIOS = Ratios(mcr=1500, mssr=1100, icr=1500)
FUNDS = {"Hong": "10100", "Ming": "100", "Maker": "100100"}
DRAFT = {"icr": "1.55", "a": "10", "b": "7", "model": '"fixed"', "rate": "0.02", "fee": "0.05"}
NOTE = "The pool here is an entry of the ledger (books custody): it does not keep the chain from calling the position."


def setting(can_move_time: bool) -> Setting:
    """The draft's market; the same whether or not time can be moved."""
    del can_move_time
    return Setting(FUNDS, RATIOS, "0.0501", {}, DRAFT)


def supply(stage: Stage, scene: Scene) -> None:
    """Stage 1: a position, and a pool."""
    stage.town.change_position(stage["Maker"], "100000", "1000")
    stage.town.change_position(stage["Hong"], "10000", "323")
    stage.town.give(stage["Maker"], stage["Ming"], "600", stage.symbol)
    stage.counted(
        stage.reserve_for_fees(scene, "Maker"),
        stage.ask(scene, "Ming", "mplp supply", "600", stage.symbol),
    )
    stage.counted(stage.ask(scene, "Hong", "mplp hold mcr=1.2", "4", stage.symbol))
    scene.chain += facts.look_at_chain(stage, "Hong")
    scene.equal("extra debt asset", _extra(stage), 0)
    scene.equal("interest balance (draft: 4)", _show(stage, _balance(stage)), _show(stage, 40_000))
    scene.notes.append(
        "The draft's price of 0.05 gives 1.548, and is already under ICR 1.55: here it is 0.0501, and 1.551."
    )


def fall(stage: Stage, scene: Scene) -> None:
    """Stage 2: the price falls."""
    stage.publish(scene, "0.04")
    stage.until("the pool to serve", lambda: stage.object("participant", _key(stage))["served"])
    scene.chain += facts.look_at_chain(stage, "Hong")
    cr = facts.ratio_on_chain(stage, "Hong")
    scene.over("cr on the chain (draft: 1.24)", cr, 1)
    pool = stage.object("shared_pool", stage.symbol)
    scene.equal("least mcr (draft: 1.24)", str(Fraction(*pool["least_mcr"])), "400/323")
    scene.notes.append(NOTE)


def pay(stage: Stage, scene: Scene) -> None:
    """Stage 3: the interest."""
    paid = stage.object("participant", _key(stage))["paid"]
    scene.ledger.append(f"interest for 14 days: {_show(stage, paid)}")
    scene.equal("extra needed for ICR (draft: 65)", _show(stage, _extra(stage)), _show(stage, 649_355))
    scene.equal("interest for 14 days (draft: 2.88)", _show(stage, paid), _show(stage, 29_075))
    scene.equal("interest balance (draft: 1.12)", _show(stage, _balance(stage)), _show(stage, 10_925))


def locked(stage: Stage, scene: Scene) -> None:
    """Stage 4: what stands now."""
    debt, extra = int(stage.position("Hong")["debt"]), _extra(stage)
    scene.ledger.append(f"debt {_show(stage, debt)}, extra debt asset {_show(stage, extra)}")
    collateral, whole = int(stage.position("Hong")["collateral"]), stage.town.units("10000", stage.core)
    worth = stage.town.units("400", stage.symbol)
    scene.equal("collateral (draft: 10k)", stage.town.show(collateral, stage.core), stage.town.show(whole, stage.core))
    scene.equal("overall debt (draft: 258)", _show(stage, debt - extra), _show(stage, 2_580_645))
    scene.at_least("CR (draft: 1.55)", Fraction(worth, debt - extra), Fraction(155, 100))
    available = stage.balance(f"shared/{stage.symbol}/pool", stage.symbol) - extra
    scene.equal("available in the pool", _show(stage, available), _show(stage, 5_350_645))
    scene.notes.append(
        "Without the pool: 1178 of the core asset is the worth of the debt to buy back with outside money for 1.45, as "
        "the draft says; 1408 for its MCR of 1.5; 4225 if the collateral itself is sold at the feed price."
    )


def run_out(stage: Stage, scene: Scene) -> None:
    """What the draft says of afterwards: without more interest the extra debt asset goes home after 14 days."""
    stage.pass_time(scene, 14 * SECONDS_PER_DAY + 3600, "14 days")
    stage.until("the interest to run out", lambda: stage.object("participant", _key(stage))["unpaid"])
    scene.equal("extra debt asset", _extra(stage), 0)
    called: str = stage.until("the call", lambda: str(stage.object("participant", _key(stage))["call"]))
    scene.equal("margin call", called, "partial")
    stage.counted(stage.ask(scene, "Ming", "mplp rewards"), stage.ask(scene, "Ming", "mplp leave"))
    free = stage.balance("free/Ming", stage.symbol)
    scene.over("Ming has back", free, stage.town.units("602.7", stage.symbol), "with interest", stage.show_bitasset)


def _key(stage: Stage) -> str:
    return f"{stage.symbol}/{stage['Hong'].name}"


def _extra(stage: Stage) -> int:
    """SP-1, from what the ledger shows: the pool's level, and whether the position is served."""
    if not stage.object("participant", _key(stage))["served"]:
        return 0
    level, position = stage.object("shared_pool", stage.symbol)["level"], stage.position("Hong")
    return debt_over_level(position["collateral"], position["debt"], Fraction(*map(int, level)))


def _balance(stage: Stage) -> int:
    return stage.balance(f"shared/{stage.symbol}/interest/{stage['Hong'].name}", stage.symbol)


def _show(stage: Stage, units: int) -> str:
    return stage.show_bitasset(units)


def _opening(stage: Stage) -> list[str]:
    return [
        f"Hong (小红) owes 323 {stage.symbol} and has 10,000 {stage.core} behind it; Ming (小明) lends to the pool.",
        "ICR is 1.55, MCR 1.5; a = 10, b = 7, the rate 2 % for 14 days. Hong is content with an mcr of 1.2.",
    ]


STEPS = (
    Step("1", "10k BTS as collateral, 323 bitUSD debt", "A position that is safe, and a pool to which Ming lends 600.",
         supply),
    Step("2", "BTS price drop to 0.04 bitUSD", "The price falls by a fifth: cr is 1.238, far under MCR.", fall),
    Step("3", "65 bitUSD are needed to reach ICR again", "The pool adds what is needed; interest for 14 days is paid.",
         pay),
    Step("4", "The 65 bitUSD gets locked to the margin position, without paying back the 323 bitUSD debt",
         "The extra debt asset stands beside the debt: CR is 1.55 again.", locked),
    Step("5", "After 14 days the 65 bitUSD balance gets removed from extra asset balance, if the user doesn’t add "
         "funds to interest balance.", "Hong adds nothing: after 14 days the pool is whole again, and Ming goes home "
         "with his interest.", run_out, "the 14 days until the interest is used up"),
)  # fmt: skip
"""The draft's stages, each with its words."""

STORY = Story("The shared pool's example, on a BitShares chain", _opening, setting, STEPS)

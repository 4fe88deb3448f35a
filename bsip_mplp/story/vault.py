"""Two holders with the same position, one of them in a vault with a loan: what the chain does to each, and how loans
come home in each of the three ways (V-1 to V-6).

Time is not moved: the same story is played on any node.
"""

from __future__ import annotations

from bsip_mplp.story import vault_ends as then
from bsip_mplp.story import vault_steps as first
from bsip_mplp.story.configuration import Setting
from bsip_mplp.story.people import new_letters
from bsip_mplp.story.run import Story
from bsip_mplp.story.scene import Step
from bsip_mplp.story.stage import Stage
from bsip_mplp.story.vault_steps import GUARD, RATIOS

FUNDS = {"Hong": "1750", "Gang": "1650", "Fang": "1750", "Ming": "1010", "Maker": "20100", GUARD: "0"}


def setting(can_move_time: bool) -> Setting:
    """The same whether or not time can be moved; vaults of a run have names that nobody has."""
    del can_move_time
    prefix = f"v-{new_letters()}1"
    return Setting(FUNDS, RATIOS, "0.1", {"lmcr": "1.3", "vault_prefix": f'"{prefix}"'}, guard=GUARD)


STEPS = (
    Step("1", "", "Hong and Gang have the same position: 1650 of collateral behind a debt of 100.", first.same),
    Step("2", "", "Hong moves hers into a vault, with one command. Gang leaves his where it is.", first.move),
    Step("3", "", "Nobody has more power over the vault than was agreed: what is forbidden the chain refuses.",
         first.forbidden),
    Step("4", "", "Ming lends; Hong borrows the least. The loan is really put into the vault, in one transaction.",
         first.lend),
    Step("5", "", "The price falls. The chain sells Gang's position, and not Hong's.", first.fall),
    Step("6", "", "The price falls on. The short loan ends, but the chain does not let it out yet: it is unwinding.",
         first.end),
    Step("7", "", "The first way home: the price rises, the ratio is above ICR without the loan, and it comes out.",
         then.recover),
    Step("8", "", "Hong borrows again, and the price crashes. The second way home: the chain itself calls the vault; "
         "the loan goes home from what is left, before Hong is paid.", then.call),
    Step("9", "", "Fang opens a vault, too. The third way home: working capital of the risk fund pays the debt, all "
         "comes out, and what replaces the capital is sold.", then.capital),
    Step("10", "", "Ming takes home what he lent, to the last unit, and what he earned.", then.go_home),
)  # fmt: skip


def _opening(stage: Stage) -> list[str]:
    return [
        f"Hong (小红), Gang (小刚) and Fang (小芳) owe {stage.symbol}, which {stage.core} backs; Ming (小明) "
        "lends; Maker trades and operates; Feeds says the price. The pool's account keeps the vaults, Guard guards.",
        "The chain's MCR is 1.5, its ICR 1.55, its MSSR 1.1; the committee's LMCR is 1.3. A vault is an account on the "
        "chain: what is lent is really put into it, so that the chain's own ratio is LCR.",
    ]


STORY = Story("A vault: a loan that the chain itself sees", _opening, setting, STEPS)

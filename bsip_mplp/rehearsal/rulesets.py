"""The rule sets that are compared on the same users and the same prices (RE-4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

from bsip_mplp.rehearsal.scenario import Chain
from bsip_mplp.rehearsal.scenario import RuleSet as RuleSetName


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What holds in a run. Ratios per mille; None: as the scenario's feed has it, or not at all."""

    name: str
    peer: bool = False
    """Whether there is peer lending (PL-1 and what follows)."""
    shared: bool = False
    """Whether there is a shared pool (SP-1 and what follows)."""
    target_permille: int | None = None
    """The target collateral ratio that every position has."""
    mcr_permille: int | None = None
    """An MCR that stands in for the feed's."""
    vaults: bool = False
    """Whether loans are made in vaults, on today's chain (V-1); else the chain has adopted the rules."""
    dividends: bool = False
    """Whether the market's fees are paid out to the holders of the bitasset."""

    @property
    def lends(self) -> bool:
        """Whether anybody can lend, so that the engine runs."""
        return self.peer or self.shared


RULE_SETS: Final[tuple[str, ...]] = get_args(RuleSetName)
"""All names, in the order of the reports."""


def rule_set(name: str, chain: Chain) -> RuleSet:
    """A rule set of RE-4 by its name; raises `ValueError` for a name that is none."""
    match name:
        case "none":
            return RuleSet(name)
        case "peer":
            return RuleSet(name, peer=True)
        case "peer_vaults":
            return RuleSet(name, peer=True, vaults=True)
        case "shared":
            return RuleSet(name, shared=True)
        case "both":
            return RuleSet(name, peer=True, shared=True)
        case "target_ratio":
            return RuleSet(name, target_permille=chain.target_permille)
        case "ratio_two":
            return RuleSet(name, mcr_permille=chain.ratio_two_permille)
        case "dividends":
            return RuleSet(name, dividends=True)
    raise ValueError(f"{name!r} is no rule set: {', '.join(RULE_SETS)}")

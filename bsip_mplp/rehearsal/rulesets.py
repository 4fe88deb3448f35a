"""The rule sets that are compared on the same users and the same prices (RE-4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

RuleSetName = Literal["none", "peer", "peer_vault", "shared", "both", "tcr", "mcr2", "dividends"]
ChainCustody = Literal["protocol", "vault"]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What holds in a run. Ratios per mille; None: as the scenario's feed has it, or not at all."""

    name: RuleSetName
    peer: bool = False
    """Whether there is peer lending (PL-1 and what follows)."""
    shared: bool = False
    """Whether there is a shared pool (SP-1 and what follows)."""
    custody: ChainCustody = "protocol"
    """How the rules are carried out: by a chain that adopted them, or with vaults on today's (V-1)."""
    target_permille: int | None = None
    """The target collateral ratio that every position has."""
    mcr_permille: int | None = None
    """An MCR that stands in for the feed's."""
    dividends: bool = False
    """Whether the market's fees are paid out to the holders of the bitasset."""

    @property
    def lends(self) -> bool:
        """Whether anybody can lend, so that the engine runs."""
        return self.peer or self.shared


def rule_set(name: str, *, target_permille: int, mcr2_permille: int) -> RuleSet:
    """A rule set of RE-4 by its name; raises `ValueError` for a name that is none."""
    match name:
        case "none":
            return RuleSet("none")
        case "peer":
            return RuleSet("peer", peer=True)
        case "peer_vault":
            return RuleSet("peer_vault", peer=True, custody="vault")
        case "shared":
            return RuleSet("shared", shared=True)
        case "both":
            return RuleSet("both", peer=True, shared=True)
        case "tcr":
            return RuleSet("tcr", target_permille=target_permille)
        case "mcr2":
            return RuleSet("mcr2", mcr_permille=mcr2_permille)
        case "dividends":
            return RuleSet("dividends", dividends=True)
    raise ValueError(f"{name!r} is no rule set: {', '.join(RULE_SETS)}")


RULE_SETS: Final[tuple[str, ...]] = ("none", "peer", "peer_vault", "shared", "both", "tcr", "mcr2", "dividends")
"""All names, in the order of the reports."""

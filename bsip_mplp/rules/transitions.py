"""The states of a position and every way from one to another, each with the one rule that causes it (PL-I4)."""

from __future__ import annotations

from typing import Literal, NamedTuple

from bsip_mplp.ledger import LedgerError

PositionState = Literal["free", "protected", "in_auction", "taken_over", "carried", "black", "unwinding", "closed"]


class Transition(NamedTuple):
    """From one state to another, by which rule, and why in a few words."""

    was: PositionState
    now: PositionState
    rule: str
    why: str


ENDS_OF_LOANS = ("PL-6", "PL-17", "PL-18", "PL-19", "PL-21", "PL-24", "PL-39", "PL-51", "PL-D54", "PL-D58")
"""The rules by which a loan can end while its position stays open; by the last one the position is free (PL-D52)."""

ENDS_IN_VAULTS = tuple(rule for rule in ENDS_OF_LOANS if rule not in ("PL-39", "PL-51"))
"""Of these, the rules that leave a loan's money in a vault (V-5): bonds take none from there, and lp2 is paid debt."""

TRANSITIONS: tuple[Transition, ...] = (
    Transition("free", "protected", "PL-11", "first loan"),
    *(Transition("protected", "free", rule, "last loan ended") for rule in ENDS_OF_LOANS),
    *(Transition("protected", "unwinding", rule, "likewise, and it is still in the vault") for rule in ENDS_IN_VAULTS),
    Transition("unwinding", "protected", "PL-11", "a loan again"),
    Transition("unwinding", "free", "V-5", "all is home"),
    Transition("unwinding", "closed", "V-5", "working capital closed it"),
    Transition("unwinding", "closed", "PL-46", "closed on the chain"),
    Transition("protected", "in_auction", "PL-21", "interest missed, CR < MSSR"),
    Transition("protected", "in_auction", "PL-22", "LCR < MCR held"),
    Transition("protected", "taken_over", "PL-23", "CR < MSSR held"),
    Transition("in_auction", "taken_over", "PL-23", "CR < MSSR held"),
    Transition("in_auction", "protected", "PL-28", "won"),
    Transition("taken_over", "protected", "PL-28", "won"),
    Transition("in_auction", "protected", "PL-31", "cured"),
    Transition("in_auction", "protected", "PL-27", "last long loan ended"),
    Transition("taken_over", "protected", "PL-27", "last long loan ended"),
    Transition("in_auction", "carried", "PL-33", "not sold in time"),
    Transition("taken_over", "carried", "PL-33", "not sold in time"),
    Transition("in_auction", "carried", "PL-49", "CR < auction floor held"),
    Transition("taken_over", "carried", "PL-49", "CR < auction floor held"),
    Transition("carried", "black", "PL-38", "bonds did not raise enough"),
    Transition("black", "carried", "PL-38", "income covers what it lacks"),
    Transition("carried", "free", "PL-36", "CR > LMCR, in books custody"),
    Transition("black", "free", "PL-36", "CR > LMCR, in books custody"),
    Transition("free", "closed", "PL-46", "closed on the chain"),
    Transition("protected", "closed", "PL-46", "closed on the chain"),
    Transition("in_auction", "closed", "PL-46", "closed on the chain"),
    Transition("taken_over", "closed", "PL-46", "closed on the chain"),
    Transition("carried", "closed", "PL-46", "closed on the chain"),
    Transition("black", "closed", "PL-46", "closed on the chain"),
    Transition("closed", "free", "PL-46", "seen again"),
)

_ALLOWED = {(t.was, t.now, t.rule) for t in TRANSITIONS}


def check_transition(was: PositionState, now: PositionState, rule: str) -> None:
    """Raise `LedgerError` for a change of state that no rule allows: a fault of the program, never of a person."""
    if (was, now, rule) not in _ALLOWED:
        raise LedgerError(f"{rule} does not lead from {was} to {now}")

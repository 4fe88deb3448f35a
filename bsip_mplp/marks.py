"""The prices at which each rule acts on a vault, from what the ledger shows of it: for people, it decides nothing.

Prices are bitasset units per core unit, exactly; ratios per mille.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from bsip_mplp.market import Feed, Parameters
from bsip_mplp.ratios import Price, trigger_price

WITHOUT_THE_LOAN = "the chain would have called without the loan"
NO_MORE_LOAN = "below this nothing can be borrowed any more"
SAYS_ONLY = (WITHOUT_THE_LOAN, NO_MORE_LOAN)
"""Marks at which nothing happens by itself."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A position and what its market says: own collateral and debt, what is lent, the feed, and the rules' ratios.

    `auction` is the ratio under which an auction opens, exactly (V-7); `floor` is that of short loans (PL-18).
    """

    collateral: int
    debt: int
    lp1: int
    lp2: int
    price: Price
    mcr: int
    mssr: int
    icr: int
    lmcr: int
    floor: int
    auction: Fraction
    has_short: bool
    has_long: bool


class Mark(NamedTuple):
    """A price, and what happens there; `rule` names who acts."""

    price: Fraction
    rule: str
    text: str


def marks(stand: Stand) -> list[Mark]:
    """The prices at which rules act on a position, the highest first; none without debt."""
    if stand.debt <= 0 or stand.collateral <= 0:
        return []
    chain = stand.collateral + stand.lp1, stand.debt - stand.lp2
    own = stand.collateral, stand.debt
    found = [Mark(stand.price.as_fraction(), "now", "the feed now")]
    if chain[1] > 0:
        found.append(Mark(trigger_price(*chain, stand.mcr), "chain", "the chain calls: its ratio is at MCR"))
        if stand.has_long:
            at = trigger_price(*chain, 1) * stand.auction
            found.append(Mark(at, "V-7", "an auction opens, and the risk fund adds collateral"))
        if stand.has_short:
            found.append(Mark(trigger_price(*chain, stand.floor), "PL-18", "short loans end: LCR under the floor"))
    if stand.has_short:
        found.append(Mark(trigger_price(*own, stand.lmcr), "PL-17", "short loans end: CR under LMCR"))
    if stand.has_long:
        found.append(Mark(trigger_price(*own, stand.mssr), "PL-23", "a takeover: CR under MSSR"))
    if stand.lp1 or stand.lp2:
        found.append(Mark(trigger_price(*own, stand.mcr), "chain", WITHOUT_THE_LOAN))
    else:
        found.append(Mark(trigger_price(*own, stand.lmcr), "PL-14", NO_MORE_LOAN))
    return sorted(found, key=lambda mark: (-mark.price, mark.rule))


def stand_of(
    market: Mapping[str, Any], position: Mapping[str, Any], loans: Sequence[Mapping[str, Any]]
) -> Stand | None:
    """A vault's position as it stands, from the ledger's objects; None without a feed or without debt."""
    told = market["feed"]
    if told is None or not position["debt"]:
        return None
    ratios = {name: told[name] for name in ("mcr", "mssr", "icr", "expires")}
    feed, parameters = Feed(Price(*told["price"]), **ratios), Parameters().changed(market["parameters"])
    return Stand(
        collateral=position["collateral"],
        debt=position["debt"],
        lp1=position["placed_lp1"] + position["buffer"],
        lp2=position["placed_lp2"],
        price=feed.price,
        mcr=feed.mcr,
        mssr=feed.mssr,
        icr=feed.icr,
        lmcr=parameters.lmcr,
        floor=parameters.floor_permille(feed),
        auction=parameters.buffered(feed.mcr),
        has_short=any(not loan["long"] for loan in loans),
        has_long=any(loan["long"] for loan in loans),
    )


def nearest(stand: Stand) -> Mark | None:
    """The first thing that happens as the price falls; None if nothing is left to happen."""
    now = stand.price.as_fraction()
    return next((mark for mark in marks(stand) if mark.price < now and mark.text not in SAYS_ONLY), None)

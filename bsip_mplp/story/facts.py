"""Lines that say how things stand: on the chain, and in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from bsip_mplp.cli.output import permille_text, rate_text, ratio_text, time_text
from bsip_mplp.cli.reading import Reader
from bsip_mplp.journal import read
from bsip_mplp.money import format_units
from bsip_mplp.ratios import Price, collateral_ratio
from bsip_mplp.story.books import balance, position
from bsip_mplp.story.scene import Scene
from bsip_mplp.story.stage import Stage


def price_on_chain(stage: Stage) -> Price:
    """The feed's price as it counts on the chain."""
    feed = stage.town.feed()
    if feed.price is None:
        raise ValueError(f"{stage.symbol} has no feed")
    return Price(*feed.price)


def ratio_on_chain(stage: Stage, role: str) -> Fraction | None:
    """CR by the chain's own numbers; None without a position."""
    found = stage.town.position(stage[role])
    return collateral_ratio(found.collateral, found.debt, price_on_chain(stage))


def combined_ratio(stage: Stage, role: str) -> Fraction | None:
    """LCR by the ledger's numbers."""
    with stage.books.reading() as reader:
        found = position(reader, stage.symbol, stage[role])
        return None if found is None else reader.ratios(found)[1]


def show_ratio(ratio: Fraction | None) -> str:
    """A ratio with three digits, rounded down."""
    return ratio_text(ratio) or "–"


# --- the chain --------------------------------------------------------------------------------------------------


def feed_line(stage: Stage) -> str:
    """The feed with its ratios."""
    feed, shown = stage.town.feed(), show_price(stage, price_on_chain(stage).as_fraction())
    ratios = "  ".join(f"{name} {permille_text(value)}" for name, value in zip(
        ("MCR", "MSSR", "ICR"), (feed.mcr, feed.mssr, feed.icr), strict=True))  # fmt: skip
    return f"feed {shown}  {ratios}"


def show_price(stage: Stage, units_per_unit: Fraction) -> str:
    """What a whole unit of the core asset is worth, rounded down."""
    whole = units_per_unit * 10 ** stage.town.precisions[stage.core]
    return f"{format_units(int(whole), stage.town.precisions[stage.symbol])} {stage.symbol}/{stage.core}"


def position_line(stage: Stage, role: str) -> str:
    """Collateral, debt and CR of a position."""
    found = stage.town.position(stage[role])
    if not found.debt:
        return f"{role}: no position"
    collateral, debt = stage.town.show(found.collateral, stage.core), stage.town.show(found.debt, stage.symbol)
    return f"{role}: C {collateral}  D {debt}  CR {show_ratio(ratio_on_chain(stage, role))}"


def look_at_chain(stage: Stage, *roles: str) -> list[str]:
    """The feed and some positions."""
    return [feed_line(stage), *(position_line(stage, role) for role in roles)]


# --- the ledger -------------------------------------------------------------------------------------------------


def role_of(stage: Stage, name: str) -> str:
    """Who an account is in the story."""
    return next((person.role for person in stage.people.values() if person.name == name), name)


def pool_line(stage: Stage, pool: Mapping[str, Any]) -> str:
    """What a pool has available and lent, and on what terms."""
    show, asset = stage.town.show, pool["asset"]
    other = "" if pool["interest_asset"] == asset else f", interest in {pool['interest_asset']}"
    return (
        f"pool {pool['number']} of {role_of(stage, pool['owner'])}: {show(pool['available'], asset)} available, "
        f"{show(pool['lent'], asset)} lent, {rate_text(pool['rate'])} a year, {pool['term_days']} days{other}"
    )


def loan_line(stage: Stage, loan: Mapping[str, Any]) -> str:
    """A loan, and how it stands."""
    ended = loan["ended"]
    state = f"live, paid until {time_text(loan['paid_until'])}" if ended is None else f"ended by {loan['ended_by']}"
    return (
        f"loan {loan['number']}: {stage.town.show(loan['principal'], loan['asset'])} from pool {loan['pool']} "
        f"to {role_of(stage, loan['borrower'])}, {state}"
    )


def position_in_ledger_line(stage: Stage, reader: Reader, role: str) -> str:
    """What is lent to a position, its combined ratio and its state."""
    found = position(reader, stage.symbol, stage[role])
    if found is None:
        return f"{role}: no position is known yet"
    own, combined = reader.ratios(found)
    lent = ", ".join(
        stage.town.show(units, asset)
        for units, asset in ((found["lp1"], stage.core), (found["lp2"], stage.symbol))
        if units
    )
    ratios = f"CR {show_ratio(own)}, LCR {show_ratio(combined)}, " if found["debt"] else ""
    holder = "" if found["holder"] == found["account"] else f", held by {role_of(stage, found['holder'])}"
    return f"{role}: {ratios}lent to it {lent or 'nothing'}, {found['state'].replace('_', ' ')}{holder}"


def balance_line(stage: Stage, reader: Reader, role: str) -> str:
    """A person's free balance and prepaid interest."""
    parts = []
    for kind, words in (("free", "free"), ("prepaid", "prepaid interest")):
        held = read.balances(reader.connection, f"{kind}/{stage[role].name}")
        if held:
            parts.append(f"{words} {' and '.join(stage.town.show(b.units, b.asset) for b in held)}")
    return f"{role}: {'; '.join(parts) or 'nothing here'}"


def fund_line(stage: Stage, reader: Reader) -> str:
    """What the market's funds hold."""
    parts = []
    for kind, words in (("fund", "insurance fund"), ("risk", "risk fund")):
        held = read.balances(reader.connection, f"{kind}/{stage.symbol}")
        parts.append(f"{words} {' and '.join(stage.town.show(b.units, b.asset) for b in held) or 'empty'}")
    return "; ".join(parts)


def look_at_ledger(
    stage: Stage, *, positions: tuple[str, ...] = (), balances: tuple[str, ...] = (), pools: bool = False,
    loans: bool = False, fund: bool = False,
) -> list[str]:  # fmt: skip
    """Some of what the ledger says."""
    with stage.books.reading() as reader:
        lines = [pool_line(stage, pool) for pool in reader.objects("pool")] if pools else []
        lines += [loan_line(stage, loan) for loan in reader.objects("loan")] if loans else []
        lines += [position_in_ledger_line(stage, reader, role) for role in positions]
        lines += [balance_line(stage, reader, role) for role in balances]
        return [*lines, fund_line(stage, reader)] if fund else lines


def balances(stage: Stage) -> list[read.Balance]:
    """Everything that anyone holds in the ledger."""
    with stage.books.reading() as reader:
        return read.all_balances(reader.connection)


def audit(stage: Stage, scene: Scene) -> None:
    """What the pool's account holds on the chain must be what the ledger says, to the last unit."""
    on_chain = stage.town.chain.balances(stage.pool.name)
    with stage.books.reading() as reader:
        for asset in (stage.core, stage.symbol):
            says, holds = -balance(reader, "outside", asset), on_chain.get(asset, 0)
            scene.chain.append(f"the pool's account holds {stage.town.show(holds, asset)}")
            scene.equal("the ledger says the same", stage.town.show(says, asset), stage.town.show(holds, asset))

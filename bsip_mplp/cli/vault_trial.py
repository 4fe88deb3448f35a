"""What a loan to a vault would be, asked of the rules on a folded journal: nothing is applied, nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.output import print_json, print_table, rate_text, ratio_text
from bsip_mplp.cli.scale import price_text
from bsip_mplp.cli.sending import RefusedError
from bsip_mplp.money import MAX_UNITS, format_units
from bsip_mplp.ratios import Price, collateral_ratio, trigger_price
from bsip_mplp.rules.book import Refused
from bsip_mplp.rules.borrowing import Plan, covered_mix, find_position, plan_borrow
from bsip_mplp.rules.inputs import Borrow

if TYPE_CHECKING:
    from bsip_mplp.rules.book import Book
    from bsip_mplp.rules.engine import Engine
    from bsip_mplp.rules.state import Position


@dataclass(frozen=True, slots=True)
class Quote:
    """The least loan that the rules allow: units, first interest by asset, and for how many days that pays.

    `refused` is the first rule that forbids it, if one does.
    """

    units: int = 0
    interest: Mapping[str, int] = field(default_factory=dict)
    days: int = 0
    refused: Refused | None = None


def quote(engine: Engine, holder: str, market: str, asset: str, position: str) -> Quote:
    """The least loan of an asset to a vault now, from the cheapest pools, whatever interest is prepaid."""
    book = engine.book
    ask = Borrow(market=market, asset=asset, position=position)
    try:
        plan = plan_borrow(book, holder, ask, (asset, MAX_UNITS))
    except Refused as refused:
        return Quote(refused=refused)
    return Quote(plan.units, _interest(plan), min(book.pools[part.pool].period_days for part in plan.parts))


def _interest(plan: Plan) -> dict[str, int]:
    interest: dict[str, int] = {}
    for part in plan.parts:
        interest[part.interest_asset] = interest.get(part.interest_asset, 0) + part.interest
    return interest


def vault_of(engine: Engine, account: str, ask: Borrow) -> str | None:
    """The vault that a request is for; None if it is for another position, or for none."""
    position = position_of(engine, account, ask)
    return None if position is None or position.custody != "vault" else position.account


def position_of(engine: Engine, account: str, ask: Borrow) -> Position | None:
    """The open position that a request is for, by the rules; None if they would refuse it for want of one."""
    try:
        return find_position(engine.book, account, ask.market, ask.position)
    except Refused:
        return None


def try_out_vault(
    engine: Engine, account: str, ask: Borrow, along: tuple[str, int] | None, note: str | None, *, as_json: bool
) -> None:
    """Show what a request for a vault would bring; a refusal says which mix would pass, if one does (V-6, V-12)."""
    book = engine.book
    position = find_position(book, account, ask.market, ask.position)
    try:
        plan = plan_borrow(book, account, ask, along)
    except Refused as refused:
        remedy = _proposal(book, position) if refused.rule == "V-6" else refused.remedy
        said = f"it would be refused by {refused.rule}: {refused.reason}. {remedy}"
        raise RefusedError(said.rstrip()) from None
    shown = _shown(book, position, ask, plan)
    if as_json:
        print_json({**shown, "seen": note})
        return
    print_table(f"If you borrowed now, in {position.account}", ["what", "before>", "after>"], shown["ratios"], "")
    columns = ["pool>", "amount>", "asset", "rate>", "term>", "paid_every>", "first_interest>"]
    print_table("Loans that would be made", columns, shown["loans"], "")
    click.echo(f"Cost now: {', '.join(shown['cost_now'])}, taken from your prepaid interest.")
    click.echo("It is really put into the vault, in one transaction: the chain's own ratio would be LCR.")
    if note:
        click.echo(note)
    click.echo("Nothing was sent.")


def _proposal(book: Book, position: Position) -> str:
    """V-12: the least that is covered, as a request."""
    market = book.markets[position.market]
    mix = covered_mix(position, market, market.feed) if market.feed is not None else None
    if mix is None:
        return "No mix of core asset and bitasset is covered now: add collateral or pay debt first."
    core, bitasset = mix
    units, asset = (core, market.core) if core else (bitasset, market.name)
    amount = format_units(units, book.assets[asset].precision)
    return f"Covered would be {amount} {asset}: mplp borrow --amount {amount} --asset {asset} (V-12)."


def _shown(book: Book, position: Position, ask: Borrow, plan: Plan) -> dict[str, Any]:
    market = book.markets[position.market]
    feed = market.feed
    if feed is None:
        raise click.ClickException(f"{market.name} has no feed")
    core, bitasset = (plan.units, 0) if ask.asset == market.core else (0, plan.units)
    before = position.chain_collateral, position.chain_debt
    after = before[0] + core, before[1] - bitasset

    def money(units: int, asset: str) -> str:
        return f"{format_units(units, book.assets[asset].precision)} {asset}"

    def called(collateral: int, debt: int) -> str:
        precisions = book.assets[market.core].precision, book.assets[market.name].precision
        return price_text(trigger_price(collateral, debt, feed.mcr), *precisions)

    return {
        "ratios": [
            {
                "what": "CR",
                **dict.fromkeys(("before", "after"), _ratio(position.collateral, position.debt, feed.price)),
            },
            {
                "what": "LCR, the chain's own",
                "before": _ratio(*before, feed.price),
                "after": _ratio(*after, feed.price),
            },
            {"what": "the chain calls at", "before": called(*before), "after": called(*after)},
        ],
        "loans": [
            {
                "pool": part.pool,
                "amount": format_units(part.units, book.assets[ask.asset].precision),
                "asset": ask.asset,
                "rate": rate_text(book.pools[part.pool].rate),
                "term": f"{book.pools[part.pool].term_days} d",
                "paid_every": f"{book.pools[part.pool].period_days} d",
                "first_interest": money(part.interest, part.interest_asset),
            }
            for part in plan.parts
        ],
        "cost_now": [money(units, asset) for asset, units in _interest(plan).items()],
        "vault": position.account,
    }


def _ratio(collateral: int, debt: int, price: Price) -> str | None:
    ratio: Fraction | None = collateral_ratio(collateral, debt, price)
    return ratio_text(ratio)

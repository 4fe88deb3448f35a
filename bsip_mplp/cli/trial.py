"""`mplp borrow --dry-run`: the journal folded into an engine, the request applied to it, and the engine thrown away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options
from bsip_mplp.cli.output import BOOKS, print_json, print_table, rate_text, ratio_text
from bsip_mplp.cli.reading import fold
from bsip_mplp.money import format_units
from bsip_mplp.ratios import Price, collateral_ratio

if TYPE_CHECKING:
    from bsip_mplp.rules.engine import Engine
    from bsip_mplp.rules.inputs import Borrow, Input
    from bsip_mplp.rules.outcomes import Outcome


def try_out(options: Options, account: str, ask: Borrow, along: tuple[str, int] | None, *, as_json: bool) -> None:
    """Show CR, LCR and cost before and after the request; a refusal ends with exit status 2, as the real one would."""
    from bsip_mplp.bootstrap_views import see_now
    from bsip_mplp.cli.sending import RefusedError
    from bsip_mplp.cli.vault_trial import try_out_vault, vault_of
    from bsip_mplp.rules.inputs import Deposit, Request

    engine = fold(options)
    now = engine.now
    vault = vault_of(engine, account, ask)
    seen, note = see_now(options.settings, ask.market, None if vault else account, now)
    for item in seen:
        engine.apply(replace(item, time=now))
    if vault is not None:
        try_out_vault(engine, account, ask, along, note, as_json=as_json)
        return
    before = engine.state()
    request: Input = Request(time=now, account=account, ask=ask)
    if along is not None:
        request = Deposit(time=now, account=account, asset=along[0], amount=along[1], ask=ask)
    outcome = engine.apply(request)
    if outcome.refusals:
        first = outcome.refusals[0]
        raise RefusedError(f"it would be refused by {first.rule}: {first.reason}. {first.remedy}")
    shown = _shown(before, engine, outcome, f"{ask.market}/{account}")
    if as_json:
        print_json({**shown, "note": BOOKS, "seen": note})
        return
    _print(shown, note)


def _shown(before: Mapping[str, Any], engine: Engine, outcome: Outcome, key: str) -> dict[str, Any]:
    after = engine.state()
    market = after["markets"][key.partition("/")[0]]
    digits = {symbol: asset["precision"] for symbol, asset in after["assets"].items()}
    loans = [dict(body) for (kind, _), body in outcome.objects.items() if kind == "loan"]
    taken = {str(loan["number"]): _first_interest(outcome, loan) for loan in loans if loan["made"] == outcome.time}
    return {
        "ratios": list(_ratio_rows(before["positions"][key], after["positions"][key], market)),
        "loans": [
            {
                "pool": loan["pool"],
                "amount": format_units(loan["principal"], digits[loan["asset"]]),
                "asset": loan["asset"],
                "rate": rate_text(loan["rate"]),
                "term": f"{loan['term_days']} d",
                "paid_every": f"{loan['period_days']} d",
                "first_interest": _money(*taken[str(loan["number"])], digits),
            }
            for loan in loans
            if str(loan["number"]) in taken
        ],
        "cost_now": [_money(units, asset, digits) for asset, units in _total(taken.values()).items()],
    }


def _first_interest(outcome: Outcome, loan: Mapping[str, Any]) -> tuple[int, str]:
    """What the borrower pays for a loan's first period: the lender's part and the system's cut."""
    text = f"interest of loan {loan['number']} for "
    units = sum(
        -posting.units
        for entry in outcome.entries
        if entry.text.startswith(text)
        for posting in entry.postings
        if posting.account.startswith("prepaid/")
    )
    return units, loan["interest_asset"]


def _total(taken: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for units, asset in taken:
        total[asset] = total.get(asset, 0) + units
    return total


def _money(units: int, asset: str, digits: Mapping[str, int]) -> str:
    return f"{format_units(units, digits[asset])} {asset}"


def _ratio_rows(
    before: Mapping[str, Any], after: Mapping[str, Any], market: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    price = Price(*market["feed"]["price"])
    for name, own_only in (("CR", True), ("LCR", False)):
        yield {
            "ratio": name,
            "before": ratio_text(_ratio(before, price, own_only)),
            "after": ratio_text(_ratio(after, price, own_only)),
        }


def _ratio(position: Mapping[str, Any], price: Price, own_only: bool) -> Fraction | None:
    lp1, lp2 = (0, 0) if own_only else (position["lp1"], position["lp2"])
    return collateral_ratio(position["collateral"] + lp1, position["debt"] - lp2, price)


def _print(shown: Mapping[str, Any], note: str | None) -> None:
    print_table("If you borrowed now", ["ratio", "before>", "after>"], shown["ratios"], "")
    columns = ["pool>", "amount>", "asset", "rate>", "term>", "paid_every>", "first_interest>"]
    print_table("Loans that would be made", columns, shown["loans"], "No loan would be made.")
    click.echo(f"Cost now: {', '.join(shown['cost_now']) or 'nothing'}, taken from your prepaid interest.")
    click.echo(BOOKS)
    if note:
        click.echo(note)
    click.echo("Nothing was sent.")

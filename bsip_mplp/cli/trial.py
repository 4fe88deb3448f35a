"""`mplp borrow --dry-run`: the journal folded into an engine, the request applied to it, and the engine thrown away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options
from bsip_mplp.cli.output import BOOKS, print_json, print_table, rate_text, ratio_text
from bsip_mplp.cli.reading import fold
from bsip_mplp.money import format_units
from bsip_mplp.ratios import collateral_ratio

if TYPE_CHECKING:
    from bsip_mplp.rules.engine import Engine
    from bsip_mplp.rules.inputs import Borrow, Input
    from bsip_mplp.rules.outcomes import Outcome


def try_out(options: Options, account: str, ask: Borrow, along: tuple[str, int] | None, *, as_json: bool) -> None:
    """Show CR, LCR and cost before and after the request; a refusal ends with exit status 2, as the real one would."""
    from bsip_mplp.bootstrap_views import see_now
    from bsip_mplp.cli.vault_trial import vault_of

    engine = fold(options)
    now = engine.now
    is_vault = vault_of(engine, account, ask) is not None
    seen, note = see_now(options.settings, ask.market, None if is_vault else account, now)
    outcomes = [engine.apply(replace(item, time=now)) for item in seen]
    try_on(engine, account, ask, along, first=ran_first(engine, account, outcomes), note=note, as_json=as_json)


def try_on(
    engine: Engine,
    account: str,
    ask: Borrow,
    along: tuple[str, int] | None,
    *,
    first: Sequence[str] = (),
    note: str | None = None,
    as_json: bool,
) -> None:
    """Apply the request to an engine that is thrown away, and show what came of it.

    `first` says which protections what was just seen has run, `note` what could not be seen. Raises `RefusedError`.
    """
    from bsip_mplp.cli.sending import RefusedError
    from bsip_mplp.cli.vault_trial import try_out_vault, vault_of
    from bsip_mplp.rules.inputs import Deposit, Request

    try:
        if vault_of(engine, account, ask) is not None:
            said = " ".join((*first, note or "")).strip()
            try_out_vault(engine, account, ask, along, said or None, as_json=as_json)
            return
        before = _ratios(engine, account, ask)
        request: Input = Request(time=engine.now, account=account, ask=ask)
        if along is not None:
            request = Deposit(time=engine.now, account=account, asset=along[0], amount=along[1], ask=ask)
        outcome = engine.apply(request)
        if outcome.refusals:
            refused = outcome.refusals[0]
            raise RefusedError(f"it would be refused by {refused.rule}: {refused.reason}. {refused.remedy}".rstrip())
    except RefusedError as error:
        raise RefusedError(" ".join((*first, error.message))) from None
    shown = _shown(before, _ratios(engine, account, ask), engine, outcome, ask.position or account)
    if as_json:
        print_json({**shown, "first": list(first), "note": BOOKS, "seen": note})
        return
    for line in first:
        click.echo(line)
    _print(shown, note)


def ran_first(engine: Engine, account: str, outcomes: Iterable[Outcome]) -> list[str]:
    """The account's protections that the feed and the position of now run before anything else is asked (PL-16)."""
    book, lines, lent = engine.book, list[str](), list[str]()
    for event in (event for outcome in outcomes for event in outcome.events):
        match event.kind, event.what:
            case "loan", "made":
                lent.append(book.show(event.values["asset"], event.values["units"]))
            case "protection", "ran":
                if book.protections[int(event.key)].account == account:
                    borrows = f" and borrows {', '.join(lent)}" if lent else ""
                    lines.append(f"By what the chain says now your protection {event.key} runs first{borrows}.")
                lent.clear()
    return lines


def _ratios(engine: Engine, account: str, ask: Borrow) -> dict[str, Fraction | None]:
    """CR and LCR as the rules have them now, with what the shared pool adds (PL-11, SP-1); empty without a position."""
    from bsip_mplp.cli.vault_trial import position_of

    position = position_of(engine, account, ask)
    feed = None if position is None else engine.book.markets[position.market].feed
    if position is None or feed is None:
        return {}
    return {
        "CR": collateral_ratio(position.collateral, position.debt, feed.price),
        "LCR": collateral_ratio(position.collateral + position.lp1, position.owed_units, feed.price),
    }


def _shown(
    before: Mapping[str, Fraction | None],
    after: Mapping[str, Fraction | None],
    engine: Engine,
    outcome: Outcome,
    account: str,
) -> dict[str, Any]:
    digits = {symbol: asset.precision for symbol, asset in engine.book.assets.items()}
    made = {event.key for event in outcome.events if (event.kind, event.what) == ("loan", "made")}
    loans = [dict(body) for (kind, key), body in outcome.objects.items() if kind == "loan" and key in made]
    loans = [loan for loan in loans if loan["account"] == account]
    taken = {str(loan["number"]): _first_interest(outcome, loan) for loan in loans}
    return {
        "ratios": [
            {"ratio": name, "before": ratio_text(before[name]), "after": ratio_text(after[name])} for name in after
        ],
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


def _print(shown: Mapping[str, Any], note: str | None) -> None:
    print_table("If you borrowed now", ["ratio", "before>", "after>"], shown["ratios"], "")
    columns = ["pool>", "amount>", "asset", "rate>", "term>", "paid_every>", "first_interest>"]
    print_table("Loans that would be made", columns, shown["loans"], "No loan would be made.")
    click.echo(f"Cost now: {', '.join(shown['cost_now']) or 'nothing'}, taken from your prepaid interest.")
    click.echo(BOOKS)
    if note:
        click.echo(note)
    click.echo("Nothing was sent.")

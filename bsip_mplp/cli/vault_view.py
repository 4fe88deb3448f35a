"""`mplp vault show`: a vault by the ledger, by the chain, and by what the rules would do at each price."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options
from bsip_mplp.cli.output import cell, console, print_json, ratio_text, time_text
from bsip_mplp.cli.reading import Reader, fold, reading
from bsip_mplp.cli.scale import bar, call_of, fall_text, price_text
from bsip_mplp.marks import Mark, Stand, marks, stand_of
from bsip_mplp.money import SECONDS_PER_DAY
from bsip_mplp.ratios import PERMILLE, Price, collateral_ratio

if TYPE_CHECKING:
    from bsip_mplp.bootstrap_views import VaultOnChain
    from bsip_mplp.rules.engine import Engine

SECONDS_PER_HOUR = 3600
BAR_WIDTH = 24

Figures = dict[str, Any]


def show_vaults(options: Options, name: str | None, holder: str | None, market: str | None, *, as_json: bool) -> None:
    """Draw the vault of a name, or all of a holder; raises `click.BadParameter` if the name is none's."""
    from bsip_mplp.bootstrap_views import see_vault

    engine = fold(options)
    with reading(options) as reader:
        found = [
            one
            for one in reader.objects("vault")
            if (one["account"] == name if name else one["holder"] == holder and one["state"] != "failed")
            and (market is None or one["market"] == market.upper())
        ]
        if name and not found:
            raise click.BadParameter(f"{name} is no vault here: see mplp position --all")
        seen = {one["account"]: see_vault(options.settings, one) for one in found if one["state"] != "ordered"}
        shown = [_figures(reader, engine, one, seen.get(one["account"])) for one in found]
    if as_json:
        print_json({"vaults": shown})
        return
    if not shown:
        click.echo(f"{holder} has no vault here: mplp vault open makes one, mplp vault move moves a position in.")
    for one in shown:
        _print(one)


def debt_lacking(options: Options, account: str, market: str, position: str | None) -> int:
    """What an account's free balance lacks of the debt of its vault, in smallest units (for `mplp vault close`)."""
    from bsip_mplp.journal import read

    with reading(options) as reader:
        found = [
            one
            for one in reader.objects("position")
            if one["custody"] == "vault" and one["market"] == market and one["holder"] == account and one["debt"]
            if position in (None, one["account"])
        ]
        if len(found) > 1:
            names = ", ".join(one["account"] for one in found)
            raise click.UsageError(f"{account} holds several vaults: give --position, one of {names}")
        if not found:
            return 0
        free = {held.asset: held.units for held in read.balances(reader.connection, f"free/{account}")}
        return max(0, int(found[0]["debt"]) - free.get(market, 0))


# --- what is shown ------------------------------------------------------------------------------------------


def _figures(reader: Reader, engine: Engine, vault: Mapping[str, Any], seen: VaultOnChain | None) -> Figures:
    market = vault["market"]
    core = reader.markets[market]["core_asset"]
    key = f"{market}/{vault['account']}"
    position = next((one for one in reader.objects("position") if f"{one['market']}/{one['account']}" == key), None)
    shown: Figures = {
        "vault": vault["account"],
        "holder": vault["holder"],
        "market": market,
        "core": core,
        "state": vault["state"] if position is None else position["state"],
        "reason": vault["reason"] or None,
        "queued": [one["do"].removeprefix("vault_") for one in vault["queued"]],
        "chain": None if seen is None else _chain_figures(reader, core, vault, position, seen),
        "authorities": None
        if seen is None
        else {"owner": seen.owner, "active": seen.active, "checked": seen.is_checked, "fault": seen.fault},
    }
    if position is None or position["state"] == "closed":
        return shown
    shown["amounts"] = _amounts(reader, core, market, position)
    shown["interest"] = _interest(reader, engine, position)
    shown["unwinding"] = [
        {"loan": one["loan"], "amount": reader.money(one["asset"], one["units"]), "since": time_text(one["since"])}
        for one in reader.objects("unwinding")
        if one["account"] == vault["account"] and one["home"] is None
    ]
    stand = stand_of(reader.markets[market], position, [reader.one("loan", n) for n in position["loans"]])
    if stand is not None:
        shown |= _by_price(reader, engine, stand, position, core)
    return shown


def _chain_figures(
    reader: Reader, core: str, vault: Mapping[str, Any], position: Mapping[str, Any] | None, seen: VaultOnChain
) -> Figures:
    """The chain's figures beside what the ledger makes of them."""
    from bsip_mplp.keeper.vaults import on_chain

    collateral, debt = on_chain(position)
    return {
        "collateral": reader.amount(core, seen.collateral),
        "debt": reader.amount(vault["market"], seen.debt),
        "beside": {asset: reader.amount(asset, units) for asset, units in seen.balances.items()},
        "as_in_the_ledger": (seen.collateral, seen.debt) == (collateral, debt),
        "under_way": vault["order"] is not None,
    }


def _amounts(reader: Reader, core: str, market: str, position: Mapping[str, Any]) -> list[Figures]:
    from bsip_mplp.keeper.vaults import on_chain

    own, combined = reader.ratios(position)
    price = reader.price(market)
    chain = on_chain(position)
    rows = [
        ("own", position["collateral"], position["debt"], ratio_text(own)),
        ("lent", position["lp1"], -position["lp2"], None),
        ("of the risk fund", position["buffer"], 0, None),
        ("together (LCR)", position["collateral"] + position["lp1"], position["debt"] - position["lp2"],
         ratio_text(combined)),
        ("on the chain", *chain, ratio_text(None if price is None else collateral_ratio(*chain, price))),
    ]  # fmt: skip
    return [
        {"what": what, "collateral": reader.amount(core, c), "debt": reader.amount(market, d), "ratio": ratio}
        for what, c, d, ratio in rows
        if c or d
    ]


def _interest(reader: Reader, engine: Engine, position: Mapping[str, Any]) -> Figures:
    """What is prepaid, and for how many hours it pays all live loans at their rates of now."""
    from bsip_mplp.journal import read
    from bsip_mplp.rules.loans import period_interest

    prepaid = {one.asset: one.units for one in read.balances(reader.connection, f"prepaid/{position['holder']}")}
    book, per_second, paid_until = engine.book, dict[str, Fraction](), list[int]()
    for number in position["loans"]:
        loan = book.loans[number]
        units = period_interest(
            book, loan.market, loan.asset, loan.principal, loan.interest_asset, loan.rate, loan.period_days
        )
        cost = Fraction(units, loan.period_days * SECONDS_PER_DAY)
        per_second[loan.interest_asset] = per_second.get(loan.interest_asset, Fraction(0)) + cost
        paid_until.append(loan.paid_until)
    lasts = [prepaid.get(asset, 0) // cost for asset, cost in per_second.items() if cost]
    return {
        "prepaid": [reader.money(asset, units) for asset, units in sorted(prepaid.items())],
        "paid_until": time_text(min(paid_until)) if paid_until else None,
        "hours_left": int((min(paid_until) - reader.now + min(lasts, default=0)) // SECONDS_PER_HOUR)
        if paid_until
        else None,
    }


def _by_price(reader: Reader, engine: Engine, stand: Stand, position: Mapping[str, Any], core: str) -> Figures:
    found = marks(stand)
    now, whole = stand.price.as_fraction(), max(mark.price for mark in found)
    return {
        "scale": [_mark(reader, position["market"], core, mark, now, whole) for mark in found],
        "loan": _loan(reader, engine, stand, position, core),
        "margin_call": _call(reader, stand, core, position["market"]),
    }


def _mark(reader: Reader, market: str, core: str, mark: Mark, now: Fraction, whole: Fraction) -> Figures:
    return {
        "price": _price(reader, market, core, mark.price),
        "bar": bar(mark.price, whole, BAR_WIDTH),
        "from_now": fall_text(mark.price, now) or None,
        "what": mark.text,
        "rule": None if mark.rule == "now" else mark.rule,
    }


def _price(reader: Reader, market: str, core: str, price: Fraction) -> str:
    return price_text(price, reader.precisions[core], reader.precisions[market])


def _loan(reader: Reader, engine: Engine, stand: Stand, position: Mapping[str, Any], core: str) -> Figures:
    """What the least loan of the core asset would cost and change now, or which rule refuses it."""
    from bsip_mplp.cli.vault_trial import quote

    found = quote(engine, position["holder"], position["market"], core, position["account"])
    if found.refused:
        return {"refused_by": found.refused.rule, "reason": found.refused.reason, "remedy": found.refused.remedy}
    after = collateral_ratio(stand.collateral + stand.lp1 + found.units, stand.debt - stand.lp2, stand.price)
    with_it = [mark for mark in marks(_with(stand, found.units)) if mark.text.startswith("the chain calls")]
    return {
        "amount": reader.money(core, found.units),
        "first_interest": [reader.money(asset, units) for asset, units in found.interest.items()],
        "lasts_days": found.days,
        "ratio_after": ratio_text(after),
        "chain_calls_at": _price(reader, position["market"], core, with_it[0].price),
    }


def _with(stand: Stand, units: int) -> Stand:
    from dataclasses import replace

    return replace(stand, lp1=stand.lp1 + units)


def _call(reader: Reader, stand: Stand, core: str, market: str) -> Figures | None:
    """What the chain's call would take at the worst price, of the position as it is and without what is lent."""
    called = call_of(stand, lent=True)
    if called is None:
        return None
    return {
        "at": _price(reader, market, core, called.at),
        "sells_at_most": reader.money(core, called.sold),
        "penalty_at_most": reader.money(core, called.penalty),
        "mssr": ratio_text(Fraction(stand.mssr, PERMILLE)),
        "without_the_loan_at": None
        if not (stand.lp1 or stand.lp2)
        else _price(reader, market, core, Price(stand.debt * stand.mcr, stand.collateral * PERMILLE).as_fraction()),
    }


# --- the drawing ----------------------------------------------------------------------------------------------


def _print(one: Figures) -> None:
    from rich.text import Text

    out = console()
    queued = f"; waits to be done: {', '.join(one['queued'])}" if one["queued"] else ""
    title = f"Vault {one['vault']} of {one['holder']}, {one['market']}: {one['state'].replace('_', ' ')}{queued}"
    out.print(Text(title, "bold"))
    if one["reason"]:
        out.print(Text(f"  {one['reason']}", "red"))
    if "amounts" in one:
        out.print(_grid([[row["what"], row["collateral"], row["debt"], row["ratio"]] for row in one["amounts"]],
                        ["", f"collateral, {one['core']}", f"debt, {one['market']}", "ratio"]))  # fmt: skip
    if "scale" in one:
        out.print(Text("  As the price falls", "bold"))
        for mark in one["scale"]:
            out.print(_mark_line(mark))
    for line in _sentences(one):
        out.print(Text(f"  {line}"))
    out.print()


def _grid(rows: list[list[str | None]], heads: list[str]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=True, padding=(0, 2))
    for head in heads:
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    for row in rows:
        table.add_row(*("" if value is None else cell(value) for value in row))
    return table


def _mark_line(mark: Figures) -> Any:
    from rich.text import Text

    style = "bold green" if mark["rule"] is None else "red" if mark["rule"] == "chain" else "yellow"
    line = Text(f"  {mark['price']:>12}  ")
    line.append(mark["bar"].ljust(BAR_WIDTH), style)
    rule = "" if mark["rule"] in (None, "chain") else f" ({mark['rule']})"
    return line.append(f"  {mark['from_now'] or '':>9}  {mark['what']}{rule}")


def _sentences(one: Figures) -> list[str]:
    """What stands under the drawing."""
    return [
        *_interest_lines(one.get("interest")),
        *(
            f"Loan {u['loan']} is unwinding since {u['since']}: {u['amount']} go home."
            for u in one.get("unwinding", ())
        ),
        *_loan_lines(one.get("loan")),
        *_call_lines(one.get("margin_call")),
        *_chain_lines(one),
    ]


def _interest_lines(interest: Figures | None) -> list[str]:
    if interest is None:
        return []
    prepaid = " and ".join(interest["prepaid"]) or "nothing"
    if interest["hours_left"] is None:
        return [f"Prepaid interest: {prepaid}; no loan lives."]
    return [
        f"Paid until {interest['paid_until']}; prepaid besides: {prepaid}. In all for {interest['hours_left']} hours."
    ]


def _loan_lines(loan: Figures | None) -> list[str]:
    if loan is None:
        return []
    if "refused_by" in loan:
        return [f"A loan now: refused by {loan['refused_by']}: {loan['reason']}. {loan['remedy']}".rstrip()]
    cost = " and ".join(loan["first_interest"])
    return [
        f"The least loan now: {loan['amount']}, for {cost} in {loan['lasts_days']} days.",
        f"With it LCR would be {loan['ratio_after']}, and the chain would call at {loan['chain_calls_at']}.",
    ]


def _call_lines(call: Figures | None) -> list[str]:
    if call is None:
        return []
    lines = [
        f"A margin call, at {call['at']}, sells up to {call['sells_at_most']} for all the debt:",
        f"{call['penalty_at_most']} of that is the penalty (MSSR {call['mssr']}).",
    ]
    if call["without_the_loan_at"]:
        lines.append(f"Without what is lent the chain would call at {call['without_the_loan_at']}.")
    return lines


def _chain_lines(one: Figures) -> list[str]:
    chain, authorities = one["chain"], one["authorities"]
    if chain is None:
        return ["The account is being made."] if one["state"] == "ordered" else ["The node could not be asked."]
    says = "as in the ledger" if chain["as_in_the_ledger"] else "NOT as in the ledger"
    if not chain["as_in_the_ledger"] and chain["under_way"]:
        says = "an order is under way"
    beside = ", ".join(f"{amount} {asset}" for asset, amount in chain["beside"].items())
    return [
        f"On the chain now: {chain['collateral']} collateral, {chain['debt']} debt: {says}"
        f"{f'; beside it {beside}' if beside else ''}.",
        f"Owner authority: {authorities['owner']}.",
        f"Active authority: {authorities['active']}.",
        _authority_line(authorities),
    ]


def _authority_line(authorities: Figures) -> str:
    if not authorities["checked"]:
        return "Your configuration has no [vault], so there is nothing to compare the authorities with."
    fault = authorities["fault"]
    return "The authorities are as agreed." if fault is None else f"The authorities are NOT as agreed: {fault}."

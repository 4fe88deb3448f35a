"""The whole history of one loan (`mplp loan N`) or one position (`mplp position NAME`), from the journal's events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import BOOKS, NO_HOLD, json_option, print_json, print_table, rate_text, time_text
from bsip_mplp.cli.reading import Reader, own_number, reading

if TYPE_CHECKING:
    from bsip_mplp.journal.read import Fact


@click.command(short_help="Show the history of a loan.")
@click.argument("number", metavar="LOAN")
@json_option
@pass_options
def loan(options: Options, number: str, as_json: bool) -> None:
    """Show a LOAN and all that happened to it: each payment, each state of its position, its end.

    \b
    Example: mplp loan 17
    """
    key = own_number(number)
    with reading(options) as reader:
        found = reader.one("loan", key)
        head = _loan_facts(reader, found)
        last = found["ended"] if found["ended"] is not None else reader.now
        around = [f for f in _of_position(reader, found["market"], found["account"]) if found["made"] <= f.time <= last]
        history = _rows(reader, [*_facts(reader, "loan", str(key)), *around], found["market"])
    if as_json:
        print_json({"loan": head, "history": history, "note": BOOKS, "auctions": NO_HOLD})
        return
    print_table(f"Loan {key}", ["what", "is"], [{"what": what, "is": value} for what, value in head.items()], "")
    print_table("Its history (UTC)", ["time", "rule", "what", "by"], history, "")
    click.echo(f"{BOOKS}\n{NO_HOLD}" if found["long"] else BOOKS)


def _loan_facts(reader: Reader, found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "lent": reader.money(found["asset"], found["principal"]),
        "by": f"{found['lender']}, pool {found['pool']}",
        "to": found["borrower"],
        "for the position of": f"{found['account']} in {found['market']}",
        "kind": "long" if found["long"] else "short",
        "rate": f"{rate_text(found['rate'])} a year in {found['interest_asset']}, every {found['period_days']} days",
        "made": time_text(found["made"]),
        "paid until": time_text(found["paid_until"]),
        "term ends": time_text(found["term_ends"]),
        "ended": None if found["ended"] is None else f"{time_text(found['ended'])} by {found['ended_by']}",
    }


def show_position(options: Options, name: str, market: str | None, as_json: bool) -> None:
    """What happened to an account's positions: states, loans, auctions, claims, and their part in the shared pool."""
    with reading(options) as reader:
        found = [
            one
            for one in reader.objects("position")
            if one["account"] == name and (market is None or one["market"] == market.upper())
        ]
        if not found:
            raise click.BadParameter(f"no position of {name} was ever seen: see mplp position --all")
        shown = [_position_shown(reader, one) for one in found]
    if as_json:
        print_json({"positions": shown, "note": NO_HOLD})
        return
    from bsip_mplp.cli.loans import position_columns

    for one in shown:
        print_table(f"Position of {name} in {one['market']}", position_columns([one["now"]]), [one["now"]], "")
        if one["holder"] != name:
            click.echo(f"Its holder is {one['holder']}, who won it in an auction.")
        print_table("Its history (UTC)", ["time", "rule", "what", "by"], one["history"], "Nothing happened to it yet.")
    click.echo(f"{BOOKS}\n{NO_HOLD}")


def _position_shown(reader: Reader, found: Mapping[str, Any]) -> dict[str, Any]:
    from bsip_mplp.cli.loans import position_row

    market, account = found["market"], found["account"]
    loans = [one for one in reader.objects("loan") if (one["market"], one["account"]) == (market, account)]
    facts = [fact for one in loans for fact in _facts(reader, "loan", str(one["number"]))]
    facts.extend(_facts(reader, "participant", f"{market}/{account}"))
    history = _rows(reader, [*facts, *_of_position(reader, market, account)], market)
    return {"market": market, "holder": found["holder"], "now": position_row(reader, found), "history": history}


def _of_position(reader: Reader, market: str, account: str) -> list[Fact]:
    """The changes of a position's state, its auctions with their bids, and its claims on the fund."""
    mine = {
        kind: [one["number"] for one in reader.objects(kind) if (one["market"], one["account"]) == (market, account)]
        for kind in ("auction", "claim")
    }
    bids = (
        [one["number"] for one in reader.objects("bid") if one["auction"] in mine["auction"]] if mine["auction"] else []
    )
    named = [("auction", mine["auction"]), ("claim", mine["claim"]), ("bid", bids)]
    facts = _facts(reader, "position", f"{market}/{account}")
    facts.extend(fact for kind, numbers in named for number in numbers for fact in _facts(reader, kind, str(number)))
    return facts


def _facts(reader: Reader, kind: str, key: str) -> list[Fact]:
    from bsip_mplp.journal import read

    return read.events(reader.connection, kind, key)


def _rows(reader: Reader, facts: Iterable[Fact], market: str) -> list[dict[str, Any]]:
    """One line a fact, in the order in which they happened, in words."""
    from bsip_mplp.cli.words import RULES, Figures, event_words

    rows = []
    for fact in sorted(facts, key=lambda fact: (fact.seq, fact.event)):
        asset = _asset_of(reader, fact, market)
        figures = Figures(
            money=lambda named, units, asset=asset: reader.money(named or asset, units),  # type: ignore[misc]
            time=lambda seconds: str(time_text(seconds)),
            rate=lambda rate: str(rate_text(rate)),
        )
        words = event_words(fact.kind, fact.key, fact.what, fact.values, figures) or fact.what
        what = f"loan {fact.key} {words}" if fact.kind == "loan" else words
        rows.append({"time": time_text(fact.time), "rule": fact.rule, "what": what, "by": RULES.get(fact.rule)})
    return rows


def _asset_of(reader: Reader, fact: Fact, market: str) -> str:
    """The asset of a fact's figures where it names none: the loan's, or the market's bitasset."""
    return str(reader.one("loan", fact.key)["asset"]) if fact.kind == "loan" else market

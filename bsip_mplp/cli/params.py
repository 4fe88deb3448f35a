"""A market's parameters: `mplp params` shows them, and changes them also while a keeper runs, each with its time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import json_option, permille_text, print_json, print_table, rate_text, time_text
from bsip_mplp.cli.reading import Reader, reading
from bsip_mplp.market import Feed, ParameterError, Parameters, core_alone_fails, misfit
from bsip_mplp.ratios import Price

if TYPE_CHECKING:
    from sqlalchemy import Connection

POLL_SECONDS = 0.2
LITTLE_SECONDS = 5.0
"""How long a running keeper is given to take a change before it is called queued."""
LOOKED_BACK = 50
"""How many changes, of all markets, are looked through for the last one of a market."""

TOUCHES_LENDERS = (
    "bond_forced = compulsory takes bitasset out of lenders' pools, lent or available, and gives them bonds for it: "
    "it touches PL-I1, that a lender's principal comes back in full"
)

SAME_TWICE = {"buffer_limit": "core", "capital_limit": "bitasset"}
"""Parameters of two amounts in one asset: for one vault, and in all."""


@click.command(short_help="Show or change a market's parameters.")
@click.argument("market", required=False)
@click.option("--set", "given", metavar="NAME=VALUE", multiple=True, help="Change one; give it again for more.")
@click.option("--wait", is_flag=True, help="Wait until a running keeper has taken the change.")
@click.option("--timeout", type=click.IntRange(1, 3600), default=60, show_default=True, metavar="SECONDS",
              help="How long --wait waits.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Also what touches lenders' principal.")
@json_option
@pass_options
def params(
    options: Options, market: str | None, given: tuple[str, ...], wait: bool, timeout: int, yes: bool, as_json: bool
) -> None:
    """Show the parameters of MARKET, or of all; with --set change some, for the operator.

    A change is an input like any other: it counts at the ledger's time. While a keeper runs, it is queued, the
    keeper takes it, and what came of it is waited for a few seconds; a change that was refused is shown here.
    Values are written as in the configuration; two amounts as "100 TEST, 50 CNY".

    \b
    Example: mplp params CNY
             mplp params CNY --set lmcr=1.35 --set bond_forced=option --wait
    """
    with reading(options) as reader:
        names = _named(reader, market)
        if not given:
            _show(reader, names, as_json)
            return
        if len(names) != 1:
            raise click.UsageError(f"--set is for one market: name one of {', '.join(names) or 'none'}")
        changes = _changes(reader, names[0], given)
        if reason := _misfit(reader.markets[names[0]], changes):
            raise _refused(reason)
    if changes.get("bond_forced") == "compulsory":
        if not yes:
            raise click.UsageError(f"{TOUCHES_LENDERS}; give --yes if that is meant")
        click.echo(f"Warning: {TOUCHES_LENDERS}.", err=True)
    _change(options, names[0], changes, wait=wait, timeout=timeout, as_json=as_json)


def _named(reader: Reader, market: str | None) -> list[str]:
    if market is not None and market.upper() not in reader.markets:
        raise click.UsageError(f"{market} is no market here: there are {', '.join(reader.markets) or 'none'}")
    return [name for name in reader.markets if market is None or name == market.upper()]


# --- showing --------------------------------------------------------------------------------------------------


def _show(reader: Reader, names: list[str], as_json: bool) -> None:
    shown = {name: _rows(reader, name) for name in names}
    if as_json:
        print_json(
            {
                name: {
                    "parameters": rows,
                    "changed": _last_changed(reader, name),
                    "refused": _last_refused(reader, name),
                    "vaults": _uncovered(reader, name),
                }
                for name, rows in shown.items()
            }
        )
        return
    for name, rows in shown.items():
        print_table(f"Parameters of {name}", ["parameter", "value>", "default>"], rows, "")
        click.echo(f"Last changed {_last_changed(reader, name)} UTC.")
        if refused := _last_refused(reader, name):
            click.echo(f"The last change asked for was refused: {refused}.")
        if reader.markets[name]["parameters"]["bond_forced"] == "compulsory":
            click.echo(f"Warning: {TOUCHES_LENDERS}.")
        if warning := _uncovered(reader, name):
            click.echo(f"{warning}; mplp borrow --dry-run proposes a mix with bitasset.")
    if not shown:
        click.echo("No market is open: mplp init opens what the configuration names.")


def _uncovered(reader: Reader, name: str) -> str | None:
    """V-12: why no loan of core asset alone passes the cover in a vault, if it is so at the last feed."""
    body = reader.markets[name]
    feed = _feed_of(body)
    return None if feed is None else core_alone_fails(Parameters().changed(body["parameters"]), feed)


def _feed_of(market: Mapping[str, Any]) -> Feed | None:
    """The last feed that the ledger saw of a market."""
    feed = market["feed"]
    if feed is None:
        return None
    ratios = {ratio: feed[ratio] for ratio in ("mcr", "mssr", "icr", "expires")}
    return Feed(Price(*feed["price"]), **ratios)


def _rows(reader: Reader, name: str) -> list[dict[str, Any]]:
    now, default = reader.markets[name]["parameters"], Parameters().as_json()
    return [
        {
            "parameter": field.name,
            "value": _text(reader, name, field.name, now[field.name]),
            "default": _text(reader, name, field.name, default[field.name]),
        }
        for field in fields(Parameters)
    ]


def _text(reader: Reader, market: str, name: str, value: Any) -> str:
    """A value as it is written in the configuration, with its unit."""
    from bsip_mplp.config import RATIOS

    if value is None:
        return {"lcr_cap": "twice ICR", **dict.fromkeys(SAME_TWICE, "what the fund has")}.get(name, "none")
    if isinstance(value, list):
        assets = _assets_of(reader, market, name)
        return ", ".join(reader.money(asset, units) for asset, units in zip(assets, value, strict=True))
    if name in RATIOS and isinstance(value, int):
        return str(permille_text(value))
    if isinstance(value, int):
        return f"{value} days" if name.endswith("_days") else f"{value} s"
    if name == "protect_at_mcr":
        return f"{rate_text(value)} of MCR"
    return value if value[0].isalpha() else str(rate_text(value))


def _assets_of(reader: Reader, market: str, name: str) -> tuple[str, str]:
    """What the two amounts of a parameter are in: core asset and bitasset, or the same twice."""
    core = reader.markets[market]["core_asset"]
    kind = SAME_TWICE.get(name)
    return {"core": (core, core), "bitasset": (market, market)}.get(kind or "", (core, market))


def _last_changed(reader: Reader, name: str) -> str | None:
    from bsip_mplp.journal import read

    facts = [f for f in read.events(reader.connection, "market", name) if f.what in ("opened", "changed")]
    return time_text(facts[-1].time) if facts else None


def _last_refused(reader: Reader, name: str) -> str | None:
    """Why the last change of a market's parameters was refused; None if it was taken, or there was none."""
    from bsip_mplp.journal import read
    from bsip_mplp.rules.inputs import ParametersChanged

    came = read.last_inputs(reader.connection, ParametersChanged.kind, LOOKED_BACK)
    last = next((one for one in reversed(came) if one.body["market"] == name), None)
    return None if last is None else _why_refused(reader.connection, last.seq)


def _why_refused(connection: Connection, seq: int) -> str | None:
    """The rule and the reason why an input was refused; None if it was not."""
    from bsip_mplp.journal import read

    said = next((one for one in read.refusals(connection, after_seq=seq - 1) if one.seq == seq), None)
    return None if said is None else f"{said.rule}: {said.reason}"


# --- changing -------------------------------------------------------------------------------------------------


def _changes(reader: Reader, market: str, given: tuple[str, ...]) -> dict[str, Any]:
    """What was given, in the rules' own form, checked as far as it can be before it counts."""
    from bsip_mplp.config import parameter_of

    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r}: write NAME=VALUE, such as lmcr=1.35")
        try:
            found[name] = _amounts(reader, market, name, value) or parameter_of(name, value)
            Parameters().changed(found)
        except (ParameterError, ValueError) as error:
            raise click.BadParameter(f"{name} {str(error).removeprefix(name).strip()}") from None
    return found


def _misfit(market: Mapping[str, Any], changes: Mapping[str, Any]) -> str | None:
    """PL-D7: why the rules would refuse a change as the journal stands; None if they would not."""
    feed = _feed_of(market)
    if feed is None or market["invalid"] is not None:
        return None
    reason = misfit(Parameters().changed(market["parameters"]).changed(dict(changes)), feed)
    return reason and f"PL-D7: {reason}"


def _refused(reason: str) -> click.ClickException:
    from bsip_mplp.cli.sending import RefusedError

    return RefusedError(f"refused: {reason}. Nothing has changed")


def _amounts(reader: Reader, market: str, name: str, text: str) -> list[int] | None:
    """Two amounts such as `100 TEST, 50 CNY`, in the order core asset, bitasset; None if the text is no such thing.

    Of a parameter with the same asset twice, for one vault and in all, they stay in the order written.
    """
    from bsip_mplp.money import parse_units

    parts = [part.split() for part in text.split(",")]
    if any(len(part) != 2 for part in parts):
        return None
    assets = _assets_of(reader, market, name)
    given = [(amount, symbol.upper()) for amount, symbol in parts]
    if {symbol for _, symbol in given} - set(assets):
        raise ValueError(f"takes amounts of {' and '.join(dict.fromkeys(assets))}")
    if name in SAME_TWICE:
        if len(given) != 2:
            raise ValueError(f"takes two amounts of {assets[0]}: for one vault, and in all")
        return [parse_units(amount, reader.precisions[symbol]) for amount, symbol in given]
    named = {symbol: amount for amount, symbol in given}
    return [parse_units(named.get(asset, "0"), reader.precisions[asset]) for asset in assets]


def _change(
    options: Options, market: str, changes: Mapping[str, Any], *, wait: bool, timeout: int, as_json: bool
) -> None:
    from bsip_mplp.bootstrap import change_parameters

    source = change_parameters(options.settings, market, changes)
    came = _await(options, source, timeout if wait else LITTLE_SECONDS)
    if came is None:
        if wait:
            raise click.ClickException(f"queued, but not taken within {timeout} s: see mplp keeper status")
        if as_json:
            print_json({"queued": source, "counted": None})
        else:
            click.echo("Queued: the running keeper takes it in a moment; mplp params shows then whether it did.")
        return
    seq, at, refused = came
    if as_json:
        print_json({"queued": source, "counted": seq, "time": at, "refused": refused})
    if refused:
        raise _refused(refused)
    if not as_json:
        click.echo(f"Counted as input {seq} at {at} UTC. Write it in the configuration too, or mplp init sets it back.")


def _await(options: Options, source: str, seconds: float) -> tuple[int, str | None, str | None] | None:
    """The number and time of the input that the change became, and why it was refused; None if it did not count yet."""
    from bsip_mplp.bootstrap import open_journal
    from bsip_mplp.journal import read

    deadline = time.monotonic() + seconds
    with open_journal(options.settings, read_only=True) as journal:
        while True:
            with journal.reading() as connection:
                came = read.input_of_source(connection, source)
                if came is not None:
                    return came.seq, time_text(came.time), _why_refused(connection, came.seq)
            if time.monotonic() >= deadline:
                return None
            time.sleep(POLL_SECONDS)

"""What an account has: `mplp balance`, `mplp statement`, `mplp withdraw`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options, account_option, pass_options
from bsip_mplp.cli.output import json_option, print_json, print_table, time_text
from bsip_mplp.cli.reading import Reader, fold, reading
from bsip_mplp.cli.sending import sending_options
from bsip_mplp.money import SECONDS_PER_DAY

if TYPE_CHECKING:
    from bsip_mplp.rules.shared_outlook import LenderOutlook

FOR_VAULT = {
    "enter": "it goes into the vault now: mplp vault show",
    "add": "collateral on its way: mplp vault show",
    "pay": "pays debt of the vault: mplp vault show",
    "close": "pays the debt of the vault: mplp vault show",
}
"""What money of its holder that is set aside for an order on a vault is for, by the order's task."""


@click.command(short_help="Show what an account has here.")
@account_option
@json_option
@pass_options
def balance(options: Options, account: str | None, as_json: bool) -> None:
    """Show an account's free balance, its prepaid interest, its pools, its part in shared pools, and what is under way.

    A lender sees of each shared pool what is lent, what waits to leave, what came free, and the rewards earned so far.

    \b
    Example: mplp balance --account alice
    """
    name = options.acting(account)
    with reading(options) as reader:
        rows = _balance_rows(reader, name, _lent(options, reader, name))
    if as_json:
        print_json({"account": name, "balances": rows})
        return
    print_table(f"What {name} has", ["what", "amount>", "asset", "note"], rows, f"{name} has nothing here yet.")


def _balance_rows(reader: Reader, name: str, lent: Sequence[LenderOutlook]) -> list[dict[str, Any]]:
    from bsip_mplp.journal import read

    found: list[tuple[str, str, int, str]] = []
    for held in read.balances(reader.connection, f"free/{name}"):
        found.append(("free", held.asset, held.units, "mplp withdraw sends it to the chain"))
    for held in read.balances(reader.connection, f"prepaid/{name}"):
        found.append(("prepaid interest", held.asset, held.units, "mplp interest --back takes it back"))
    for pool in reader.objects("pool"):
        if pool["owner"] == name:
            found.append((f"pool {pool['number']} available", pool["asset"], pool["available"], "mplp unlend"))
            found.append((f"pool {pool['number']} lent", pool["asset"], pool["lent"], "locked until the loans end"))
    found.extend(_for_vaults(reader, name))
    found.extend(_in_shared_pools(reader, name, lent))
    for order in read.orders(reader.connection, "open"):
        if order.account == name and order.kind == "payout":
            found.append((f"payout {order.number}", order.asset, order.units, "on its way to the chain"))
        if order.account == name and order.kind in ("bond_issue", "bond_pay"):
            found.append((f"bonds, order {order.number}", order.asset, order.units, "units on their way to the chain"))
        if order.account == name and order.kind == "settle":
            note = "rewards to be settled into the core asset"
            found.append((f"settlement {order.number}", order.asset, order.units, note))
    return [
        {"what": what, "amount": reader.amount(asset, units), "asset": asset, "note": note}
        for what, asset, units, note in found
        if units
    ]


def _for_vaults(reader: Reader, name: str) -> Iterator[tuple[str, str, int, str]]:
    """What an account's money is set aside for: a vault that is being made, or an order on one that is open (V-3)."""
    from bsip_mplp.journal import read

    for vault in reader.objects("vault"):
        what = f"set aside for vault {vault['account']}"
        if vault["holder"] == name:
            core = reader.markets[vault["market"]]["core_asset"]
            yield what, core, vault["wanted_core"], "until the vault is made: mplp vault show"
        order = None if vault["order"] is None else read.one_object(reader.connection, "order", str(vault["order"]))
        if order is not None and order.body["to"] == name and order.body["task"] in FOR_VAULT:
            for held in read.balances(reader.connection, f"order/{vault['order']}"):
                yield what, held.asset, held.units, FOR_VAULT[order.body["task"]]


def _lent(options: Options, reader: Reader, name: str) -> list[LenderOutlook]:
    """What an account has as a lender in shared pools.

    What it earned and what came free for it follow from sums of the whole pool (SP-5, SP-9): the rules are asked for
    them on the folded journal, for who ever lent to one.
    """
    from bsip_mplp.rules.shared_outlook import lender_outlooks

    if all(lender["account"] != name for lender in reader.objects("lender")):
        return []
    return lender_outlooks(fold(options).book, name)


def _in_shared_pools(reader: Reader, name: str, lent: Sequence[LenderOutlook]) -> Iterator[tuple[str, str, int, str]]:
    """What an account has in shared pools: as a holder the interest balance (SP-4), as a lender all that is its own."""
    from bsip_mplp.journal import read

    for market in _shared_markets(reader):
        for held in read.balances(reader.connection, f"shared/{market}/interest/{name}"):
            yield f"interest for the shared pool of {market}", held.asset, held.units, "mplp unhold brings it back"
    for found in lent:
        pool, days = f"the shared pool of {found.market}", found.threshold // SECONDS_PER_DAY
        yield f"lent to {pool}", found.market, found.staying, "mplp leave takes it out"
        yield f"waits to leave {pool}", found.market, found.waiting, f"comes free evenly over {days} days"
        yield f"came free in {pool}", found.market, found.came_free, "mplp rewards brings it to your free balance"
        yield f"rewards of {pool}", found.market, found.rewards, f"mplp rewards pays them in {found.paid_in}"


def _shared_markets(reader: Reader) -> list[str]:
    return [pool["market"] for pool in reader.objects("shared_pool")]


@click.command(short_help="Show every movement, notice and refusal.")
@account_option
@click.option("--last", type=click.IntRange(1, 10_000), default=30, show_default=True, help="How many lines.")
@json_option
@pass_options
def statement(options: Options, account: str | None, last: int, as_json: bool) -> None:
    """Show an account's movements, what each means and by which rule it came, and what the account was told.

    \b
    Example: mplp statement --account alice --last 10
    """
    name = options.acting(account)
    with reading(options) as reader:
        lines, told = _statement_rows(reader, name, last)
    if as_json:
        print_json({"account": name, "movements": lines, "told": told})
        return
    columns = ["time", "rule", "meaning", "of", "amount>", "balance>", "asset"]
    print_table(f"Movements of {name} (UTC)", columns, lines, f"{name} moved nothing here yet.")
    if told:
        print_table(f"What {name} was told", ["time", "rule", "text"], told, "")


def _statement_rows(reader: Reader, name: str, last: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    from bsip_mplp.cli.words import RULES, movement_words
    from bsip_mplp.journal import read

    accounts = {f"free/{name}": "free", f"prepaid/{name}": "prepaid"}
    accounts |= {f"shared/{market}/interest/{name}": "shared pool" for market in _shared_markets(reader)}
    lines = [
        (line, kind) for account, kind in accounts.items() for line in read.statement(reader.connection, account, last)
    ]
    lines.sort(key=lambda found: found[0].seq)
    rows = [
        {
            "time": time_text(line.time),
            "rule": line.rule,
            "rule_name": RULES.get(line.rule),
            "text": line.text,
            "meaning": movement_words(line.text, line.units) or line.text,
            "of": kind,
            "amount": reader.amount(line.asset, line.units),
            "balance": reader.amount(line.asset, line.balance_after),
            "asset": line.asset,
        }
        for line, kind in lines[-last:]
    ]
    told = [
        {"time": time_text(notice.time), "rule": notice.rule, "text": notice.text}
        for notice in read.notices(reader.connection, name, limit=last)
    ]
    return rows, told


@click.command(short_help="Send free balance back to the chain.")
@click.argument("amount")
@click.argument("asset")
@sending_options
@pass_options
def withdraw(options: Options, amount: str, asset: str, **sending: Any) -> None:
    """Send free balance of ASSET to your account on the chain: an AMOUNT, or `all`.

    \b
    Example: mplp withdraw 100 TEST --wait
             mplp withdraw all TEST
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Withdraw

    with Errand(options, **sending) as errand:
        symbol = errand.symbol(asset)
        units = None if amount == "all" else errand.units(amount, symbol)
        errand.ask(Withdraw(asset=symbol, amount=units))

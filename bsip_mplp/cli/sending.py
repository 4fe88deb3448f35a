"""Sending a request: the transfer with a memo that any wallet could make, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import click

from bsip_mplp.cli.options import Options, account_option
from bsip_mplp.cli.output import console, print_json
from bsip_mplp.cli.reading import check_market
from bsip_mplp.money import FRACTION_CHARS_MAX, MoneyError, format_units, parse_fraction, parse_units

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bsip_mplp.chain.chain import Position
    from bsip_mplp.chain.memo import Context
    from bsip_mplp.cli.wallet import Sent, Wallet
    from bsip_mplp.journal import Cursor
    from bsip_mplp.rules.inputs import Ask

Command = TypeVar("Command", bound=Callable[..., Any])

LOOKED_SECONDS_MAX = 10
"""How long --wait waits for the bot of payouts to have looked at what was asked for."""
POLL_SECONDS = 0.5
NAMED = ("auction", "loan", "offer", "pool", "protection", "series")
"""The fields of requests that name an object of that kind by its number."""
MOVEMENTS_MAX = 50


def sending_options(command: Command) -> Command:
    """The options of every command that sends a request."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--timeout", type=click.IntRange(1, 3600), default=120, show_default=True, metavar="SECONDS",
                     help="How long --wait waits."),
        click.option("--wait", is_flag=True, help="Wait until the request counted, and say what happened."),
        account_option,
    ):  # fmt: skip
        command = option(command)
    return command


def rate_of(text: str | None) -> Fraction | None:
    """Read a rate such as `12%` or `0.12`; raises `click.BadParameter`."""
    if text is None:
        return None
    try:
        rate = parse_fraction(text.removesuffix("/yr"))
    except MoneyError as error:
        raise click.BadParameter(str(error)) from None
    if not 0 <= rate <= 10:
        raise click.BadParameter(f"{text} a year is {float(rate * 100):g} %: write a rate such as 12%")
    return rate


def ratio_of(option: str, text: str | None, example: str) -> Fraction | None:
    """Read the ratio of an option, such as `1.2`; raises `click.BadParameter` for what is none."""
    if text is None:
        return None
    try:
        ratio = parse_fraction(text)
    except MoneyError:
        ratio = Fraction(0)
    if ratio <= 0:
        raise click.BadParameter(f"{option} takes a ratio such as {example}, not {text[:FRACTION_CHARS_MAX]!r}")
    return ratio


class RefusedError(click.ClickException):
    """The request counted, and a rule refused it; nothing was lost."""

    exit_code = 2


class Errand:
    """One request on its way: who asks, what amounts mean, the transfer, and waiting for what comes of it."""

    def __init__(self, options: Options, account: str | None, wait: bool, timeout: int, as_json: bool) -> None:
        self._options = options
        self._settings = options.settings
        self._wait = wait and not (options.nobroadcast or options.unsigned)
        self.timeout_seconds = timeout
        self.as_json = as_json
        if self._settings.observes_only:
            raise click.UsageError(f"{self._settings.place} only observes: nothing is sent from here")
        self.account = options.acting(account)
        self.counted: int | None = None
        """The number of the input that the request became, once it was waited for."""

    def __enter__(self) -> Self:
        self._context = self._read_context()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    # --- what words mean ----------------------------------------------------------------------------------

    def symbol(self, text: str) -> str:
        """An asset's symbol as the pool knows it; raises `click.BadParameter`."""
        symbol = text.upper()
        if symbol not in self._context.precisions:
            known = ", ".join(sorted(self._context.precisions)) or "none yet"
            raise click.BadParameter(f"{text} is no asset here: there are {known}")
        return symbol

    def units(self, text: str, symbol: str) -> int:
        """A positive amount in smallest units; raises `click.BadParameter`."""
        try:
            units = parse_units(text, self._context.precisions[symbol])
        except MoneyError as error:
            raise click.BadParameter(f"{error} ({symbol})") from None
        if units == 0:
            raise click.BadParameter(f"an amount of {symbol} must be more than 0")
        return units

    def money(self, amount: str, asset: str) -> tuple[str, int]:
        """An asset and an amount of it."""
        symbol = self.symbol(asset)
        return symbol, self.units(amount, symbol)

    def market(self, text: str | None) -> str:
        """The market named, or the one that is meant by default; raises `click.BadParameter`."""
        if text is None:
            if self._context.default_market is None:
                known = ", ".join(sorted(self._context.markets)) or "none yet"
                raise click.UsageError(f"give --market: there are {known}")
            return self._context.default_market
        return check_market(self._context.markets, text)

    def is_market(self, symbol: str) -> bool:
        """Whether an asset is the bitasset of a market here."""
        return symbol in self._context.markets

    def core_of(self, market: str) -> str:
        """A market's core asset."""
        return self._context.markets[market]

    def asset_of(self, kind: str, number: int, field: str) -> str:
        """The asset that an object names; raises `click.BadParameter` if there is no such object."""
        from bsip_mplp.cli.reading import reading

        with reading(self._options) as reader:
            return str(reader.one(kind, number)[field])

    def _read_context(self) -> Context:
        from bsip_mplp.bootstrap import memo_context

        return memo_context(self._settings)

    # --- the transfer ---------------------------------------------------------------------------------------

    def ask(self, ask: Ask, money: tuple[str, int] | None = None, closing: tuple[str, Position] | None = None) -> None:
        """Send the request with its money, and wait if that was asked for.

        A request without money travels with the smallest unit of the core asset, which stays the sender's. With
        `closing`, a market and one's own position there, that is closed first, in the same transaction.
        """
        from bsip_mplp.bootstrap import open_journal, open_wallet
        from bsip_mplp.chain.memo import render

        if self._wait:
            open_journal(self._settings, read_only=True).close()  # better to fail before anything is sent
        memo = render(ask, self._context)
        asset, units = money or (self._settings.chain.core_asset, 1)
        self._check(ask, asset, units)
        with open_wallet(self._settings, self.account, unsigned=self._options.unsigned) as wallet:
            sent = wallet.send(asset, units, memo, must_broadcast=not self._options.nobroadcast, closing=closing)
            if not sent.was_broadcast:
                print_json(sent.transaction)
                return
            if not self.as_json:
                click.echo(f"Sent to {self._settings.chain.pool_account}: {memo}  (transaction {sent.transaction_id})")
            if not sent.was_answered:
                click.echo(
                    "No node has confirmed it: it may have been sent, or not. Don't send it again yet.", err=True
                )
            if self._wait:
                self.counted = self._await(wallet, sent)
                self._say(self.counted, sent.transaction_id)
            elif self.as_json:
                print_json({"transaction": sent.transaction_id, "memo": memo, "counted": None})

    def _check(self, ask: Ask, asset: str, units: int) -> None:
        """Raise `click.BadParameter` if a request names what the journal here never had, or its new pool is too small.

        The rules refuse it in any case, but only once the money is on its way. Without a journal nothing is known.
        """
        from bsip_mplp.cli.reading import reading
        from bsip_mplp.journal import MissingError
        from bsip_mplp.rules.inputs import Lend, Stake

        named = [(kind, number) for kind in NAMED if (number := getattr(ask, kind, None)) is not None]
        named += [("pool", number) for number in getattr(ask, "pools", ())]
        makes_pool = isinstance(ask, Stake) or (isinstance(ask, Lend) and ask.pool is None)
        if isinstance(ask, Lend) and ask.asset is not None and ask.amount is not None:
            asset, units = ask.asset, ask.amount
        if not named and not makes_pool:
            return
        try:
            with reading(self._options) as reader:
                for kind, number in named:
                    reader.one(kind, number)
                least = reader.one("asset", asset)["least_size"] if makes_pool else 0
                if units < least:  # PL-D39
                    raise click.BadParameter(f"a pool takes at least {reader.money(asset, least)}")
        except MissingError:
            return

    def _await(self, wallet: Wallet, sent: Sent) -> int:
        """The number of the input that the transfer became; raises `click.ClickException` if it takes too long."""
        from bsip_mplp.bootstrap import open_journal
        from bsip_mplp.journal import read

        deadline = time.monotonic() + self.timeout_seconds
        source = None
        with open_journal(self._settings, read_only=True) as journal, _Spinner("Waiting for a block …") as say:
            while time.monotonic() < deadline:
                source = source or wallet.source_of(sent)
                if source is not None:
                    with journal.reading() as connection:
                        came = read.input_of_source(connection, source)
                    if came is not None:
                        return came.seq
                    say(self._progress(source, wallet.head_numbers()[1], journal.cursor()))
                time.sleep(POLL_SECONDS)
        where = f"it stands in the chain as {source}" if source else "it is in no block yet"
        raise click.ClickException(
            f"sent, but not counted within {self.timeout_seconds} s: {where}, and counts once the keeper has read it; "
            "see mplp statement"
        )

    def _progress(self, source: str, irreversible: int, cursor: Cursor | None) -> str:
        from bsip_mplp.bootstrap import leader

        block = int(source.partition(".")[0])
        if irreversible < block:
            return f"In block {block}; it counts once that can't be undone (now: {irreversible}) …"
        where = "no keeper runs here" if leader(self._settings) is None else "the keeper has read"
        return f"In block {block}, which can't be undone; {where} (block {cursor.block if cursor else 0}) …"

    def _say(self, seq: int, transaction_id: str) -> None:
        from bsip_mplp.bootstrap import open_journal
        from bsip_mplp.journal import read

        with open_journal(self._settings, read_only=True) as journal, journal.reading() as connection:
            told = [n for n in read.notices(connection, self.account, after_seq=seq - 1) if n.seq == seq]
            refused = [r for r in read.refusals(connection, self.account, after_seq=seq - 1) if r.seq == seq]
            moved = self._movements(connection, seq)
            begun = [order.number for order in read.orders(connection, "open") if order.seq == seq]
        held = self._held_back(begun)
        if self.as_json:
            print_json(
                {
                    "transaction": transaction_id,
                    "counted": seq,
                    "moved": moved,
                    "held_back": held,
                    "told": [{"rule": notice.rule, "text": notice.text} for notice in told],
                    "refused": [
                        {"rule": found.rule, "reason": found.reason, "remedy": found.remedy} for found in refused
                    ],
                }
            )
        else:
            click.echo(f"Counted as input {seq}.")
            for notice in told:
                if not refused or notice.rule not in {found.rule for found in refused}:
                    click.echo(f"  {notice.rule}: {notice.text}")
            for line in held:
                click.echo(f"  Not paid out yet: {line}")
            for row in moved:
                click.echo(f"  {row['of']}: {row['change']} {row['asset']}, now {row['balance']}")
        if refused:
            first = refused[0]
            said = f"refused by {first.rule}: {first.reason}. {first.remedy}"
            raise RefusedError(f"{said} Nothing is lost: see mplp balance")

    def _held_back(self, numbers: list[int]) -> list[str]:
        """Why payouts that the request asked for wait, as the keeper said it last."""
        from bsip_mplp.bootstrap import read_statuses

        counted_at, deadline = int(time.time()), time.monotonic() + LOOKED_SECONDS_MAX
        while numbers:
            status = next((one for one in read_statuses(self._settings) if one.name == "payouts"), None)
            looked = status is not None and status.last_success is not None and status.last_success > counted_at
            if status is not None and (looked or time.monotonic() > deadline):
                lines = (status.held or "").splitlines()
                own = tuple(f"order {number}{mark}" for number in numbers for mark in (":", " "))
                return [line for line in lines if line.startswith(own) or "payouts wait" in line]
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        return []

    def _movements(self, connection: Connection, seq: int) -> list[dict[str, str]]:
        """What the input changed in the free balance and the prepaid interest, in all, by asset."""
        from bsip_mplp.journal import read

        changes: dict[tuple[str, str], tuple[int, int]] = {}
        for kind, words in (("free", "free balance"), ("prepaid", "prepaid interest")):
            for line in read.statement(connection, f"{kind}/{self.account}", MOVEMENTS_MAX):
                if line.seq == seq:
                    before = changes.get((words, line.asset), (0, 0))[0]
                    changes[words, line.asset] = (before + line.units, line.balance_after)
        digits = self._context.precisions
        return [
            {
                "of": words,
                "asset": asset,
                "change": f"{'+' if units > 0 else ''}{format_units(units, digits.get(asset, 0))}",
                "balance": format_units(after, digits.get(asset, 0)),
            }
            for (words, asset), (units, after) in changes.items()
            if units
        ]


class _Spinner:
    """A line that says what is being waited for, on a terminal only."""

    def __init__(self, text: str) -> None:
        self._status = console(stderr=True).status(text)

    def __enter__(self) -> Callable[[str], None]:
        self._status.start()
        update: Callable[[str], None] = self._status.update
        return update

    def __exit__(self, *_: object) -> None:
        self._status.stop()

"""``mplp devnet`` and ``python -m bsip_mplp.devnet``: read the options, serve, speak plainly about mistakes."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import NoReturn

from .constants import MAX_COLLATERAL_RATIO, MIN_COLLATERAL_RATIO
from .genesis import Funded
from .keeping import KeepingError
from .operations import is_valid_name
from .script import FeedScript, Ratios, read_path
from .server import Server
from .serving import Options, greeting, run

_INTERVAL_MAX = 30.0


class OptionError(Exception):
    """An option that cannot be."""


def parse_listen(text: str) -> tuple[str, int]:
    """``HOST:PORT``; an IPv6 host in brackets."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 <= int(port) <= 65_535 or not host.strip("[]"):
        raise OptionError(f"--listen {text!r}: write HOST:PORT, such as 127.0.0.1:8090")
    return host.strip("[]"), int(port)


def parse_interval(text: str) -> float:
    """Seconds from 0 to 30; whole ones from 1 on."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    whole = seconds < 1 or seconds.is_integer()
    if not (0 <= seconds <= _INTERVAL_MAX and whole) or 0 < seconds < 0.01:
        raise OptionError(
            f"--block-interval {text!r}: write seconds: 0 (a block for each transaction), a fraction such as 0.2, or "
            "a whole number up to 30"
        )
    return seconds


def parse_account(text: str) -> Funded:
    """``NAME=AMOUNT`` with the amount in core's whole units."""
    name, _, amount = text.partition("=")
    whole, _, rest = amount.partition(".")
    if not name or not whole.isdigit() or len(rest) > 5 or not (rest.isdigit() or not rest):
        raise OptionError(f"--account {text!r}: write NAME=AMOUNT, such as alice=100000")
    if not is_valid_name(name):
        raise OptionError(
            f"--account {text!r}: {name!r} is no name of an account: write small letters, digits and dashes, "
            "a letter first, 63 at most"
        )
    return Funded.named(name, int(whole) * 10**5 + int(rest.ljust(5, "0")))


def parse_feed(text: str, step: int | None, ratios: Ratios) -> FeedScript:
    """``SYMBOL=FILE.csv``."""
    symbol, _, file = text.partition("=")
    if not symbol or not file:
        raise OptionError(f"--feed {text!r}: write SYMBOL=FILE.csv")
    try:
        return FeedScript(symbol, read_path(Path(file), step_seconds=step), ratios)
    except (OSError, ValueError) as wrong:
        raise OptionError(f"--feed {text!r}: {wrong}") from None


def make_options(
    *,
    listen: str,
    block_interval: str,
    data: str | None,
    as_testnet: bool,
    maintenance_interval: int,
    accounts: tuple[str, ...],
    feeds: tuple[str, ...],
    feed_step: int | None,
    feed_ratios: str | None,
    fee_divisor: int = 1,
) -> Options:
    """Options from what was typed; :class:`OptionError` says what to type instead."""
    host, port = parse_listen(listen)
    if not 1 <= maintenance_interval <= 86_400:
        raise OptionError(f"--maintenance-interval {maintenance_interval}: write seconds from 1 to 86400")
    if not 1 <= fee_divisor <= 10**9:
        raise OptionError(f"--fee-divisor {fee_divisor}: write a whole number from 1 to 1000000000")
    ratios = _parse_ratios(feed_ratios)
    return Options(
        host=host,
        port=port,
        block_interval=parse_interval(block_interval),
        data=Path(data) if data else None,
        as_testnet=as_testnet,
        maintenance_interval=maintenance_interval,
        funded=tuple(parse_account(text) for text in accounts),
        feeds=tuple(parse_feed(text, feed_step, ratios) for text in feeds),
        fee_divisor=fee_divisor,
    )


def _parse_ratios(text: str | None) -> Ratios:
    if text is None:
        return Ratios()
    parts = text.split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isdigit() for part in parts):
        raise OptionError(f"--feed-ratios {text!r}: write MCR:MSSR or MCR:MSSR:ICR per mille, such as 1500:1100")
    ratios = [int(part) for part in parts]
    if not all(MIN_COLLATERAL_RATIO <= ratio <= MAX_COLLATERAL_RATIO for ratio in ratios):
        bounds = f"{MIN_COLLATERAL_RATIO} to {MAX_COLLATERAL_RATIO}"
        raise OptionError(f"--feed-ratios {text!r}: each is from {bounds} per mille, such as 1500:1100")
    return Ratios(*ratios)


def serve_forever(options: Options) -> int:
    """Serve until interrupted; answers the exit status."""
    if options.as_testnet:
        print(
            "warning: this chain has the public testnet's id: what is signed for it is valid there too; use "
            "throw-away keys only",
            file=sys.stderr,
        )
    try:
        asyncio.run(run(options, lambda server: _announce(server, options)))
    except OSError as wrong:
        print(f"cannot listen on {options.host}:{options.port}: {wrong.strerror or wrong}", file=sys.stderr)
        return 2
    except (KeepingError, ValueError) as wrong:
        print(f"cannot start: {wrong}", file=sys.stderr)
        return 2
    return 0


def _announce(server: Server, options: Options) -> None:
    print(greeting(server), flush=True)
    for account in options.funded:
        print(f"account {account.name}  key {account.wif}", flush=True)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message}\n")  # one line, without the usage


def main(arguments: list[str] | None = None) -> int:
    """``python -m bsip_mplp.devnet``."""
    parser = _Parser(prog="python -m bsip_mplp.devnet", description="A BitShares development chain.")
    parser.add_argument("--listen", default="127.0.0.1:8090", metavar="HOST:PORT")
    parser.add_argument("--block-interval", default="1", metavar="SECONDS")
    parser.add_argument("--data", metavar="DIR")
    parser.add_argument("--as-testnet", action="store_true")
    parser.add_argument("--maintenance-interval", type=int, default=300, metavar="SECONDS")
    parser.add_argument("--account", action="append", default=[], metavar="NAME=AMOUNT")
    parser.add_argument("--feed", action="append", default=[], metavar="SYMBOL=FILE")
    parser.add_argument("--feed-step", type=int, metavar="SECONDS")
    parser.add_argument("--feed-ratios", metavar="MCR:MSSR[:ICR]")
    parser.add_argument("--fee-divisor", type=int, default=1, metavar="N")
    typed = parser.parse_args(arguments)
    try:
        options = make_options(
            listen=typed.listen,
            block_interval=typed.block_interval,
            data=typed.data,
            as_testnet=typed.as_testnet,
            maintenance_interval=typed.maintenance_interval,
            accounts=tuple(typed.account),
            feeds=tuple(typed.feed),
            feed_step=typed.feed_step,
            feed_ratios=typed.feed_ratios,
            fee_divisor=typed.fee_divisor,
        )
    except OptionError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    return serve_forever(options)

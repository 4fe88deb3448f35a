"""`mplp rehearse serve`: the public rehearsal, and its table in a terminal."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.output import cell, console
from bsip_mplp.money import MoneyError, parse_units

if TYPE_CHECKING:
    from bsip_mplp.public.serving import Served
    from bsip_mplp.public.setting import Options as ServeOptions

DAY_SECONDS = 86_400
COLUMNS = ("player", "left", "earned", "turnover", "arbitrages", "prize", "due", "terms")
SHOWN = ("node", "exchange", "pool")
ARBITRAGE_SECONDS = 3600


@click.command(short_help="Open a rehearsal to players: chain, outside exchange, table.")
@click.argument("scenario", default="jump")
@click.option(
    "--listen", default="127.0.0.1:8090", show_default=True, metavar="HOST:PORT", help="The node, for wallets."
)
@click.option(
    "--web", default="127.0.0.1:8091", show_default=True, metavar="HOST:PORT", help="The page and the faucet."
)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Keep all of it here.")
@click.option(
    "--stake", default="100", show_default=True, metavar="AMOUNT", help="What each registered name gets once."
)
@click.option(
    "--turnover",
    type=click.IntRange(0, 10_000),
    default=10,
    show_default=True,
    metavar="N",
    help="Turnover, in stakes, from which on what is left is due.",
)
@click.option(
    "--days",
    type=click.FloatRange(0, 3650),
    default=7.0,
    show_default=True,
    metavar="DAYS",
    help="Days of chain time from which on it is.",
)
@click.option("--prize", default="1", show_default=True, metavar="AMOUNT", help="For each arbitrage that succeeds.")
@click.option(
    "--prizes",
    type=click.IntRange(0, 100_000),
    default=20,
    show_default=True,
    metavar="N",
    help="How many of them count for one player.",
)
@click.option(
    "--minute",
    type=click.IntRange(1, 3600),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long a minute of the price path lasts; 60 is real time, 1 is sixty times as fast.",
)
@click.option(
    "--speed",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    metavar="N",
    help="Let chain time go by N times as fast: interest and terms too. Some wallets then can't send.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), metavar="N", help="Another draw of the prices.")
@click.option("--block-interval", default="1", show_default=True, metavar="SECONDS", help="Time between blocks.")
def serve(scenario: str, seed: int | None, data: Path | None, **given: Any) -> None:  # fmt: skip
    """Open a public rehearsal: an embedded chain, a faucet, a simulated outside exchange, and who earned what.

    SCENARIO is a TOML file or one by name; its price path, ratios and parameters count, its users are the players.
    Everything listens on this machine alone unless --listen and --web say otherwise. The money is worth nothing
    anywhere, and nothing real is paid. With --data it goes on where it ended.

    \b
    Example:
      mplp rehearse serve --minute 1 --data ~/rehearsal
      mplp rehearse join ming-1
    """
    from bsip_mplp.public.serving import go_on, started

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with ExitStack() as stack:
        directory = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mplp-rehearsal-")))
        options = _options(scenario, seed, directory, **given)
        board = _Board()
        with board, started(options, board.wait) as served:
            board.opened(served)
            try:
                go_on(served, stop, board.show)
            except KeyboardInterrupt:
                stop.set()


def _options(
    scenario: str,
    seed: int | None,
    directory: Path,
    *,
    listen: str,
    web: str,
    stake: str,
    turnover: int,
    days: float,
    prize: str,
    prizes: int,
    minute: int,
    speed: int,
    block_interval: str,
) -> ServeOptions:
    from bsip_mplp.public.scores import Terms
    from bsip_mplp.public.setting import Options as ServeOptions
    from bsip_mplp.rehearsal.scenario import load

    host, port = _address("--web", web)
    _address("--listen", listen)
    chosen = load(scenario)
    if seed is not None:
        chosen = chosen.changed({"seed": seed})
    digits = chosen.chain.core_precision
    terms = Terms(
        stake=units_of("--stake", stake, digits),
        turnover_times=turnover,
        seconds=round(days * DAY_SECONDS),
        prize=units_of("--prize", prize, digits),
        prizes_most=prizes,
        arbitrage_seconds=ARBITRAGE_SECONDS,
        arbitrage_least=10**digits,
    )
    return ServeOptions(chosen, listen, host, port, directory, block_interval, minute, speed, terms)


def _address(option: str, text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise click.BadParameter(f"{option} {text}: write HOST:PORT, such as 127.0.0.1:8091")
    return host.strip("[]"), int(port)


def units_of(option: str, text: str, digits: int) -> int:
    """A decimal amount in smallest units; raises `click.BadParameter` that names the option."""
    try:
        return parse_units(text, digits)
    except MoneyError as error:
        raise click.BadParameter(f"{option}: {error}") from None


class _Board:
    """The table in the terminal, kept up to date; where there is no terminal, a line now and then."""

    def __init__(self) -> None:
        from rich.live import Live

        self._console = console()
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._is_terminal = bool(self._console.is_terminal)
        self._shows_table = False
        self._said = ""
        self._head = ""

    def __enter__(self) -> None:
        if self._is_terminal:
            self._live.start()

    def __exit__(self, *_: object) -> None:
        if self._is_terminal:
            self._live.stop()

    def wait(self, text: str) -> None:
        """What is being waited for, on a terminal."""
        if self._is_terminal and not self._shows_table:
            self._live.update(f"Waiting for {text} …", refresh=True)

    def opened(self, served: Served) -> None:
        """Where everything is: read by people and programs."""
        found = served.running.facts()
        self._head = "   ".join([f"page {served.web_url}", *(f"{name} {found[name]}" for name in SHOWN)])
        if self._is_terminal:
            return
        click.echo(f"page {served.web_url}")
        click.echo(f"node {found['node']}")
        click.echo(f"config {served.config}")
        sys.stdout.flush()

    def show(self, figures: dict[str, Any]) -> None:
        """The table as it is now."""
        self._shows_table = True
        if self._is_terminal:
            self._live.update(_board(figures, self._head), refresh=True)
            return
        line = f"{len(figures['players'])} players"
        if line != self._said:
            self._said = line
            click.echo(f"{figures['now']}  {line}  price {figures['price']}")
            sys.stdout.flush()


def _board(figures: dict[str, Any], head: str) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    title = f"{figures['now']} UTC   {figures['price']} {figures['bitasset']} for 1 {figures['core']}"
    rows = Table(title=title, box=SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for name in COLUMNS:
        rows.add_column(name, justify="left" if name in ("player", "terms") else "right")
    for one in figures["players"]:
        rows.add_row(*(cell(one[name]) for name in COLUMNS))
    return Group(rows, Text(head, style="dim"))

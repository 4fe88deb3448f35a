"""Starting a public rehearsal, and ending it: node, house, ledger, keeper, page, and the loop over all of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from bsip_mplp.bootstrap import initialise, open_journal
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.keys import Secret
from bsip_mplp.public import table, web
from bsip_mplp.public.exchange import Exchange, PricePath
from bsip_mplp.public.game import Running
from bsip_mplp.public.house import House
from bsip_mplp.public.setting import (
    CHAIN_DIRECTORY,
    FEEDS,
    POOL,
    Game,
    GameError,
    Options,
    described,
    keep_keys,
    price_path,
    read_keys,
)
from bsip_mplp.story.configuration import Setting, write_configuration
from bsip_mplp.story.keeper import KeeperProcess
from bsip_mplp.story.node import DEVELOPMENT_WIF, FAUCET, embedded_node
from bsip_mplp.story.patience import Patience
from bsip_mplp.story.town import Ratios, Town

WAIT_SECONDS_MAX = 120.0
BOT_SECONDS = "0.5"
TURN_SECONDS = 0.2
FEE_DIVISOR = 400
"""The development chain's fees would eat a stake of 100 in five transfers; a real network's are far lower."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Served(NamedTuple):
    """A rehearsal that runs."""

    running: Running
    web_url: str
    config: str
    """The configuration with which `mplp` reads its ledger."""
    turn: Callable[[], dict[str, Any]]
    """Do what is to be done, once; gives the figures."""


@contextmanager
def started(options: Options, say: Callable[[str], None]) -> Iterator[Served]:
    """Start everything, or go on with what is kept in the directory; take it down whatever happens.

    Raises a `StoryError`, `ChainError`, `JournalError` or `OSError` that says what to do.
    """
    options.directory.mkdir(parents=True, exist_ok=True)
    patience = Patience(WAIT_SECONDS_MAX, say)
    with ExitStack() as stack:
        say("the embedded node")
        chain_directory = options.directory / CHAIN_DIRECTORY
        url = stack.enter_context(embedded_node(options.block_seconds, options.listen, chain_directory, FEE_DIVISOR))
        connection = Connection([url])
        stack.callback(connection.close)
        town = Town(connection, FAUCET, Secret(DEVELOPMENT_WIF), patience)
        game, house, path = _found_or_go_on(options, town, say)
        config, settings = write_configuration(
            options.directory, _setting(options), town, house.people[POOL], place="rehearse", bot_seconds=BOT_SECONDS
        )
        say("the ledger")
        is_new = not any(options.directory.glob("rehearse.sqlite"))
        initialise(settings)
        keeper = KeeperProcess(config, options.directory / "keeper.log")
        keeper.start()
        stack.callback(keeper.stop)
        patience.look_after = keeper.check
        if is_new:
            say("the house's pools")
            house.lend(path.at(path.start))
        journal = stack.enter_context(open_journal(settings, read_only=True))
        exchange = Exchange(path, town.core, town.symbol, town.precisions)
        running = Running(options, game, house, exchange, journal)
        site = web.Site(running.register)
        server = web.serve(site, options.web_host, options.web_port)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)

        # A player on this machine may read the ledger with `mplp`; others see it on the page alone
        database = settings.database_url if options.web_host in LOOPBACK else None

        def turn() -> dict[str, Any]:
            keeper.check()
            running.turn()
            site.figures = {**table.figures(running), "database": database}
            return site.figures

        host, port = server.server_address[:2]
        yield Served(running, f"http://{host!s}:{port}/", str(config), turn)


def _found_or_go_on(options: Options, town: Town, say: Callable[[str], None]) -> tuple[Game, House, PricePath]:
    scenario, precision = options.scenario, town.precisions[town.core]
    chain = scenario.chain
    ratios = Ratios(chain.mcr_permille, chain.mssr_permille, chain.icr_permille)
    game = Game.load(options.directory)
    if game is not None:
        if game.path != described(scenario):
            raise GameError(
                f"{options.directory} holds a rehearsal with other prices: name its scenario, or another directory"
            )
        say("the accounts of before")
        people = read_keys(options.directory, town.prefix)
        town.use_bitasset(people[FEEDS], ratios, game.symbol)
        path = price_path(scenario, game.seed, game.start, game.minute_seconds, precision)
        return game, House(town, people), path
    say("the accounts and the bitasset")
    first = price_path(scenario, scenario.seed, 0, options.minute_seconds, precision).prices[0]
    house = House.found(town, ratios, first)
    start = town.chain.head().time
    accounts = {role: person.name for role, person in house.people.items()}
    game = Game(start, scenario.seed, options.minute_seconds, described(scenario), accounts, town.symbol, options.terms)
    keep_keys(options.directory, house.people)
    game.save(options.directory)
    return game, house, price_path(scenario, scenario.seed, start, options.minute_seconds, precision)


def _setting(options: Options) -> Setting:
    """What the market is configured with: the scenario's parameters, as they would stand in a configuration."""
    scenario = options.scenario
    chain = scenario.chain
    return Setting(
        funds={},
        ratios=Ratios(chain.mcr_permille, chain.mssr_permille, chain.icr_permille),
        first_price="",
        parameters={name: _toml(value) for name, value in scenario.parameters.items()},
    )


def _toml(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else str(value)


def go_on(served: Served, stop: threading.Event, show: Callable[[dict[str, Any]], None]) -> None:
    """Turn after turn until told to stop."""
    while not stop.is_set():
        show(served.turn())
        stop.wait(TURN_SECONDS)

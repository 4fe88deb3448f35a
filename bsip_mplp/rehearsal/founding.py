"""How a run begins: the market, who is who, money, the funds, and the users' own first steps."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.agents import ATTACKERS, KINDS
from bsip_mplp.rehearsal.desk import CORE_SYMBOL, USD_SYMBOL, Desk, Opening
from bsip_mplp.rehearsal.fast_market import FastMarket
from bsip_mplp.rehearsal.makers import Makers
from bsip_mplp.rehearsal.market import USD, Market, MarketOptions
from bsip_mplp.rehearsal.rulesets import RuleSet
from bsip_mplp.rehearsal.scenario import USER_KINDS, Scenario
from bsip_mplp.rehearsal.vault_hands import VaultHands
from bsip_mplp.rehearsal.wallets import Wallets
from bsip_mplp.rehearsal.world import AgentKind, Scale, World
from bsip_mplp.rules.inputs import Insure

START: Final = 1_583_366_400
"""The chain time of the first step, in seconds: midnight, UTC."""

ISSUED: Final = 4
"""How many times the users' capital is worth of bitasset the founder issues, for users and the outside exchange."""

BACKED: Final = 200
"""The collateral ratio of the founder's position: no path calls it."""

OUTSIDE_FEE_PERMILLE: Final = 2
"""What the outside exchange takes of a trade."""

VAULTS_PER_USER: Final = 3
"""How many accounts for vaults a run has, for each user: who loses a vault in an auction may open another."""

MakeMarket = Callable[[int, int, MarketOptions], Market]


def stream(scenario: Scenario, path_index: int, name: str) -> np.random.Generator:
    """A stream of random numbers of its own, from the seed, the path and a name: the same under every rule set."""
    return np.random.default_rng(sequence(scenario, path_index, name))


def sequence(scenario: Scenario, path_index: int, name: str) -> np.random.SeedSequence:
    """What such a stream is made from."""
    return np.random.SeedSequence(scenario.seed, spawn_key=(path_index, zlib.crc32(name.encode())))


def make_kinds(scenario: Scenario) -> list[tuple[AgentKind, int]]:
    """All kinds of users in the order in which they enter, each with how many accounts it has."""
    kinds: list[tuple[Any, int]] = [(KINDS[name](scenario), getattr(scenario.users, name)) for name in USER_KINDS]
    kinds.append((KINDS["arbitrageur"](scenario), 1))
    for attacker in scenario.attackers:
        kind: Any = ATTACKERS[attacker.kind](scenario, attacker)
        kinds.append((kind, getattr(kind, "accounts", 1)))
    return kinds


def wealth_of(scenario: Scenario, path_index: int, ranges: Mapping[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    """What each user starts with, in core units at the outside price: log-normal, and the arbitrageur's 0.

    An attacker's is its share of all that; its first account has it.
    """
    spec, ordinary = scenario.users, scenario.users.total
    drawn = stream(scenario, path_index, "wealth").lognormal(
        np.log(spec.capital_median), spec.capital_deviation, ordinary
    )
    wealth = np.zeros(sum(len(who) for who in ranges.values()), dtype=np.int64)
    wealth[:ordinary] = np.rint(drawn * 10**scenario.chain.core_precision)
    total = int(wealth.sum())
    for attacker in scenario.attackers:
        wealth[ranges[f"attack_{attacker.kind}"][0]] = int(attacker.capital_share * total)
    return wealth


class Founded:
    """A run that is ready to begin: `ranges` says which users are of which kind."""

    def __init__(
        self,
        scenario: Scenario,
        rules: RuleSet,
        path_index: int,
        first_price: float,
        first_feed: tuple[int, int],
        make_market: MakeMarket = FastMarket,
    ) -> None:
        chain = scenario.chain
        self.scenario, self.rules, self.path_index = scenario, rules, path_index
        made = make_kinds(scenario)
        self.kinds = [kind for kind, _ in made]
        names = [f"{kind.name}-{number}" for kind, count in made for number in range(count)]
        self.ranges: dict[str, NDArray[np.int64]] = {}
        first = 0
        for kind, count in made:
            self.ranges[kind.name] = np.arange(first, first + count, dtype=np.int64)
            first += count
        self.wallets = Wallets(names, vaults=VAULTS_PER_USER * len(names) if rules.vaults else 0)
        for kind, _ in made if rules.vaults else ():
            self.wallets.in_vault[self.ranges[kind.name]] = getattr(kind, "in_vault", False)
        options = MarketOptions(chain.margin_call_fee_permille, round(chain.market_fee * 10_000))
        self.market = make_market(self.wallets.count, self.wallets.issuer, options)
        self.world = self._world(first_price, first_feed, path_index)
        self._enter(path_index)
        self._insure()
        self.makers = Makers(self.world, scenario.book, int(self.world.debt.sum()))
        self.world.founding = False
        self.world.catch_up()

    def _world(self, first_price: float, first_feed: tuple[int, int], path_index: int) -> World:
        scenario, chain = self.scenario, self.scenario.chain
        scale = Scale(chain.core_precision, chain.bitasset_precision)
        wealth = wealth_of(scenario, path_index, self.ranges)
        desk = None
        if self.rules.lends:
            opening = Opening(
                START,
                chain.core_precision,
                chain.bitasset_precision,
                scenario.market_parameters.as_json(),
                scenario.pool_parameters.as_json(),
            )
            desk = Desk(self.market, self.wallets, self.rules, opening)
            if self.rules.vaults:
                desk.take_on(VaultHands(desk))
        world = World(
            self.market,
            desk,
            self.wallets,
            self.rules,
            scale=scale,
            start=START,
            days=scenario.days,
            step_seconds=scenario.step_seconds,
            outside_fee_permille=OUTSIDE_FEE_PERMILLE,
        )
        world.wealth[:] = wealth
        world.outside_price = first_price
        world.mcr = self.rules.mcr_permille or chain.mcr_permille
        world.mssr, world.icr = chain.mssr_permille, max(chain.icr_permille, world.mcr)
        world.publish(first_feed, START + round(chain.feed_life_minutes * 60))
        self._found_outside(world, int(wealth.sum()))
        return world

    def _found_outside(self, world: World, wealth: int) -> None:
        """The founder issues bitasset against collateral that no price calls; the outside exchange gets half."""
        market, wallets = self.market, self.wallets
        bitasset, core = world.pair(world.outside_price)
        issued = wealth * ISSUED * bitasset // core + world.whole_bitasset
        collateral = issued * core * BACKED // bitasset
        market.create_core(wallets.founder, collateral)
        if not market.adjust(wallets.founder, collateral, issued, payer=wallets.founder, target=None):
            raise ValueError("the founder's position is refused: the scenario's capital is too large for the chain")
        market.create_core(wallets.outside, wealth * ISSUED * OUTSIDE_CORE)
        market.transfer(wallets.founder, wallets.outside, USD, issued // 2)

    def _enter(self, path_index: int) -> None:
        for kind in self.kinds:
            kind.enter(self.world, self.ranges[kind.name], stream(self.scenario, path_index, kind.name))
            self.world.catch_up()

    def _insure(self) -> None:
        """What the funds hold at the start, of the users' debt; with both ways to lend, each fund holds a half."""
        desk, spec = self.world.desk, self.scenario.insurance
        if desk is None:
            return
        debt = int(self.world.debt.sum())
        units = round(debt * spec.fund_permille / 1000) // (self.rules.peer + self.rules.shared)
        founder, risk = self.wallets.founder, round(debt * spec.risk_fund_permille / 1000)
        if units and self.rules.shared:
            desk.ask(founder, Insure(market=USD_SYMBOL, fund="shared"), USD_SYMBOL, units)
        if units and self.rules.peer:
            desk.ask(founder, Insure(market=USD_SYMBOL), USD_SYMBOL, units)
        if self.rules.vaults:  # half as working capital, half to hold up vaults in auction (V-5, V-7)
            core = self.world.outside_trade(founder, USD, risk // 2)
            if core:
                desk.ask(founder, Insure(market=USD_SYMBOL, fund="risk"), CORE_SYMBOL, core)
                risk -= risk // 2
        if risk and self.rules.peer:
            desk.ask(founder, Insure(market=USD_SYMBOL, fund="risk"), USD_SYMBOL, risk)


OUTSIDE_CORE: Final = 100
"""How many times as much core asset the outside exchange has: enough for a price that falls to a hundredth."""

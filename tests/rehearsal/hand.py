"""A small world made by hand: some users of one kind, a feed that the test sets, and a clock that it moves."""

from __future__ import annotations

import numpy as np

from bsip_mplp.rehearsal.desk import Desk, Opening
from bsip_mplp.rehearsal.fast_market import FastMarket
from bsip_mplp.rehearsal.market import USD, MarketOptions
from bsip_mplp.rehearsal.rulesets import rule_set
from bsip_mplp.rehearsal.vault_hands import VaultHands
from bsip_mplp.rehearsal.wallets import Wallets
from bsip_mplp.rehearsal.world import Event, Scale, World
from tests.rehearsal.kit import scenario

START = 1_600_000_000
PRICE = 1.0
PLENTY = 10**15


class Hand:
    """A world of users by name, at one price to begin with. `kinds` enter in the order in which they are added."""

    def __init__(self, rules="none", names=("a", "b", "c"), price=PRICE, **changes):
        self.scenario = scenario(**changes)
        chain = self.scenario.chain
        self.rules = rule_set(rules, chain)
        wallets = Wallets(list(names), vaults=2 * len(names) if self.rules.vaults else 0)
        wallets.in_vault[: len(names)] = self.rules.vaults
        market = FastMarket(wallets.count, wallets.issuer, MarketOptions())
        opening = Opening(START, chain.core_precision, chain.bitasset_precision, {}, {})
        desk = Desk(market, wallets, self.rules, opening) if self.rules.lends else None
        if self.rules.vaults:
            desk.take_on(VaultHands(desk))
        scale = Scale(chain.core_precision, chain.bitasset_precision)
        self.world = World(
            market, desk, wallets, self.rules, scale=scale, start=START, days=self.scenario.days,
            step_seconds=60, outside_fee_permille=2,
        )  # fmt: skip
        self.mcr = self.rules.mcr_permille or chain.mcr_permille
        self.mssr, self.icr = chain.mssr_permille, max(chain.icr_permille, self.mcr)
        self.feed(price)
        for account in (wallets.founder, wallets.outside, wallets.makers):
            market.create_core(account, PLENTY)
            market.adjust(account, PLENTY // 2, PLENTY // 1000, payer=account, target=None)
            if account == wallets.outside:
                market.create_core(account, PLENTY)
        self.kinds = []

    # --- time and prices ------------------------------------------------------------------------------------

    def feed(self, price, outside=None):
        """A new price, outside and in the feed."""
        world = self.world
        world.outside_price, world.feed_price = outside or price, price
        world.mcr, world.mssr, world.icr = self.mcr, self.mssr, self.icr
        pair = world.pair(price)
        world.market.publish(pair, self.mcr, self.mssr, self.icr)
        if world.desk is not None:
            world.desk.feed(pair, self.mcr, self.mssr, self.icr, world.now + 10**9)
        world.catch_up()

    def wait(self, seconds):
        """Time goes by."""
        self.world.now += round(seconds)
        if self.world.desk is not None:
            self.world.desk.tick(self.world.now)
        self.world.catch_up()

    # --- users ----------------------------------------------------------------------------------------------

    def enter(self, kind, *names, wealth=1000.0, seed=1):
        """Users of a kind enter with so many whole core assets each; gives the kind."""
        world = self.world
        who = np.array([world.index(name) for name in names], dtype=np.int64)
        world.wealth[who] = round(wealth * world.whole_core)
        world.founding = True
        kind.enter(world, who, np.random.default_rng(seed))
        world.founding = False
        world.catch_up()
        self.kinds.append(kind)
        return kind

    def act(self, kind, why=Event.FEED):
        """Wake a kind; gives when it wants to be woken again."""
        found = kind.act(self.world, why)
        self.world.catch_up()
        return found

    def go_on(self, kind, days=3.0):
        """Let a kind act at each moment it asks for, and at what wakes it, for some days."""
        end, why = self.world.now + round(days * 86_400), Event.FEED
        while why:
            self.world.events = Event(0)
            following = self.act(kind, why)
            why = self.world.events & kind.wakes
            if not why and following is not None and following <= end:
                self.wait(max(1, following - self.world.now))
                why = Event.TIME | self.world.events & kind.wakes
        self.wait(end - self.world.now)

    def ratio(self, name):
        """CR of a user's position."""
        return float(self.world.ratios()[self.world.index(name)])

    def has(self, name):
        """Free money of a user in whole assets: core asset, bitasset."""
        world, user = self.world, self.world.index(name)
        return world.core[user] / world.whole_core, world.bitasset[user] / world.whole_bitasset

    def worth(self, name):
        """All that a user has on the chain and with the rules, in whole core assets at the outside price."""
        world, user = self.world, self.world.index(name)
        core, bitasset = world.core[user] + world.collateral[user], world.bitasset[user] - world.debt[user]
        if world.engine is not None:
            ledger = world.engine.book
            for symbol in ("CORE", "USD"):
                units = ledger.free(name, symbol) + ledger.prepaid(name, symbol)
                units += sum(
                    p.available + p.lent for p in ledger.pools.values() if (p.owner, p.asset) == (name, symbol)
                )
                core, bitasset = (core + units, bitasset) if symbol == "CORE" else (core, bitasset + units)
        return core / world.whole_core + bitasset / world.whole_bitasset / world.outside_price

    def bids_inside(self, price, whole_bitasset):
        """Somebody bids for collateral inside."""
        world = self.world
        units = round(whole_bitasset * world.whole_bitasset)
        bitasset, core = world.pair(price)
        assert world.market.place(world.wallets.makers, USD, units, units * core // bitasset)
        world.catch_up()

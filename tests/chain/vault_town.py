"""A pool, its keepers and guard, holders and their vaults, made on a node for tests."""

import random
import string
from dataclasses import dataclass, field

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.kinds import deeds_of
from bsip_mplp.chain.orders import Order
from bsip_mplp.chain.vaults import Terms
from bsip_mplp.rules.inputs import OrderDone
from bsip_mplp.rules.outcomes import Step
from tests.chain.test_outbox import Faulty, Store, work_until_done

MARKET_MSSR, MARKET_ICR, MARKET_MCR = 1100, 1800, 1750


@dataclass
class VaultTown:
    """The pool's account is a lifetime member and the keeper; `market` is a bitasset fed at 0.05 per core."""

    world: object
    pool: object
    guard: object
    holder: object
    market: str
    keepers: list = field(default_factory=list)
    threshold: int = 1
    numbers: int = 0

    @classmethod
    def found(cls, world, market=None):
        pool, guard, holder = world.people("pool", "guard", "holder", core=10**11)
        world.send([builders.account_upgrade(pool.id)], pool)
        town = cls(world, pool, guard, holder, market or world.bitasset())
        town.keepers = [pool]
        world.position(pool, town.market, 2 * 10**10, 10**7)
        return town

    @property
    def terms(self):
        return Terms(tuple(one.name for one in self.keepers), self.guard.name, self.threshold)

    def number(self):
        self.numbers += 1
        return self.numbers

    def name(self):
        return "vault-" + "".join(random.choices(string.ascii_lowercase, k=8)) + "1"

    def carry_out(self, order, *, broadcasts=(), crashes=(), store=None, connection=None):
        """What became of an order; the last report."""
        store = store or Store(faults=list(crashes))
        connection = connection or Faulty(self.world.connection, broadcasts)
        return work_until_done(self.world, self.pool, store, connection, [order], deeds_of(self.terms))[order.number]

    def open(self, collateral=0, debt=0, **faults):
        """A vault of the holder, with a position of its own money; gives its account's name."""
        name = self.name()
        order = Order(self.number(), "vault_open", name, "", 0, "", to=self.holder.name)
        assert isinstance(self.carry_out(order, **faults), OrderDone)
        if collateral:
            assert isinstance(self.run(name, *self.entering(name, collateral, debt)), OrderDone)
        return name

    def entering(self, vault, collateral, debt):
        """The pool's money goes in as the vault's collateral, and what it borrows goes to the holder."""
        return (
            Step("transfer", "", vault, self.world.core, collateral),
            Step("adjust", vault, "", self.market, 0, collateral, debt),
            Step("transfer", vault, self.holder.name, self.market, debt),
        )

    def order(self, vault, *steps):
        return Order(self.number(), "vault", vault, "", 0, "", steps=steps)

    def run(self, vault, *steps, **faults):
        """Carry steps out as one order; gives what became of it."""
        return self.carry_out(self.order(vault, *steps), **faults)

    def position(self, vault):
        found = Chain(self.world.connection).positions(self.market, [vault])[vault]
        return found.collateral, found.debt

    def units(self, units, symbol=None):
        return Units(self.world.chain.asset(symbol or self.world.core).id, units)

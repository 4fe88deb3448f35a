"""Random price courses over many vaults on the embedded chain: `python -m tests.vaults FIRST COUNT [VAULTS]`.

Each course has a chain and an engine of its own, in one process: lenders, holders with vaults, a price that drifts and
jumps, buyers who come and go, orders that the chain refuses. After every step ledger and chain agree to the last unit,
and at its end no lender has lost a unit unless the order of loss was reached (V-10), and then the books say so.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from fractions import Fraction

from bsip_mplp.rules.vault_asks import VaultOpen
from tests.rules import invariants
from tests.rules.scene import DAY
from tests.rules.vault_stage import BUYER, MONEY, VaultStage

M = MONEY
VAULTS = 50
STEPS = 40
LENDERS = ("bob", "dan", "eve")
RATIOS = ((1550, 1100, 1600, 1300), (1750, 1100, 1800, 1400), (1400, 1050, 1450, 1200), (1600, 1250, 1700, 1380))
"""MCR, MSSR, ICR, LMCR."""


class Course:
    """One random course, the same for the same number."""

    def __init__(self, number, vaults=VAULTS, steps=STEPS):
        self.chance = random.Random(number)
        self.steps = steps
        chance = self.chance
        mcr, mssr, icr, lmcr = chance.choice(RATIOS)
        self.holders = tuple(f"holder{index}" for index in range(vaults))
        self.stage = VaultStage(
            people=(*LENDERS, *self.holders),
            response=chance.choice((None, 1, 2, 3)),
            fee_permille=chance.choice((0, 0, (mssr - 1000) // 3)),
            lmcr=lmcr,
            trigger_hold=60,
            missed_prepay_ends=chance.choice(("paid_time", "at_once")),
            lp2_cover=chance.choice(("feed", "squeeze")),
            capital_limit=chance.choice((None, [20 * M, 100 * M])),
            buffer_limit=chance.choice((None, [2 * M, 10 * M])),
        )
        self.price = 1000
        self.bought = None
        self.stage.feed(1000, mcr=mcr, mssr=mssr, icr=icr)
        self.icr = icr
        self.deposited = {}
        self.lend()
        if chance.random() < 0.6:
            for asset in ("BTS", "USD"):
                self.stage.insure("eve", chance.randrange(1, 60) * M, asset, "risk")
                self.stage.insure("eve", chance.randrange(1, 20) * M, asset)

    def lend(self):
        """Short and long pools of both assets."""
        for lender in LENDERS:
            for asset in ("BTS", "USD"):
                days = self.chance.choice((2, 7, 14, 30, 60))
                rate = Fraction(self.chance.randrange(1, 30), 100)
                pool = self.stage.lend(lender, 300 * M, asset, rate, days, renews=self.chance.random() < 0.7)
                self.deposited[pool.number] = 300 * M

    def open_all(self):
        """Everybody opens a vault; most borrow, or arm a request."""
        for holder in self.holders:
            debt = self.chance.randrange(2, 12) * M
            collateral = debt * (self.icr + self.chance.randrange(5, 900)) // self.price
            self.stage.deposit(holder, collateral, "BTS", VaultOpen(market="USD", debt=debt))
            for asset in ("BTS", "USD"):
                self.stage.prepay(holder, self.chance.choice((1, M // 10, M, M, M)), asset)
        self.work()
        for holder in self.holders:
            self.ask_for_loan(holder)
        self.work()

    def ask_for_loan(self, holder):
        asset, kind = self.chance.choice(("BTS", "USD")), self.chance.random()
        amount = self.chance.choice((None, None, None, self.chance.randrange(1, 60) * M // 10))
        if kind < 0.75:
            self.stage.borrow(holder, amount, asset)
        elif kind < 0.9:
            self.stage.protect(holder, asset=asset, at=Fraction(self.chance.randrange(1300, 2000), 1000))

    # --- a step -----------------------------------------------------------------------------------------------

    def run(self):
        """All of it; gives what came of it: ways home, losses and how the positions ended."""
        self.open_all()
        self.check()
        for _ in range(self.steps):
            self.step()
            self.check()
        self.come_to_rest()
        return self.verdict()

    def step(self):
        chance, stage = self.chance, self.stage
        drift = chance.choice((-60, -30, -15, -5, 0, 5, 15, 40))
        jump = chance.choice((0,) * 30 + (-150, -300, 250))
        self.price = self.price * (1000 + drift + jump) // 1000
        self.price = max(250, self.price)
        self.no_buyers()
        if chance.random() < 0.7:
            self.bought = stage.buyers(
                max(1, self.price * chance.randrange(900, 1010) // 1000), chance.randrange(1, 200) * M
            )
        stage.feed(self.price)
        for _ in range(chance.randrange(0, 4)):
            self.somebody(chance.choice(self.holders))
        if chance.random() < 0.1:
            stage.chain.settle("mm", chance.randrange(1, 3 * M), "USD")
        stage.wait(seconds=chance.choice((30, 60, 600, DAY // 2, DAY)))
        self.work()

    def no_buyers(self):
        """What was offered in the last step, and not used, is taken back."""
        if self.bought and self.stage.chain.state.limit_orders.get(int(self.bought.split(".")[2])) is not None:
            self.stage.chain.cancel(BUYER, self.bought)
        self.bought = None

    def somebody(self, holder):
        """A holder, or a bidder, does something; most of what is forbidden is tried too."""
        chance, stage = self.chance, self.stage
        units = chance.randrange(1, 20) * M // 10
        match chance.randrange(9):
            case 0 | 1:
                stage.add(holder, units)
            case 2:
                stage.pay(holder, units)
            case 3:
                stage.take(holder, units)
            case 4:
                stage.draw(holder, units)
            case 5:
                position = next((p for p in stage.engine.book.positions.values() if p.holder == holder), None)
                stage.close(holder, 0 if position is None else position.debt)
            case 6:
                self.ask_for_loan(holder)
            case 7:
                loans = [n for p in stage.engine.book.positions.values() if p.holder == holder for n in p.loans]
                if loans:
                    stage.repay(holder, loans[0])
            case 8:
                running = [a.number for a in stage.engine.book.auctions.values() if a.ended is None]
                if running:
                    stage.bid(chance.choice(LENDERS), units, chance.choice(running))

    def work(self):
        """Carry orders out; the chain refuses a few that it could have taken."""
        for _ in range(400):
            orders = self.stage.waiting()
            if not orders:
                self.stage.sync()  # what the chain did in the blocks of the last orders
                orders = self.stage.waiting()
            if not orders:
                return
            order = orders[0]
            if order.kind == "vault_owner":
                self.stage.done(order)
            elif order.kind == "vault" and self.chance.random() < 0.03:
                self.stage.fail(order)
            else:
                self.stage.carry_out(order)
        raise AssertionError(f"orders without end: {self.stage.tasks()}")

    def come_to_rest(self):
        """Holders who can close do; then time for windows of bonds, and a last sale."""
        self.no_buyers()
        self.stage.buyers(self.price, 4000 * M)
        for holder in self.holders:
            for position in list(self.stage.engine.book.positions.values()):
                if position.holder == holder and position.state in ("free", "protected", "unwinding"):
                    self.stage.close(holder, position.debt, position=position.account)
        self.work()
        self.stage.wait(days=8)
        self.work()
        self.check()

    # --- what must hold ---------------------------------------------------------------------------------------

    def check(self):
        self.stage.audit()
        invariants.check_double_entry(self.stage.engine)
        invariants.check_principal(self.stage.engine)
        invariants.check_positions(self.stage.engine)
        invariants.check_vaults(self.stage.engine)
        self.check_lenders()

    def check_lenders(self):
        """Every unit of every pool is there, unless V-10 was reached, and then the books say what became of it."""
        book = self.stage.engine.book
        gone = Counter()
        for item in book.unwindings.values():
            if item.pool:
                gone[item.pool] += item.lost + item.in_other
        short = {event.key for out in self.stage.outcomes for event in out.events if event.what == "short"}
        for number, units in self.deposited.items():
            pool = book.pools[number]
            assert pool.available + pool.lent + pool.pending + gone[number] == units, f"pool {number}"
        for item in book.unwindings.values():
            if item.pool and (item.lost or item.in_other):
                assert f"USD/{item.account}" in short, f"{item} lost without V-10"

    def verdict(self):
        """What became of what was on its way home, and of the vaults."""
        book = self.stage.engine.book
        found = Counter(f"way {item.way or 'open'}" for item in book.unwindings.values())
        found["loans"] = len(book.loans)
        found["lost"] = sum(item.lost > 0 for item in book.unwindings.values() if item.pool)
        found["made good"] = sum(e.what == "made good" for out in self.stage.outcomes for e in out.events)
        found["auctions"] = len(book.auctions)
        tasks = Counter(order.task.name for order in book.orders.values() if order.task and order.state == "done")
        found.update({f"{name} done": tasks[name] for name in ("pay_down", "wind_up", "replace", "owner")})
        found["held up"] = sum(e.what == "held up" for out in self.stage.outcomes for e in out.events)
        return found


def main(first, count, vaults):
    """Run courses one after the other; the first that fails ends it."""
    total = Counter()
    for number in range(first, first + count):
        try:
            total += Course(number, vaults).run()
        except Exception:
            print(f"course {number} failed: python -m tests.vaults {number} 1 {vaults}", flush=True)
            raise
        if (number - first) % 10 == 9 or number == first + count - 1:
            words = ", ".join(f"{name} {figure}" for name, figure in sorted(total.items()))
            print(f"{number - first + 1} courses of {vaults} vaults: {words}", flush=True)


if __name__ == "__main__":
    arguments = [int(one) for one in sys.argv[1:]]
    main(*arguments, *(0, 10, VAULTS)[len(arguments) :])

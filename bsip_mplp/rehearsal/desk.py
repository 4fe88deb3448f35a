"""The real engine in a run: what users ask goes in, what it orders is carried out on the inside market (V-1).

Nothing is decided here. Money that a user sends is the pool's on the chain and the user's in the ledger; an order of
the engine is carried out as far as the market gives, and reported back, what it did to the position first. In
`protocol` custody the chain has adopted the rules: a position that they judge is not the chain's to call (PL-20). What
is done with vaults is `vault_hands`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.market import CORE, USD, Market, Side
from bsip_mplp.rehearsal.rulesets import RuleSet
from bsip_mplp.rehearsal.wallets import STATES, Wallets
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import (
    Ask,
    AssetSeen,
    Deposit,
    FeedSeen,
    Hold,
    Input,
    Insure,
    LeavePool,
    MarketOpened,
    OrderDone,
    OrderFilled,
    PositionSeen,
    Request,
    Rewards,
    SharedPoolSet,
    Supply,
    Tick,
    Unhold,
    Withdraw,
)
from bsip_mplp.rules.outcomes import Event, Order, Outcome
from bsip_mplp.rules.state import Position

if TYPE_CHECKING:
    from bsip_mplp.rehearsal.vault_hands import VaultHands

CORE_SYMBOL: Final = "CORE"
USD_SYMBOL: Final = "USD"
PERMILLE: Final = 1000
SYMBOLS: Final = (CORE_SYMBOL, USD_SYMBOL)
"""By side of the market."""

OF_SHARED_POOL: Final = (Supply, LeavePool, Rewards, Hold, Unhold)
OF_BOTH: Final = (Withdraw, Insure)


def side_of(asset: str) -> Side:
    """The side of the market that an asset's symbol names."""
    return CORE if asset == CORE_SYMBOL else USD


@dataclass(slots=True)
class _Sale:
    """An order to close that stands: what of it is sold already."""

    order: Order
    sold: int = 0
    waits_until: int = 0
    """What is left is worth less than a whole bitasset: it waits until then, and is ordered anew as it then stands."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What the engine is opened with: precisions, parameters of market and shared pool as its inputs take them."""

    time: int
    core_precision: int
    bitasset_precision: int
    parameters: Mapping[str, Any]
    shared_pool: Mapping[str, Any]


class Desk:
    """The engine of one run and its hands on the market."""

    def __init__(self, market: Market, wallets: Wallets, rules: RuleSet, opening: Opening) -> None:
        self.market, self.wallets, self.rules = market, wallets, rules
        self.engine = Engine(shows=False)
        self.events: list[Event] = []
        """What happened by the rules since it was last emptied."""
        self.sold_by_order = 0
        """Collateral sold by orders of the rules, in core units."""
        self.interest_taken: NDArray[np.int64] = np.zeros((2, wallets.count), dtype=np.int64)
        """Interest that the rules took of what borrowers had prepaid, by side, since it was last emptied."""
        self.lowest_sale = inf
        """The lowest price at which orders of the rules sold, in bitasset units per core unit, since last emptied."""
        self.now = opening.time
        self.vaults: VaultHands | None = None
        """Where loans are made in vaults: the hands on them."""
        self._seen: dict[int, tuple[int, int]] = {}
        self._orders: deque[Order] = deque()
        self._whole_bitasset = 10**opening.bitasset_precision
        self._sales: dict[int, _Sale] = {}
        self._least = (0, 1)
        """The feed over MSSR: for less, nothing is sold (PL-36, SP-12)."""
        self._working = False
        self._carry: dict[str, Callable[[Order], None]] = {
            "payout": self._pay_out,
            "pay_debt": self._pay_debt,
            "close": self._begin_sale,
            "hand_over": self._hand_over,
            "settle": self._settle,
        }
        self.apply(AssetSeen(time=self.now, symbol=CORE_SYMBOL, precision=opening.core_precision))
        self.apply(AssetSeen(time=self.now, symbol=USD_SYMBOL, precision=opening.bitasset_precision))
        self.apply(
            MarketOpened(time=self.now, market=USD_SYMBOL, core_asset=CORE_SYMBOL, parameters=opening.parameters)
        )
        if rules.shared:
            self.apply(SharedPoolSet(time=self.now, market=USD_SYMBOL, parameters=opening.shared_pool))

    def take_on(self, vaults: VaultHands) -> None:
        """Have the orders of vaults carried out, and what the chain does to vaults told (V-1)."""
        self.vaults = vaults
        self._carry.update(vaults.deeds)

    # --- inputs -------------------------------------------------------------------------------------------

    def apply(self, item: Input) -> Outcome:
        """Hand an input in, and carry out what it makes the engine order."""
        outcome = self.engine.apply(item)
        self._note(outcome)
        if not self._working:
            self._work()
        return outcome

    def _note(self, outcome: Outcome) -> None:
        self.events.extend(outcome.events)
        for entry in outcome.entries:
            if entry.rule != "PL-9":  # that is taken back by the borrower
                for account, asset, units in entry.postings:
                    # what is set aside for a loan in a vault comes back if it is never made (V-4)
                    if (units < 0 or entry.rule == "V-4") and account.startswith("prepaid/"):
                        self.interest_taken[side_of(asset), self.wallets.index[account[len("prepaid/") :]]] -= units
        self._orders.extend(outcome.orders)
        for kind, key in outcome.objects:
            if self.vaults is not None:
                if kind == "position":
                    self.vaults.show_at_place(key.partition("/")[2])
            elif kind in ("position", "participant"):
                self._place(self.wallets.index[key.partition("/")[2]])

    def _place(self, account: int) -> None:
        """How a position stands now; one that the rules judge is not the chain's to call."""
        wallets = self.wallets
        position = self.engine.book.position(USD_SYMBOL, wallets.names[account])
        if position is None:
            return
        wallets.lp1[account], wallets.lp2[account] = position.lp1, position.lp2
        state = wallets.state[account] = STATES[position.state]
        units = int(self.market.collateral[account]), int(self.market.debt[account])
        wallets.pass_on(account, wallets.index[position.holder], _is_systems(position), *units)
        judged = bool(state > STATES["free"] or position.participant is not None)
        wallets.judged[account] = judged
        self.market.exempt(account, judged)

    def tick(self, time: int) -> None:
        """Bring the engine's time on, if anything falls due by then."""
        self.now = time
        due = self.engine.next_due()
        if due is not None and due <= time:
            self.apply(Tick(time=time))

    def feed(self, price: tuple[int, int], mcr: int, mssr: int, icr: int, expires: int) -> None:
        """A new feed in force."""
        self._least = (price[0] * PERMILLE, price[1] * mssr)
        self.apply(
            FeedSeen(time=self.now, market=USD_SYMBOL, price=price, mcr=mcr, mssr=mssr, icr=icr, expires=expires)
        )
        for number in [number for number, sale in self._sales.items() if 0 < sale.waits_until <= self.now]:
            self._end_sale(number)

    def show(self, account: int) -> None:
        """Show a position to the engine as the chain has it now, if that is news."""
        units = int(self.market.collateral[account]), int(self.market.debt[account])
        if self._seen.get(account, (0, 0)) != units:
            self._show(account, *units)

    def show_known(self, accounts: set[int]) -> None:
        """Show those of some positions that the engine has ever seen."""
        for account in sorted(accounts & self._seen.keys()):
            self.show(account)
        if self.vaults is not None:
            self.vaults.see(accounts)

    def _show(self, account: int, collateral: int, debt: int) -> None:
        self._seen[account] = collateral, debt
        self.apply(
            PositionSeen(
                time=self.now,
                market=USD_SYMBOL,
                account=self.wallets.names[account],
                collateral=collateral,
                debt=debt,
                custody="protocol",
            )
        )

    # --- people -------------------------------------------------------------------------------------------

    def ask(self, index: int, ask: Ask, asset: str | None, units: int) -> Outcome | None:
        """What a user asks for, with money along or without; None if the money is not there, or nobody to ask."""
        of_shared = isinstance(ask, OF_SHARED_POOL)
        if not isinstance(ask, OF_BOTH) and not (self.rules.shared if of_shared else self.rules.peer):
            return None
        if self.vaults is not None:
            self.vaults.see(self.market.touched)
        elif self.market.debt[index]:
            self.show(index)
        name = self.wallets.names[index]
        if asset is None or not units:
            return self.apply(Request(time=self.now, account=name, ask=ask))
        if not self.market.transfer(index, self.wallets.pool, side_of(asset), units):
            return None
        return self.apply(Deposit(time=self.now, account=name, asset=asset, amount=units, ask=ask))

    def withdraw(self, index: int, asset: str) -> int:
        """Have all free balance of an asset paid out; gives the units."""
        units = self.engine.book.free(self.wallets.names[index], asset)
        if units:
            self.apply(Request(time=self.now, account=self.wallets.names[index], ask=Withdraw(asset=asset)))
        return units

    def position(self, account: int) -> Position | None:
        """The position that is shown at a user's place, as the rules have it."""
        if self.vaults is not None:
            return self.vaults.position(account)
        return self.engine.book.position(USD_SYMBOL, self.wallets.names[account])

    def forbids(self, account: int, collateral: int, debt: int) -> str:
        """Why a position may not be changed so by its holder, or nothing (PL-48, PL-51, V-3).

        While the rules judge it, it can only be made safer, or closed.
        """
        position = self.engine.book.position(USD_SYMBOL, self.wallets.names[account])
        if position is None or (position.state in ("free", "closed") and position.participant is None):
            return ""
        if position.state in ("carried", "black", "taken_over"):
            return "PL-48: the position is not the holder's to move"
        if position.participant is not None and position.participant.call == "full" and debt >= 0 and collateral <= 0:
            return "SP-14: the position belongs to the pool"
        closes = not self.market.debt[account] + debt
        if (collateral < 0 or debt > 0) and not closes:
            return "PL-51: collateral can only be added and debt only be paid while others' money protects it"
        return ""

    # --- carrying out -------------------------------------------------------------------------------------

    def _work(self) -> None:
        self._working, carried_out = True, 0
        while self._orders:
            order, carried_out = self._orders.popleft(), carried_out + 1
            if carried_out > ORDERS_MAX:
                raise RuntimeError(f"orders of the rules without end at {self.now}: {order}")
            self._carry[order.kind](order)
            if not self._orders and self._sales:
                self._go_on_selling()
        self._working = False

    def retry(self) -> None:
        """Go on with orders to close or to sell that the book could not fill so far."""
        if self.vaults is not None and self.vaults.sales:
            self.vaults.go_on_selling(self._least)
        if self._sales:
            self._working = True
            self._go_on_selling()
            self._work()

    def _pay_out(self, order: Order) -> None:
        account = self.wallets.index[order.account]
        self.market.transfer(self.wallets.pool, account, side_of(order.asset), order.units)
        self.apply(
            OrderDone(
                time=self.now, order=order.number, fee_asset=CORE_SYMBOL, fee=0, transaction=f"payout {order.number}"
            )
        )

    def _filled(self, order: Order, units: int, got: int, *, done: bool) -> None:
        if not units and order.kind != "settle":
            # nothing came of it: the chain may have closed or changed the position before, by a global settlement say.
            # The rules must hear of that first, or they order the same again without end
            self.show(self.wallets.index[order.account])
        self.apply(OrderFilled(time=self.now, order=order.number, units=units, got=got, done=done))

    def _pay_debt(self, order: Order) -> None:
        account = self.wallets.index[order.account]
        units = min(order.units, int(self.market.debt[account]))
        if units:
            left = self._pay(account, units, self.wallets.pool)
            self._show(account, left or int(self.market.collateral[account]), int(self.market.debt[account]))
        self._filled(order, units, 0, done=True)

    def _pay(self, account: int, units: int, payer: int) -> int:
        """Pay debt of a position. If that closes it, gives the collateral that came to the pool (PL-D50, SP-14)."""
        market = self.market
        left = int(market.collateral[account]) if units == market.debt[account] else 0
        systems = self._is_systems(account)
        if left:
            market.take_collateral(account, left, self.wallets.pool if systems else int(self.wallets.holder[account]))
        market.pay_debt(account, units, payer)
        return left if systems else 0

    def _is_systems(self, account: int) -> bool:
        """Whether what is left of a position belongs to the fund or the shared pool (PL-D50, SP-14)."""
        position = self.engine.book.position(USD_SYMBOL, self.wallets.names[account])
        return position is not None and _is_systems(position)

    def _hand_over(self, order: Order) -> None:
        account, heir = self.wallets.index[order.account], self.wallets.index[order.to]
        collateral, debt = int(self.market.collateral[account]), int(self.market.debt[account])
        units = min(order.units, debt)
        if units == debt:
            self.market.take_collateral(account, collateral, heir)
        if units:
            self.market.pay_debt(account, units, self.wallets.pool)
            self._show(account, int(self.market.collateral[account]), debt - units)
        self._filled(order, units, 0, done=True)

    def _begin_sale(self, order: Order) -> None:
        self._sales[order.number] = _Sale(order)
        self._sell(order.number)

    def _go_on_selling(self) -> None:
        for number in list(self._sales):
            if not self._bids(self._least):
                return
            self._sell(number)

    def _bids(self, limit: tuple[int, int]) -> bool:
        """Whether somebody bids no less than a limit."""
        best = self.market.best(USD)
        return best is not None and best[0] * limit[1] >= limit[0] * best[1]

    def _sell(self, number: int) -> None:
        """Sell collateral to who bids no less than the limit, as much as buys the debt back (PL-36, SP-12)."""
        sale = self._sales.get(number)
        if sale is None or sale.order.limit is None or sale.waits_until:
            return
        order, market, system = sale.order, self.market, self.wallets.system
        account, before = self.wallets.index[order.account], sale.sold
        limit = sale.order.limit
        if self._bids(self._least) and not self._bids(limit):
            self._end_sale(number)  # its limit is of a feed that was higher: what is left is ordered anew
            return
        got = to_pool = 0
        for _ in range(SALES_MAX):
            best, debt = market.best(USD), int(market.debt[account])
            left = min(order.units - sale.sold, int(market.collateral[account]))
            if best is None or not left or not debt or not (self._bids(limit) and self._bids(self._least)):
                break
            units = min(left, -(-debt * best[1] // best[0]))
            if left < market.collateral[account] and left * best[0] < self._whole_bitasset * best[1]:
                sale.waits_until = self.now + SMALL_WAITS_SECONDS
                break
            sold, brought = self._sell_at(account, units, best)
            if not sold:
                break
            self.wallets.sold_by_force(account, sold, brought)
            paid = min(brought, debt)
            sale.sold, got = sale.sold + sold, got + paid
            if brought > paid:  # what a whole unit of collateral brought over the debt is the holder's
                market.transfer(system, int(self.wallets.holder[account]), USD, brought - paid)
            to_pool = self._pay(account, paid, system) if paid else 0
        self.sold_by_order += sale.sold - before
        self._report(sale, sale.sold - before, got, to_pool)

    def _sell_at(self, account: int, units: int, price: tuple[int, int]) -> tuple[int, int]:
        """Sell collateral at the price of the best bid; gives what was sold, and what it brought."""
        market, system = self.market, self.wallets.system
        receive = units * price[0] // price[1]
        if not receive:  # the last of a position: nobody pays for it, and it must not stand for ever
            market.take_collateral(account, units, self.wallets.issuer)
            return units, 0
        market.take_collateral(account, units, system)
        core, bitasset = int(market.core[system]), int(market.bitasset[system])
        rest = market.place(system, CORE, units, receive)
        if rest:
            market.cancel(system, rest)
        sold = core - int(market.core[system])
        if sold:
            self.lowest_sale = min(self.lowest_sale, price[0] / price[1])
        if sold < units:
            market.take_collateral(account, sold - units, system)
        return sold, int(market.bitasset[system]) - bitasset

    def _report(self, sale: _Sale, sold: int, got: int, to_pool: int) -> None:
        order, account = sale.order, self.wallets.index[sale.order.account]
        collateral, debt = int(self.market.collateral[account]), int(self.market.debt[account])
        done = not debt or not collateral or sale.sold == order.units
        if done:
            self._sales.pop(order.number, None)
        if sold:
            self._show(account, to_pool or collateral, debt)
        if sold or done:
            self._filled(order, sold, got, done=done)

    def _end_sale(self, number: int) -> None:
        sale = self._sales.pop(number)
        self._filled(sale.order, 0, 0, done=True)

    def _settle(self, order: Order) -> None:
        """SP-6: rewards into the core asset. Nobody waits a day for a settlement here: it is sold in the book."""
        market, pool = self.market, self.wallets.pool
        core, bitasset = int(market.core[pool]), int(market.bitasset[pool])
        rest = market.place(pool, USD, order.units, 1)
        if rest:
            market.cancel(pool, rest)
        self._filled(order, bitasset - int(market.bitasset[pool]), int(market.core[pool]) - core, done=True)


def _is_systems(position: Position) -> bool:
    owned = position.participant is not None and position.participant.call == "full"
    return owned or position.state in ("carried", "black")


SMALL_WAITS_SECONDS: Final = 3600
"""How long an order to sell next to nothing waits, at least."""

ORDERS_MAX: Final = 20_000
"""How many orders of the rules are carried out one upon the other: more is a fault of ours, and is told."""

SALES_MAX: Final = 200
"""How many bids one order to close may use up at a time."""

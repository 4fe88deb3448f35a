"""Vaults in a run: the engine's orders carried out on the inside market, and what the chain did to them told (RE-4).

A vault is an account of the market like any other: what is lent to it is really put into its position, so the chain's
own ratio is LCR, and the chain's own margin call takes it at MCR. All lending rules are the engine's; here money moves,
the chain's refusals are reported, and a holder's wish becomes the requests that a holder of a vault makes (V-3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from bsip_mplp.money import div_ceil
from bsip_mplp.rehearsal.desk import SYMBOLS, USD_SYMBOL, Desk, side_of
from bsip_mplp.rehearsal.market import CORE, USD, Side
from bsip_mplp.rehearsal.wallets import STATES
from bsip_mplp.rules.inputs import OrderDone, OrderFailed, OrderFilled, PositionSeen, VaultBalance, VaultSeen, Withdraw
from bsip_mplp.rules.outcomes import Order, Step
from bsip_mplp.rules.state import Position
from bsip_mplp.rules.vault_asks import VaultAdd, VaultClose, VaultDraw, VaultOpen, VaultPay, VaultTake

MARKET: Final = USD_SYMBOL

Ask = VaultOpen | VaultAdd | VaultPay | VaultDraw | VaultTake | VaultClose


class VaultHands:
    """The hands of one run's engine on its vaults. Users are seen by the number of their own account, their place.

    A user has one position: `Wallets` shows it at the user's place, whether it stands in a vault or not.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk, self.market, self.wallets, self.engine = desk, desk.market, desk.wallets, desk.engine
        self.deeds: dict[str, Callable[[Order], None]] = {
            "vault_open": self._make,
            "vault": self._transact,
            "vault_owner": self._done,
            "sell": self._begin_sale,
        }
        self.sales: dict[int, Order] = {}
        """Orders to sell that nobody has bought from yet."""
        self._accounts: dict[str, int] = {}
        """The market's account of each vault."""
        self._names: dict[int, str] = {}
        self._at: dict[int, str] = {}
        """The vault whose position is shown at a user's place."""
        self._open: set[str] = set()
        self._refused = ""
        """Why the chain refused the last order of a vault, since it was last emptied."""

    # --- reading ------------------------------------------------------------------------------------------

    def position(self, place: int) -> Position | None:
        """The position in the vault that is shown at a user's place."""
        name = self._at.get(place)
        return None if name is None else self.engine.book.position(MARKET, name)

    def show_at_place(self, name: str) -> None:
        """How a vault's position stands now, at the place of who opened it; it stays there when another wins it."""
        wallets, position = self.wallets, self.engine.book.position(MARKET, name)
        if position is None:
            return
        is_open = position.state != "closed"
        if is_open and name not in self._open:
            self._open.add(name)
            self._settle_in(name, wallets.index[position.holder])
        elif not is_open:
            self._open.discard(name)
        place = wallets.index[name]
        if self._at.get(place) != name:
            return  # who lost that position to a winner has another vault by now
        wallets.lp1[place], wallets.lp2[place] = position.lp1, position.lp2
        wallets.state[place] = STATES[position.state]
        wallets.judged[place] = bool(position.lp1 or position.lp2)
        holder = wallets.index[position.holder] if is_open else place
        is_systems = position.state in ("carried", "black")
        wallets.pass_on(place, holder, is_systems, position.collateral, position.debt)
        wallets.vault_collateral[place], wallets.vault_debt[place] = position.collateral, position.debt

    def _settle_in(self, name: str, place: int) -> None:
        self.wallets.index[name] = self.wallets.place[self._accounts[name]] = place
        self._at[place] = name

    # --- what holders do ----------------------------------------------------------------------------------

    def adjust(self, user: int, place: int, collateral: int, debt: int) -> str:
        """Change a position in a vault by what its holder asks for (V-3); why it is refused, or nothing.

        What makes it safer is asked for first. A vault takes one request after the other: if the second is refused,
        the first stays done.
        """
        position = self.position(place)
        if position is None or position.state == "closed":
            return self._ask(user, VaultOpen(market=MARKET, debt=debt), CORE, collateral)
        vault = position.account
        if (collateral, debt) == (-position.collateral, -position.debt):
            return self._ask(user, VaultClose(market=MARKET, position=vault), USD, -debt)
        asks: list[tuple[Ask, Side, int]] = []
        if collateral > 0:
            asks.append((VaultAdd(market=MARKET, position=vault), CORE, collateral))
        if debt < 0:
            asks.append((VaultPay(market=MARKET, position=vault), USD, -debt))
        if debt > 0:
            asks.append((VaultDraw(market=MARKET, amount=debt, position=vault), USD, 0))
        if collateral < 0:
            asks.append((VaultTake(market=MARKET, amount=-collateral, position=vault), CORE, 0))
        for ask, side, units in asks:
            if why := self._ask(user, ask, side, units):
                return why
        return ""

    def _ask(self, user: int, ask: Ask, side: Side, units: int) -> str:
        """Ask, with money along; what of it was not used is paid out again."""
        name, asset = self.wallets.names[user], SYMBOLS[side]
        free, self._refused = self.engine.book.free(name, asset), ""
        outcome = self.desk.ask(user, ask, asset, units)
        if outcome is None:
            return "the money for it is not there"
        why = outcome.refusals[-1].reason if outcome.refusals else self._refused
        left = self.engine.book.free(name, asset) - free
        if why and units and left > 0:
            self.desk.ask(user, Withdraw(asset=asset, amount=min(left, units)), None, 0)
        return why

    # --- carrying out -------------------------------------------------------------------------------------

    def _done(self, order: Order) -> None:
        self.desk.apply(
            OrderDone(
                time=self.desk.now,
                order=order.number,
                fee_asset=SYMBOLS[CORE],
                fee=0,
                transaction=f"{order.kind} {order.number}",
            )
        )

    def _failed(self, order: Order, why: str) -> None:
        self._refused = why
        self.desk.apply(OrderFailed(time=self.desk.now, order=order.number, reason=why))

    def _make(self, order: Order) -> None:
        """V-2: an account for a vault. Nobody changes authorities here: they are as agreed."""
        account = self.wallets.first_vault + self.engine.book.vaults[order.account].number - 1
        if account >= self.wallets.count:
            self._failed(order, "this run has no account left for it")
            return
        self._accounts[order.account], self._names[account] = account, order.account
        self.wallets.index[order.account] = self.wallets.place[account] = self.wallets.index[order.to]
        self._done(order)
        self.desk.apply(VaultSeen(time=self.desk.now, account=order.account, sound=True))

    def _transact(self, order: Order) -> None:
        """All steps, or none of them: what was sent before a step that the chain refuses goes back (V-4)."""
        taken: list[Step] = []
        for step in order.steps:
            if not self._take(step):
                self._take_back(taken)
                self._failed(order, f"the chain refuses to {step.kind}")
                return
            taken.append(step)
        self._done(order)

    def _account(self, name: str) -> int:
        if not name:
            return self.wallets.pool
        return self._accounts[name] if name in self._accounts else self.wallets.index[name]

    def _take(self, step: Step) -> bool:
        frm = self._account(step.frm)
        if step.kind == "adjust":
            return self.market.adjust(frm, step.collateral, step.debt, payer=frm, target=None)
        return self.market.transfer(frm, self._account(step.to), side_of(step.asset), step.units)

    def _take_back(self, taken: list[Step]) -> None:
        for step in reversed(taken):
            if step.kind == "adjust":
                raise AssertionError("what an adjustment of a vault released was not there to be sent on")
            back = Step("transfer", step.to, step.frm, step.asset, step.units)
            if not self._take(back):
                raise AssertionError("what a refused transaction had sent was not there to go back")

    # --- what the chain did -------------------------------------------------------------------------------

    def see(self, touched: Iterable[int]) -> None:
        """Tell the engine what the chain did to those of some accounts that are vaults (V-11)."""
        for account in sorted(one for one in touched if one in self._names):
            self._see(account)

    def _see(self, account: int) -> None:
        """As the watcher does: nothing while an order is under way; the core asset last, once the rest is known."""
        name, book, market = self._names[account], self.engine.book, self.market
        vault, position = book.vaults[name], book.position(MARKET, name)
        if position is None or vault.order is not None:
            return
        seen = int(market.collateral[account]), int(market.debt[account])
        known = (0, 0) if position.state == "closed" else (position.chain_collateral, position.chain_debt)
        if seen != known:
            self.desk.apply(
                PositionSeen(
                    time=self.desk.now, market=MARKET, account=name, collateral=seen[0], debt=seen[1], custody="vault"
                )
            )
        for side in (USD, CORE):
            units = int((market.core if side == CORE else market.bitasset)[account])
            if vault.order is None and (units != vault.loose.get(SYMBOLS[side], 0) or position.called):
                self.desk.apply(VaultBalance(time=self.desk.now, account=name, asset=SYMBOLS[side], units=units))

    # --- sales --------------------------------------------------------------------------------------------

    def _begin_sale(self, order: Order) -> None:
        self.sales[order.number] = order
        self._sell(order)

    def go_on_selling(self, least: tuple[int, int]) -> None:
        """Try once more what nobody bought so far; `least` is feed / MSSR of now.

        An order whose limit is of a feed that was higher ends where somebody bids today's: the engine offers it anew.
        """
        for order in list(self.sales.values()):
            if not self._bids(least):
                return
            if order.limit is not None and not self._bids(order.limit):
                self._sold(order, 0, 0)
            else:
                self._sell(order)

    def _bids(self, limit: tuple[int, int]) -> bool:
        """Whether somebody bids no less than a limit."""
        best = self.market.best(USD)
        return best is not None and best[0] * limit[1] >= limit[0] * best[1]

    def _sell(self, order: Order) -> None:
        """Offer it from the pool's account, take what is bid at no less than the limit, and call the rest back."""
        limit, market, pool = order.limit, self.market, self.wallets.pool
        if limit is None or not self._bids(limit):
            return
        core, bitasset = int(market.core[pool]), int(market.bitasset[pool])
        rest = market.place(pool, CORE, order.units, max(1, div_ceil(order.units * limit[0], limit[1])))
        if rest:
            market.cancel(pool, rest)
        sold = core - int(market.core[pool])
        if sold:
            got = int(market.bitasset[pool]) - bitasset
            self.desk.lowest_sale = min(self.desk.lowest_sale, got / sold)
            self._sold(order, sold, got)

    def _sold(self, order: Order, units: int, got: int) -> None:
        """What is not sold by then the engine offers anew, at that day's limit."""
        del self.sales[order.number]
        self.desk.sold_by_order += units
        self.desk.apply(OrderFilled(time=self.desk.now, order=order.number, units=units, got=got, done=True))

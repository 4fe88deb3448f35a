"""A scene whose vaults stand on a real chain: the engine, and beside it the embedded node's own chain in this process.

What people deposit is really transferred, orders are really carried out with the chain's own rules and fees, and what
the chain did to a vault is reported as the watcher would. `audit()` compares ledger and chain to the last unit.
"""

from __future__ import annotations

from bsip_mplp.devnet.amounts import Asset
from bsip_mplp.devnet.errors import ChainError
from bsip_mplp.devnet.operations import FillOrder, operation
from bsip_mplp.rules.inputs import (
    FeedSeen,
    OrderDone,
    OrderFailed,
    OrderFilled,
    PositionSeen,
    VaultBalance,
    VaultSeen,
)
from bsip_mplp.rules.vault_asks import VaultAdd, VaultClose, VaultDraw, VaultOpen, VaultPay, VaultTake
from tests.devnet.kit import Stage, amount
from tests.rules.scene import NEVER, Scene

ON_CHAIN = {"BTS": "CORE", "USD": "USD"}
WHALE = "mm"
BUYER = "buyer"
RICH = 10**13
MONEY = 10**8
"""What the stage's amounts are multiples of, so that rounding is small beside them."""


class VaultStage(Scene):
    """One market, a pool's account, people with accounts, and vaults as they are asked for."""

    def __init__(self, people=("ann", "cat", "bob", "dan", "eve"), response=None, fee_permille=0, **parameters):
        self.chain = Stage()
        self.chain.account("issuer", "feeder", "pool", WHALE, BUYER, *people, core=RICH)
        extensions = {} if response is None else {"black_swan_response_method": response}
        if fee_permille:
            extensions["margin_call_fee_ratio"] = fee_permille
        self.chain.bitasset("USD", extensions=extensions, feed_lifetime_sec=10**8)
        self.price = None
        self.fills = []
        self.idle = {}
        """Sales that nobody bought at the price of then: they stay open until it is another."""
        self.chain.chain.on_block.append(
            lambda event: self.fills.extend(one.op for one in event.applied if isinstance(one.op, FillOrder))
        )
        super().__init__(**parameters)
        self.chain.borrow(WHALE, 9 * RICH // 10, RICH // 10, "USD")
        self.chain.transfer(WHALE, BUYER, RICH // 20, "USD")
        self.own = {asset: self.pool_holds(asset) for asset in ON_CHAIN}

    # --- the chain --------------------------------------------------------------------------------------------

    def feed(self, price_permille, **changes):
        """A price on the chain, what it does there, and then what the engine sees of it."""
        self.feed_values.update(changes)
        if price_permille is not None:
            self.price = price_permille
            values = {name: self.feed_values[name] for name in ("mcr", "mssr", "icr")}
            self.chain.feed(price_permille, 1000, "USD", **values)
        return self.see_feed(price_permille is not None)

    def see_feed(self, valid=True):
        """The feed as the chain has it, and the vaults after it."""
        feed = self.bitasset.current_feed
        price = (feed.settlement_price.base.amount, feed.settlement_price.quote.amount)
        values = {**self.feed_values, "expires": NEVER}
        out = self.put(FeedSeen(time=self.now, market="USD", price=price if valid else None, **values))
        self.sync()
        return out

    @property
    def bitasset(self):
        return self.chain.state.bitasset_of(self.chain.assets["USD"])

    def pool_holds(self, asset):
        return self.chain.balance("pool", ON_CHAIN[asset])

    def on_chain(self, vault):
        """Collateral and debt of a vault as the chain has them; None without a position."""
        return self.chain.position(vault, "USD")

    def holds(self, account, asset):
        return self.chain.balance(account, ON_CHAIN[asset])

    def buyers(self, price_permille, units=RICH // 10):
        """Somebody who offers bitasset for core asset at a price, as far as there is some."""
        units = min(units, self.holds(BUYER, "USD") * 1000 // price_permille)
        return self.chain.order(BUYER, (units * price_permille // 1000, "USD"), (units, "CORE"))

    def sync(self):
        """Report every vault that has no order under way, as the watcher does."""
        for vault in list(self.engine.book.vaults.values()):
            if vault.order is None and vault.account in self.chain.ids:
                self.see(vault.account)

    def see(self, account):
        position = self.engine.book.position("USD", account)
        if position is None:
            return
        seen = self.on_chain(account) or (0, 0)
        known = (0, 0) if position.state == "closed" else (position.chain_collateral, position.chain_debt)
        if seen != known:
            self.put(
                PositionSeen(
                    time=self.now, market="USD", account=account, collateral=seen[0], debt=seen[1], custody="vault"
                )
            )
        for asset in ("USD", "BTS"):  # the core asset last: what is left is counted once it is known
            units = self.holds(account, asset)
            known = self.engine.book.vaults[account].loose.get(asset, 0)
            if self.engine.book.vaults[account].order is None and (units != known or position.called):
                self.put(VaultBalance(time=self.now, account=account, asset=asset, units=units))

    # --- people -----------------------------------------------------------------------------------------------

    def deposit(self, account, amount, asset, ask=None, unreadable=None):
        if amount:
            self.chain.transfer(WHALE, "pool", amount, ON_CHAIN[asset])
        return super().deposit(account, amount, asset, ask, unreadable)

    def open(self, account, collateral, debt, work=True):
        """Open a vault's position; gives the vault's account."""
        self.deposit(account, collateral, "BTS", VaultOpen(market="USD", debt=debt))
        if work:
            self.work()
        return self.vault_of(account)

    def add(self, account, units, **more):
        return self.deposit(account, units, "BTS", VaultAdd(market="USD", **more))

    def pay(self, account, units, **more):
        return self.deposit(account, units, "USD", VaultPay(market="USD", **more))

    def draw(self, account, units, **more):
        return self.ask(account, VaultDraw(market="USD", amount=units, **more))

    def take(self, account, units, **more):
        return self.ask(account, VaultTake(market="USD", amount=units, **more))

    def close(self, account, units=0, **more):
        return self.deposit(account, units, "USD", VaultClose(market="USD", **more))

    def vault_of(self, account):
        held = [vault for vault in self.engine.book.vaults.values() if vault.holder == account]
        return [vault for vault in held if vault.state != "failed"][-1].account

    # --- carrying orders out ----------------------------------------------------------------------------------

    def orders(self, *kinds):
        """Open orders of some kinds, or of all but payouts."""
        opened = [order for order in self.engine.book.orders.values() if order.state == "open"]
        return [order for order in opened if (order.kind in kinds if kinds else order.kind != "payout")]

    def waiting(self, *kinds):
        """Open orders without sales that nobody buys at the present price."""
        return [order for order in self.orders(*kinds) if self.idle.get(order.number) != self.price]

    def tasks(self):
        """What the open orders are for."""
        return [order.task.name for order in self.orders()]

    def work(self, *kinds, most=30):
        """Carry out all orders, also those that follow; gives how many."""
        for count in range(most):
            orders = [one for one in self.waiting(*kinds) if one.kind != "vault_owner"]
            if not orders:
                return count
            self.carry_out(orders[0])
        raise AssertionError(f"the orders do not come to an end: {self.tasks()}")

    def carry_out(self, order):
        {"vault_open": self._make, "vault": self._transact, "sell": self._sell}[order.kind](order)
        self.sync()

    def fail(self, order, reason="the chain refused it"):
        self.put(OrderFailed(time=self.now, order=order.number, reason=reason))

    def done(self, order, fee=0):
        transaction = f"{order.number:040x}"
        self.put(OrderDone(time=self.now, order=order.number, fee_asset="BTS", fee=fee, transaction=transaction))

    def _make(self, order, sound=True):
        if order.account not in self.chain.ids:
            self.chain.account(order.account, core=0)
        self.done(order)
        self.put(VaultSeen(time=self.now, account=order.account, sound=sound, reason="" if sound else "another key"))

    def _operations(self, steps):
        ids, assets = self.chain.ids, self.chain.assets
        for step in steps:
            frm = f"1.2.{ids[step.frm or 'pool']}"
            if step.kind == "transfer":
                to = f"1.2.{ids[step.to or 'pool']}"
                what = amount(step.units, assets[ON_CHAIN[step.asset]])
                yield step, operation.parse([0, {"from": frm, "to": to, "amount": what}])
            else:
                call = self.chain.state.call_of.get((ids[step.frm], assets["USD"]))
                target = None if call is None else call.target_collateral_ratio
                change = {
                    "funding_account": frm,
                    "delta_collateral": amount(step.collateral),
                    "delta_debt": amount(step.debt, assets["USD"]),
                    "extensions": {} if target is None else {"target_collateral_ratio": target},
                }
                yield step, operation.parse([3, change])

    def _transact(self, order):
        made = [
            (step, op.replaced(fee=Asset(self.chain.state.fees.required(op), 0)))
            for step, op in self._operations(order.steps)
        ]
        of_vault = sum(op.fee.amount for step, op in made if step.frm)
        fee = sum(op.fee.amount for _, op in made)
        operations = [op for _, op in made]
        if of_vault:
            ids = self.chain.ids
            first = operation.parse(
                [0, {"from": f"1.2.{ids['pool']}", "to": f"1.2.{ids[order.account]}", "amount": amount(of_vault)}]
            )
            first = first.replaced(fee=Asset(self.chain.state.fees.required(first), 0))
            operations.insert(0, first)
            fee += first.fee.amount
        try:
            self.chain.send(*operations)
        except ChainError as error:
            self.chain.chain.drop_pending()
            self.fail(order, str(error)[:80])
            return
        self.done(order, fee)

    def _sell(self, order):
        """Offer it on the chain's market, take what is bought at once, and cancel the rest."""
        units, (bitasset, core) = order.units - order.filled, order.limit
        least = max(1, -(-units * bitasset // core))
        before = {asset: self.pool_holds(asset) for asset in ON_CHAIN}
        fills = len(self.fills)
        placed = self.chain.order("pool", (units, "CORE"), (least, "USD"))
        if self.chain.state.limit_orders.get(int(placed.split(".")[2])) is not None:
            self.chain.cancel("pool", placed)
        sold = sum(fill.pays.amount for fill in self.fills[fills:] if fill.order_id == placed)
        got = self.pool_holds("USD") - before["USD"]
        fee = before["BTS"] - self.pool_holds("BTS") - sold
        if not sold:
            self.idle[order.number] = self.price
            self.own["BTS"] -= fee  # trying is no order of the engine
            return
        report = {"units": sold, "got": got, "done": True, "fee_asset": "BTS", "fee": fee}
        self.put(OrderFilled(time=self.now, order=order.number, **report))

    # --- what must hold ---------------------------------------------------------------------------------------

    def audit(self):
        """Ledger and chain, to the last unit: the pool's account, and what lies in every vault."""
        ledger, book = self.engine.ledger, self.engine.book
        for asset in ON_CHAIN:
            assert self.pool_holds(asset) - self.own[asset] == -ledger.balance("outside", asset), asset
        placed = {"BTS": 0, "USD": 0}
        for position in book.positions.values():
            placed["BTS"] += position.placed_lp1 + position.buffer
            placed["USD"] += position.placed_lp2
            vault = book.vaults[position.account]
            if position.state != "closed" and vault.order is None:
                assert self.on_chain(position.account) == (position.chain_collateral, position.chain_debt)
        for asset, units in placed.items():
            assert units == -ledger.balance("vaults", asset), asset

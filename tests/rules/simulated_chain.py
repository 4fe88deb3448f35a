"""A chain that had adopted the rules (V-1, `protocol`), as small as can be: it carries orders out, in part or whole.

Nothing is assumed sold: what was carried out is told to the engine, first what it did to the position, then how much
of the order that was.
"""

from __future__ import annotations

from bsip_mplp.rules.inputs import OrderFilled, PositionSeen


class SimulatedChain:
    """One market's positions, and what its book of orders takes.

    `price` (bitasset, core) is what buyers of collateral pay, `depth` how much collateral they take (None: any).
    """

    def __init__(self, scene, price=(1, 1), depth=None):
        self.scene = scene
        self.price = price
        self.depth = depth

    def carry_out(self, number, most=None):
        """Carry an open order out, `most` units of it at most; gives the units carried out."""
        order = self.scene.engine.book.orders[number]
        left = order.units - order.filled
        units = left if most is None else min(most, left)
        return {"pay_debt": self._pay_debt, "close": self._close, "hand_over": self._hand_over}[order.kind](
            order, units
        )

    def carry_out_all(self, account):
        """Carry out all open orders for an account's position, also those that follow from them."""
        for _ in range(100):
            orders = self.scene.open_orders(account)
            if not orders:
                return
            if not self.carry_out(orders[0].number) and len(orders) == 1:
                return
        raise AssertionError("the orders for one position do not come to an end")

    def _pay_debt(self, order, units):
        position = self.scene.of(order.account)
        units = min(units, position.debt)
        debt = position.debt - units
        collateral = position.collateral
        self._seen(order.account, collateral, debt)
        self._filled(order, units, 0, done=units == 0 or debt == 0)
        return units

    def _close(self, order, units):
        """Sell at no less than the limit what buys the debt back, or as much as buyers take."""
        position = self.scene.of(order.account)
        bitasset, core = self.price
        if bitasset * order.limit[1] < order.limit[0] * core:
            return 0  # nobody pays the limit: the order stays open
        needed = -(-position.debt * core // bitasset)
        sold = min(units, needed, position.collateral, units if self.depth is None else self.depth)
        if self.depth is not None:
            self.depth -= sold
        got = min(position.debt, sold * bitasset // core)
        debt, collateral = position.debt - got, position.collateral - sold
        self._seen(order.account, collateral, debt)
        self._filled(order, sold, got, done=debt == 0 or order.filled + sold == order.units)
        return sold

    def _hand_over(self, order, units):
        self._seen(order.account, 0, 0)
        self._filled(order, units, 0, done=True)
        return units

    def _seen(self, account, collateral, debt):
        self.scene.put(
            PositionSeen(
                time=self.scene.now,
                market="USD",
                account=account,
                collateral=collateral,
                debt=debt,
                custody="protocol",
            )
        )

    def _filled(self, order, units, got, done):
        self.scene.put(OrderFilled(time=self.scene.now, order=order.number, units=units, got=got, done=done))

"""Bonds as units of an asset of the chain: PL-43."""

from fractions import Fraction
from math import ceil, floor

from .things import No, Order

CHAIN = "(chain)"
KINDS = ("bond_asset", "bond_issue", "bond_pay")


class OnChain:
    def pot(self, series):
        return f"bonds/{series.number}"

    def each(self, series):
        """What stands behind one unit: bonds, and money."""
        money = self.held(self.pot(series), series.market)
        return Fraction(series.holdings.get(CHAIN, 0), series.on_chain), Fraction(money, series.on_chain)

    def do_issue_bond(self, account, ask):
        series = self.series.get(ask.series)
        held = series.holdings.get(account, 0) if series else 0
        if not held:
            raise No("PL-43")
        if ask.asset not in (None, series.market):
            raise No("G-6")
        prefix = self.markets[series.market].par["bond_prefix"]
        wanted = held if ask.amount is None else ask.amount
        if prefix is None or wanted == 0 or wanted > held:
            raise No("PL-43")
        units, bonds, money = wanted, wanted, 0
        if series.on_chain:
            bond_each, money_each = self.each(series)
            units = floor(wanted / bond_each) if bond_each else 0
            if units == 0:
                raise No("PL-43")
            bonds, money = ceil(units * bond_each), ceil(units * money_each)
        if bonds < self.least_size(series.market):
            raise No("PL-D39")
        if series.on_chain + units > series.amount or money > self.held(f"free/{account}", series.market):
            raise No("PL-43")
        self.move(money, series.market, f"free/{account}", self.pot(series))
        self.fewer(series, account, bonds)
        series.holdings[CHAIN] = series.holdings.get(CHAIN, 0) + bonds
        series.on_chain += units
        if series.asset_made:
            self.send_units(series, account, units)
            return
        if not series.asset:
            series.asset = f"{prefix}{series.number}"
            self.bond_order(series, "bond_asset", account, series.amount)
        series.waiting.append((account, units))

    def send_units(self, series, account, units):
        kept = min(units, self.held(self.pot(series), series.asset))
        if kept:
            n = self.bond_order(series, "bond_pay", account, kept)
            self.move(kept, series.asset, self.pot(series), f"order/{n}")
        if units > kept:
            self.bond_order(series, "bond_issue", account, units - kept)

    def bond_order(self, series, kind, account, units):
        n = len(self.orders) + 1
        self.orders[n] = Order(n, kind, account, series.asset, units, series.market)
        return n

    def series_of_asset(self, asset):
        return next((series for series in self.series.values() if asset and series.asset == asset), None)

    def brought_back(self, item):
        """Whether a deposit is units of a series; they are kept, and who sent them has what stands behind them."""
        series = self.series_of_asset(item.asset)
        if series is None or not series.asset_made or not item.amount:
            return False
        if item.amount > series.on_chain:
            raise No("PL-43")
        self.move(item.amount, item.asset, f"free/{item.account}", self.pot(series))
        self.hand_over(series, item.account, item.amount)
        return True

    def hand_over(self, series, account, units):
        bond_each, money_each = self.each(series)
        bonds, money = floor(units * bond_each), floor(units * money_each)
        if bonds:
            self.fewer(series, CHAIN, bonds)
            series.holdings[account] = series.holdings.get(account, 0) + bonds
        self.move(money, series.market, self.pot(series), f"free/{account}")
        series.on_chain -= units

    def bond_report(self, item):
        """Whether what the chain says is of an order for bonds; then it is taken."""
        order = self.orders.get(item.order)
        if order is None or order.state != "open" or order.kind not in KINDS:
            return False
        series = self.series_of_asset(order.asset)
        if item.kind == "order_done":
            order.state, order.transaction = "done", item.transaction
            self.move(item.fee, item.fee_asset, "operator", "outside")
            if order.kind == "bond_pay":
                self.move(order.units, order.asset, f"order/{order.number}", "outside")
            if order.kind == "bond_asset":
                series.asset_made = True
                while series.waiting:
                    self.send_units(series, *series.waiting.pop(0))
            return True
        if item.kind == "order_filled":
            raise No("PL-43")
        order.state = "failed"
        if order.kind == "bond_asset":
            series.asset = ""
            while series.waiting:
                self.hand_over(series, *series.waiting.pop(0))
            return True
        if order.kind == "bond_pay":
            self.move(order.units, order.asset, f"order/{order.number}", self.pot(series))
        if series.on_chain:  # more of it may have come back than an order that failed can have left there
            self.hand_over(series, order.account, min(order.units, series.on_chain))
        return True

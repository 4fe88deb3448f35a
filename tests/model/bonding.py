"""Bonds, black positions, debts paid down, dividends: PL-34, PL-36 to PL-43, PL-D25 to PL-D35, PL-D51."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from .on_chain import CHAIN, KINDS, OnChain
from .things import DAY, No

WEEK, YEAR = 7 * DAY, 365 * DAY


@dataclass
class Series:
    number: int
    market: str
    amount: int
    opened: int
    window_ends: int
    coupon: Fraction
    forced: str
    sold: int = 0
    on_offer: bool = True
    holdings: dict = field(default_factory=dict)
    accrued: Fraction = Fraction(0)
    accrued_to: int = 0
    redeemed: int = 0
    coupon_paid: int = 0
    gone: bool = False
    asset: str = ""
    asset_made: bool = False
    on_chain: int = 0
    waiting: list = field(default_factory=list)


@dataclass
class Offer:
    number: int
    series: int
    seller: str
    to: str
    units: int
    price: int
    state: str = "open"


class Bonding(OnChain):
    # --- what the fund owes and has -------------------------------------------------------------------------------

    def above_reserve(self, m):
        return max(0, self.held(f"fund/{m.name}", m.name) - m.par["insurance_reserve"][1])

    def owed_for(self, m, p):
        """PL-D35: what is owed for one position, in the bitasset, each part converted by itself."""
        parts = [(loan.interest_asset, self.lenders_part(loan, t)) for loan in self.live(p) for t in loan.unpaid]
        parts += [
            (claim.asset, claim.units)
            for claim in self.claims.values()
            if (claim.market, claim.account) == (p.market, p.account) and claim.paid is None
        ]
        return sum(units if asset == m.name else ceil(units * self.price_now(m.name)) for asset, units in parts)

    def owed_by_fund(self, m):
        """PL-D62: in the bitasset, core at the feed rounded up; of the whole market."""
        owed = {m.core: 0, m.name: 0}
        for claim in self.claims.values():
            if claim.market == m.name and claim.paid is None:
                owed[claim.asset] += claim.units
        for other in self.carried(m):
            for loan in self.live(other):
                for terms in loan.unpaid:
                    owed[loan.interest_asset] += self.lenders_part(loan, terms)
        in_core = owed[m.core]
        return owed[m.name] + (ceil(in_core * self.price_now(m.name)) if in_core else 0)

    def owes_interest(self, p):
        return any(loan.unpaid for loan in self.live(p)) or any(
            (claim.market, claim.account) == (p.market, p.account) and claim.paid is None
            for claim in self.claims.values()
        )

    def by_lowest_cr(self, m):
        return sorted(
            self.carried(m),
            key=lambda p: (Fraction(p.collateral, p.debt) if p.debt else 10**30, p.number),
        )

    def ordered_debt(self, p):
        """PL-D33: what stands in open orders to pay a debt counts as paid."""
        return sum(
            order.units - order.filled
            for order in self.orders.values()
            if order.state == "open"
            and order.kind in ("pay_debt", "hand_over")
            and (order.market, order.account) == (p.market, p.account)
        )

    def lacking(self, m):
        """PL-D32, by account; nothing in books custody (PL-D25)."""
        feed, left, found = m.last_valid, self.above_reserve(m), {}
        for p in self.by_lowest_cr(m):
            if p.custody == "books" or feed is None:
                continue
            short = max(0, p.debt - self.ordered_debt(p) - floor(p.collateral * feed.price / feed.mssr))
            found[p.account] = max(0, short - left)
            left = max(0, left - short)
        return found

    # --- serving: PL-40 -------------------------------------------------------------------------------------------

    def serve(self, m):
        self.use_risk_fund(m)
        self.pay_what_is_owed(m)
        self.redeem_from_income(m)
        self.pay_debts(m)
        lacking = self.lacking(m)
        for p in self.by_lowest_cr(m):
            if p.state == "black" and not lacking.get(p.account) and not self.owes_interest(p):
                self.set_state(p, "carried", "PL-38")
        self.issue(m)

    def pay_what_is_owed(self, m, only=None):
        for claim in self.claims.values():
            if claim.market == m.name and claim.paid is None and only in (None, self.positions[m.name, claim.account]):
                paid = self.pay_from_fund(m, claim.asset, claim.units, f"free/{claim.lender}")
                if paid is not None:
                    claim.paid = self.now
        owing = [loan for p in self.carried(m) if only in (None, p) for loan in self.live(p) if loan.unpaid]
        for loan in sorted(owing, key=lambda x: (x.unpaid[0].due, x.number)):
            self.fund_pays(m, loan)

    def pay_debts(self, m):
        """PL-34, PL-D27: lowest CR first, by the least that makes CR > LMCR."""
        if not m.valid:
            return
        for p in self.by_lowest_cr(m):
            if p.custody == "books":
                continue
            debt = p.debt - self.ordered_debt(p)
            most = ceil(p.collateral * m.feed.price / m.ratio("lmcr")) - 1
            units = min(debt - max(0, most), self.above_reserve(m))
            if units > 0:
                self.order(p, "pay_debt", m.name, units, f"fund/{m.name}")

    # --- bonds ----------------------------------------------------------------------------------------------------

    def standing(self, m):
        """Series on offer or outstanding, the oldest first."""
        return [series for series in self.series.values() if series.market == m.name and not series.gone]

    def issue(self, m):
        """PL-37, PL-D33, PL-D51."""
        failed, m.failed = m.failed, False
        if any(series.on_offer for series in self.standing(m)):
            return
        lacking = self.lacking(m)
        short = any(p.state == "carried" and lacking.get(p.account) for p in self.carried(m))
        owed = self.owed_by_fund(m) if failed or short else 0
        if not (failed and owed) and not short:
            return
        price = m.last_valid.price
        has = self.held(f"fund/{m.name}", m.name) + floor(self.held(f"fund/{m.name}", m.core) * price)
        debts = sum(p.debt - self.ordered_debt(p) for p in self.carried(m) if p.custody != "books")
        amount = max(debts + owed - has, owed)
        if amount <= 0:
            return
        n, ends = len(self.series) + 1, self.now + m.par["bond_window"]
        self.series[n] = Series(
            n, m.name, amount, self.now, ends, m.par["bond_coupon"], m.par["bond_forced"], accrued_to=ends
        )

    def do_buy_bond(self, account, ask, asset, units):
        series = self.series.get(ask.series)
        if series is None or not series.on_offer or asset != series.market:
            raise No("PL-37")
        self.spend(account, asset, units, "PL-37")
        units = min(units, series.amount - series.sold)
        if not units:
            raise No("PL-37")
        self.sell(series, f"free/{account}", account, units)

    def sell(self, series, source, holder, units):
        self.move(units, series.market, source, f"fund/{series.market}")
        series.sold += units
        series.holdings[holder] = series.holdings.get(holder, 0) + units

    def window_ends(self, series):
        """PL-38, PL-D32, PL-D61."""
        m = self.markets[series.market]
        if series.forced == "compulsory" and series.sold < series.amount:
            self.exchange(m, series)
        series.on_offer = False
        series.gone = not self.outstanding(series)
        self.pay_what_is_owed(m)
        self.pay_debts(m)
        lacking = self.lacking(m) if series.sold < series.amount else {}
        for p in self.by_lowest_cr(m):
            if p.state == "carried" and (lacking.get(p.account) or self.owes_interest(p)):
                self.set_state(p, "black", "PL-38")

    def exchange(self, m, series):
        """PL-39, compulsory: from all bitasset in peer pools, by share."""
        pools = [pool for pool in self.pools.values() if pool.asset == m.name]
        sizes = [pool.available + pool.lent for pool in pools]
        wanted = min(series.amount - series.sold, sum(sizes))
        if not wanted:
            return
        parts = [wanted * size // sum(sizes) for size in sizes]
        parts[max(range(len(sizes)), key=lambda i: (sizes[i], -i))] += wanted - sum(parts)
        for pool, units in zip(pools, parts, strict=True):
            for loan in reversed(self.live()):
                if loan.pool == pool.number and pool.available < units:
                    self.end(loan, "PL-39", min(units - pool.available, loan.principal))
            if units:
                pool.available -= units
                self.sell(series, f"pool/{pool.number}/available", pool.owner, units)

    def outstanding(self, series):
        return series.sold - series.redeemed

    def accrue(self, series):
        if self.now > series.accrued_to:
            years = Fraction(self.now - series.accrued_to, YEAR)
            series.accrued += self.outstanding(series) * series.coupon * years
            series.accrued_to = self.now

    def redeem_from_income(self, m):
        """PL-39, PL-D34."""
        units, m.fresh = min(m.fresh, self.above_reserve(m)), 0
        for series in self.standing(m):
            if series.on_offer or units <= 0:
                continue
            self.accrue(series)
            coupon = min(units, ceil(series.accrued))
            series.accrued = max(Fraction(0), series.accrued - coupon)
            series.coupon_paid += coupon
            self.pay_holders(series, coupon)
            principal = min(units - coupon, self.outstanding(series))
            for holder, part in self.pay_holders(series, principal).items():
                self.fewer(series, holder, part)
            series.redeemed += principal
            units -= coupon + principal
            self.maybe_gone(series)

    def maybe_gone(self, series):
        series.gone = series.gone or (not series.on_offer and not self.outstanding(series))

    def pay_holders(self, series, units):
        total = sum(series.holdings.values())
        if not units or not total:
            return {}
        parts = {holder: units * held // total for holder, held in series.holdings.items()}
        left = units - sum(parts.values())
        for holder in sorted(series.holdings, key=lambda name: -series.holdings[name])[:left]:
            parts[holder] += 1
        for holder, part in parts.items():
            target = self.pot(series) if holder == CHAIN else f"free/{holder}"
            self.move(part, series.market, f"fund/{series.market}", target)
        return parts

    def fewer(self, series, holder, units):
        series.holdings[holder] -= units
        if not series.holdings[holder]:
            del series.holdings[holder]

    def do_redeem(self, account, ask):
        series = self.series.get(ask.series)
        held = series.holdings.get(account, 0) if series else 0
        if not held:
            raise No("PL-39")
        if ask.asset is not None and ask.asset != series.market:
            raise No("G-6")
        units = held if ask.amount is None else ask.amount
        fund = f"fund/{series.market}"
        if series.forced != "option" or not 1 <= units <= held or units > self.held(fund, series.market):
            raise No("PL-39")
        self.accrue(series)
        self.move(units, series.market, fund, f"free/{account}")
        self.fewer(series, account, units)
        series.redeemed += units
        self.maybe_gone(series)

    def do_pass_bond(self, account, ask):
        series = self.series.get(ask.series)
        held = series.holdings.get(account, 0) if series else 0
        if not 1 <= ask.amount <= held:
            raise No("PL-43")
        if ask.asset is not None and ask.asset != series.market:
            raise No("G-6")
        if ask.to == account:
            raise No("PL-43")
        n = len(self.offers) + 1
        self.offers[n] = Offer(n, series.number, account, ask.to, ask.amount, ask.price)

    def do_take_bond(self, account, ask):
        offer = self.offers.get(ask.offer)
        if offer is None or offer.state != "open" or offer.to != account:
            raise No("PL-43")
        series = self.series[offer.series]
        if series.holdings.get(offer.seller, 0) < offer.units:
            raise No("PL-43")
        if self.held(f"free/{account}", series.market) < offer.price:
            raise No("PL-43")
        self.move(offer.price, series.market, f"free/{account}", f"free/{offer.seller}")
        self.fewer(series, offer.seller, offer.units)
        series.holdings[account] = series.holdings.get(account, 0) + offer.units
        offer.state = "taken"

    def do_keep_bond(self, account, ask):
        offer = self.offers.get(ask.offer)
        if offer is None or offer.state != "open" or offer.seller != account:
            raise No("PL-43")
        offer.state = "kept"

    # --- dividends: PL-41, PL-D31 ---------------------------------------------------------------------------------

    def time_passes(self, to):
        """Amount × seconds of all that is locked, up to a time."""
        if to > self.now:
            for loan in self.live():
                key = (loan.market, loan.lender, loan.asset)
                self.weights[key] = self.weights.get(key, 0) + loan.principal * (to - self.now)
        self.now = max(self.now, to)

    def dividend(self, m):
        m.dividends += 1
        weights = {}
        for (market, lender, asset), weight in list(self.weights.items()):
            if market == m.name:
                del self.weights[market, lender, asset]
                worth = weight * (1 if asset == m.name else m.last_valid.price)
                weights[lender] = weights.get(lender, 0) + worth
        total, target = sum(weights.values()), m.par["dividend_target"]
        black = any(p.state == "black" for p in self.carried(m))
        if target is None or black or self.standing(m) or not total:
            return
        for asset, kept in ((m.core, target[0]), (m.name, target[1])):
            units = max(0, self.held(f"fund/{m.name}", asset) - kept)
            for lender, weight in weights.items():
                self.move(floor(units * weight / total), asset, f"fund/{m.name}", f"free/{lender}")

    # --- orders for positions in protocol custody -----------------------------------------------------------------

    def take_order_filled(self, item):
        if self.bond_report(item):
            return
        order = self.orders.get(item.order)
        if order is None or order.state != "open" or order.kind == "payout":
            raise No("G-6")
        units = min(item.units, order.units - order.filled)
        order.filled += units
        purse = f"order/{order.number}"
        if order.kind != "close":
            self.move(units, order.asset, purse, "outside")
            if item.done:
                back = f"free/{order.to}" if order.kind == "hand_over" else f"fund/{order.market}"
                self.move(self.held(purse, order.asset), order.asset, purse, back)
        if item.done or order.filled == order.units:
            order.state = "done"

    def do_close_black(self, account, ask):
        """PL-38, PL-D35."""
        m, p = self.markets.get(ask.market), self.positions.get((ask.market, ask.position))
        if m is None or p is None or p.state != "black":
            raise No("PL-38")
        if p.custody == "books":
            raise No("PL-D35")
        if self.open_orders(p):
            raise No("PL-38")
        owed = self.owed_for(m, p)
        if self.held(f"free/{account}", m.name) < owed + p.debt:
            raise No("PL-D35")
        self.move(owed, m.name, f"free/{account}", f"fund/{m.name}")
        self.pay_what_is_owed(m, only=p)
        self.order(p, "hand_over", m.name, p.debt, f"free/{account}", to=account)

    def open_orders(self, p):
        return [
            order
            for order in self.orders.values()
            if order.kind not in ("payout", *KINDS)
            and order.state == "open"
            and (order.market, order.account) == (p.market, p.account)
        ]

"""Carrying and the two funds in the model: PL-33 to PL-36, PL-D25 to PL-D30, PL-D36, PL-D38, PL-D54, PL-D55, PL-D60."""

from math import ceil, floor

from .auctioning import days_begun
from .things import Claim, No, Terms

CARRIED = ("carried", "black")


class Carrying:
    # --- what comes in --------------------------------------------------------------------------------------------

    def income(self, m, asset, units):
        """PL-35, PL-D29: the risk fund's share of income that is in the insurance fund already."""
        share = floor(units * m.par["risk_share"])
        self.move(share, asset, f"fund/{m.name}", f"risk/{m.name}")
        if asset == m.name:
            m.fresh += units - share

    def do_insure(self, account, ask, asset, units):
        m = self.markets.get(ask.market)
        if m is None or asset not in (m.name, m.core):
            raise No("PL-42")
        self.spend(account, asset, units, "PL-42")
        self.move(units, asset, f"free/{account}", f"{'risk' if ask.fund == 'risk' else 'fund'}/{m.name}")
        if ask.fund != "risk":
            self.income(m, asset, units)

    # --- carrying -------------------------------------------------------------------------------------------------

    def carried(self, m):
        return [p for p in self.positions.values() if p.market == m.name and p.state in CARRIED]

    def carry(self, p, rule):
        """PL-33, PL-49; what fell due before is judged and paid now (PL-D55)."""
        m = self.markets[p.market]
        self.end_protections(p)
        p.holds.clear()
        self.set_state(p, "carried", rule)
        self.use_risk_fund(m)
        before = [loan for loan in self.live(p) if loan.unpaid]
        self.judge_carried(p, {loan.number: loan.unpaid[-1] for loan in before})
        self.send_home(p)
        for loan in sorted(before, key=lambda x: (x.unpaid[0].due if x.unpaid else 0, x.number)):
            if loan.goes_home == loan.principal:
                loan.unpaid.clear()
            elif loan.ended is None:
                self.set_interest_due(loan)
                self.fund_pays(m, loan)
        for loan in self.live(p):
            if loan.unpaid:
                m.failed = True

    def send_home(self, p):
        """PL-D55: what is unneeded and whose paid time is over goes at once, with days begun owed (PL-D60)."""
        for loan in self.live(p):
            if loan.goes_home and loan.home_at < self.now:
                self.part_goes_home(loan)

    def use_risk_fund(self, m):
        """PL-35, PL-D30."""
        for loan in list(self.live()):
            p = self.position_of(loan)
            if loan.market != m.name or p.state not in CARRIED:
                continue
            units = min(loan.principal, self.held(f"risk/{m.name}", loan.asset))
            if units:
                self.move(units, loan.asset, f"risk/{m.name}", f"risk_lent/{m.name}")
                if loan.asset == m.name:
                    p.risk_lp2 += units
                else:
                    p.risk_lp1 += units
                self.end(loan, "PL-35", units)

    def give_back_risk(self, p):
        m = self.markets[p.market]
        self.move(p.risk_lp1, m.core, f"risk_lent/{m.name}", f"risk/{m.name}")
        self.move(p.risk_lp2, m.name, f"risk_lent/{m.name}", f"risk/{m.name}")
        p.risk_lp1 = p.risk_lp2 = 0

    def lenders_part(self, loan, terms):
        """PL-D26: no cut."""
        units = self.interest_of(loan, terms)
        return units - floor(units * self.markets[loan.market].par["i2"])

    def fund_pays(self, m, loan):
        """PL-34: all periods owed, the oldest first, each in full or not at all."""
        while loan.unpaid:
            terms = loan.unpaid[0]
            units = self.lenders_part(loan, terms)
            paid = self.pay_from_fund(m, loan.interest_asset, units, f"free/{loan.lender}")
            if paid is None:
                return False
            self.earned(loan, loan.interest_asset, units)
            loan.unpaid.pop(0)
            self.period_is_paid(loan, terms)
        return True

    def pay_from_fund(self, m, asset, units, to):
        """In the asset due, and what lacks of it in the other; gives what was paid, or None."""
        fund, other = f"fund/{m.name}", m.name if asset == m.core else m.core
        in_kind = min(units, self.held(fund, asset))
        lacking = units - in_kind
        in_other = 0
        if lacking:
            price = self.price_now(m.name)
            in_other = ceil(lacking * price) if asset == m.core else ceil(lacking / price)
        if in_other > self.held(fund, other):
            return None
        self.move(in_kind, asset, fund, to)
        self.move(in_other, other, fund, to)
        return {asset: in_kind, **({other: in_other} if in_other else {})}

    def judge_carried(self, p, terms):
        """PL-D38, PL-D54, PL-D55: `terms` of the loans that are judged; dearest first, the newest at a tie."""
        m, feed = self.markets[p.market], self.feed_of(p)
        loans = [self.loans[n] for n, t in terms.items() if isinstance(t, Terms) and not self.loans[n].goes_home]
        for loan in sorted(loans, key=lambda loan: (-terms[loan.number].rate, -loan.number)):
            if terms[loan.number].rate > m.par["carry_rate"]:
                units = loan.principal
            elif feed is None:
                units = 0
            else:
                units = self.unneeded(p, loan, feed, terms)
            if units:
                self.goes_home(loan, units, "PL-D55")

    def owe_days(self, loan, units):
        """PL-D60: days begun after the paid time, of a loan that ends while its position is carried."""
        p, m = self.position_of(loan), self.markets[loan.market]
        days = days_begun(loan.paid_until, self.now)
        if not days:
            return
        rate = min(loan.rate, m.par["carry_rate"])
        due = self.interest(m.name, loan.asset, units, rate, days, loan.interest_asset)
        due -= floor(due * m.par["i2"])
        if due:
            n = len(self.claims) + 1
            self.claims[n] = Claim(n, m.name, p.account, loan.number, loan.lender, loan.interest_asset, due, self.now)

    def look_carried(self, p, feed):
        """PL-36: sold and closed; in books custody (PL-D25) the holder has the position again."""
        if not self.cr(p, feed) > self.markets[p.market].ratio("lmcr"):
            return False
        if p.custody != "books":
            if all(order.kind == "pay_debt" for order in self.open_orders(p)):
                m = self.markets[p.market]
                limit = (m.pair[0] * 1000, m.pair[1] * int(feed.mssr * 1000))
                self.order(p, "close", m.core, p.collateral, limit=limit)
            return False
        for loan in self.live(p):
            self.end(loan, "PL-36")
        self.give_back_risk(p)
        self.set_state(p, "free", "PL-36")
        return True

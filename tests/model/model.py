"""The rules of peer lending, written plainly from the specification: it looks at everything at every step.

It takes the engine's inputs and keeps a state that can be compared with the engine's. It shares no rule with it.
"""

from fractions import Fraction
from math import ceil, floor

from bsip_mplp.rules.inputs import Borrow

from .auctioning import IN_AUCTION, Auctioning
from .bonding import WEEK, Bonding
from .carrying import CARRIED, Carrying
from .things import DAY, DEFAULTS, Feed, Hold, Loan, Market, No, Order, Pool, Position, Protection, Terms

EXPIRY, HOLDS, CURES, ROUNDS, INTEREST, ENDS, WINDOWS, DIVIDENDS = range(8)  # G-7, PL-D10, PL-D44, PL-D56
HOLD_ORDER = ("takeover", "auction", "floor")


class Model(Auctioning, Carrying, Bonding):
    def __init__(self):
        self.now = 0
        self.money = {}
        self.assets = {}
        self.markets = {}
        self.pools = {}
        self.loans = {}
        self.positions = {}
        self.protections = {}
        self.orders = {}
        self.auctions = {}
        self.bids = {}
        self.claims = {}
        self.series = {}
        self.offers = {}
        self.weights = {}
        self.refused = []

    # --- money ----------------------------------------------------------------------------------------------------

    def held(self, account, asset):
        return self.money.get((account, asset), 0)

    def move(self, units, asset, source, target):
        assert units >= 0, (units, asset, source, target)
        for account, change in ((source, -units), (target, units)):
            after = self.held(account, asset) + change
            assert after >= 0 or account in ("outside", "operator"), (account, asset, after)
            self.money[account, asset] = after

    # --- time: G-7 ------------------------------------------------------------------------------------------------

    def apply(self, item):
        """Take one input; gives (account, rule) of what was refused."""
        self.refused = []
        time = max(item.time, self.now)
        self.work_off(time)
        self.time_passes(time)
        try:
            getattr(self, "take_" + item.kind)(item)
        except No as no:
            self.refused.append((getattr(item, "account", "operator"), str(no)))
        self.after()
        self.work_off(time)
        return self.refused

    def work_off(self, time):
        while True:
            due = [entry for entry in self.due() if entry[0][0] <= time]
            if not due:
                return
            (when, *_), do = min(due, key=lambda entry: entry[0])
            self.time_passes(when)
            do()
            self.after()

    def after(self):
        """What follows from anything that happened: every position is looked at, every fund pays what it can."""
        before = None
        while before != self.money:
            before = dict(self.money)
            self.look()
            for m in self.markets.values():
                self.serve(m)

    def due(self):
        """All that falls due some day: ((time, kind, order...), what to do)."""
        for m in self.markets.values():
            if m.feed is not None and not m.expired:
                yield (m.feed.expires, EXPIRY, m.number), lambda m=m: self.expire(m)
        for p in self.positions.values():
            for name, hold in p.holds.items():
                if hold.since is not None:
                    when = hold.since + hold.remaining
                    key = (when, CURES, p.number) if name == "cure" else (when, HOLDS, p.number, HOLD_ORDER.index(name))
                    yield key, lambda p=p, name=name: self.held_long_enough(p, name)
        for auction in self.auctions.values():
            if auction.ended is None:
                key = (self.round_close(auction), ROUNDS, auction.number)
                yield key, lambda auction=auction: self.round_closes(auction)
        for loan in self.live():
            n, state = loan.number, self.position_of(loan).state
            if loan.goes_home < loan.principal and (not loan.unpaid or state in CARRIED):
                yield (loan.interest_due, INTEREST, n), lambda loan=loan: self.interest_falls_due(loan)
            if loan.goes_home:
                yield (loan.home_at, ENDS, n), lambda loan=loan: self.part_goes_home(loan)
            if loan.unpaid and state == "protected" and not loan.tried:
                yield (loan.end_at, ENDS, n), lambda loan=loan: self.unpaid_ends(loan)

        for series in self.series.values():
            if series.on_offer:
                yield (series.window_ends, WINDOWS, series.number), lambda series=series: self.window_ends(series)
        for m in self.markets.values():
            yield (m.opened + (m.dividends + 1) * WEEK, DIVIDENDS, m.number), lambda m=m: self.dividend(m)

    def next_due(self):
        return min((key[0] for key, _ in self.due()), default=None)

    # --- looking at things ----------------------------------------------------------------------------------------

    def live(self, p=None):
        return [
            loan
            for loan in self.loans.values()
            if loan.ended is None and (p is None or (loan.market, loan.account) == (p.market, p.account))
        ]

    def position_of(self, loan):
        return self.positions[loan.market, loan.account]

    def long_loans(self, p):
        return [loan for loan in self.live(p) if loan.long]

    def lp1(self, p):
        core = self.markets[p.market].core
        return p.risk_lp1 + sum(loan.principal for loan in self.live(p) if loan.asset == core)

    def lp2(self, p):
        return p.risk_lp2 + sum(loan.principal for loan in self.live(p) if loan.asset == p.market)

    def feed_of(self, p):
        """The valid feed of a position's market, or None: nothing is decided by a ratio then (PL-47)."""
        m = self.markets[p.market]
        return m.feed if m.valid else None

    def cr(self, p, feed):
        return p.collateral * feed.price / p.debt

    def lcr(self, p, feed, more1=0, more2=0):
        return (p.collateral + self.lp1(p) + more1) * feed.price / (p.debt - self.lp2(p) - more2)

    def least_size(self, asset):
        return max(1, self.assets[asset][1])

    def set_state(self, p, state, rule):
        if p.state != state:
            p.state, p.rule = state, rule

    def look(self):
        """PL-26, PL-D11: every position, after everything that happened."""
        for p in self.positions.values():
            changed = True
            while changed:
                changed = self.look_once(p)

    def look_once(self, p):
        feed = self.feed_of(p)
        long = bool(self.long_loans(p))  # PL-D13
        if p.state in IN_AUCTION and not long:
            self.no_long_loan_left(p)
            return True
        if not long:
            p.holds.clear()
        if feed is None:
            for hold in p.holds.values():  # PL-D59: the time stands still
                if hold.since is not None:
                    hold.remaining -= max(0, self.now - hold.since)
                    hold.since = None
            return self.try_cure(p)
        if p.state == "closed":
            return False
        if p.state in CARRIED:
            return self.look_carried(p, feed)
        under_mcr = self.lcr(p, feed) < feed.mcr
        in_auction = p.state in IN_AUCTION
        self.trigger(p, "takeover", long and p.state != "taken_over" and self.cr(p, feed) < feed.mssr)
        self.trigger(p, "auction", long and not in_auction and under_mcr)
        floor_ratio = Fraction(self.markets[p.market].par["auction_floor"], 1000)
        self.trigger(p, "floor", in_auction and self.cr(p, feed) < floor_ratio)
        if p.state != "in_auction" or under_mcr:
            p.cure_held = False
        self.trigger(p, "cure", p.state == "in_auction" and not under_mcr and not p.cure_held)
        return self.try_cure(p) or self.end_shorts(p, feed)

    def trigger(self, p, name, true):
        """PL-25: what must hold without a break; PL-D12: not during the rest after a win."""
        start = max(self.now, p.rest_until if name in ("takeover", "auction") else 0)
        if not true:
            p.holds.pop(name, None)
        elif name not in p.holds:
            p.holds[name] = Hold(self.markets[p.market].par["trigger_hold"], start)
        elif p.holds[name].since is None:
            p.holds[name].since = start

    def held_long_enough(self, p, name):
        del p.holds[name]
        if name == "auction":
            self.open_auction(p, "in_auction", "PL-22")
        elif name == "takeover" and p.state == "protected":
            self.open_auction(p, "taken_over", "PL-23")
        elif name == "takeover":
            p.holds.pop("cure", None)
            p.cure_held = False
            self.set_state(p, "taken_over", "PL-23")
        elif name == "floor":
            self.close_auction(p, "PL-49")
            self.carry(p, "PL-49")
        else:
            p.cure_held = True

    def end_shorts(self, p, feed):
        """PL-17, PL-18 with PL-D41 and PL-D57; says whether any ended."""
        m = self.markets[p.market]
        for loan in self.live(p):
            if loan.long:
                continue
            if self.cr(p, feed) < m.ratio("lmcr"):
                self.end(loan, "PL-17")
                return True
            if self.lcr(p, feed) < max(min(loan.floor, m.floor(feed)), feed.mcr):
                self.end(loan, "PL-18")
                return True
        return False

    # --- ends of loans --------------------------------------------------------------------------------------------

    def end(self, loan, rule, units=None):
        """The principal, or `units` of it, is available again in its pool."""
        units = loan.principal if units is None else units
        pool = self.pools[loan.pool]
        self.move(units, loan.asset, f"pool/{pool.number}/lent", f"pool/{pool.number}/available")
        pool.lent -= units
        pool.available += units
        p = self.position_of(loan)
        if p.state in IN_AUCTION + CARRIED:
            self.owe_days(loan, units)
        if units < loan.principal:
            loan.principal -= units
            loan.goes_home = min(loan.goes_home, loan.principal)
            return
        loan.ended, loan.ended_by = self.now, rule
        p.last_end = rule
        if not self.live(p):
            p.shrunk = False
            if p.state == "protected":
                self.set_state(p, "free", rule)

    def part_goes_home(self, loan):
        units, loan.goes_home = loan.goes_home, 0
        self.end(loan, loan.home_rule, units)
        waits = loan.ended is None and loan.unpaid and not loan.tried and loan.end_at <= self.now
        if waits and self.position_of(loan).state == "protected":
            self.unpaid_ends(loan)

    def unpaid_ends(self, loan):
        loan.tried = True
        if not self.take_interest(loan):  # PL-D8: once more when the paid time ends
            self.end(loan, "PL-21" if loan.long else "PL-17")

    def judge_home(self, first):
        """PL-D54, PL-D55: of a position seen smaller, with LCR over the cap, what MCR does not need goes home.

        Judged when interest falls due, for all whose interest falls due in that second, dearest first.
        """
        p = self.position_of(first)
        feed, carried = self.feed_of(p), p.state in CARRIED
        if first.home_judged == self.now or not (carried or (p.state == "protected" and p.shrunk and feed is not None)):
            return
        group = [
            x
            for x in self.live(p)
            if x.interest_due <= self.now and (carried or not x.unpaid) and x.goes_home < x.principal
        ]
        for loan in group:
            loan.home_judged = self.now
        if not carried and not self.lcr(p, feed) > self.markets[p.market].cap(feed):
            return
        terms = {loan.number: self.coming_terms(loan) for loan in group}
        if carried:
            self.judge_carried(p, terms)
            self.send_home(p)
            return
        group = [loan for loan in group if not isinstance(terms[loan.number], str) and not loan.goes_home]
        for loan in sorted(group, key=lambda loan: (-terms[loan.number].rate, -loan.number)):
            units = self.unneeded(p, loan, feed, terms)
            if units:
                self.goes_home(loan, units, "PL-D54")

    def unneeded(self, p, loan, feed, terms):
        """How much of a loan can go while what stays still holds LCR ≥ MCR."""
        leaving = {x.number: x.principal if isinstance(terms.get(x.number), str) else x.goes_home for x in self.live(p)}
        less1 = sum(units for n, units in leaving.items() if self.loans[n].asset != p.market)
        less2 = sum(units for n, units in leaving.items() if self.loans[n].asset == p.market)
        assets, debt = p.collateral + self.lp1(p) - less1, p.debt - self.lp2(p) + less2
        if loan.asset == p.market:
            spare = floor(assets * feed.price / feed.mcr - debt)
        else:
            spare = floor(assets - feed.mcr * debt / feed.price)
        return max(0, min(spare, loan.principal))

    def goes_home(self, loan, units, rule):
        loan.goes_home, loan.home_rule, loan.home_at = units, rule, loan.end_at

    # --- interest -------------------------------------------------------------------------------------------------

    def price_now(self, market):
        """PL-D4: the last valid price, to convert by."""
        return self.markets[market].last_valid.price

    def interest(self, market, asset, principal, rate, days, interest_asset):
        """G-3, PL-4."""
        units = ceil(principal * rate * days / 365)
        if interest_asset != asset:
            units = ceil(units / self.price_now(market))
        return units

    def pay(self, loan, units):
        """PL-10, PL-D5: interest from the borrower's prepaid balance."""
        asset, m = loan.interest_asset, self.markets[loan.market]
        cut = floor(units * m.par["i2"])
        self.move(cut, asset, f"prepaid/{loan.borrower}", f"fund/{loan.market}")
        self.move(units - cut, asset, f"prepaid/{loan.borrower}", f"free/{loan.lender}")
        self.earned(loan, asset, units - cut)
        self.income(m, asset, cut)

    def earned(self, loan, asset, units):
        pool = self.pools[loan.pool]
        pool.earned[asset] = pool.earned.get(asset, 0) + units

    def coming_terms(self, loan):
        """What the period after the paid (or owed) time would be (PL-6, PL-7, PL-D6), or why there is none."""
        until = self.covered_until(loan)
        ends = loan.term_ends + sum(terms.term_days for terms in loan.unpaid if terms.new_term) * DAY
        last = loan.unpaid[-1] if loan.unpaid else loan
        due = loan.interest_due
        if until < ends:
            return Terms(last.rate, last.term_days, last.period_days, False, due)
        pool, m = self.pools[loan.pool], self.markets[loan.market]
        if not pool.renews or (pool.term_days >= m.par["long_term_days"]) != loan.long:
            return "PL-6"
        p = self.position_of(loan)
        feed = self.feed_of(p)
        if not loan.long and feed is not None and self.lcr(p, feed) < m.floor(feed):
            return "PL-D58"
        return Terms(pool.rate, pool.term_days, pool.period_days, True, due)

    def interest_falls_due(self, loan):
        self.judge_home(loan)
        p = self.position_of(loan)
        if loan.ended is not None:
            return
        if loan.goes_home == loan.principal:
            if p.state in CARRIED:
                loan.unpaid.clear()
            return
        terms = self.coming_terms(loan)
        if isinstance(terms, str):
            self.goes_home(loan, loan.principal, terms)
            loan.home_at = max(self.now, self.covered_until(loan))
            return
        loan.unpaid.append(terms)
        if p.state in CARRIED:
            self.set_interest_due(loan)
            if not self.fund_pays(self.markets[p.market], loan):
                self.markets[p.market].failed = True
        elif p.state == "protected" and not self.take_interest(loan):
            self.missed(loan)

    def interest_of(self, loan, terms):
        begins = loan.paid_until
        for earlier in loan.unpaid[: next((i for i, x in enumerate(loan.unpaid) if x is terms), 0)]:
            begins += earlier.period_days * DAY
        principal = loan.principal - (loan.goes_home if begins >= loan.home_at else 0)
        return self.interest(loan.market, loan.asset, principal, terms.rate, terms.period_days, loan.interest_asset)

    def take_interest(self, loan):
        """Take what is due in full, or nothing (PL-45)."""
        terms = loan.unpaid[0]
        units = self.interest_of(loan, terms)
        if self.held(f"prepaid/{loan.borrower}", loan.interest_asset) < units:
            return False
        loan.unpaid.clear()
        self.pay(loan, units)
        self.period_is_paid(loan, terms)
        return True

    def period_is_paid(self, loan, terms):
        m = self.markets[loan.market]
        loan.unpaid = [other for other in loan.unpaid if other is not terms]
        if terms.new_term:
            loan.rate, loan.term_days, loan.period_days = terms.rate, terms.term_days, terms.period_days
            loan.term_ends += terms.term_days * DAY
            loan.floor = m.floor(m.last_valid)
        loan.paid_until += terms.period_days * DAY
        self.set_interest_due(loan)
        loan.end_at = max(self.now, loan.paid_until)
        loan.judged = loan.tried = False

    def covered_until(self, loan):
        """The end of the last period that is paid or fell due."""
        return loan.paid_until + sum(terms.period_days for terms in loan.unpaid) * DAY

    def set_interest_due(self, loan):
        """PL-21: before the time ends that is paid or fell due."""
        until = self.covered_until(loan)
        lead = self.markets[loan.market].par["prepay_lead_days"] * DAY if loan.long else 0
        loan.interest_due = max(self.now, until - lead)

    def missed(self, loan):
        """PL-21, PL-47; a short loan just waits for the ends of terms of this second (PL-D14)."""
        p = self.position_of(loan)
        feed = self.feed_of(p)
        if not loan.long or feed is None or p.state != "protected":
            return
        loan.judged = True
        if self.cr(p, feed) < feed.mssr:
            self.open_auction(p, "in_auction", "PL-21")
        elif self.markets[p.market].par["missed_prepay_ends"] == "at_once":
            self.end(loan, "PL-21")

    def judge_waiting(self, m):
        """PL-47: what missed its interest without a valid feed."""
        waiting = [loan for loan in self.live() if loan.market == m.name and loan.unpaid and not loan.judged]
        for loan in sorted(waiting, key=lambda loan: (loan.unpaid[0].due, loan.number)):
            self.missed(loan)

    def prepaid_grew(self, holder):
        """PL-D8: overdue interest is tried, the oldest first; PL-44: not of a position in auction."""
        overdue = [
            loan
            for loan in self.live()
            if loan.borrower == holder and loan.unpaid and self.position_of(loan).state == "protected"
        ]
        for loan in sorted(overdue, key=lambda loan: (loan.unpaid[0].due, loan.number)):
            self.take_interest(loan)

    # --- what the chain shows -------------------------------------------------------------------------------------

    def take_tick(self, item):
        pass

    def take_asset(self, item):
        self.assets[item.symbol] = (item.precision, item.least_size)

    def take_market(self, item):
        if item.market in self.markets or item.market not in self.assets or item.core_asset not in self.assets:
            raise No("PL-D7")
        self.check_parameters(item.parameters)
        par = DEFAULTS | read_parameters(item.parameters)
        self.markets[item.market] = Market(item.market, item.core_asset, len(self.markets) + 1, par, opened=self.now)

    def check_parameters(self, changes):
        for name, value in changes.items():
            if name not in DEFAULTS or not acceptable(name, value):
                raise No("PL-D7")

    def take_parameters(self, item):
        m = self.markets.get(item.market)
        if m is None:
            raise No("PL-D7")
        self.check_parameters(item.changes)
        old = m.par
        m.par = old | read_parameters(item.changes)
        if m.valid and not m.fits(m.feed):
            m.par = old
            raise No("PL-D7")
        self.judge_feed(m)  # PL-D67: only one that makes a suspended feed valid runs what waits for it

    def take_feed(self, item):
        m = self.markets.get(item.market)
        if m is None:
            raise No("PL-47")
        m.feed, m.valid, m.expired = None, False, False
        if item.price is not None and 0 not in item.price:
            mcr, mssr, icr = (Fraction(n, 1000) for n in (item.mcr, item.mssr, item.icr))
            m.pair = item.price
            m.feed = Feed(Fraction(*item.price), mcr, mssr, max(icr, mcr), item.expires)  # PL-D42
            m.expired = item.expires <= self.now
            self.judge_feed(m, new=True)

    def judge_feed(self, m, new=False):
        was = m.valid and not new
        m.valid = m.feed is not None and not m.expired and m.fits(m.feed)
        if m.valid:
            if m.last_valid is None or m.last_valid.price != m.feed.price:
                m.price_since = self.now
            m.last_valid = m.feed
            if not was:
                self.judge_waiting(m)
                self.run_protections(lambda kept: kept.ask.market == m.name)

    def expire(self, m):
        m.expired, m.valid = True, False

    def take_position(self, item):
        m = self.markets.get(item.market)
        if m is None:
            raise No("PL-11")
        p = self.positions.get((item.market, item.account))
        if p is None and not item.debt:
            return
        if p is None:
            p = Position(item.market, item.account, len(self.positions) + 1, holder=item.account)
            self.positions[item.market, item.account] = p
        smaller, less_debt = item.collateral < p.collateral or item.debt < p.debt, item.debt < p.debt
        feed = self.feed_of(p)
        was_under = p.debt and feed is not None and self.lcr(p, feed) < feed.mcr
        p.collateral, p.debt, p.custody = item.collateral, item.debt, item.custody
        if p.debt == 0:
            self.closes(p, item.collateral)
            return
        if p.state == "closed":
            self.set_state(p, "free", "PL-46")
        if less_debt:
            self.cut_lp2(p)
        if smaller and self.live(p):
            p.shrunk = True
        self.cure_by_deed(p, was_under)
        self.run_protections(lambda kept: (kept.ask.market, kept.position) == (p.market, p.account))

    def closes(self, p, left):
        """PL-46, PL-D50."""
        p.collateral = 0
        if p.state == "closed":
            return
        if p.state in CARRIED and p.custody == "protocol":
            m = self.markets[p.market]
            self.move(left, m.core, "outside", f"fund/{m.name}")
            self.income(m, m.core, left)
        for loan in self.live(p):
            self.end(loan, "PL-46")
        self.give_back_risk(p)
        if p.auction is not None:
            self.close_auction(p, "PL-46")
        p.holds.clear()
        p.rest_until, p.holder = 0, p.account
        self.set_state(p, "closed", "PL-46")
        self.end_protections(p)

    def end_protections(self, p):
        for kept in self.protections.values():
            if (kept.ask.market, kept.position) == (p.market, p.account):
                kept.armed = False

    def cut_lp2(self, p):
        """PL-51, PL-D9: newest first, in part where a part is enough."""
        for loan in reversed(self.live(p)):
            over = self.lp2(p) - (p.debt - 1)
            if over > 0 and loan.asset == p.market:
                self.end(loan, "PL-51", min(over, loan.principal))
        over = min(self.lp2(p) - (p.debt - 1), p.risk_lp2)
        if over > 0:
            self.move(over, p.market, f"risk_lent/{p.market}", f"risk/{p.market}")
            p.risk_lp2 -= over

    # --- borrowing ------------------------------------------------------------------------------------------------

    def borrow(self, holder, ask):
        """PL-8, PL-11 to PL-15; raises No with everything as it was."""
        m = self.markets.get(ask.market)
        if m is None or ask.asset not in (m.name, m.core):
            raise No("PL-11")
        p = self.positions.get((ask.market, ask.position or holder))
        if p is None or p.state == "closed":
            raise No("PL-11")
        if p.holder != holder:
            raise No("PL-28")
        if p.state in IN_AUCTION + CARRIED:
            raise No("PL-48")
        feed = self.feed_of(p)
        if feed is None:
            raise No("PL-47")
        if self.cr(p, feed) < m.ratio("lmcr"):
            raise No("PL-14")
        second = ask.asset == m.name
        units = self.least(p, feed, second) if ask.amount is None else ask.amount
        if units < 1:
            raise No("PL-15")
        if second and self.lp2(p) + units >= p.debt:
            raise No("PL-11")
        if not self.pl13(p, feed, units, second):
            raise No("PL-13")
        after = self.lcr(p, feed, 0 if second else units, units if second else 0)
        if not after > feed.icr:
            raise No("PL-14")
        if after > m.cap(feed):
            raise No("PL-D37")
        parts = self.choose_pools(holder, ask, units)
        cost = {}
        for pool, part in parts:
            asset = pool.interest_asset
            first = self.interest(m.name, pool.asset, part, pool.rate, pool.period_days, asset)
            cost[asset] = cost.get(asset, 0) + first
        for asset, due in cost.items():
            if self.held(f"prepaid/{holder}", asset) < due:
                raise No("PL-8")
        for pool, part in parts:
            self.make_loan(p, m, feed, pool, part)
        self.set_state(p, "protected", "PL-11")

    def pl13(self, p, feed, units, second):
        m = self.markets[p.market]
        lent1, lent2 = self.lp1(p), self.lp2(p)
        lent1, lent2 = (lent1, lent2 + units) if second else (lent1 + units, lent2)
        return (p.collateral + lent1) * p.debt * m.ratio("lmcr") >= (p.debt - lent2) * p.collateral * feed.icr

    def least(self, p, feed, second):
        """PL-D1: by trying, the smallest with which PL-13 and PL-14 hold; they hold for all that is more."""

        def enough(units):
            lent1 = p.collateral + self.lp1(p) + (0 if second else units)
            lent2 = p.debt - self.lp2(p) - (units if second else 0)
            return self.pl13(p, feed, units, second) and lent1 * feed.price > feed.icr * lent2

        if enough(0):
            raise No("PL-D1")
        low, high = 0, 1
        while not enough(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return max(high, self.least_size(p.market if second else self.markets[p.market].core))  # PL-D65

    def choose_pools(self, holder, ask, units):
        """PL-15, PL-D2, PL-D3, PL-D39, PL-D65: (pool, part) for each loan to be made."""
        least = self.least_size(ask.asset)
        if ask.pools:
            for n in ask.pools:
                if n not in self.pools or self.pools[n].asset != ask.asset:
                    raise No("PL-15")
                if self.pools[n].owner == holder:
                    raise No("PL-D3")
            row = [self.pools[n] for n in dict.fromkeys(ask.pools)]
        else:
            row = [
                pool
                for pool in self.pools.values()
                if pool.asset == ask.asset
                and pool.owner != holder
                and (ask.highest_rate is None or pool.rate <= ask.highest_rate)
                and (ask.shortest_days is None or pool.term_days >= ask.shortest_days)
                and (ask.longest_days is None or pool.term_days <= ask.longest_days)
            ]
            row.sort(key=lambda pool: (pool.rate, pool.number))
        parts, missing = [], units
        for pool in row:
            part = min(pool.available, missing)
            if 0 < missing - part < least:
                part = missing - least
            if part >= least:
                parts.append((pool, part))
                missing -= part
        if missing or not parts:
            raise No("PL-15")
        return parts

    def make_loan(self, p, m, feed, pool, units):
        n = len(self.loans) + 1
        long = pool.term_days >= m.par["long_term_days"]
        paid_until = self.now + pool.period_days * DAY
        self.loans[n] = loan = Loan(
            number=n,
            pool=pool.number,
            lender=pool.owner,
            borrower=p.holder,
            market=m.name,
            account=p.account,
            asset=pool.asset,
            principal=units,
            rate=pool.rate,
            term_days=pool.term_days,
            period_days=pool.period_days,
            interest_asset=pool.interest_asset,
            long=long,
            floor=m.floor(feed),
            made=self.now,
            term_ends=self.now + pool.term_days * DAY,
            paid_until=paid_until,
            end_at=paid_until,
            interest_due=max(self.now, paid_until - (m.par["prepay_lead_days"] * DAY if long else 0)),
        )
        self.pay(loan, self.interest(m.name, pool.asset, units, pool.rate, pool.period_days, pool.interest_asset))
        self.move(units, pool.asset, f"pool/{pool.number}/available", f"pool/{pool.number}/lent")
        pool.available -= units
        pool.lent += units

    # --- standing protection: PL-16, PL-D17 -----------------------------------------------------------------------

    def run_protections(self, which):
        for kept in list(self.protections.values()):
            p = self.positions.get((kept.ask.market, kept.position))
            if not kept.armed or not which(kept) or p is None or p.state == "closed":
                continue
            feed = self.feed_of(p)
            if feed is None or self.cr(p, feed) > kept.at:
                continue
            try:
                self.borrow(kept.account, kept.ask)
            except No:
                continue
            kept.armed = False

    def do_protect(self, account, ask, along):
        m = self.markets.get(ask.market)
        asset = ask.asset if ask.asset is not None or m is None else m.core
        if m is None or asset not in (m.name, m.core):
            raise No("PL-16")
        at = ask.at
        if at is None:
            if m.last_valid is None:
                raise No("PL-50")
            at = m.par["protect_at_mcr"] * m.last_valid.mcr
        p = self.positions.get((m.name, ask.position or account))
        if p is not None and p.holder != account:
            raise No("PL-28")
        n = len(self.protections) + 1
        names = ("market", "amount", "pools", "highest_rate", "shortest_days", "longest_days", "position")
        wanted = Borrow(asset=asset, **{name: getattr(ask, name) for name in names})
        position = ask.position or account
        self.protections[n] = Protection(n, account, position, at, wanted)
        if along is not None:
            self.prepaid_grew(account)
        self.run_protections(lambda kept: (kept.ask.market, kept.position) == (m.name, position))

    def do_unprotect(self, account, ask):
        kept = self.protections.get(ask.protection)
        if kept is None or kept.account != account or not kept.armed:
            raise No("PL-16")
        kept.armed = False

    # --- money that comes, requests -------------------------------------------------------------------------------

    def take_deposit(self, item):
        self.move(item.amount, item.asset, "outside", f"free/{item.account}")
        is_bond = self.brought_back(item)
        if item.ask is not None:
            self.do(item.account, item.ask, (item.asset, item.amount) if item.amount and not is_bond else None)
        elif item.unreadable is not None and not is_bond:
            raise No("G-6")

    def take_request(self, item):
        self.do(item.account, item.ask, None)

    def do(self, account, ask, along):
        name = ask.do
        if name in ("lend", "stake", "prepay", "bid", "insure", "operator", "buy_bond"):
            getattr(self, "do_" + name)(account, ask, *money_meant(ask, along))
        elif name in ("borrow", "protect"):
            self.with_prepaid(account, ask, along)
        else:
            getattr(self, "do_" + name)(account, ask)

    def with_prepaid(self, account, ask, along):
        """Money along is prepaid interest, and free balance again if the request is refused."""
        if along is not None:
            self.move(along[1], along[0], f"free/{account}", f"prepaid/{account}")
        try:
            if ask.do == "protect":
                self.do_protect(account, ask, along)
                return
            self.borrow(account, ask)
        except No:
            if along is not None:
                self.move(along[1], along[0], f"prepaid/{account}", f"free/{account}")
            raise
        if along is not None:
            self.prepaid_grew(account)

    def do_operator(self, account, ask, asset, units):
        self.move(units, asset, f"free/{account}", "operator")

    def do_prepay(self, account, ask, asset, units):
        self.spend(account, asset, units, "PL-8")
        self.move(units, asset, f"free/{account}", f"prepaid/{account}")
        self.prepaid_grew(account)

    def do_unprepay(self, account, ask):
        held = self.held(f"prepaid/{account}", ask.asset)
        units = held if ask.amount is None else ask.amount
        if units > held or units == 0:
            raise No("PL-9")
        self.move(units, ask.asset, f"prepaid/{account}", f"free/{account}")

    def do_repay(self, account, ask):
        loan = self.loans.get(ask.loan)
        if loan is None or loan.ended is not None or loan.borrower != account:
            raise No("PL-19")
        if self.position_of(loan).state in IN_AUCTION + CARRIED:
            raise No("PL-48")
        if not loan.long:
            self.end(loan, "PL-19")
            return
        p, m = self.position_of(loan), self.markets[loan.market]
        feed = self.feed_of(p)
        if feed is None:
            raise No("PL-47")
        if self.cr(p, feed) < (m.ratio("lmcr") + feed.mssr) / 2:
            raise No("PL-24")
        self.end(loan, "PL-24")

    def do_withdraw(self, account, ask):
        held = self.held(f"free/{account}", ask.asset)
        units = held if ask.amount is None else ask.amount
        if units > held or units == 0:
            raise No("G-6")
        n = len(self.orders) + 1
        self.orders[n] = Order(n, "payout", account, ask.asset, units)
        self.move(units, ask.asset, f"free/{account}", f"payout/{n}")

    def take_order_done(self, item):
        if self.bond_report(item):
            return
        order = self.open_order(item.order)
        order.state, order.transaction = "done", item.transaction
        self.move(order.units, order.asset, f"payout/{order.number}", "outside")
        self.move(item.fee, item.fee_asset, "operator", "outside")

    def take_order_failed(self, item):
        if self.bond_report(item):
            return
        order = self.open_order(item.order)
        order.state = "failed"
        self.move(order.units, order.asset, f"payout/{order.number}", f"free/{order.account}")

    def take_loss(self, item):
        if item.amount == 0 or item.asset not in self.assets:
            raise No("G-5")
        self.move(item.amount, item.asset, "operator", "outside")

    def open_order(self, number):
        order = self.orders.get(number)
        if order is None or order.state != "open" or order.kind != "payout":
            raise No("G-6")
        return order

    def order(self, p, kind, asset, units, source=None, limit=None, to=""):
        n = len(self.orders) + 1
        self.orders[n] = Order(n, kind, p.account, asset, units, p.market, limit, to)
        if source:
            self.move(units, asset, source, f"order/{n}")

    # --- pools ----------------------------------------------------------------------------------------------------

    def spend(self, account, asset, units, rule):
        if units <= 0 or self.held(f"free/{account}", asset) < units:
            raise No(rule)

    def market_of(self, asset):
        for m in [m for m in self.markets.values() if m.name == asset] + list(self.markets.values()):
            if asset in (m.name, m.core):
                return m
        raise No("PL-1")

    def do_lend(self, account, ask, asset, units):
        if ask.pool is not None:
            self.add_to_pool(account, ask.pool, asset, units)
            return
        if ask.rate is None or ask.term_days is None:
            raise No("PL-1")
        m = self.market_of(asset)
        interest_asset = asset if ask.interest_asset is None else ask.interest_asset
        if interest_asset not in (asset, m.core):
            raise No("PL-4")
        self.check_terms(ask.rate, ask.term_days, ask.period_days)
        period = ask.term_days if ask.period_days is None else ask.period_days
        self.open_pool(account, asset, units, ask.rate, ask.term_days, period, interest_asset, ask.renews, "PL-1")

    def open_pool(self, account, asset, units, rate, term, period, interest_asset, renews, rule):
        if units < self.least_size(asset):
            raise No("PL-D39")
        self.spend(account, asset, units, rule)
        n = len(self.pools) + 1
        self.pools[n] = Pool(n, account, asset, rate, term, period, interest_asset, renews, units)
        self.move(units, asset, f"free/{account}", f"pool/{n}/available")

    def check_terms(self, rate, term, period):
        """PL-3."""
        if not 0 <= rate <= 1000:
            raise No("PL-1")
        if not 1 <= term <= 3650:
            raise No("PL-3")
        if period is not None and period != term and (period not in (30, 90) or term % period):
            raise No("PL-3")

    def add_to_pool(self, account, number, asset, units):
        pool = self.own_pool(account, number, "PL-1")
        if pool.asset != asset:
            raise No("PL-1")
        self.spend(account, asset, units, "PL-1")
        pool.available += units
        self.move(units, asset, f"free/{account}", f"pool/{number}/available")

    def own_pool(self, account, number, rule):
        pool = self.pools.get(number)
        if pool is None or pool.owner != account:
            raise No(rule)
        return pool

    def do_stake(self, account, ask, asset, units):
        """PL-50: the going rate is the median, by amount, of the short lending that runs."""
        m = self.market_of(asset)
        running = sorted((loan.rate, loan.principal) for loan in self.live() if not loan.long and loan.asset == asset)
        rate, total = m.par["stake_rate"], sum(units for _, units in running)
        for i, (at, _) in enumerate(running):
            if 2 * sum(units for _, units in running[: i + 1]) >= total:
                rate = at
                break
        term = m.par["stake_term_days"]
        self.open_pool(account, asset, units, rate, term, term, asset, True, "PL-50")

    def do_change_pool(self, account, ask):
        """PL-7, PL-D6."""
        pool = self.own_pool(account, ask.pool, "PL-7")
        rate = pool.rate if ask.rate is None else ask.rate
        term = pool.term_days if ask.term_days is None else ask.term_days
        period = ask.period_days
        if period is None:
            period = pool.period_days if ask.term_days is None else term
        self.check_terms(rate, term, period)
        pool.rate, pool.term_days, pool.period_days = rate, term, period
        pool.renews = pool.renews if ask.renews is None else ask.renews

    def do_unlend(self, account, ask):
        pool = self.own_pool(account, ask.pool, "PL-2")
        if ask.asset is not None and ask.asset != pool.asset:
            raise No("PL-2")
        units = pool.available if ask.amount is None else ask.amount
        if units == 0 or units > pool.available:
            raise No("PL-2")
        pool.available -= units
        self.move(units, pool.asset, f"pool/{pool.number}/available", f"free/{account}")

    # --- the state ------------------------------------------------------------------------------------------------

    def state(self):
        """In the form of Engine.state(), without the texts."""
        return {
            "time": self.now,
            "balances": self.by_account("free/"),
            "prepaid": self.by_account("prepaid/"),
            "funds": self.by_account("fund/"),
            "risk_funds": self.by_account("risk/"),
            "risk_lent": self.by_account("risk_lent/"),
            "held_bids": self.by_account("bid/"),
            "payouts": self.by_account("payout/"),
            "bonds_on_chain": self.by_account("bonds/"),
            "operator": self.by_account("operator").get("", {}),
            "outside": self.by_account("outside").get("", {}),
            "markets": {m.name: {"valid": m.valid, "parameters": m.par} for m in self.markets.values()},
            "pools": {str(pool.number): vars(pool) for pool in self.pools.values()},
            "loans": {str(loan.number): vars(loan) for loan in self.loans.values()},
            "positions": {f"{p.market}/{p.account}": self.shown(p) for p in self.positions.values()},
            "protections": {
                str(kept.number): {"account": kept.account, "at": kept.at, "armed": kept.armed}
                for kept in self.protections.values()
            },
            "auctions": {str(auction.number): vars(auction) for auction in self.auctions.values()},
            "bids": {str(bid.number): vars(bid) for bid in self.bids.values()},
            "claims": {str(claim.number): vars(claim) for claim in self.claims.values()},
            "series": {str(series.number): vars(series) for series in self.series.values()},
            "offers": {str(offer.number): vars(offer) for offer in self.offers.values()},
            "orders": {str(order.number): vars(order) for order in self.orders.values()},
        }

    def by_account(self, prefix):
        found = {}
        for (account, asset), units in sorted(self.money.items()):
            if account.startswith(prefix) and units:
                found.setdefault(account[len(prefix) :], {})[asset] = units
        return found

    def shown(self, p):
        return {
            "collateral": p.collateral,
            "debt": p.debt,
            "holder": p.holder,
            "custody": p.custody,
            "auction": p.auction,
            "rest_until": p.rest_until,
            "risk_lp1": p.risk_lp1,
            "risk_lp2": p.risk_lp2,
            "state": p.state,
            "state_rule": p.rule,
            "lp1": self.lp1(p),
            "lp2": self.lp2(p),
            "loans": [loan.number for loan in self.live(p)],
            "holds": {
                name: {"remaining": hold.remaining, "since": hold.since} for name, hold in sorted(p.holds.items())
            },
        }


def money_meant(ask, along):
    """What the request names, or what came along."""
    asset, units = along if along is not None else (None, None)
    named, amount = getattr(ask, "asset", None), getattr(ask, "amount", None)
    if named is not None and named != asset:
        asset, units = named, None
    if amount is not None:
        units = amount
    if asset is None or units is None:
        raise No("G-6")
    return asset, units


def read_parameters(changes):
    """Values as the model keeps them: fractions for shares, tuples for pairs."""
    found = {}
    for name, value in changes.items():
        found[name] = tuple(value) if isinstance(value, list) else value
        if isinstance(DEFAULTS[name], Fraction):
            found[name] = Fraction(value)
    return found


def acceptable(name, value):
    """Kinds and bounds of parameters; PL-D7 for `prepay_lead_days`."""
    if name in ("missed_prepay_ends", "bond_forced"):
        return value in {"missed_prepay_ends": ("paid_time", "at_once")}.get(name, ("no", "option", "compulsory"))
    if name == "bond_prefix":
        return value in (None, "MPLPBOND", "MPLP.")
    if value in {"combined_floor": ("ICR", "MCR"), "lcr_cap": (None,), "dividend_target": (None,)}.get(name, ()):
        return True
    if name in ("insurance_reserve", "dividend_target"):
        return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(n, int) for n in value)
    if isinstance(DEFAULTS[name], Fraction):
        low, high = {
            "protect_at_mcr": (1, 10),
            "stake_rate": (0, 10),
            "carry_rate": (0, 10),
            "bond_coupon": (0, 10),
        }.get(name, (0, 1))
        return isinstance(value, str | int) and low <= Fraction(value) <= high
    low, high = {
        "lmcr": (1000, 32_000),
        "combined_floor": (1000, 100_000),
        "lcr_cap": (1000, 100_000),
        "long_term_days": (1, 365),
        "prepay_lead_days": (0, 29),
        "auction_round": (1, DAY),
        "auction_limit": (1, 30 * DAY),
        "cure_window": (0, 30 * DAY),
        "auction_floor": (0, 32_000),
        "bond_window": (1, 365 * DAY),
        "trigger_hold": (0, DAY),
        "stake_term_days": (1, 29),
    }[name]
    return isinstance(value, int) and low <= value <= high

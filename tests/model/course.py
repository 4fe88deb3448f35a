"""Random courses: inputs chosen one by one, with an eye to the state so far, so that much happens in few steps.

Times, amounts and prices are drawn so that they meet exactly where a rule has its edge: at the second in which
something falls due, at the ratio that a rule names.
"""

import random
from fractions import Fraction

from bsip_mplp.rules.inputs import (
    AssetSeen,
    Bid,
    Borrow,
    BuyBond,
    ChangePool,
    CloseBlack,
    Deposit,
    FeedSeen,
    Insure,
    IssueBond,
    KeepBond,
    Lend,
    Loss,
    MarketOpened,
    Operator,
    OrderDone,
    OrderFailed,
    OrderFilled,
    ParametersChanged,
    PassBond,
    PositionSeen,
    Prepay,
    Protect,
    Redeem,
    Repay,
    Request,
    Stake,
    TakeBond,
    Tick,
    Unlend,
    Unprepay,
    Unprotect,
    Withdraw,
)

from .model import Model
from .things import DAY, No

PEOPLE = ("ann", "bob", "cat", "dan", "eve")
TERMS = (1, 2, 7, 14, 29, 30, 30, 31, 60, 60, 90, 180, 365)
RATES = ("0", "1/20", "1/20", "1/10", "1/10", "1/10", "12/100", "12/100", "1/3", "1/3", "1", "10", "1000")


class Course:
    """Makes the inputs of one course; `model` is where they lead."""

    core = "BTS"
    issues = True
    """Whether bonds may be put on the chain."""

    def __init__(self, seed, steps=80):
        self.rng = random.Random(seed)
        self.steps = steps
        self.now = 0
        self.model = Model()
        self.inputs = []
        self.scale = self.rng.choice((10, 1000, 1000, 10**6, 10**6, 10**11))
        self.markets = self.rng.choice((("USD",), ("USD",), ("USD", "EUR")))
        self.prices = {}
        protocol = self.rng.choice((0, 0, 0.5, 1))
        self.custody = {who: "protocol" if self.rng.random() < protocol else "books" for who in PEOPLE}
        self.weights = [weight * self.rng.choice((0.3, 1, 1, 3)) for _, weight in self.ACTIONS]
        self.pace = self.rng.choice((0.3, 1, 1, 2))
        self.bond_rng = random.Random(f"bonds {seed}")
        self.issues = self.issues and self.bond_rng.random() < 0.6
        self.units = {}
        """Units of bonds on the chain by asset and account."""

    def inputs_made(self):
        self.begin()
        while len(self.inputs) < self.steps:
            self.step()
        return self.inputs

    def put(self, item):
        if isinstance(item, OrderDone):
            self.units_are_sent(self.model.orders.get(item.order))
        self.inputs.append(item)
        self.model.apply(item)

    # --- the beginning --------------------------------------------------------------------------------------------

    def begin(self):
        rng = self.rng
        self.open_markets()
        for who in PEOPLE[:3]:
            self.position(rng.choice(self.markets), who)
        for _ in range(rng.randint(3, 8)):
            self.lend()
        for _ in range(rng.randint(2, 6)):
            self.loan_story()

    def open_markets(self):
        rng = self.rng
        for symbol in (self.core, *self.markets):
            least = rng.choice((1, 1, 1, self.scale // 5 or 1))
            self.put(AssetSeen(time=0, symbol=symbol, precision=rng.choice((0, 4, 5)), least_size=least))
        for market in self.markets:
            parameters = self.some_parameters()
            if self.issues:
                parameters["bond_prefix"] = self.bond_rng.choice(("MPLPBOND", "MPLP.", "MPLP.", None))
            self.put(MarketOpened(time=0, market=market, core_asset=self.core, parameters=parameters))
            self.prices[market] = Fraction(rng.choice((1, 1, 2, 10)), rng.choice((1, 1, 3, 100)))
            self.feed(market)

    def some_parameters(self):
        rng = self.rng
        found = {}
        if rng.random() < 0.3:
            found["combined_floor"] = rng.choice(("ICR", "MCR", 1550, 1700))
        if rng.random() < 0.2:
            found["lcr_cap"] = rng.choice((None, 1800, 2500))
        if rng.random() < 0.3:
            found["i2"] = rng.choice(("0", "1", "1/3", "0.2"))
        if rng.random() < 0.2:
            found["trigger_hold"] = rng.choice((0, 1, 60, 120, 3600))
        if rng.random() < 0.2:
            found["missed_prepay_ends"] = rng.choice(("paid_time", "at_once"))
        if rng.random() < 0.2:
            found["prepay_lead_days"] = rng.choice((0, 1, 7, 29))
        if rng.random() < 0.3:
            found |= {
                "auction_limit": rng.choice((1800, 2000, 3600, 900)),
                "auction_round": rng.choice((60, 900, 1000)),
            }
        if rng.random() < 0.15:
            found["cure_window"] = rng.choice((0, 60, 3600))
        if rng.random() < 0.15:
            found["surplus_to_system"] = rng.choice(("0", "1", "1/3"))
        if rng.random() < 0.15:
            found["auction_floor"] = rng.choice((0, 900, 1050))
        if rng.random() < 0.15:
            found["risk_share"] = rng.choice(("0", "1", "1/3"))
        if rng.random() < 0.15:
            found["carry_rate"] = rng.choice(("0", "0.1", "10"))
        if rng.random() < 0.3:
            found["bond_forced"] = rng.choice(("no", "option", "compulsory"))
        if rng.random() < 0.2:
            found["bond_window"] = rng.choice((3600, DAY, 30 * DAY))
        if rng.random() < 0.2:
            found["bond_coupon"] = rng.choice(("0", "1", "1/3"))
        if rng.random() < 0.2:
            found["insurance_reserve"] = [rng.choice((0, 10)), rng.choice((0, 10, self.scale // 10))]
        if rng.random() < 0.3:
            found["dividend_target"] = rng.choice((None, [0, 0], [0, self.scale // 10], [10, 0]))
        if rng.random() < 0.1:
            found["long_term_days"] = rng.choice((30, 60, 31, 7, 1))
        if rng.random() < 0.1:
            found["lmcr"] = rng.choice((1150, 1250, 1300, 1500))
        if rng.random() < 0.1:
            found["protect_at_mcr"] = rng.choice(("1", "1.05", "1.1"))
        if rng.random() < 0.1:
            found |= {"stake_rate": rng.choice(("0.01", "0.5")), "stake_term_days": rng.choice((1, 7, 29))}
        return found

    # --- one step -------------------------------------------------------------------------------------------------

    def step(self):
        self.time_goes_on()
        self.rng.choices([action for action, _ in self.ACTIONS], self.weights)[0](self)
        if self.issues and self.model.series and self.bond_rng.random() < 0.6:
            self.bonds_go_round()

    def time_goes_on(self):
        rng, due = self.rng, self.model.next_due()
        kind = rng.random() * self.pace
        if kind < 0.35:
            return
        if kind < 0.6 and due is not None and due < self.now + 400 * DAY:
            self.now = max(self.now, due + rng.choice((-1, 0, 0, 0, 1)))
        elif kind < 0.9:
            self.now += rng.choice((1, 59, 60, 60, 61, 120, 900, 3600))
        elif kind < 0.97 or rng.random() < 0.7:
            self.now += rng.choice((DAY, DAY, 2 * DAY, 7 * DAY, 23 * DAY, 30 * DAY))
        else:
            self.now += rng.randint(1, 60 * DAY)

    def tick(self):
        self.put(Tick(time=self.now))

    def amount(self, factor=1):
        rng = self.rng
        top = max(1, self.scale * factor)
        return rng.choice((rng.randint(1, top), rng.randint(1, top), top, rng.randint(1, 3), rng.randint(1, 20 * top)))

    def symbol(self):
        return self.rng.choice((self.core, *self.markets))

    def anyone(self):
        return self.rng.choice(PEOPLE)

    # --- the chain ------------------------------------------------------------------------------------------------

    def feed(self, market=None, price=None):
        rng = self.rng
        market = market or rng.choice(self.markets)
        kind = rng.random()
        if price is None and kind < 0.5:
            price = self.edge_price(market)
        if price is None:
            moved = self.prices[market] * Fraction(rng.choice((60, 85, 92, 97, 99, 100, 101, 103, 108, 120, 160)), 100)
            price = moved if self.prices[market] / 50 < moved < self.prices[market] * 50 else self.prices[market]
            if kind < 0.9:
                price = self.keep_near(market, price)
            self.prices[market] = price
        expires = self.now + (10**9 if rng.random() < 0.8 else rng.choice((0, 30, 60, 90, 90, DAY, DAY, 40 * DAY)))
        mcr, mssr, icr = rng.choice(
            ((1550, 1100, 1600),) * 30
            + ((1550, 1100, 0), (1750, 1100, 1750), (1550, 1100, 1800), (1500, 1050, 1550), (1550, 1300, 1600))
            + ((1300, 1100, 1600), (1551, 1100, 1600), (2500, 1200, 2500))
        )
        pair = self.pair(price)
        if rng.random() < 0.04:
            pair = rng.choice((None, None, (0, 1), (1, 0)))
        self.put(FeedSeen(time=self.now, market=market, price=pair, mcr=mcr, mssr=mssr, icr=icr, expires=expires))

    def keep_near(self, market, price):
        """Not so far that no position means anything any more."""
        ratios = [p.collateral * price / p.debt for p in self.positions_in(market)]
        if ratios and (self.rng.random() < 0.4 or not any(1 < ratio < 2 for ratio in ratios)):
            p = self.rng.choice(self.positions_in(market))
            return Fraction(p.debt * self.rng.choice((105, 120, 128, 132, 140, 147, 155, 160, 180)), p.collateral * 100)
        return price

    def positions_in(self, market):
        return [p for p in self.model.positions.values() if p.market == market and p.debt and p.collateral]

    def edge_price(self, market):
        """A price at which some position's CR or LCR stands exactly at, or a hair off, one of the named ratios."""
        rng, found, m = self.rng, self.positions_in(market), self.model.markets[market]
        if not found:
            return None
        p = rng.choice(found)
        feed = m.feed
        mcr, mssr, icr = (
            (feed.mcr, feed.mssr, feed.icr) if feed else (Fraction(31, 20), Fraction(11, 10), Fraction(8, 5))
        )
        lmcr = m.ratio("lmcr")
        limit = rng.choice((lmcr, mcr, mssr, icr, (lmcr + mssr) / 2, mcr * Fraction(21, 20), lmcr + Fraction(1, 100)))
        limit *= rng.choice((1, 1, Fraction(999_999, 1_000_000), Fraction(1001, 1000), Fraction(99, 100)))
        if rng.random() < 0.5:
            return limit * p.debt / p.collateral
        return limit * (p.debt - self.model.lp2(p)) / (p.collateral + self.model.lp1(p))

    def position(self, market=None, who=None):
        rng = self.rng
        market, who = market or rng.choice(self.markets), who or self.anyone()
        p = self.model.positions.get((market, who))
        if p is None or p.debt == 0 or rng.random() < 0.1:
            debt = self.amount()
            ratio = Fraction(rng.choice((110, 131, 140, 150, 156, 160, 170, 200, 400)), 100)
            collateral = int(debt * ratio / self.prices[market]) + rng.choice((0, 1))
        else:
            share = Fraction(rng.choice((0, 1, 10, 50, 90, 99, 100, 100, 101, 110, 150, 300)), 100)
            collateral, debt = p.collateral, p.debt
            kind = rng.random()
            lp2 = self.model.lp2(p)
            if kind < 0.35:
                debt = int(debt * share)
            elif kind < 0.6:
                collateral = int(collateral * share)
            elif kind < 0.8:
                debt, collateral = int(debt * share), int(collateral * share)
            elif lp2:
                debt = max(0, lp2 + rng.choice((-lp2 // 2, -1, 0, 1, 2)))
            else:
                debt, collateral = 0, rng.choice((0, collateral))
        self.put(
            PositionSeen(
                time=self.now,
                market=market,
                account=who,
                custody=self.custody[who],
                collateral=min(max(collateral, 1), 10**15) if debt else collateral,
                debt=min(debt, 10**15),
            )
        )

    def parameters(self):
        rng = self.rng
        changes = self.some_parameters()
        if rng.random() < 0.1:
            changes |= rng.choice(({"nonsense": 1}, {"prepay_lead_days": 30}, {"lmcr": 1600}, {"i2": "2"}))
        self.put(ParametersChanged(time=self.now, market=rng.choice(self.markets), changes=changes))

    def asset(self):
        self.put(
            AssetSeen(
                time=self.now, symbol=self.symbol(), precision=4, least_size=self.rng.choice((1, self.scale // 3 or 1))
            )
        )

    # --- people ---------------------------------------------------------------------------------------------------

    def deposit(self, who, asset, units, ask=None, unreadable=None):
        self.put(Deposit(time=self.now, account=who, asset=asset, amount=units, ask=ask, unreadable=unreadable))

    def request(self, who, ask):
        self.put(Request(time=self.now, account=who, ask=ask))

    def lend(self):
        rng, asset, who = self.rng, self.symbol(), self.anyone()
        term = rng.choice(TERMS)
        period = rng.choice((None, None, None, 30, 90, term)) if term >= 30 or rng.random() < 0.05 else None
        interest = rng.choice((None, None, self.core, self.symbol()))
        ask = Lend(
            rate=Fraction(rng.choice(RATES)),
            term_days=term,
            period_days=period,
            interest_asset=interest,
            renews=rng.random() < 0.75,
        )
        if rng.random() < 0.05:
            ask = Lend(rate=Fraction(rng.choice((11, 1001))), term_days=rng.choice((0, 30, 5000, None)))
        self.deposit(who, asset, self.amount(rng.choice((1, 5, 20, 50))), ask)

    def lend_more(self):
        rng = self.rng
        pool = self.some(self.model.pools, "pool")
        owner = self.model.pools[pool].owner if pool in self.model.pools and rng.random() < 0.9 else self.anyone()
        asset = self.model.pools[pool].asset if pool in self.model.pools and rng.random() < 0.9 else self.symbol()
        if rng.random() < 0.5:
            self.deposit(owner, asset, self.amount(), Lend(pool=pool))
        else:
            self.request(owner, Lend(pool=pool, asset=asset, amount=self.amount()))

    def some(self, things, _name):
        numbers = list(things)
        return self.rng.choice(numbers) if numbers and self.rng.random() < 0.97 else len(numbers) + 1

    def stake(self):
        asset = self.symbol()
        if self.rng.random() < 0.7:
            self.deposit(self.anyone(), asset, self.amount(3), Stake())
        else:
            self.request(self.anyone(), Stake(asset=asset, amount=self.amount()))

    def change_pool(self):
        rng = self.rng
        pool = self.some(self.model.pools, "pool")
        owner = self.model.pools[pool].owner if pool in self.model.pools and rng.random() < 0.95 else self.anyone()
        self.request(
            owner,
            ChangePool(
                pool=pool,
                rate=rng.choice((None, Fraction(rng.choice(RATES)))),
                term_days=rng.choice((None, None, rng.choice(TERMS))),
                period_days=rng.choice((None, None, None, 30, 90)),
                renews=rng.choice((None, True, True, False)),
            ),
        )

    def unlend(self):
        rng = self.rng
        pool = self.some(self.model.pools, "pool")
        held = self.model.pools.get(pool)
        owner = held.owner if held and rng.random() < 0.95 else self.anyone()
        asset = rng.choice((None, None, held.asset if held else None, self.symbol()))
        self.request(owner, Unlend(pool=pool, amount=rng.choice((None, self.amount(), 0)), asset=asset))

    def prepay(self):
        rng, who = self.rng, self.borrower()
        asset = self.symbol()
        owed = [loan for loan in self.model.live() if loan.borrower == who]
        units = self.amount()
        if owed and rng.random() < 0.6:  # just enough, or just not
            loan = rng.choice(owed)
            asset = loan.interest_asset
            terms = loan.unpaid[0] if loan.unpaid else loan
            units = (
                self.model.interest(loan.market, loan.asset, loan.principal, terms.rate, terms.period_days, asset)
                * rng.choice((1, 1, 2))
                - self.model.held(f"prepaid/{who}", asset)
                + rng.choice((-1, 0, 0, 1))
            )
            units = min(max(1, units), 10**15)
        if rng.random() < 0.8:
            self.deposit(who, asset, units, Prepay())
        else:
            self.deposit(who, asset, units)
            self.request(who, Prepay(asset=asset, amount=units))

    def borrower(self):
        found = [p.account for p in self.model.positions.values() if p.debt]
        return self.rng.choice(found) if found and self.rng.random() < 0.9 else self.anyone()

    def unprepay(self):
        self.request(
            self.borrower(), Unprepay(asset=self.symbol(), amount=self.rng.choice((None, None, self.amount(), 0)))
        )

    def wanted(self, cls, **more):
        rng = self.rng
        who = self.borrower()
        won = [p for p in self.model.positions.values() if p.holder != p.account]
        if won and rng.random() < 0.3:
            p = rng.choice(won)
            more["position"] = p.account
            who = p.holder
        held = [market for market in self.markets if (market, who) in self.model.positions]
        market = rng.choice(held or self.markets) if rng.random() < 0.97 else rng.choice(("XXX", self.core, "EUR"))
        p = self.model.positions.get((market, who))
        asset = rng.choice((self.core, market)) if rng.random() < 0.97 else self.symbol()
        amount = self.wanted_amount(p, asset) if rng.random() < 0.6 else None
        limits = {}
        if rng.random() < 0.25:
            limits["pools"] = tuple(self.some(self.model.pools, "pool") for _ in range(rng.randint(1, 3)))
        else:
            limits = {
                "highest_rate": rng.choice((None, None, None, Fraction(rng.choice(RATES)))),
                "shortest_days": rng.choice((None, None, 30, 30, rng.choice(TERMS))),
                "longest_days": rng.choice((None, None, None, 29, rng.choice(TERMS))),
            }
        return who, cls(market=market, asset=asset, amount=None if amount is None else max(0, amount), **limits, **more)

    def wanted_amount(self, p, asset):
        """Mostly between the least and what the cap allows, or a hair off one of them."""
        rng, model = self.rng, self.model
        if p is None or not p.debt or rng.random() < 0.1:
            return self.amount()
        feed, second = model.feed_of(p), asset == p.market
        if feed is None:
            return self.amount()
        try:
            least = model.least(p, feed, second)
        except No:
            least = 1
        debt, cap = p.debt - model.lp2(p), model.markets[p.market].cap(feed)
        assets = (p.collateral + model.lp1(p)) * feed.price
        most = int(debt - assets / cap) if second else int((cap * debt - assets) / feed.price)
        kind = rng.random()
        if kind < 0.4 and most > least:
            return rng.randint(least, least + (most - least) // rng.choice((1, 3, 20)))
        return max(0, rng.choice((least, least, least, most, debt)) + rng.choice((-1, 0, 0, 1)))

    def send(self, who, ask):
        if self.rng.random() < 0.7:
            asset = ask.asset or self.core if self.rng.random() < 0.8 else self.symbol()
            self.deposit(who, asset, self.amount(self.rng.choice((1, 3, 30))), ask)
        else:
            self.request(who, ask)

    def borrow(self):
        self.send(*self.wanted(Borrow))

    def loan_story(self):
        """All that a loan needs: a position in the range, a pool, and interest for a period or two."""
        rng, model = self.rng, self.model
        market, who = rng.choice(self.markets), rng.choice(PEOPLE[:4])
        m = model.markets[market]
        if not m.valid:
            self.put(
                FeedSeen(
                    time=self.now,
                    market=market,
                    price=self.pair(self.prices[market]),
                    mcr=1550,
                    mssr=1100,
                    icr=1600,
                    expires=self.now + 10**9,
                )
            )
        if not m.valid:
            self.put(ParametersChanged(time=self.now, market=market, changes={"lmcr": 1300, "combined_floor": "ICR"}))
        if not m.valid:
            return
        p = model.positions.get((market, who))
        if p is None or not p.debt or not m.ratio("lmcr") <= model.cr(p, m.feed) < m.feed.icr:
            debt = p.debt if p is not None and p.debt else rng.randint(1, 2 * self.scale)
            collateral = debt * rng.choice((m.ratio("lmcr"), m.feed.mcr, m.feed.icr)) / m.feed.price
            self.put(
                PositionSeen(
                    time=self.now,
                    market=market,
                    account=who,
                    custody=self.custody[who],
                    debt=debt,
                    collateral=min(max(1, int(collateral) + rng.choice((0, 1, 1))), 10**15),
                )
            )
        asset = rng.choice((self.core, market))
        owner = rng.choice([one for one in PEOPLE if one != who])
        term = rng.choice(TERMS)
        self.deposit(
            owner,
            asset,
            max(1, min(10**15, rng.choice((1, 1, 3)) * self.scale)),
            Lend(
                rate=Fraction(rng.choice(RATES)),
                term_days=term,
                interest_asset=rng.choice((None, self.core)),
                period_days=30 if term % 30 == 0 and rng.random() < 0.5 else None,
                renews=rng.random() < 0.8,
            ),
        )
        for _ in range(rng.choice((1, 1, 2))):
            ask = Borrow(
                market=market,
                asset=asset,
                amount=self.wanted_amount(model.positions[market, who], asset) if rng.random() < 0.5 else None,
                shortest_days=30 if rng.random() < 0.3 else None,
            )
            paid = rng.choice((self.core, asset))
            self.deposit(who, paid, self.tight_interest(who, ask, paid), ask)

    def tight_interest(self, who, ask, paid):
        """The first interest that a request would take, or a hair off, or that of some periods, or plenty."""
        model, units = self.model, ask.amount
        feed = model.markets[ask.market].feed
        try:
            units = units or model.least(model.positions[ask.market, who], feed, ask.asset == ask.market)
            parts = model.choose_pools(who, ask, units)
        except No:
            return self.amount()
        cost = (
            sum(
                model.interest(ask.market, pool.asset, part, pool.rate, pool.period_days, pool.interest_asset)
                for pool, part in parts
                if pool.interest_asset == paid and (ask.market, who) in model.positions
            )
            if model.markets[ask.market].last_valid
            else 0
        )
        held = model.held(f"prepaid/{who}", paid)
        return min(10**15, max(1, cost * self.rng.choice((1, 1, 2, 3, 20)) - held + self.rng.choice((-1, 0, 0, 1))))

    def bid(self):
        """About the reserve, as a rule, and now and then something else."""
        rng, model = self.rng, self.model
        running = [auction for auction in model.auctions.values() if auction.ended is None]
        if not running:
            if rng.random() < 0.05:
                self.deposit(self.anyone(), self.symbol(), self.amount(), Bid(auction=self.some(model.auctions, "")))
            return
        for _ in range(rng.choice((1, 1, 2, 3))):
            auction = rng.choice(running)
            p = model.positions[auction.market, auction.account]
            reserve = sum(units for _, _, units in model.reserve_parts(p))
            units = max(0, rng.choice((reserve, reserve, 2 * reserve, 3 * reserve + 7)) + rng.choice((-1, 0, 0, 1)))
            asset = auction.market if rng.random() < 0.95 else self.symbol()
            extra = rng.choice((0, 0, 5))
            amount = units if extra or rng.random() < 0.3 else None
            self.deposit(self.anyone(), asset, min(10**15, units + extra), Bid(auction=auction.number, amount=amount))

    def insure(self):
        market = self.rng.choice(self.markets)
        asset = self.rng.choice((self.core, market, self.symbol()))
        fund = self.rng.choice(("insurance", "insurance", "risk"))
        self.deposit(self.anyone(), asset, self.amount(), Insure(market=market, fund=fund))

    def bonds(self):
        """Bonds are bought, passed on, redeemed."""
        rng, model = self.rng, self.model
        if not model.series:
            return
        for _ in range(rng.choice((1, 2, 3))):
            series = rng.choice(list(model.series.values()))
            left = series.amount - series.sold
            units = max(0, rng.choice((left, left, left // 2, left + 5, self.amount())) + rng.choice((-1, 0, 0)))
            kind = rng.random()
            held = [who for who in series.holdings if not who.startswith("(")]
            if series.on_offer and kind < 0.7:
                asset = series.market if rng.random() < 0.95 else self.core
                self.deposit(self.anyone(), asset, min(10**15, units), BuyBond(series=series.number))
            elif kind < 0.8 and held:
                who = rng.choice(held)
                amount = rng.choice((1, series.holdings[who], series.holdings[who] // 2, None))
                self.request(who, Redeem(series=series.number, amount=amount))
            elif kind < 0.9 and held:
                who = rng.choice(held)
                amount = rng.choice((1, series.holdings[who], series.holdings[who] + 1))
                self.request(
                    who, PassBond(series=series.number, amount=amount, to=self.anyone(), price=rng.choice((0, amount)))
                )
            elif model.offers:
                offer = rng.choice(list(model.offers.values()))
                if rng.random() < 0.7:
                    self.deposit(offer.to, series.market, max(1, offer.price), TakeBond(offer=offer.number))
                else:
                    self.request(offer.seller, KeepBond(offer=offer.number))

    def units_are_sent(self, order):
        if order is not None and order.state == "open" and order.kind in ("bond_issue", "bond_pay"):
            mine = self.units.setdefault(order.asset, {})
            mine[order.account] = mine.get(order.account, 0) + order.units

    def bonds_go_round(self):
        """Bonds are put on the chain, units of them change hands there and come back, by whoever has them."""
        rng, model = self.bond_rng, self.model
        series = rng.choice(list(model.series.values()))
        left = series.amount - series.sold
        if series.on_offer and left and rng.random() < 0.5:
            self.deposit(
                self.anyone(), series.market, max(1, left // rng.choice((1, 2, 3))), BuyBond(series=series.number)
            )
        if series.holdings and rng.random() < 0.2:
            units = max(1, series.sold // rng.choice((1, 2, 5)) + rng.choice((0, 1)))
            self.deposit(rng.choice(PEOPLE), series.market, units, Insure(market=series.market))
        opened = [n for n, order in model.orders.items() if order.state == "open" and order.kind.startswith("bond_")]
        if opened and rng.random() < 0.7:
            number = rng.choice(opened)
            done = OrderDone(time=self.now, order=number, fee_asset=self.core, fee=7, transaction="ab")
            failed = OrderFailed(time=self.now, order=number, reason="no")
            filled = OrderFilled(time=self.now, order=number, units=1)
            self.put(rng.choices((done, failed, filled), (8, 2, 1))[0])
        holders = [who for who in series.holdings if not who.startswith("(")]
        if holders and rng.random() < 0.7:
            who = rng.choice(holders)
            held = series.holdings[who]
            amount = rng.choice((None, 1, held, held // 2, held // 3, held + 1))
            ask = IssueBond(series=series.number, amount=amount, asset=rng.choice((None,) * 9 + (self.core,)))
            if rng.random() < 0.5:
                self.deposit(who, series.market, max(1, held * rng.choice((1, 3))), ask)
            else:
                self.request(who, ask)
        mine = self.units.get(series.asset, {})
        owners = [who for who, units in mine.items() if units]
        if owners and rng.random() < 0.7:
            self.units_change_hands(rng, series, mine, rng.choice(owners))

    def units_change_hands(self, rng, series, mine, owner):
        units = rng.choice((1, mine[owner], (mine[owner] + 1) // 2, (mine[owner] + 2) // 3))
        mine[owner] -= units
        if rng.random() < 0.4:
            other = rng.choice(PEOPLE)
            mine[other] = mine.get(other, 0) + units
            return
        ask = rng.choice((None, None, Redeem(series=series.number), Stake()))
        unreadable = "what is that" if ask is None and rng.random() < 0.3 else None
        extra = rng.choice((0,) * 9 + (10**6,))
        self.deposit(owner, series.asset, units + extra, ask, unreadable)

    def chain_acts(self):
        """A simulated chain carries out an order of a position in protocol custody, in part or in whole, or not."""
        rng, model = self.rng, self.model
        kinds = ("pay_debt", "close", "hand_over")
        orders = [order for order in model.orders.values() if order.kind in kinds and order.state == "open"]
        if not orders:
            return
        order = rng.choice(orders)
        p = model.positions[order.market, order.account]
        left = order.units - order.filled
        units = rng.choice((left, left, left // 2, 0))
        collateral, debt = p.collateral, p.debt
        got = min(debt, int(units * Fraction(*order.limit))) if order.limit else 0
        self.put(
            OrderFilled(
                time=self.now, order=order.number, units=units, got=got, done=units == left or rng.random() < 0.6
            )
        )
        if order.kind == "close":
            collateral, debt = max(0, collateral - units), debt - got
        elif order.kind == "pay_debt":
            debt = max(0, debt - units)
        elif units == left:
            collateral, debt = 0, 0
        if rng.random() < 0.95:
            self.put(
                PositionSeen(
                    time=self.now,
                    market=p.market,
                    account=p.account,
                    collateral=collateral,
                    debt=debt,
                    custody=p.custody,
                )
            )

    def close_black(self):
        black = [p for p in self.model.positions.values() if p.state == "black"]
        if black and self.rng.random() < 0.9:
            p = self.rng.choice(black)
            if self.rng.random() < 0.7:
                owed = self.model.owed_for(self.model.markets[p.market], p)
                self.deposit(self.anyone(), p.market, min(10**15, p.debt + owed + self.rng.choice((-1, 0, 0, 10))))
            self.request(self.anyone(), CloseBlack(market=p.market, position=p.account))

    def crash(self):
        """The price falls to where a position with long loans is in trouble, and mostly stays there for a while."""
        rng, model = self.rng, self.model
        found = [p for p in model.positions.values() if p.collateral and model.long_loans(p) and p.state != "closed"]
        if not found:
            return
        p = rng.choice(found)
        feed = model.markets[p.market].last_valid
        debt, assets = p.debt - model.lp2(p), p.collateral + model.lp1(p)
        price = rng.choice(
            (
                feed.mcr * debt / assets * Fraction(999, 1000),
                feed.mssr * p.debt / p.collateral * Fraction(999, 1000),
                feed.mssr * p.debt / p.collateral * Fraction(9, 10),
                Fraction(p.debt, p.collateral) * Fraction(99, 100),
                Fraction(p.debt, p.collateral) / 10,
            )
        )
        self.steady_feed(p.market, price)
        if rng.random() < 0.8:
            self.now += self.model.markets[p.market].par["trigger_hold"] + rng.choice((-1, 0, 0, 1, 60))
            self.tick()

    def auction_story(self):
        """An auction from its opening to a round's close, with bids, and now and then a cure."""
        rng, model = self.rng, self.model
        if not any(auction.ended is None for auction in model.auctions.values()):
            self.crash()
            self.now += 61
            self.tick()
        running = [auction for auction in model.auctions.values() if auction.ended is None]
        if not running:
            return
        for _ in range(rng.choice((1, 2, 3))):
            self.now += rng.choice((0, 1, 300, 900))
            rng.choice((self.bid, self.bid, self.bid, self.recover, self.prepay))()
        auction = rng.choice(running)
        if auction.ended is None:
            self.now = max(self.now, model.round_close(auction) + rng.choice((-1, 0, 0, 0, 1)))
            self.tick()

    def missed_story(self):
        """A long loan misses its interest just after a fall under MSSR, with a feed or without, and may be cured."""
        rng, model = self.rng, self.model
        found = [x for x in model.live() if x.long and model.position_of(x).state == "protected" and not x.unpaid]
        if not found:
            return
        loan = rng.choice(found)
        p = model.position_of(loan)
        self.now = max(self.now, loan.interest_due - rng.choice((0, 1, 30, 59, 60)))
        if rng.random() < 0.8:
            self.request(loan.borrower, Unprepay(asset=loan.interest_asset))
        ratio = rng.choice(
            (Fraction(109, 100), Fraction(109, 100), Fraction(11, 10), Fraction(12, 10), Fraction(99, 100))
        )
        if p.collateral:
            self.steady_feed(p.market, ratio * p.debt / p.collateral)
        if rng.random() < 0.25:
            self.put(FeedSeen(time=self.now, market=p.market))
        self.now = max(self.now, loan.interest_due)
        self.tick()
        self.now += rng.choice((0, 1, 30, 60, DAY, 7 * DAY))
        for action in rng.sample((self.recover, self.prepay, self.bid, self.feed, self.tick), 2):
            action()

    def rest_story(self):
        """Just where the rest after a win ends, and a hold after it."""
        rng, model = self.rng, self.model
        resting = [p for p in model.positions.values() if p.rest_until > self.now and p.collateral]
        if not resting:
            return
        p = rng.choice(resting)
        hold = model.markets[p.market].par["trigger_hold"]
        if rng.random() < 0.5:
            self.steady_feed(
                p.market, Fraction(p.debt, p.collateral) * rng.choice((1, Fraction(108, 100), Fraction(3, 2)))
            )
        if rng.random() < 0.3:
            self.put(FeedSeen(time=self.now, market=p.market))
            self.now += rng.choice((1, 3600, DAY))
            self.steady_feed(p.market, Fraction(p.debt, p.collateral) * Fraction(108, 100))
        self.now = max(self.now, p.rest_until + rng.choice((-1, 0, hold - 1, hold, hold + 1)))
        self.tick()

    def bond_story(self):
        """A series is bought in part or in whole, its window ends, and income redeems some of it."""
        rng, model = self.rng, self.model
        on_offer = [series for series in model.series.values() if series.on_offer]
        if on_offer:
            series = rng.choice(on_offer)
            for _ in range(rng.choice((1, 2, 3))):
                left = series.amount - series.sold
                units = max(1, rng.choice((left, left, left // 2, left // 3)))
                self.deposit(self.anyone(), series.market, min(10**15, units), BuyBond(series=series.number))
            self.now = max(self.now, series.window_ends + rng.choice((-1, 0, 0, 1)))
            self.tick()
        standing = [series for m in model.markets.values() for series in model.standing(m) if not series.on_offer]
        if standing:
            series = rng.choice(standing)
            self.now += rng.choice((1, 60, DAY, 30 * DAY))
            units = rng.choice((1, model.outstanding(series), model.outstanding(series) // 2, self.amount()))
            self.deposit(self.anyone(), series.market, min(10**15, max(1, units)), Insure(market=series.market))

    def recover(self):
        """The price of a position in trouble comes back to one of its edges."""
        rng, model = self.rng, self.model
        found = [p for p in model.positions.values() if p.collateral and p.state not in ("free", "protected", "closed")]
        if not found:
            return
        p = rng.choice(found)
        m = model.markets[p.market]
        debt, assets = p.debt - model.lp2(p), p.collateral + model.lp1(p)
        if rng.random() < 0.3:
            factor = Fraction(rng.choice((101, 130, 200)), 100)
            self.put(
                PositionSeen(
                    time=self.now,
                    market=p.market,
                    account=p.account,
                    custody=p.custody,
                    debt=p.debt,
                    collateral=min(10**15, int(p.collateral * factor) + 1),
                )
            )
        elif debt > 0:
            price = rng.choice(
                (
                    m.last_valid.mcr * debt / assets,
                    m.ratio("lmcr") * p.debt / p.collateral,
                    m.ratio("lmcr") * p.debt / p.collateral * Fraction(1001, 1000),
                )
            )
            self.steady_feed(p.market, price)

    def steady_feed(self, market, price):
        self.put(
            FeedSeen(
                time=self.now,
                market=market,
                price=self.pair(price),
                mcr=1550,
                mssr=1100,
                icr=1600,
                expires=self.now + 10**9,
            )
        )

    def starve(self):
        """Somebody with loans takes the prepaid interest out."""
        live = self.model.live()
        if live:
            loan = self.rng.choice(live)
            self.request(loan.borrower, Unprepay(asset=loan.interest_asset))

    def shrink(self):
        """A position with loans is seen much smaller, as after a margin call."""
        rng, live = self.rng, self.model.live()
        if live:
            loan = rng.choice(live)
            p = self.model.positions[loan.market, loan.account]
            debt = max(1, int(p.debt * Fraction(rng.choice((1, 20, 50, 70, 90)), 100)))
            collateral = max(1, int(p.collateral * Fraction(rng.choice((20, 50, 70, 90, 100)), 100)))
            self.put(
                PositionSeen(
                    time=self.now,
                    market=p.market,
                    account=p.account,
                    collateral=collateral,
                    debt=debt,
                    custody=p.custody,
                )
            )

    @staticmethod
    def pair(price):
        return (min(price.numerator, 10**15), min(price.denominator, 10**15))

    def protect(self):
        at = self.rng.choice((None, None, Fraction(self.rng.choice((130, 140, 155, 160, 200)), 100)))
        self.send(*self.wanted(Protect, at=at))

    def unprotect(self):
        number = self.some(self.model.protections, "protection")
        kept = self.model.protections.get(number)
        self.request(kept.account if kept and self.rng.random() < 0.9 else self.anyone(), Unprotect(protection=number))

    def repay(self):
        live = self.model.live()
        if live and self.rng.random() < 0.9:
            loan = self.rng.choice(live)
            self.request(loan.borrower if self.rng.random() < 0.95 else self.anyone(), Repay(loan=loan.number))
        else:
            self.request(self.anyone(), Repay(loan=self.some(self.model.loans, "loan")))

    def withdraw(self):
        self.request(
            self.anyone(), Withdraw(asset=self.symbol(), amount=self.rng.choice((None, None, self.amount(), 0)))
        )

    def order(self):
        number = self.some(self.model.orders, "order")
        if self.rng.random() < 0.7:
            fee = self.rng.choice((0, 7))
            self.put(OrderDone(time=self.now, order=number, fee_asset=self.core, fee=fee, transaction="ab"))
        else:
            self.put(OrderFailed(time=self.now, order=number, reason="no such account"))

    def other_money(self):
        rng = self.rng
        kind = rng.random()
        if kind < 0.3:
            self.deposit(self.anyone(), self.symbol(), self.amount(), Operator())
        elif kind < 0.6:
            self.deposit(self.anyone(), self.symbol(), self.amount(), unreadable="what is that")
        elif kind < 0.8:
            self.deposit(self.anyone(), self.symbol(), self.amount())
        else:
            self.deposit(self.anyone(), rng.choice(("XYZ", self.symbol())), self.amount(), Stake())

    def loss(self):
        """What is missing in the account is written off: less, as much, or more than the operator's reserve holds."""
        rng = self.rng
        asset = self.symbol() if rng.random() < 0.9 else "XYZ"
        held = max(0, self.model.held("operator", asset))
        units = rng.choice((self.amount(), self.amount(), held, held + 1, rng.randint(0, held)))
        self.put(Loss(time=self.now, asset=asset, amount=units, reason="a fee of an operation made by hand"))

    ACTIONS = (
        (tick, 8),
        (feed, 22),
        (position, 6),
        (parameters, 2),
        (asset, 1),
        (lend, 3),
        (lend_more, 2),
        (stake, 1),
        (change_pool, 4),
        (unlend, 3),
        (prepay, 10),
        (unprepay, 1),
        (borrow, 10),
        (loan_story, 9),
        (starve, 5),
        (bid, 6),
        (insure, 2),
        (crash, 4),
        (auction_story, 4),
        (missed_story, 4),
        (rest_story, 4),
        (bond_story, 6),
        (bonds, 4),
        (chain_acts, 4),
        (close_black, 1),
        (recover, 3),
        (shrink, 4),
        (protect, 4),
        (unprotect, 1),
        (repay, 3),
        (withdraw, 2),
        (order, 1),
        (other_money, 1),
        (loss, 1),
    )

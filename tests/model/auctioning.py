"""Auctions in the model: PL-27 to PL-33, PL-44, PL-48, PL-49, with PL-D18 to PL-D24, PL-D56, PL-D63, PL-D64."""

from math import ceil, floor

from .things import DAY, Auction, Bid, No, Terms

IN_AUCTION = ("in_auction", "taken_over")


class Auctioning:
    def running(self, p):
        return self.auctions[p.auction] if p.auction is not None else None

    def open_auction(self, p, state, rule):
        par = self.markets[p.market].par
        n = len(self.auctions) + 1
        self.auctions[n] = Auction(n, p.market, p.account, rule, self.now, par["auction_round"], par["auction_limit"])
        p.auction = n
        p.cure_held = False
        for name in ("auction", "cure", "floor") + (("takeover",) if state == "taken_over" else ()):
            p.holds.pop(name, None)
        self.set_state(p, state, rule)

    def close_auction(self, p, rule, winner="", price=0):
        """All bids but the winner's, already spent, go back."""
        auction = self.running(p)
        for bid in self.bids.values():
            if bid.auction == auction.number and bid.state == "open":
                self.give_back(bid)
        auction.ended, auction.ended_by, auction.winner, auction.price = self.now, rule, winner, price
        p.auction = None
        p.cure_held = False
        for name in ("floor", "cure") + (("takeover",) if winner else ()):
            p.holds.pop(name, None)

    def give_back(self, bid):
        bid.state = "returned"
        auction = self.auctions[bid.auction]
        self.move(bid.units, auction.market, f"bid/{bid.number}", f"free/{bid.account}")

    def do_bid(self, account, ask, asset, units):
        """PL-30, PL-D18: asset, holder, auction and money are judged on arrival."""
        auction = self.auctions.get(ask.auction)
        if auction is None or auction.ended is not None:
            raise No("PL-27")
        p = self.positions[auction.market, auction.account]
        if asset != auction.market or account == p.holder:
            raise No("PL-30")
        self.spend(account, asset, units, "PL-30")
        n = len(self.bids) + 1
        self.bids[n] = Bid(n, auction.number, account, units, self.now)
        self.move(units, asset, f"free/{account}", f"bid/{n}")

    def open_bids(self, auction):
        return [bid for bid in self.bids.values() if bid.auction == auction.number and bid.state == "open"]

    def round_close(self, auction):
        """The next moment at which something happens to an auction by itself."""
        bids = self.open_bids(auction)
        return auction.round_end(bids[0].time) if bids else auction.limit

    def round_closes(self, auction):
        """PL-28 to PL-30, PL-33."""
        p = self.positions[auction.market, auction.account]
        parts = self.reserve_parts(p)
        reserve = sum(units for _, _, units in parts)
        valid = [bid for bid in self.open_bids(auction) if bid.units >= reserve]
        if valid:
            self.win(p, max(valid, key=lambda bid: (bid.units, -bid.number)), parts, reserve)
            return
        for bid in self.open_bids(auction):
            self.give_back(bid)
        if self.now >= auction.limit:
            self.close_auction(p, "PL-33")
            self.carry(p, "PL-33")

    def reserve_parts(self, p):
        """(loan, terms, units of the bitasset) for each long loan that has a further period (PL-D21, PL-D22)."""
        parts = []
        for loan in self.long_loans(p):
            if loan.goes_home == loan.principal:
                continue
            terms = loan.unpaid[0] if loan.unpaid else self.coming_terms(loan)
            if not isinstance(terms, Terms):
                continue
            units = ceil((loan.principal - loan.goes_home) * terms.rate * terms.period_days / 365)
            if loan.asset != p.market:
                units = ceil(units * self.price_now(p.market))
            parts.append((loan, terms, units))
        return parts

    def win(self, p, bid, parts, reserve):
        m, purse = self.markets[p.market], f"bid/{bid.number}"
        surplus = bid.units - reserve
        to_system = floor(surplus * m.par["surplus_to_system"]) if reserve else surplus  # PL-D20
        to_lenders = surplus - to_system
        shares = [floor(to_lenders * units / reserve) if reserve else 0 for _, _, units in parts]
        if shares:
            largest = max(range(len(parts)), key=lambda i: (parts[i][2], -i))
            shares[largest] += to_lenders - sum(shares)
        income = to_system
        for (loan, _, units), share in zip(parts, shares, strict=True):
            cut = floor(units * m.par["i2"])
            income += cut
            self.move(units - cut + share, m.name, purse, f"free/{loan.lender}")
            self.earned(loan, m.name, units - cut + share)
        self.move(income, m.name, purse, f"fund/{m.name}")
        self.income(m, m.name, income)
        bid.state = "won"
        self.close_auction(p, "PL-28", bid.account, bid.units)
        p.holder = bid.account
        p.rest_until = self.now + m.par["cure_window"]
        self.end_protections(p)
        for loan in self.live(p):
            loan.borrower = bid.account
        paid = [loan.number for loan, _, _ in parts]
        for loan in self.long_loans(p):
            if loan.number not in paid and loan.goes_home < loan.principal:
                self.goes_home(loan, loan.principal, "PL-6")  # PL-D22: decided when the round closes
        for loan, terms, _ in parts:
            self.period_is_paid(loan, terms)
        self.set_state(p, "protected", "PL-28")

    # --- cure: PL-31 ----------------------------------------------------------------------------------------------

    def try_cure(self, p):
        if p.state != "in_auction":
            return False
        if self.running(p).rule != "PL-21" and not p.cure_held:
            return False
        owed = sorted((loan for loan in self.live(p) if loan.unpaid), key=lambda x: (x.unpaid[0].due, x.number))
        needed = {}
        for loan in owed:
            asset = loan.interest_asset
            needed[asset] = needed.get(asset, 0) + self.interest_of(loan, loan.unpaid[0])
        if any(self.held(f"prepaid/{p.holder}", asset) < units for asset, units in needed.items()):
            return False
        for loan in owed:
            self.take_interest(loan)
        self.close_auction(p, "PL-31")
        self.set_state(p, "protected", "PL-31")
        return True

    def cure_by_deed(self, p, was_under):
        """PL-D56: at once if added collateral or paid debt made LCR ≥ MCR true, at a price that has held."""
        feed, m = self.feed_of(p), self.markets[p.market]
        if p.state != "in_auction" or feed is None or not was_under:
            return
        if self.lcr(p, feed) >= feed.mcr and self.now - m.price_since >= m.par["trigger_hold"]:
            p.cure_held = True

    def no_long_loan_left(self, p):
        """PL-D22, PL-D52."""
        self.close_auction(p, "PL-27")
        self.set_state(p, "protected", "PL-27")
        if not self.live(p):
            self.set_state(p, "free", p.last_end)


def days_begun(since, now):
    return max(0, -((since - now) // DAY))

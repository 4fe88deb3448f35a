"""The shared pool again, plainly: every position, every lender, every second that matters, in fractions.

It shares no code with the engine. Whatever happens, it goes through all positions and all lenders; nothing is indexed,
nothing is put off, nothing is rounded but what the rules round.
"""

from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

A, B, FEE, RATE, T, STEP, ICR, LEAST = Fraction(10), 7, Fraction(1, 20), Fraction(1, 50), 14 * 86_400, 3600, 1550, 1001
KINK = ((Fraction(0), Fraction(0)), (Fraction(4, 5), Fraction(1, 100)), (Fraction(1), RATE))
"""Use and rate where the slopes of `kinked` meet."""


class No(Exception):
    """Refused, by a rule."""


class Holder:
    def __init__(self, number, own, balance):
        self.number, self.own, self.balance = number, own, balance
        self.paid, self.accrued = 0, Fraction(0)
        self.unpaid = self.served = False
        self.call, self.missed = "", 0


class Lender:
    def __init__(self):
        self.staying, self.waiting = 0, Fraction(0)
        self.freed, self.reward = Fraction(0), Fraction(0)


class Model:
    def __init__(self, model="fixed", fee=FEE):
        self.model, self.fee = model, fee
        self.now = 0
        self.feed = None
        self.price = self.mcr = self.icr = None
        self.positions, self.numbers = {}, {}
        self.holders, self.lenders, self.free = {}, {}, {}
        self.pool = self.freed = self.insurance = 0
        self.accrued, self.pending = Fraction(0), Fraction(0)
        self.handed, self.set_aside, self.rewards, self.fees = 0, 0, 0, 0
        self.waiting, self.scale, self.requests, self.step_at = 0, Fraction(1), [], None
        self.x, self.scarce, self.lowest, self.rate = Fraction(0), False, None, Fraction(0)
        self.to_call = set()

    # --- time ---------------------------------------------------------------------------------------------------

    def go(self, time):
        while True:
            dues = [(when, 0) for when in (self.due_of(h) for h in self.holders.values()) if when is not None]
            if self.waiting:
                dues.append((self.step_at, 1))
            if self.to_call and not self.broken():
                dues.append((self.now, 2))
            when, kind = min(dues, default=(time + 1, 0))
            if when > time:
                break
            self.accrue(when)
            (self.pay, self.step, self.calls)[kind]()
        self.accrue(time)

    def accrue(self, time):
        seconds, self.now = time - self.now, time
        for name, holder in self.holders.items():
            part = self.speed(name) * seconds if seconds and holder.served else 0
            if part:
                holder.accrued += part
                self.accrued += part
                self.share(part)

    def share(self, part):
        """What accrues is the lenders', by what each has in the pool; without lenders it waits for the first."""
        lent = sum(lender.staying + lender.waiting for lender in self.lenders.values())
        self.pending += part
        if lent:
            part, self.pending = self.pending, Fraction(0)
            for lender in self.lenders.values():
                lender.reward += part * (1 - self.fee) * (lender.staying + lender.waiting) / lent

    def speed(self, name):
        collateral, debt = self.positions[name]
        extra = debt - collateral * self.x
        return extra * A * (Fraction(debt) / (collateral * self.price)) ** B * self.rate / T

    def due_of(self, holder):
        if not holder.served or holder.unpaid:
            return None
        name = next(name for name, other in self.holders.items() if other is holder)
        left, speed = holder.paid - holder.accrued, self.speed(name)
        if not speed:
            return None
        return self.now + max(0, ceil(left / speed))

    def pay(self):
        for name, holder in self.by_number():
            if holder.served and not holder.unpaid and self.speed(name) and holder.accrued >= holder.paid:
                units = self.quote(name)
                if holder.balance < units:
                    self.unaccrue(holder)
                    holder.unpaid, holder.missed = True, units
                else:
                    holder.balance -= units
                    holder.paid += units
                    self.set_aside += units
        self.refresh()

    def unaccrue(self, holder):
        """What accrued in the last second beyond what was paid."""
        over = max(0, holder.accrued - holder.paid)
        holder.accrued -= over
        self.accrued -= over
        self.share(-over)

    def hand_out(self):
        self.share(0)
        if any(lender.staying + lender.waiting for lender in self.lenders.values()):
            units = ceil(self.accrued) - self.handed
            if units > 0:
                self.handed += units
                fees = floor(self.handed * self.fee) - self.fees
                self.fees += fees
                self.set_aside -= units
                self.insurance += fees
                self.rewards += units - fees

    def quote(self, name):
        collateral, debt = self.positions[name]
        return ceil(
            ceil(debt - collateral * self.x) * A * (Fraction(debt) / (collateral * self.price)) ** B * self.rate
        )

    def step(self):
        self.hand_out()
        left = ceil(self.scale * sum(units * Fraction(last - self.step_at, T) for units, last in self.requests))
        self.requests = [(units, last) for units, last in self.requests if last > self.step_at]
        left = min(left, self.waiting) if self.requests else 0
        units, was = self.waiting - left, self.waiting
        for lender in self.lenders.values():
            lender.freed += lender.waiting * Fraction(units, was)
            lender.waiting *= Fraction(left, was)
        self.pool -= units
        self.freed += units
        self.waiting, self.step_at = left, self.step_at + STEP
        if not left:
            self.requests, self.scale = [], Fraction(1)
        self.refresh()

    # --- who is served ------------------------------------------------------------------------------------------

    def broken(self):
        return self.feed is None or max(ICR, self.feed[2]) <= self.feed[1]

    def by_number(self):
        return sorted(self.holders.items(), key=lambda item: item[1].number)

    def cr(self, name):
        collateral, debt = self.positions[name]
        return collateral * self.price / debt

    def extra(self, name):
        collateral, debt = self.positions[name]
        return max(0, floor(debt - collateral * self.x) if self.scarce else ceil(debt - collateral * self.x))

    def refresh(self):
        if not self.broken():
            self.price, self.mcr, self.icr = self.feed[0], Fraction(self.feed[1], 1000), max(ICR, self.feed[2])
        if self.price is None:
            return
        paying = [name for name, holder in self.holders.items() if not holder.unpaid and holder.call != "full"]
        self.x, self.scarce = self.price * 1000 / self.icr, False
        icr = Fraction(self.icr, 1000)
        upper = [name for name in paying if self.mcr <= self.cr(name) < icr]
        if sum(self.extra(name) for name in upper) > self.pool:
            self.scarce = True
            self.x = max(self.x, self.common_level(upper))
            served = {name for name in upper if self.positions[name][1] > self.positions[name][0] * self.x}
            self.lowest = self.mcr
        else:
            served = set(upper)
            left, self.lowest = self.pool - sum(self.extra(name) for name in upper), self.mcr
            lower = [
                n
                for n in paying
                if 1 < self.cr(n) < self.mcr
                and (h := self.holders[n]).own is not None
                and Fraction(h.own, 1000) <= self.cr(n)
            ]
            for ratio in sorted({self.cr(name) for name in lower}, reverse=True):
                group = [name for name in lower if self.cr(name) == ratio]
                takes = sum(self.extra(name) for name in group)
                if takes > left:
                    break
                left -= takes
                served |= set(group)
                self.lowest = ratio
        for name, holder in self.holders.items():
            if holder.call != "full":
                holder.served = name in served
                if self.cr(name) < self.mcr and not holder.served:
                    if self.wanted(name) != holder.call:
                        self.to_call.add(name)
                else:
                    self.to_call.discard(name)
                    holder.call = ""
        self.rate = RATE
        if self.model != "fixed":
            takes = sum(self.positions[n][1] - self.positions[n][0] * self.x for n in served)
            self.rate = self.rate_at(min(Fraction(1), takes / self.pool) if self.pool else Fraction(0))

    def rate_at(self, use):
        """The inverse ratio is a line from nothing to the full rate; the kinked curve goes through its corners."""
        corners = (KINK[0], KINK[-1]) if self.model == "inverse" else KINK
        for (low, least), (high, most) in pairwise(corners):
            if low <= use <= high:
                return least + (most - least) * (use - low) / (high - low)
        raise AssertionError(f"no use: {use}")

    def common_level(self, upper):
        """x such that what brings each to it adds up to the pool."""
        ratios = sorted(((Fraction(self.positions[n][1], self.positions[n][0]), n) for n in upper), reverse=True)
        debt = collateral = 0
        for place, (ratio, name) in enumerate(ratios):
            debt += self.positions[name][1]
            collateral += self.positions[name][0]
            x = Fraction(debt - self.pool, collateral)
            following = ratios[place + 1][0] if place + 1 < len(ratios) else 0
            if following <= x <= ratio:
                return x
        raise AssertionError("no level")

    def wanted(self, name):
        return "full" if self.cr(name) <= 1 else "partial"

    def calls(self):
        self.hand_out()
        asked, self.to_call = self.to_call, set()
        for name in sorted(asked, key=lambda n: (self.cr(n), self.holders[n].number)):
            holder = self.holders[name]
            if self.cr(name) <= 1:
                self.own(name)
            elif not holder.served:
                holder.call = "partial"
        self.refresh()

    def own(self, name):
        holder = self.holders[name]
        holder.served, holder.call, holder.unpaid = False, "full", False
        self.insurance += self.close(holder)

    def close(self, holder):
        self.unaccrue(holder)
        used = ceil(holder.accrued)
        rest = used - holder.accrued
        self.accrued += rest
        self.share(rest)
        units = holder.paid - used
        self.set_aside -= units
        units, holder.balance, holder.paid, holder.accrued = units + holder.balance, 0, 0, Fraction(0)
        return units

    # --- what people do -----------------------------------------------------------------------------------------

    def supply(self, who, units):
        self.hand_out()
        lender = self.lenders.setdefault(who, Lender())
        lender.staying += units
        self.pool += units
        self.refresh()

    def leave(self, who, units):
        if who not in self.lenders:
            raise No("SP-9")
        self.hand_out()
        lender = self.lenders[who]
        waiting = floor(lender.waiting)
        held = lender.staying + waiting
        units = held if units is None else units
        if units > held:
            raise No("SP-9")
        self.fetch(who)
        taken = sum(self.extra(name) for name, holder in self.holders.items() if holder.served)
        at_once = min(units, 0 if self.scarce else self.pool - taken)
        from_staying = min(at_once, lender.staying)
        lender.staying -= from_staying
        early = at_once - from_staying
        if early:
            self.scale *= Fraction(self.waiting - early, self.waiting)
            lender.waiting -= early
            self.waiting -= early
            if not self.waiting:
                lender.waiting, self.requests, self.scale = Fraction(0), [], Fraction(1)
        waits = min(units - at_once, lender.staying)
        if waits:
            if not self.waiting:
                self.step_at = self.now // STEP * STEP + STEP
            lender.staying -= waits
            lender.waiting += waits
            self.waiting += waits
            self.requests.append((waits / self.scale, self.step_at - STEP + T))
        self.pool -= at_once
        self.give(who, at_once)
        self.refresh()

    def fetch(self, who):
        lender = self.lenders[who]
        units = min(floor(lender.freed), self.freed)
        lender.freed -= units
        self.freed -= units
        self.give(who, units)

    def take_rewards(self, who):
        if who not in self.lenders:
            raise No("SP-5")
        self.hand_out()
        self.fetch(who)
        lender = self.lenders[who]
        units = min(floor(lender.reward), self.rewards)
        lender.reward -= units
        self.rewards -= units
        self.give(who, units)

    def give(self, who, units):
        self.free[who] = self.free.get(who, 0) + units

    def hold(self, name, own, units):
        """What came along is interest; a refusal leaves it as free balance."""
        self.give(name, units)
        if name not in self.positions:
            raise No("PL-11")
        holder = self.holders.get(name)
        if holder is None:
            own = self.own_of(own)
            if self.broken():
                raise No("SP-16")
            if not units:
                raise No("SP-18")
            fresh = Holder(self.numbers[name], own, 0)
            if self.cr(name) < self.mcr:
                taken = sum(self.extra(n) for n, h in self.holders.items() if h.served)
                fits = not self.scarce and self.extra(name) <= self.pool - taken
                if own is None or Fraction(own, 1000) > self.cr(name) or not fits:
                    raise No("SP-7")
            below = self.positions[name][1] > self.positions[name][0] * self.x
            if units <= (self.quote(name) if below else 0):
                raise No("SP-16")
            self.holders[name] = holder = fresh
        else:
            if own is not None and holder.call == "full":
                raise No("SP-14")
            if own is not None:
                own = self.own_of(own)
                holder.own = own
        self.give(name, -units)
        holder.balance += units
        if holder.unpaid and holder.balance >= holder.missed:
            holder.unpaid, holder.missed = False, 0
        self.refresh()

    def own_of(self, own):
        if own is None or (self.mcr is not None and own >= self.mcr * 1000):
            return None
        if own < LEAST:
            raise No("SP-16")
        return own

    def unhold(self, name):
        if name not in self.positions:
            raise No("PL-11")
        if name not in self.holders:
            raise No("SP-10")
        if self.holders[name].call == "full":
            raise No("SP-14")
        self.end(name)

    def end(self, name):
        holder = self.holders[name]
        units = self.close(holder)
        if holder.call == "full":
            self.insurance += units
        else:
            self.give(name, units)
        del self.holders[name]
        self.to_call.discard(name)
        self.refresh()

    def seen(self, name, collateral, debt):
        if not debt:
            if name in self.holders:
                self.end(name)
            self.positions.pop(name, None)
            return
        was = self.positions.get(name)
        self.numbers.setdefault(name, len(self.numbers))
        self.positions[name] = (collateral, debt)
        holder = self.holders.get(name)
        if holder is not None and was != (collateral, debt):
            holder.served = False
            added = collateral >= was[0] and debt <= was[1]
            if holder.call == "full" and added and self.cr(name) >= self.mcr:
                holder.call = ""
            self.refresh()

    def feeds(self, feed):
        self.feed = feed
        self.refresh()

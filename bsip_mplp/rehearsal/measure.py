"""What is noted of a run while it goes on, and the figures made of it at its end. It only looks; nothing depends on it.

Figures may be floats: they are for people to compare, and no money moves by them.
"""

from __future__ import annotations

from collections import Counter
from math import inf

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.money import DAYS_PER_YEAR, SECONDS_PER_DAY
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.rehearsal.desk import CORE_SYMBOL, SYMBOLS, USD_SYMBOL, side_of
from bsip_mplp.rehearsal.estate import short_in_vaults, wealth_in_core
from bsip_mplp.rehearsal.founding import Founded
from bsip_mplp.rehearsal.market import CORE, USD, Called
from bsip_mplp.rehearsal.order_book_loans import OrderBookLoans
from bsip_mplp.rehearsal.result import FIGURES, SERIES, RunResult
from bsip_mplp.rehearsal.scenario import HOLDER_KINDS, Scenario
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.outcomes import Event as RuleEvent

Floats = NDArray[np.float64]


REPAYMENT_DAYS_MOST = 36_500.0
"""A hundred years stand for bonds that nothing is paid back on."""


def repayment_days(sold: int, redeemed: int, elapsed: float) -> float:
    """How many days the repayment of bonds takes, if what is still outstanding goes on at the pace so far.

    A run of days can't show years; the pace is that of its own income (PL-39). What is still in its window of sale is
    not judged.
    """
    return min(REPAYMENT_DAYS_MOST, elapsed * sold / redeemed) if redeemed else REPAYMENT_DAYS_MOST


class Measure:
    """Counts and sums of one run."""

    def __init__(self, scenario: Scenario, founded: Founded) -> None:
        self.scenario, self.world, self.ranges = scenario, founded.world, founded.ranges
        world = self.world
        self.first_price = world.outside_price
        self.seen: Counter[str] = Counter()
        """How often what happened by the rules, and the sums of some amounts."""
        self.bond_days = 0.0
        self.offered_at: dict[str, int] = {}
        self.collateral_sold = 0
        self.called_debt = 0.0
        self.bad_debt = 0.0
        self.calls_cost = 0.0
        self.lost_by = {"sold": 0.0, "passed": 0.0, "interest": 0.0}
        """What holders lost through forced sales, positions that passed to others, and interest, in bitasset units."""
        self.holders: NDArray[np.int64] = np.concatenate([self.ranges[kind] for kind in HOLDER_KINDS])
        self.is_holder = frozenset(self.holders.tolist())
        self.fall = 0.0
        self.locked = self.locked_share = 0.0
        self.supplied_days = 0.0
        self.dividends_units = 0
        self.ordered_calls: set[int] = set()
        """Accounts whose collateral the rules had sold."""
        self.ever: NDArray[np.bool_] = world.debt > 0
        self.helped: NDArray[np.bool_] = np.zeros(world.users, dtype=bool)
        """Positions that were under MCR while others' money protected them."""
        self.avoided: Floats = np.zeros(world.users)
        """What a margin call at that moment would have cost each of them, in bitasset units."""
        self.lost: NDArray[np.bool_] = np.zeros(world.users, dtype=bool)
        """Positions that went to who won an auction."""
        self.lowest_feed = world.feed_price
        self.loans = OrderBookLoans(scenario, founded.path_index)
        self.hours: dict[str, list[float]] = {name: [] for name in SERIES}
        self.start_large = self._large()
        self.insurance_least = self._insurance()
        self.hour()

    def _large(self) -> NDArray[np.bool_]:
        """The holders with the most collateral at the start (RE-10)."""
        world, large = self.world, np.zeros(self.world.users, dtype=bool)
        holders = self.holders
        count = round(len(holders) * self.scenario.users.large_share)
        by_size = holders[np.argsort(-world.collateral[holders], kind="stable")]
        large[by_size[:count]] = True
        return large

    def _value(self, asset: str, units: int) -> float:
        """Units of an asset in bitasset units, at the outside price."""
        if asset == USD_SYMBOL:
            return float(units)
        return float(units * self.world.outside_price * self.world.scale.units_per_price)

    # --- while it goes on ---------------------------------------------------------------------------------

    def count(self) -> None:
        """Take down what happened since it was last asked."""
        world = self.world
        for event in world.rule_events:
            self._event(event)
        world.rule_events.clear()
        if world.desk is not None:
            self._interest(world.desk.interest_taken)
            self._fell_to(world.desk.lowest_sale)
            world.desk.lowest_sale = inf
        if world.chain_calls or world.swan_fills:
            self._calls()
        self._losses()

    def _interest(self, taken: NDArray[np.int64]) -> None:
        for side in (CORE, USD):
            if taken[side].any():
                self.seen["borrowers"] += round(self._value(SYMBOLS[side], int(taken[side].sum())))
                self.lost_by["interest"] += self._value(SYMBOLS[side], int(taken[side, self.holders].sum()))
        taken[:] = 0

    def _losses(self) -> None:
        """What forced sales cost holders, and what they had in positions that passed to others, as worth outside."""
        world = self.world
        for holder, what, collateral, debt in world.wallets.losses:
            lost = self._value(CORE_SYMBOL, collateral) - debt
            if what == "sold":
                self.calls_cost += lost
            if holder in self.is_holder:
                self.lost_by[what] += lost if what == "sold" else max(0.0, lost)
        world.wallets.losses.clear()

    def _fell_to(self, units_price: float) -> None:
        """A forced sale at so many bitasset units per core unit: what its buyer paid, not what others bid for less."""
        self.fall = max(self.fall, 1 - units_price / (self.world.outside_price * self.world.scale.units_per_price))

    def _calls(self) -> None:
        world = self.world
        price = world.outside_price * world.scale.units_per_price
        for call in world.chain_calls:
            if call.collateral > call.fee:
                self._fell_to(call.debt / (call.collateral - call.fee))
            self.collateral_sold += call.collateral
            self.called_debt += call.debt
        for call in world.swan_fills:
            if call.account < world.users:
                self._under_water(call, price)
        world.chain_calls.clear()
        world.swan_fills.clear()

    def _under_water(self, call: Called, price: float) -> None:
        self.bad_debt += max(0.0, call.debt - (call.collateral + call.freed) * price)

    def _event(self, event: RuleEvent) -> None:
        kind, what, values = event.kind, event.what, event.values
        self.seen[f"{kind} {what}"] += 1
        match kind, what:
            case "loan", "paid":
                self.seen["interest"] += round(self._value(values["asset"], values["units"]))
            case "participant", "paid interest":
                self.seen["interest"] += values["units"]
                self.seen["borrowers"] += values["units"]
                holder = self.world.wallets.holder[self.world.index(event.key.partition("/")[2])]
                self.lost_by["interest"] += values["units"] if int(holder) in self.is_holder else 0
            case "participant", ("called" | "owned by the pool"):
                self.ordered_calls.add(self.world.index(event.key.partition("/")[2]))
            case "auction", "ended":
                self.seen[f"auction {'won' if values['winner'] else event.rule}"] += 1
                self._auction_ended(int(event.key), bool(values["winner"]))
            case "position", "changed":
                self.seen[f"became {values['now']}"] += 1
            case "series", "offered":
                self.offered_at[event.key] = event.time
            case "series", "sold":
                self.seen["bonds"] += values["units"]
            case "series", "redeemed in full":
                self._redeemed(event.key, event.time)
            case "unwinding", "lost":  # V-10, the last
                if values["lender"]:
                    self.seen["lost"] += round(self._value(values["asset"], values["units"]))
            case "shared_pool", "lost":
                self.seen["lost"] += values["units"]
            case "shared_pool", "made good":
                self.seen["lost"] -= values["units"]

    def _auction_ended(self, number: int, won: bool) -> None:
        engine = self.world.engine
        if won and engine is not None:
            self.lost[self.world.index(engine.book.auctions[number].account)] = True

    def _redeemed(self, series: str, time: int) -> None:
        self.bond_days = max(self.bond_days, (time - self.offered_at.pop(series)) / SECONDS_PER_DAY)

    def dividends(self, units: int) -> None:
        """Dividends were paid."""
        self.dividends_units += units

    def feed(self) -> None:
        """A feed lower than any before: which positions does others' money keep from being called?"""
        world = self.world
        if world.feed_price >= self.lowest_feed or world.desk is None:
            return
        self.lowest_feed = world.feed_price
        under = (world.ratios() <= world.mcr / PERMILLE) & world.wallets.judged[: world.users] & ~self.helped
        if under.any():
            self.helped |= under
            # called whole at feed / MSSR, a position gives its debt times MSSR, and loses what is over the debt
            self.avoided[under] = world.debt[under] * (world.mssr - PERMILLE) / PERMILLE

    def hour(self) -> None:
        """Take down how things stand, once an hour."""
        world = self.world
        debt = world.debt
        self.ever |= debt > 0
        lent_bitasset, lent = self._lent()
        total = float(debt.sum())
        self.locked = max(self.locked, lent_bitasset)
        self.locked_share = max(self.locked_share, lent_bitasset / total if total else 0.0)
        insurance = self._insurance()
        self.insurance_least = min(self.insurance_least, insurance)
        self.supplied_days += self._supplied() / 24
        self.loans.look(world)
        row = (
            world.outside_price, world.inside_price, world.feed_price, float(np.count_nonzero(debt)), total,
            insurance, lent, self.called_debt,
        )  # fmt: skip
        for name, value in zip(SERIES, row, strict=True):
            self.hours[name].append(value)

    def _lent(self) -> tuple[float, float]:
        """What is lent to positions: in bitasset, and in both assets at the outside price."""
        world = self.world
        bitasset = float(world.lp2.sum())
        pool = world.engine.book.shared_pools.get(USD_SYMBOL) if world.engine is not None else None
        if pool is not None and pool.served_count:
            level = pool.level.numerator / pool.level.denominator
            bitasset += max(0.0, pool.served_debt - pool.served_collateral * level)
        return bitasset, bitasset + self._value(CORE_SYMBOL, int(world.lp1.sum()))

    def _insurance(self) -> float:
        """What the insurance funds hold, in bitasset units at the outside price."""
        return self._held(f"fund/{USD_SYMBOL}", f"shared/{USD_SYMBOL}/insurance")

    def _funds(self) -> float:
        """What stands for losses in vaults before the lenders do (V-10), bonds aside."""
        return self._held(f"fund/{USD_SYMBOL}", f"risk/{USD_SYMBOL}")

    def _held(self, *accounts: str) -> float:
        engine = self.world.engine
        if engine is None:
            return 0.0
        return sum(
            self._value(asset, engine.ledger.balance(account, asset))
            for account in accounts
            for asset in (CORE_SYMBOL, USD_SYMBOL)
        )

    def _supplied(self) -> float:
        """What lenders have in pools, lent or not, in bitasset units."""
        engine = self.world.engine
        if engine is None:
            return 0.0
        held = [0, 0]
        for pool in engine.book.pools.values():
            held[side_of(pool.asset)] += pool.available + pool.lent
        shared = sum(pool.lent_units() for pool in engine.book.shared_pools.values())
        return held[USD] + shared + self._value(CORE_SYMBOL, held[CORE])

    # --- at the end ---------------------------------------------------------------------------------------

    def result(self, rule_set: str, path_index: int, *, seconds_used: float) -> RunResult:
        """All figures, series and groups."""
        figures = self._figures()
        return RunResult(
            self.scenario.name,
            rule_set,
            path_index,
            self.scenario.seed,
            {name: figures[name] for name in FIGURES},
            {name: np.array(values) for name, values in self.hours.items()},
            self._groups(),
            seconds_used,
        )

    def _figures(self) -> dict[str, int | float]:
        world, seen = self.world, self.seen
        price = world.outside_price * world.scale.units_per_price
        called = world.called.copy()
        called[list(self.ordered_calls)] = True
        ever = int(np.count_nonzero(self.ever))
        short = short_in_vaults(world)
        bad = np.maximum(0.0, world.debt - world.collateral * price - short)
        sold = self.collateral_sold + (world.desk.sold_by_order if world.desk is not None else 0)
        for series, since in list(self.offered_at.items()):
            if world.engine is not None:
                bonds = world.engine.book.series[int(series)]
                if bonds.outstanding and bonds.window_ends <= world.now:
                    elapsed = (world.now - since) / SECONDS_PER_DAY
                    self.bond_days = max(self.bond_days, repayment_days(bonds.sold, bonds.redeemed, elapsed))
        return {
            "positions_live": int(np.count_nonzero(world.debt)),
            "positions_called": int(np.count_nonzero(called)),
            "called_positions_share": int(np.count_nonzero(called)) / ever if ever else 0.0,
            "collateral_sold_units": sold,
            "bad_debt_units": self.bad_debt + float(bad.sum()),
            "black_swans": world.swans,
            "price_fall_inside_permille": 1000 * self.fall,
            "debt_locked_units_max": self.locked,
            "debt_locked_share_max": self.locked_share,
            "lenders_loss_units": seen["lost"] + max(0, round(float(short.sum()) - self._funds())),
            "borrowers_cost_units": seen["borrowers"],
            "calls_cost_units": self.calls_cost,
            "call_cost_avoided_units": float(self.avoided[~called & ~self.lost].sum()),
            "borrowers_cost_without_units": float(self.avoided.sum()),
            "insurance_end_units": self._insurance(),
            "insurance_least_units": self.insurance_least,
            "auctions_held": seen["auction opened"],
            "auctions_won": seen["auction won"],
            "auctions_unsold": seen["auction PL-33"],
            "auctions_overtaken": seen["auction PL-49"],
            "takeovers": seen["became taken_over"],
            "bonds_sold_units": seen["bonds"],
            "black_positions": seen["became black"],
            "bond_repayment_days_max": self.bond_days,
            "loans_made": seen["loan made"] + seen["participant joined"],
            "interest_paid_units": seen["interest"],
            "chosen_calls": int(np.count_nonzero(called & world.chosen)),
            "order_book_loan_rate_per_year": self.loans.rate_per_year(),
            **self._why_holders_changed(),
            "dividends_paid_units": self.dividends_units,
            "user_steps": world.users * self.scenario.steps,
            **self._lenders_figures(),
        }

    def _lenders_figures(self) -> dict[str, float]:
        engine = self.world.engine
        if engine is None:
            return {"lenders_yield_per_year": 0.0, "lenders_days_locked_mean": 0.0}
        earned = self._earned(engine)
        yearly = earned / self.supplied_days * DAYS_PER_YEAR if self.supplied_days else 0.0
        locked = [(loan.ended or self.world.now) - loan.made for loan in engine.book.loans.values()]
        days = sum(locked) / len(locked) / SECONDS_PER_DAY if locked else 0.0
        return {"lenders_yield_per_year": yearly, "lenders_days_locked_mean": days}

    def _earned(self, engine: Engine) -> float:
        """What lenders earned, in bitasset units: interest of personal pools, rewards of the shared pool."""
        units = sum(
            self._value(asset, earned) for pool in engine.book.pools.values() for asset, earned in pool.earned.items()
        )
        for shared in engine.book.shared_pools.values():
            units += sum(lender.earned for lender in shared.lenders.values())
            units += engine.ledger.balance(shared.account("rewards"), USD_SYMBOL)
        return units

    def _nothing(self) -> Floats:
        """What each user would have at the end, in core units, had it done nothing with what it was given."""
        world = self.world
        price = world.outside_price * world.scale.units_per_price
        return world.endowed[CORE] + world.endowed[USD] / price  # type: ignore[no-any-return]

    def _change(self, who: NDArray[np.int64]) -> float:
        """By how much wealth changed against having done nothing, per mille."""
        nothing = float(self._nothing()[who].sum())
        return 1000 * (float(self._wealth()[who].sum()) - nothing) / nothing if nothing else 0.0

    def _why_holders_changed(self) -> dict[str, float]:
        """The change of holders' wealth, and through what: the parts add up to it."""
        nothing = self._value(CORE_SYMBOL, 1) * float(self._nothing()[self.holders].sum())
        change = self._change(self.holders)
        sold, passed, interest = (
            -1000 * self.lost_by[what] / nothing if nothing else 0.0 for what in ("sold", "passed", "interest")
        )
        return {
            "holders_wealth_change_permille": change,
            "holders_sold_permille": sold,
            "holders_passed_permille": passed,
            "holders_interest_permille": interest,
            "holders_kept_permille": change - sold - passed - interest,
        }

    def _wealth(self) -> Floats:
        if self._end is None:
            self._end = wealth_in_core(self.world)
        return self._end

    _end: Floats | None = None

    def _groups(self) -> dict[str, dict[str, float]]:
        large = np.flatnonzero(self.start_large)
        holders = self.holders
        small = holders[~self.start_large[holders]]
        return {name: self._group(who) for name, who in {"large": large, "small": small, **self.ranges}.items()}

    def _group(self, who: NDArray[np.int64]) -> dict[str, float]:
        world = self.world
        price = world.outside_price * world.scale.units_per_price
        called = world.called.copy()
        called[list(self.ordered_calls)] = True
        nothing, end = float(self._nothing()[who].sum()), float(self._wealth()[who].sum())
        return {
            "users": float(len(who)),
            "positions": float(np.count_nonzero(self.ever[who])),
            "positions_called": float(np.count_nonzero(called[who])),
            "wealth_start_units": nothing,
            "wealth_end_units": end,
            "wealth_change_permille": self._change(who),
            "gain_units": (end - nothing) * price,
        }


def hours_of(scenario: Scenario) -> int:
    """How many hourly values a series has."""
    return 1 + (scenario.steps - 1) * scenario.step_seconds // 3600

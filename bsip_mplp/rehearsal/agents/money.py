"""What several kinds of user do with money: buy and sell outside, borrow the least, keep interest paid ahead."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from bsip_mplp.money import div_ceil, interest_units
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.rehearsal.world import CORE, CORE_SYMBOL, USD, USD_SYMBOL, World
from bsip_mplp.rules.inputs import Borrow, Hold, Prepay, Unprepay
from bsip_mplp.rules.state import Loan

RATE_STEPS = 1000
"""Rates are asked for in steps of a thousandth a year."""


def rate_of(per_year: float) -> Fraction:
    """A trait as an exact rate, in steps of a thousandth, never 0."""
    return Fraction(max(1, round(per_year * RATE_STEPS)), RATE_STEPS)


def buy_outside(world: World, who: int, bitasset_units: int) -> int:
    """Buy so much bitasset outside, or as much as the free core asset is worth; gives the units got.

    A little more is sold than the price says, for the exchange's fee.
    """
    if bitasset_units <= 0:
        return 0
    bitasset, core = world.pair(world.outside_price)
    needed = div_ceil(bitasset_units * core * FEE_COVER[0], bitasset * FEE_COVER[1])
    sold = min(needed, int(world.core[who]))
    return world.outside_trade(who, CORE, sold) if sold > 0 else 0


FEE_COVER = (1005, 1000)
"""What is sold outside over the price, so that its fee is covered."""


def sell_all_bitasset(world: World, who: int) -> None:
    """Sell all free bitasset outside."""
    if world.bitasset[who] > 0:
        world.outside_trade(who, USD, int(world.bitasset[who]))


def open_position(world: World, who: int, over_icr: float, kept: int) -> None:
    """Open a position at ICR times a factor: mint, sell, add, until only the core asset to be kept is left."""
    wanted = int(over_icr * world.icr)
    bitasset, core = world.pair(min(world.feed_price, world.outside_price))
    for _ in range(ROUNDS_MAX):
        added = int(world.core[who]) - kept
        whole = int(world.collateral[who]) + added
        debt = whole * bitasset * PERMILLE // (core * wanted) - int(world.debt[who])
        if added < world.whole_core or debt < world.whole_bitasset:
            break
        if not world.adjust(who, collateral=added, debt=debt):
            break
        sell_all_bitasset(world, who)


ROUNDS_MAX = 8
"""How often a holder mints, sells and adds, at the most, when it opens a position."""


def loans_of(world: World, account: int) -> Iterator[Loan]:
    """The live loans of an account's position."""
    if world.engine is None:
        return
    position = world.position(account)
    if position is not None:
        yield from world.engine.book.live_loans(position)


def borrow_least(
    world: World, who: int, asset: str, highest: Fraction, longest_days: int, shortest_days: int | None = None
) -> bool:
    """Borrow the least of an asset, with the first interest along; without effect if that is refused.

    The interest sent is the most that it can be under the limits; what is over stays prepaid.
    """
    collateral, debt = int(world.collateral[who]), int(world.debt[who])
    lmcr = world.engine.book.markets[USD_SYMBOL].parameters.lmcr if world.engine is not None else 0
    if lmcr == 0 or debt == 0:
        return False
    over = max(0, world.icr - lmcr)
    least = div_ceil(collateral * over, lmcr) if asset == CORE_SYMBOL else div_ceil(debt * over, world.icr)
    interest = interest_units(div_ceil(least * 11, 10), highest, longest_days)
    before = int(world.bitasset[who])
    held = have(world, who, asset, interest)
    ask = Borrow(
        market=USD_SYMBOL, asset=asset, highest_rate=highest, longest_days=longest_days, shortest_days=shortest_days
    )
    outcome = world.ask(who, ask, asset, held)
    if outcome is not None and not outcome.refusals:
        return True
    world.withdraw(who, asset)
    if world.bitasset[who] > before:  # what was bought for the interest is sold again, to be of use elsewhere
        world.outside_trade(who, USD, int(world.bitasset[who]) - before)
    return False


def buy_inside(world: World, who: int, bitasset_units: int, part: float) -> int:
    """Buy core asset inside for up to so much bitasset, at `part` of the outside price or less; core units got."""
    bitasset, core = world.pair(world.outside_price * part)
    least = div_ceil(bitasset_units * core, bitasset)
    return world.trade(who, USD, bitasset_units, least) if bitasset_units > 0 and least > 0 else 0


def sell_inside(world: World, who: int, core_units: int, part: float) -> int:
    """Sell up to so much core asset inside, at `part` of the outside price or more; bitasset units got."""
    bitasset, core = world.pair(world.outside_price * part)
    least = div_ceil(core_units * bitasset, core)
    return world.trade(who, CORE, core_units, least) if core_units > 0 and least > 0 else 0


def buy_inside_sell_outside(world: World, who: int, bitasset_units: int, part: float) -> int:
    """The same, and sell it outside at once; core units that went through."""
    got = buy_inside(world, who, bitasset_units, part)
    if got > 0:
        world.outside_trade(who, CORE, got)
    return got


def hold_with_pool(world: World, who: int) -> bool:
    """Hold one's position with the shared pool, at the least ratio that it takes, or pay interest in that it lacks.

    Whether anything was done: a position that is held already and has interest needs nothing.
    """
    engine = world.engine
    if engine is None or not world.debt[who]:
        return False
    position = world.position(who)
    participant = None if position is None else position.participant
    if participant is not None and not participant.unpaid:
        return False
    missed = 0 if participant is None else participant.missed
    interest = have(world, who, USD_SYMBOL, missed + div_ceil(int(world.debt[who]), INTEREST_PART))
    if interest <= 0:
        return False
    mcr = Fraction(engine.book.shared_pools[USD_SYMBOL].parameters.least_mcr, PERMILLE)
    outcome = world.ask(who, Hold(market=USD_SYMBOL, mcr=mcr), USD_SYMBOL, interest)
    if outcome is not None and not outcome.refusals:
        return True
    world.withdraw(who, USD_SYMBOL)
    return False


INTEREST_PART = 100
"""A holder pays the shared pool a hundredth of its debt as interest ahead."""


def have(world: World, who: int, asset: str, units: int) -> int:
    """See that so much is free on the chain, buying bitasset outside if it is that; gives what there is of it."""
    if asset == USD_SYMBOL:
        buy_outside(world, who, units - int(world.bitasset[who]))
        return min(units, int(world.bitasset[who]))
    return min(units, int(world.core[who]))


def next_interest(world: World, account: int) -> dict[str, int]:
    """What the next period of all loans of a position costs, by asset."""
    needed: dict[str, int] = {}
    for loan in loans_of(world, account):
        units = interest_units(loan.principal - loan.goes_home, loan.rate, loan.period_days)
        needed[loan.interest_asset] = needed.get(loan.interest_asset, 0) + units
    return needed


def reserve_units(world: World, account: int) -> int:
    """What an auction of a position asks for, about (PL-28): one period of its loans, in the bitasset, and a little.

    The rules decide; this is what a bidder reckons from what it can see.
    """
    bitasset, core = world.pair(world.feed_price)
    units = 0
    for asset, interest in next_interest(world, account).items():
        units += interest if asset == USD_SYMBOL else div_ceil(interest * bitasset, core)
    return div_ceil(units * 1005, 1000) + 1


def pay_ahead(world: World, who: int, account: int) -> None:
    """Have the next interest of all loans of a position there, as far as the money reaches (PL-8)."""
    engine = world.engine
    if engine is None:
        return
    for asset, units in next_interest(world, account).items():
        missing = units - engine.book.prepaid(world.name(who), asset)
        sent = have(world, who, asset, missing) if missing > 0 else 0
        if sent > 0:
            world.ask(who, Prepay(), asset, sent)


def take_interest_back(world: World, who: int) -> None:
    """Take back what is prepaid and not used (PL-9), so that loans that are not needed end with what was paid for."""
    if world.engine is None:
        return
    for asset in (CORE_SYMBOL, USD_SYMBOL):
        if world.engine.book.prepaid(world.name(who), asset):
            world.ask(who, Unprepay(asset=asset))
            world.withdraw(who, asset)


def leave_after_swan(world: World, who: int) -> None:
    """After a global settlement: give all free bitasset, also what the rules hold, for the fund's core asset."""
    world.withdraw(who, USD_SYMBOL)
    if world.bitasset[who] > 0:
        world.settle(who, int(world.bitasset[who]))

"""The resting book: orders on both sides around the outside price, of limited depth, that come back in time (RE-3)."""

from __future__ import annotations

from typing import Final

from bsip_mplp.rehearsal.market import CORE, USD, Side
from bsip_mplp.rehearsal.scenario import Book
from bsip_mplp.rehearsal.world import World

LEVELS: Final = (
    (0.1, 0.2),
    (0.3, 0.2),
    (0.5, 0.2),
    (0.75, 0.2),
    (1.0, 0.2),
    (1.5, 0.1),
    (2.5, 0.1),
    (4.0, 0.1),
)
"""Where orders stand, in widths from the price, and what share of the depth stands there; thinner further down."""

SIDES: Final[tuple[Side, Side]] = (CORE, USD)

FURTHEST: Final = 0.9
"""No order stands further than this share from the price."""

MOVED: Final = 0.1
"""By how many widths the outside price moves before the makers follow it."""

RESTOCK: Final = 0.25
"""What share of the book may be gone before the makers look at it again for that alone."""

WORK_SECONDS: Final = 900
"""How often makers look at what was taken, at the most."""


class Makers:
    """Who keeps the resting book: passive traders with money enough, who put back what was taken only by and by."""

    def __init__(self, world: World, book: Book, debt_units: int) -> None:
        """Place the first book; `debt_units` is all debt of the users, in bitasset units."""
        self.world, self.width = world, book.depth_width
        self.half_life = book.refill_hours * 3600
        self.depth = [0.0, book.depth_share * debt_units]
        self.depth[CORE] = self.depth[USD] / (world.outside_price * world.scale.units_per_price)
        self.taken = [0.0, 0.0]
        """What was taken of each side and has not come back yet, in units of what it sells."""
        self.orders: list[tuple[int, Side, int]] = []
        self.at, self.looked = world.outside_price, world.now
        whole = sum(share for _, share in LEVELS)
        for side in (CORE, USD):
            units = int(self.depth[side] * whole * STOCK) + 1
            world.endow(world.wallets.makers, **{"core" if side == CORE else "bitasset": units})
        self._place_all()
        self._set_band()

    def _set_band(self) -> None:
        moved = MOVED * self.width
        self.low, self.high = self.at * (1 - moved), self.at * (1 + moved)

    def stirred(self) -> bool:
        """Whether anything was taken since, or is on its way back."""
        market, me = self.world.market, self.world.wallets.makers
        holds = int(market.core[me]), int(market.bitasset[me])
        return holds != self.holds or any(
            taken > NOTICED * depth for taken, depth in zip(self.taken, self.depth, strict=True)
        )

    def look(self) -> None:
        """Follow the outside price, and put back what has come back; called when either may be due."""
        world = self.world
        market, me = world.market, world.wallets.makers
        past = 0.5 ** ((world.now - self.looked) / self.half_life)
        self.taken = [units * past for units in self.taken]
        for number, side, units in self.orders:
            money = market.core if side == CORE else market.bitasset
            before = int(money[me])
            market.cancel(me, number)
            self.taken[side] += units - (int(money[me]) - before)
        self.at, self.looked = world.outside_price, world.now
        self._restock()
        self._place_all()
        self._set_band()

    def _restock(self) -> None:
        """Bring what was bought inside back to what is sold here, at the outside exchange."""
        world, me = self.world, self.world.wallets.makers
        pair = world.pair(world.outside_price)
        value = pair[0] / pair[1]
        core, bitasset = int(world.market.core[me]), int(world.market.bitasset[me])
        over = (core * value - bitasset) / 2
        if over > RESTOCK * self.depth[USD]:
            world.outside_trade(me, CORE, int(over / value))
        elif -over > RESTOCK * self.depth[USD]:
            world.outside_trade(me, USD, int(-over))

    def _place_all(self) -> None:
        world, me = self.world, self.world.wallets.makers
        self.orders.clear()
        self.depth[CORE] = self.depth[USD] / (self.at * world.scale.units_per_price)
        whole = sum(share for _, share in LEVELS)
        for side in SIDES:
            there = max(0.0, 1 - self.taken[side] / (whole * self.depth[side]))
            for offset, share in LEVELS:
                away = min(offset * self.width, FURTHEST)
                bitasset, core = world.pair(self.at * (1 + away if side == CORE else 1 - away))
                units = int(self.depth[side] * share * there)
                receive = units * bitasset // core if side == CORE else units * core // bitasset
                if units < 1 or receive < 1:
                    continue
                number = world.market.place(me, side, units, receive)
                if number:
                    self.orders.append((number, side, units))
                else:
                    self.taken[side] += units
        self.holds = int(world.market.core[me]), int(world.market.bitasset[me])


NOTICED: Final = 0.01
"""What share of the book must be missing for makers to see to it."""

STOCK: Final = 4
"""How many books' worth of money makers begin with."""

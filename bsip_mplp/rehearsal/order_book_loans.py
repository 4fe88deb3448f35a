"""What lenders would get beside it in an order book of loans (BSIP-70), where users borrow to buy (RE-11).

Nobody lends there in the run: it is worked out beside it, the same under every rule set. Offers stand at the rates that
lenders ask; who wants leverage bids what it expects of the price, which is what the last days brought, as far as it
believes in it. The rate is that of the last loan for which bid and offer meet; without one, that of the cheapest offer.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bsip_mplp.money import DAYS_PER_YEAR
from bsip_mplp.rehearsal.founding import stream
from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.rehearsal.world import World

LOOKS_BACK_HOURS: Final = 72
OFFERS: Final = 200
RATE_MEAN: Final = 0.08
"""How far over what capital earns elsewhere lenders ask, on the mean, a year."""

BELIEF_MOST: Final = 0.2
"""The share of the last days' course, carried on for a year, that the boldest pays for a loan."""

RATE_MOST: Final = 3.0


class OrderBookLoans:
    """The order book of loans, looked at once an hour."""

    def __init__(self, scenario: Scenario, path_index: int) -> None:
        random = stream(scenario, path_index, "order_book_loans")
        self.offers = np.sort(scenario.users.idle_rate_per_year + random.exponential(RATE_MEAN, OFFERS))
        self.beliefs = np.sort(random.uniform(0, BELIEF_MOST, OFFERS))[::-1]
        self.prices: list[float] = []
        self.sum = 0.0

    def look(self, world: World) -> None:
        """Take down the price of this hour, and the rate that it makes."""
        self.prices.append(world.outside_price)
        back = min(len(self.prices) - 1, LOOKS_BACK_HOURS)
        gain = self.prices[-1] / self.prices[-1 - back] - 1
        yearly = gain * DAYS_PER_YEAR * 24 / back if back else 0.0
        bids = np.clip(self.beliefs * yearly, 0.0, RATE_MOST)
        met = int(np.count_nonzero(bids >= self.offers))
        self.sum += float(self.offers[max(0, met - 1)])

    def rate_per_year(self) -> float:
        """The mean rate over the run."""
        return self.sum / len(self.prices) if self.prices else 0.0

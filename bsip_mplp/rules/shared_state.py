"""The nouns of the shared pool: the pool, who takes part with a position, who lends. Settled only when needed.

Interest accrues by two indexes of the pool. With `x` the debt per collateral up to which positions are raised
(`p / ICR`, SP-1), a position accrues `(D − C·x) · a · (D/(C·p))^b · rate / T` a second, and that is
`D·(D/C)^b · α − C·(D/C)^b · β` with `α = a·rate / (T·p^b)` and `β = α·x` the same for all. So the pool sums α and
β over time, and a position needs only its two weights and where the sums stood when it was last looked at.
Rounding: each weight down, α up and β down, once for each change, to 2^-640. Looking more often changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from bsip_mplp.market import Feed
from bsip_mplp.ratios import PERMILLE, debt_over_level
from bsip_mplp.rules.ordered_sums import OrderedSums
from bsip_mplp.rules.shared_rates import PoolParameters

if TYPE_CHECKING:
    from bsip_mplp.rules.state import Position

BITS = 640
ONE = 1 << BITS
SQUARE_BITS = 2 * BITS
"""What accrued is counted in units · 2^-1280: the product of a weight and an index."""

TOLERANCE = 1 << SQUARE_BITS - 64
"""What sums rounded to 2^-640 may lack of a whole unit: so far, and no further, a unit counts as whole."""

KEY_BITS = 128
"""Two unequal `D/C`, or one and a price over a ratio, differ by more than 2^-118: their order is kept exactly."""

PaidIn = Literal["bitasset", "core"]


def key_of(numerator: int, denominator: int) -> int:
    """Where debt over collateral, or a price, stands in the order of the pool's indexes."""
    return (numerator << KEY_BITS) // denominator


def whole_units(exact: int) -> int:
    """Units that are complete, of a sum in units · 2^-1280."""
    return exact + TOLERANCE >> SQUARE_BITS


def begun_units(exact: int) -> int:
    """Units that are complete or begun, of a sum in units · 2^-1280."""
    return -(-(exact - TOLERANCE) >> SQUARE_BITS)


@dataclass(slots=True)
class Participant:
    """A position that takes part in the shared pool (SP-18)."""

    position: Position
    pool: SharedPool
    number: int
    own_mcr: int | None
    """The holder's own maintenance ratio, per mille; None for MCR, that is the service of upper only (SP-10)."""
    unpaid: bool = False
    """Whether its interest balance was less than the interest due (SP-13)."""
    served: bool = False
    call: Literal["", "partial", "full"] = ""
    """What margin call it is under; in `full` it belongs to the pool (SP-14)."""
    key: int = 0
    drop: int | None = None
    """The price, as a key, under which its `cr` is under its own `mcr`."""
    weight_debt: int = 0
    weight_collateral: int = 0
    paid: int = 0
    """Interest paid ahead since it joined, in smallest units."""
    accrued: int = 0
    """What of it has accrued, in units · 2^-1280, as of `sum_alpha`, `sum_beta`."""
    sum_alpha: int = 0
    sum_beta: int = 0
    due_alpha: int | None = None
    """Under this sum of α nothing of it can be due."""
    guard: int | None = None
    """The `x`, as a key, down to which that holds."""
    first_due: bool = False
    missed: int = 0
    """The interest that could not be paid (SP-13)."""

    @property
    def object_key(self) -> str:
        """The name of the object."""
        return f"{self.position.market}/{self.position.account}"

    def extra_units(self) -> int:
        """`e`, the extra debt asset locked beside the debt (SP-1)."""
        return self.pool.extra_of(self.position.collateral, self.position.debt) if self.served else 0

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them; `extra` follows from the pool's level while it is served."""
        return {
            "market": self.position.market,
            "account": self.position.account,
            "takes_part": self.position.participant is self,
            "own_mcr": self.own_mcr,
            "unpaid": self.unpaid,
            "served": self.served,
            "call": self.call,
            "paid": self.paid,
            "missed": self.missed,
        }


@dataclass(slots=True)
class PerShare:
    """A sum that grows for each unit lent: for units that stay, and for one unit of weight of those that wait."""

    staying: int = 0
    waiting: int = 0

    def add(self, delta: int, left: int) -> None:
        """Grow by `delta`; `left` is what is left of a unit of weight that waits."""
        self.staying += delta
        self.waiting += delta * left


@dataclass(slots=True)
class Lender:
    """Who lends to the shared pool. `staying` counts units; what waits is a weight in the queue (SP-9)."""

    market: str
    name: str
    number: int
    paid_in: PaidIn = "bitasset"
    staying: int = 0
    weight: int = 0
    epoch: int = 0
    seen_staying: int = 0
    seen_waiting: int = 0
    reward: int = 0
    """Rewards not paid out, in units · 2^-1280."""
    seen_freed: int = 0
    freed: int = 0
    """What came free and was not fetched, in units · 2^-1280."""
    loss: int = 0
    """What it lost and was not made good when the last loss came (SP-14)."""
    seen_made_good: int = 0
    lost: int = 0
    earned: int = 0

    @property
    def object_key(self) -> str:
        """The name of the object."""
        return f"{self.market}/{self.name}"

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them."""
        return {
            "market": self.market,
            "account": self.name,
            "paid_in": self.paid_in,
            "staying": self.staying,
            "weight": str(self.weight),
            "epoch": self.epoch,
            "lost": self.lost,
            "earned": self.earned,
        }


@dataclass(slots=True)
class LeavingQueue:
    """What lenders wait for (SP-9): so much comes free each step; each gets of it by what it still waits for.

    A lender's weight times `left` is what it still waits for; times the growth of `freed`, what came free for it.
    """

    units: int = 0
    weight: int = 0
    left: int = ONE
    freed: int = 0
    epoch: int = 0
    ends: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By epoch, the sums (freed, rewards) at the moment when nobody waited any more."""
    scale: int = ONE
    """What early leaving has left of what each step frees."""
    speed: int = 0
    remaining: int = 0
    expiring: dict[int, int] = field(default_factory=dict)
    """What each step's speed loses again, by the number of the step."""
    step: int = 0


@dataclass(slots=True)
class SharedPool:
    """One market's shared pool. Amounts in smallest units of the bitasset."""

    market: str
    core: str
    number: int
    parameters: PoolParameters
    opened: int
    broken: str = "no valid feed was seen yet"
    """Why it serves nobody new (SP-16); empty if it does."""
    price: Fraction | None = None
    mcr: int = 0
    icr: int = 0
    level: Fraction = Fraction(0)
    """`x`: debt per collateral up to which those served are raised."""
    scarce: bool = False
    """Whether the pool can't fill upper (SP-7)."""
    level_key: int = 0
    mcr_key: int = 0
    price_key: int = 0
    end_key: int = 0
    """Debt per collateral, as a key, of the last of lower that is served (SP-8)."""
    participants: dict[str, Participant] = field(default_factory=dict)
    known: dict[str, Participant] = field(default_factory=dict)
    """All who ever took part, by account: what was shown stays to be shown."""
    by_number: dict[int, Participant] = field(default_factory=dict)
    everyone: OrderedSums = field(default_factory=OrderedSums)
    """By debt per collateral; those whose interest is unpaid stand there with sums of 0."""
    holding: OrderedSums = field(default_factory=OrderedSums)
    """By debt per collateral, those whose own `mcr ≤ cr`."""
    drops: OrderedSums = field(default_factory=OrderedSums)
    """By the price at which the own `mcr` no longer holds."""
    dirty: dict[int, None] = field(default_factory=dict)
    """Positions that are to be placed anew in the order."""
    decided_by: tuple[Feed | None, int] | None = None
    """The feed and the units by which it was last decided who is served; none once anything else changed."""
    to_call: dict[int, None] = field(default_factory=dict)
    owned: dict[int, None] = field(default_factory=dict)
    with_loans: dict[int, None] = field(default_factory=dict)
    served_count: int = 0
    served_collateral: int = 0
    served_debt: int = 0
    weight_debt: int = 0
    weight_collateral: int = 0
    rate: Fraction = Fraction(0)
    alpha: int = 0
    beta: int = 0
    sum_alpha: int = 0
    sum_beta: int = 0
    summed_to: int = 0
    accrued: int = 0
    """What has accrued in all, in units · 2^-1280."""
    shared_out: int = 0
    """How much of that stands in the lenders' index."""
    handed: int = 0
    fees: int = 0
    due_heap: list[tuple[int, int]] = field(default_factory=list)
    guard_heap: list[tuple[int, int]] = field(default_factory=list)
    due_time: int | None = None
    lenders: dict[str, Lender] = field(default_factory=dict)
    staying: int = 0
    rewards: PerShare = field(default_factory=PerShare)
    queue: LeavingQueue = field(default_factory=LeavingQueue)
    loss: int = 0
    """Losses of the lenders not made good yet (SP-14)."""
    loss_shared: int = 0
    made_good: int = 0

    def account(self, name: str) -> str:
        """An account of the ledger."""
        return f"shared/{self.market}/{name}"

    def lent_units(self) -> int:
        """What lenders have in the pool, staying or waiting."""
        return self.staying + self.queue.units

    def extra_of(self, collateral: int, debt: int) -> int:
        """SP-1: what brings a position to the level, rounded up; down where the pool can't fill upper (SP-7)."""
        return debt_over_level(collateral, debt, self.level, rounded_up=not self.scarce)

    def least_mcr(self) -> Fraction | None:
        """SP-8: the lowest `cr` served, or MCR if lower is empty; None before the first valid feed."""
        if self.price is None:
            return None
        if self.end_key > self.mcr_key:
            for _, number in self.holding.between(self.end_key - 1, self.end_key):
                position = self.by_number[number].position
                return position.collateral * self.price / position.debt
        return Fraction(self.mcr, PERMILLE)

    def as_json(self) -> dict[str, Any]:
        """Plain values, as the journal keeps them; what accrues in between is not in them."""
        queue, least = self.queue, self.least_mcr()
        return {
            "market": self.market,
            "core_asset": self.core,
            "parameters": self.parameters.as_json(),
            "broken": self.broken,
            "price": None if self.price is None else [self.price.numerator, self.price.denominator],
            "mcr": self.mcr,
            "icr": self.icr,
            "level": [self.level.numerator, self.level.denominator],
            "scarce": self.scarce,
            "least_mcr": None if least is None else [least.numerator, least.denominator],
            "rate": str(self.rate),
            "participants": len(self.participants),
            "served": self.served_count,
            "lenders": len(self.lenders),
            "staying": self.staying,
            "waiting": queue.units,
            "waiting_left": str(queue.left),
            "waiting_epoch": queue.epoch,
            "loss": self.loss,
            "fees": self.fees,
        }

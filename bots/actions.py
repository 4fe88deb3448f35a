"""What a bot's plan can ask the keeper to do. All frozen; each says itself in one line, for `--dry-run` and the log."""

from __future__ import annotations

from dataclasses import dataclass

from bsip_mplp.journal import Cursor
from bsip_mplp.journal.read import Ordered
from bsip_mplp.keeper.audit import Audit
from bsip_mplp.rules.codec import canonical, input_to_json
from bsip_mplp.rules.inputs import Input


@dataclass(frozen=True, slots=True)
class Take:
    """Hand inputs to the engine and write them, with the cursor where it then stands."""

    inputs: tuple[Input, ...]
    cursor: Cursor | None = None

    def lines(self) -> list[str]:
        """What would be taken, a line an input."""
        found = [f"take {canonical(input_to_json(item))}" for item in self.inputs]
        return found if self.cursor is None else [*found, f"move the cursor to block {self.cursor.block}"]


@dataclass(frozen=True, slots=True)
class Pay:
    """Bring orders one step further on the chain, at the ledger's time, with what the reserve has for fees.

    With `hold` nothing is signed or sent: it is only looked what became of what was.
    """

    orders: tuple[Ordered, ...]
    time: int
    reserve_units: int
    hold: str | None = None

    def lines(self) -> list[str]:
        """What would be paid, a line an order."""
        if self.hold is not None:
            return [f"look what became of order {o.number}" for o in self.orders]
        return [_deed(order) for order in self.orders]


def _deed(order: Ordered) -> str:
    """What is done for an order, by its kind."""
    match order.kind:
        case "payout":
            return f"pay order {order.number}: {order.units} units of {order.asset} to {order.account}"
        case "sell" | "settle":
            return f"{order.kind} for order {order.number}: {order.units} units of {order.asset}"
        case _:
            return f"carry out order {order.number}: {order.kind} {order.account}"


@dataclass(frozen=True, slots=True)
class HoldBack:
    """Leave an order that is over the operator's limit of a payout, or of a day, until there is room."""

    order: Ordered
    limit_units: int
    is_of_day: bool = False

    def lines(self) -> list[str]:
        """What is held back, and why."""
        o, limit = self.order, "what is left of the day's limit," if self.is_of_day else "the limit of"
        return [f"order {o.number} waits: {o.units} units of {o.asset} are over {limit} {self.limit_units}"]


@dataclass(frozen=True, slots=True)
class Judge:
    """Keep what an audit found; where ledger and chain differ, payouts stop."""

    audit: Audit

    def lines(self) -> list[str]:
        """What was found."""
        return [f"audit at block {self.audit.block}: {self.audit.verdict}"]


@dataclass(frozen=True, slots=True)
class Claim:
    """Claim what a market's bitasset collected, and pay it into the market's insurance fund, both at once (PL-42)."""

    market: str
    asset: str
    units: int

    def lines(self) -> list[str]:
        """What would be claimed."""
        return [f"claim {self.units} units of {self.asset} that {self.market} collected, for its insurance fund"]


@dataclass(frozen=True, slots=True)
class Warn:
    """Tell the operator, in `mplp health` and the log, for as long as it is so."""

    texts: tuple[str, ...]

    def lines(self) -> list[str]:
        """What is told."""
        return list(self.texts)


Action = Take | Pay | HoldBack | Judge | Claim | Warn

"""An order as the outbox takes it: what is to be carried out on the chain, in names and whole units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from bsip_mplp.rules.inputs import OrderDone, OrderFailed, OrderFilled


class StepLike(Protocol):
    """One operation of a vault's transaction; an account "" is the pool's.

    `transfer`: `units` of `asset` go from `frm` to `to`. `adjust`: the position of `frm` in the market of the
    bitasset `asset` changes by `collateral` and `debt`, either of which may be negative.
    """

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def frm(self) -> str: ...  # noqa: D102
    @property
    def to(self) -> str: ...  # noqa: D102
    @property
    def asset(self) -> str: ...  # noqa: D102
    @property
    def units(self) -> int: ...  # noqa: D102
    @property
    def collateral(self) -> int: ...  # noqa: D102
    @property
    def debt(self) -> int: ...  # noqa: D102


class OrderLike(Protocol):
    """An order to be carried out; what its members mean hangs on its kind, as in `rules.outcomes.Order`."""

    @property
    def number(self) -> int: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def account(self) -> str: ...  # noqa: D102
    @property
    def asset(self) -> str: ...  # noqa: D102
    @property
    def units(self) -> int: ...  # noqa: D102
    @property
    def memo(self) -> str: ...  # noqa: D102
    @property
    def limit(self) -> tuple[int, int] | None: ...  # noqa: D102
    @property
    def to(self) -> str: ...  # noqa: D102
    @property
    def market(self) -> str: ...  # noqa: D102
    @property
    def steps(self) -> Sequence[StepLike]: ...  # noqa: D102
    @property
    def filled(self) -> int: ...  # noqa: D102


class Order(NamedTuple):
    """An `OrderLike` value: `filled` is how much of it was reported and counted, in its `asset`'s units."""

    number: int
    kind: str
    account: str
    asset: str
    units: int
    memo: str
    limit: tuple[int, int] | None = None
    to: str = ""
    market: str = ""
    steps: Sequence[StepLike] = ()
    filled: int = 0


class AttemptLike(Protocol):
    """A transaction that was written down for an order."""

    @property
    def attempt(self) -> int: ...  # noqa: D102
    @property
    def transaction_id(self) -> str: ...  # noqa: D102
    @property
    def signed_transaction(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def expires(self) -> int: ...  # noqa: D102
    @property
    def reference_block(self) -> int: ...  # noqa: D102
    @property
    def state(self) -> Literal["signed", "expired", "confirmed"]: ...  # noqa: D102


class AttemptStore(Protocol):
    """Where attempts are kept; each call is committed when it returns. The journal is one."""

    def attempts(self, number: int) -> Sequence[AttemptLike]:
        """An order's attempts, oldest first."""

    def save_attempt(
        self, number: int, *, transaction_id: str, signed_transaction: Mapping[str, Any], expires: int,
        reference_block: int,
    ) -> AttemptLike:  # fmt: skip
        """Write the next attempt; refuses while an earlier one may still count."""

    def close_attempt(self, number: int, attempt: int, state: Literal["expired", "confirmed"]) -> None:
        """Say what became of an attempt."""


class Waiting(NamedTuple):
    """An order that is under way or held back, and why."""

    order: int
    reason: str


Report = OrderDone | OrderFailed | OrderFilled
"""What the ledger must know."""

Progress = Report | Waiting

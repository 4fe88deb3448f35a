"""The shape of a bot: what it watches, how it looks, and what it would do. None sends anything by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bsip_mplp.bots.actions import Action

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


@dataclass(frozen=True, slots=True)
class Bot:
    """`observe` reads the chain and the ledger, and returns a frozen view; `plan` is pure and says what to do.

    The schedule stands in the configuration under `bots.NAME`; `turn` orders the bots when all run once.
    """

    turn: int
    name: str
    watches: str
    observe: Callable[[Desk], Any]
    plan: Callable[[Any], tuple[Action, ...]]

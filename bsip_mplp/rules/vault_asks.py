"""What the holder of a vault may ask for (V-3). Frozen; amounts in smallest units; a market goes by its bitasset.

`position` names the vault's account on the chain; without it, the asker's own vault of the market is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultOpen:
    """Open a position in a vault (V-2, V-3): collateral `amount`, or what came along, and `debt` of the bitasset.

    The debt drawn is paid to the holder's account on the chain. A position of one's own account is moved in by the
    same request, once it was closed there.
    """

    do: ClassVar[str] = "vault_open"
    market: str
    debt: int
    asset: str | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultAdd:
    """Add collateral, from the free balance. Without `amount`: what came along."""

    do: ClassVar[str] = "vault_add"
    market: str
    asset: str | None = None
    amount: int | None = None
    position: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultPay:
    """Pay debt, from the free balance. Without `amount`: what came along."""

    do: ClassVar[str] = "vault_pay"
    market: str
    asset: str | None = None
    amount: int | None = None
    position: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultDraw:
    """Borrow `amount` more of the bitasset from the chain; it is paid to the holder's account."""

    do: ClassVar[str] = "vault_draw"
    market: str
    amount: int
    position: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultTake:
    """Take `amount` of collateral out, to the holder's account."""

    do: ClassVar[str] = "vault_take"
    market: str
    amount: int
    position: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultClose:
    """Pay all the debt from the free balance and take all collateral out; the loans of the position end and go home.

    Without debt left on the chain it takes out what lies in the vault.
    """

    do: ClassVar[str] = "vault_close"
    market: str
    position: str | None = None

"""Another keeper, where m of n keep the vaults: it approves what the folded journal orders, and nothing else (V-2).

Nothing is kept: it may be run as often as one likes, and started again at any time.
"""

from __future__ import annotations

from typing import Final

from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.keys import Keyring
from bsip_mplp.chain.orders import Order
from bsip_mplp.chain.proposals import cosign
from bsip_mplp.chain.vault_orders import operations_of
from bsip_mplp.keeper.intake import Intake

BACK_BLOCKS: Final = 5000
"""How far back proposals are looked for: longer than one lives, with blocks of a second."""


def approve(chain: Chain, keyring: Keyring, intake: Intake, pool: str, keeper: str) -> list[str]:
    """Approve with `keeper`'s key the proposals of the pool's account that are open orders; says what it did.

    The journal was folded anew into `intake`, so an order that its inputs don't bring about is never approved. Raises a
    `ChainError` or a `KeysError`.
    """
    cursor = intake.journal.cursor()
    orders = [
        Order(
            number=order.number,
            kind=order.kind,
            account=order.account,
            asset=order.asset,
            units=order.units,
            memo=f"mplp vault {order.number}",
            to=order.to,
            market=order.market,
            steps=order.steps,
        )
        for order in intake.open_orders(("vault",))
    ]
    since = max(0, (cursor.block if cursor else 0) - BACK_BLOCKS)
    return cosign(chain, keeper, pool, keyring, orders, operations_of, since)

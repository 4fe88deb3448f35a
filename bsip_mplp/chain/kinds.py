"""The kinds of orders that this chain takes, and how each is carried out."""

from __future__ import annotations

from bsip_mplp.chain.bond_assets import BondAsset, BondIssue
from bsip_mplp.chain.deeds import Deed
from bsip_mplp.chain.payouts import Payout
from bsip_mplp.chain.proposals import Proposed
from bsip_mplp.chain.sales import Sale, Settlement
from bsip_mplp.chain.vault_orders import VaultOpen, VaultSteps, operations_of, owner_operations
from bsip_mplp.chain.vaults import Terms


def deeds_of(terms: Terms | None) -> dict[str, Deed]:
    """What the outbox can carry out; without terms there are no vaults."""
    deeds: dict[str, Deed] = {"payout": Payout(), "sell": Sale(), "settle": Settlement()}
    deeds |= {"bond_asset": BondAsset(), "bond_issue": BondIssue(), "bond_pay": Payout()}
    if terms is not None:
        deeds |= {
            "vault_open": VaultOpen(terms),
            "vault": VaultSteps(terms) if terms.threshold == 1 else Proposed(operations_of),
            "vault_owner": Proposed(owner_operations(terms)),
        }
    return deeds

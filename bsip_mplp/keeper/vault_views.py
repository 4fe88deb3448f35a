"""The ledger's objects of all vaults, put together for those who look at their health."""

from __future__ import annotations

from sqlalchemy import Connection

from bsip_mplp.journal import read
from bsip_mplp.keeper.vault_health import VaultView


def vault_views(connection: Connection) -> list[VaultView]:
    """Every vault that was made, with its position, its live loans and what is on its way home from it."""
    vaults = [found.body for found in read.objects(connection, "vault")]
    if not vaults:
        return []
    markets = {found.key: found.body for found in read.objects(connection, "market")}
    positions = {found.key: found.body for found in read.objects(connection, "position")}
    unwinding = [found.body for found in read.objects(connection, "unwinding") if found.body["home"] is None]
    views = []
    for vault in vaults:
        if vault["state"] in ("ordered", "failed"):
            continue
        position = positions.get(f"{vault['market']}/{vault['account']}")
        loans = [] if position is None else [read.one_object(connection, "loan", str(n)) for n in position["loans"]]
        views.append(
            VaultView(
                vault=vault,
                position=position,
                market=markets[vault["market"]],
                loans=[loan.body for loan in loans if loan is not None],
                unwinding=[one for one in unwinding if one["account"] == vault["account"]],
            )
        )
    return views

"""What the commands see of chain and journal at one moment, without a keeper: a position, a vault, the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from bsip_mplp.bootstrap import open_connection, open_journal, vault_terms
from bsip_mplp.config import ConfigError, Settings
from bsip_mplp.journal import read

if TYPE_CHECKING:
    from bsip_mplp.keeper.audit import Audit
    from bsip_mplp.rules.inputs import FeedSeen, PositionSeen


def see_now(
    settings: Settings, market: str, account: str | None, now: int
) -> tuple[list[FeedSeen | PositionSeen], str | None]:
    """The feed and the position as the node has them now; if it can't be asked, nothing and a line that says so.

    Without an account only the feed: a vault's position counts by the ledger.
    """
    from bsip_mplp.chain.chain import Chain
    from bsip_mplp.chain.errors import UnreachableError
    from bsip_mplp.rules.inputs import PositionSeen

    connection = open_connection(settings)
    try:
        chain = Chain(connection)
        seen: list[FeedSeen | PositionSeen] = [*chain.feeds([market], now)]
        if account is not None:
            position = chain.positions(market, [account])[account]
            seen.append(
                PositionSeen(
                    time=now, market=market, account=account, collateral=position.collateral, debt=position.debt
                )
            )
        return seen, None
    except UnreachableError as error:
        return [], f"The node could not be asked ({error}): this is what the ledger saw last."
    finally:
        connection.close()


class VaultOnChain(NamedTuple):
    """A vault as the node has it now; units are smallest. `fault` says how its authorities are not as agreed (V-2).

    `owner` and `active` are the authorities in words; `is_checked` tells whether there was something to compare with.
    """

    collateral: int
    debt: int
    balances: Mapping[str, int]
    owner: str
    active: str
    fault: str | None
    is_checked: bool


def see_vault(settings: Settings, vault: Mapping[str, Any]) -> VaultOnChain | None:
    """A vault (as the ledger has it) straight from the chain; None if no node can be asked."""
    from bsip_mplp.chain.chain import Chain
    from bsip_mplp.chain.errors import UnreachableError
    from bsip_mplp.chain.vaults import fault_of, in_words, read_authorities, read_sighting

    account, terms = vault["account"], vault_terms(settings)
    connection = open_connection(settings)
    try:
        chain = Chain(connection)
        sight, authorities = read_sighting(chain, account, vault["market"]), read_authorities(chain, account)
        return VaultOnChain(
            collateral=sight.position.collateral,
            debt=sight.position.debt,
            balances=sight.balances,
            owner=in_words(chain, authorities.owner),
            active=in_words(chain, authorities.active),
            fault=None if terms is None else fault_of(chain, terms, account, vault["holder"]),
            is_checked=terms is not None,
        )
    except UnreachableError:
        return None
    finally:
        connection.close()


# --- the audit ------------------------------------------------------------------------------------------------

AUDIT_TRIES = 3


def run_audit(settings: Settings) -> tuple[Audit, dict[str, int]]:
    """Compare ledger and chain now, without writing anything; also the digits of each asset.

    What differs is looked at again a few times: the keeper may have written meanwhile. Raises `ConfigError` where
    there is no pool account, and what the journal and the chain raise.
    """
    from bsip_mplp.chain.chain import Chain
    from bsip_mplp.chain.errors import StaleNodeError
    from bsip_mplp.chain.holdings import read_holdings
    from bsip_mplp.keeper.audit import Verdict, judge
    from bsip_mplp.keeper.audits import AuditBoard, first_block, read_bonds, read_books, read_vaults
    from bsip_mplp.keeper.errors import NotInitialisedError
    from bsip_mplp.keeper.outflow import outflow_of

    account = settings.chain.pool_account
    if account is None:
        raise ConfigError("chain.pool_account: there is none here, so nothing can be compared")
    connection, board = open_connection(settings), AuditBoard(settings.database_url, read_only=True)
    try:
        with open_journal(settings, read_only=True) as journal:
            for attempt in range(AUDIT_TRIES):
                cursor = journal.cursor()
                if cursor is None:
                    raise NotInitialisedError(f"{journal.url} has not been set up: run mplp init first")
                chain = Chain(connection)
                holdings = read_holdings(chain, account, first_block(journal, cursor))
                kept = board.read()
                books = read_books(journal, holdings, kept.own, outflow_of(chain, account))
                if books is None or holdings.head < books.block:
                    raise StaleNodeError(f"the node knows {holdings.head} blocks, and more were read already")
                since = None if kept.last is None else kept.last.vaults_since
                bonds = read_bonds(journal, chain)
                audit = judge(books, holdings, None, read_vaults(journal, chain), since, bonds)
                if audit.verdict is not Verdict.DIFFERS or attempt == AUDIT_TRIES - 1:
                    break
            with journal.reading() as reading:
                return audit, {found.key: found.body["precision"] for found in read.objects(reading, "asset")}
    finally:
        connection.close()
        board.close()


def accept_difference(settings: Settings, audit: Audit) -> None:
    """Count the difference as the account's own gain or loss; raises `KeeperError` if its own doesn't cover it."""
    from bsip_mplp.keeper.audits import AuditBoard
    from bsip_mplp.keeper.errors import KeeperError

    own = {one.asset: one.own_units + one.difference_units for one in audit.figures}
    if lacking := [(asset, units) for asset, units in own.items() if units < 0]:
        asset, units = lacking[0]
        raise KeeperError(f"{-units} units of {asset} are missing that belong to others: that can't be accepted")
    board = AuditBoard(settings.database_url)
    try:
        board.write(board.read()._replace(own={asset: units for asset, units in own.items() if units}))
    finally:
        board.close()


def last_audit(settings: Settings) -> Audit | None:
    """What the keeper's last audit found; None before the first."""
    from bsip_mplp.keeper.audits import AuditBoard

    board = AuditBoard(settings.database_url, read_only=True)
    try:
        return board.read().last
    finally:
        board.close()

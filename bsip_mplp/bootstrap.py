"""Where real adapters are wired together; nothing else picks them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bsip_mplp.config import MAINNET, ConfigError, Settings
from bsip_mplp.journal import Journal, LostLeadError, MissingError, Place, read

if TYPE_CHECKING:
    from bsip_mplp.chain.chain import Chain
    from bsip_mplp.chain.connection import Connection
    from bsip_mplp.chain.keys import Keyring
    from bsip_mplp.chain.memo import Context
    from bsip_mplp.chain.vaults import Terms
    from bsip_mplp.cli.wallet import Wallet
    from bsip_mplp.keeper.desk import Desk
    from bsip_mplp.keeper.health import HealthView
    from bsip_mplp.keeper.lead import Lead, Leader
    from bsip_mplp.keeper.runner import Board, Keeper
    from bsip_mplp.keeper.standby import Ahead
    from bsip_mplp.keeper.status import BotStatus
    from bsip_mplp.keeper.stop import Stop

STANDBY_SECONDS = 1.0
log = logging.getLogger("mplp.keeper")


# --- journal and chain --------------------------------------------------------------------------------------


def open_journal(settings: Settings, *, create: bool = False, read_only: bool = False) -> Journal:
    """The configured journal; raises an `OpenError` that says what to do."""
    return Journal.open(settings.database_url, create=create, read_only=read_only)


def open_connection(settings: Settings, quorum: int | None = 1) -> Connection:
    """A connection to the configured nodes; nothing is dialled yet. To look at something, any node will do."""
    from bsip_mplp.chain.connection import Connection

    return Connection(settings.chain.nodes, chain_id=settings.chain.chain_id, quorum=quorum)


def vault_terms(settings: Settings) -> Terms | None:
    """Who keeps and who guards the vaults (V-2); None where there are none."""
    from bsip_mplp.chain.vaults import Terms

    vault = settings.vault
    return None if vault is None else Terms(vault.keepers, vault.guard, vault.threshold)


def check_chain(settings: Settings, chain: Chain) -> None:
    """Raise `ConfigError` unless the chain that answers fits the configuration."""
    network = chain.network
    if network.chain_id == MAINNET and not settings.observes_only:
        raise ConfigError("chain.nodes: these are nodes of the main chain: this version moves no money there")
    if network.core_symbol != settings.chain.core_asset:
        raise ConfigError(f"chain.core_asset: the chain's core asset is {network.core_symbol}")


def open_keyring(settings: Settings, prefix: str) -> Keyring:
    """The configured keys; raises a `KeysError` that says what to do."""
    from bsip_mplp.chain.errors import KeysError
    from bsip_mplp.chain.keys import read_key_file, read_uptick_wallet

    if settings.keys.file is not None:
        return read_key_file(settings.keys.file, prefix)
    if settings.keys.uptick_wallet:
        return read_uptick_wallet(prefix, _ask_passphrase)
    raise KeysError("no key is configured: set keys.file or keys.uptick_wallet")


def _ask_passphrase(prompt: str) -> str:
    import click

    return str(click.prompt(prompt, hide_input=True, err=True))


def memo_context(settings: Settings) -> Context:
    """What a memo is read with: from the journal, or from the chain where there is no journal to read."""
    from bsip_mplp.chain.memo import Context

    try:
        with open_journal(settings, read_only=True) as journal, journal.reading() as connection:
            assets = [found.body for found in read.objects(connection, "asset")]
            markets = [found.body for found in read.objects(connection, "market")]
    except MissingError:
        return _context_of_chain(settings)
    return Context(
        precisions={body["symbol"]: body["precision"] for body in assets},
        markets={body["market"]: body["core_asset"] for body in markets},
        core_asset=settings.chain.core_asset,
        default_market=settings.market_by_default,
    )


def _context_of_chain(settings: Settings) -> Context:
    from bsip_mplp.chain.chain import Chain
    from bsip_mplp.chain.memo import Context

    connection = open_connection(settings)
    try:
        assets = Chain(connection).assets(settings.lent_symbols)
    finally:
        connection.close()
    return Context(
        precisions={symbol: asset.precision for symbol, asset in assets.items()},
        markets={market: settings.chain.core_asset for market in settings.markets},
        core_asset=settings.chain.core_asset,
        default_market=settings.market_by_default,
    )


def open_wallet(settings: Settings, account: str, *, to: str | None = None, unsigned: bool = False) -> Wallet:
    """What sends an account's requests to the pool's account, or to another; without keys it only shows them."""
    from bsip_mplp.chain.chain import Chain
    from bsip_mplp.cli.wallet import Wallet

    connection = open_connection(settings)
    check_chain(settings, Chain(connection))
    keyring = None if unsigned else open_keyring(settings, connection.network.prefix)
    pool_account = str(settings.chain.pool_account)
    _check_place(settings, Place(connection.network.chain_id, pool_account))
    return Wallet(connection, account, to or pool_account, keyring, settings.chain.expiration_seconds)


def _check_place(settings: Settings, place: Place) -> None:
    """Money goes to no account but the one whose journal is here; where there is none nothing can be compared."""
    try:
        with open_journal(settings, read_only=True) as journal:
            known = journal.place()
    except MissingError:
        return
    if known is not None and known != place:
        here = f"the journal here is of {known.pool_account} on chain {known.chain_id[:16]}…"
        there = f"the configuration says {place.pool_account} on chain {place.chain_id[:16]}…"
        raise ConfigError(f"chain.pool_account: {here}, {there}; nothing was sent. Correct the configuration")


# --- setting up -----------------------------------------------------------------------------------------------


def initialise(settings: Settings) -> list[str]:
    """Make the journal, check node and accounts, record assets and markets; says what it did. Can be run again."""
    from bsip_mplp.chain.chain import Chain
    from bsip_mplp.journal import Cursor
    from bsip_mplp.keeper.intake import Intake
    from bsip_mplp.keeper.lead import lead
    from bsip_mplp.keeper.setup import changes, misfits
    from bsip_mplp.rules.codec import canonical, input_to_json

    connection = open_connection(settings)
    try:
        chain = Chain(connection)
        check_chain(settings, chain)
        head = chain.head()
        done = [f"node {connection.url}: chain {connection.network.chain_id[:16]}…, block {head.number}"]
        pool_account = settings.chain.pool_account or ""
        if pool_account:
            chain.account(pool_account)
            done.append(f"the pools' money is held by {pool_account}")
        done.extend(check_vaults(settings, chain))
        assets = chain.assets(settings.lent_symbols)
        for market in settings.markets:
            if chain.core_of(market) != settings.chain.core_asset:
                raise ConfigError(f"markets.{market}: it is backed by {chain.core_of(market)}, not by the core asset")
        with open_journal(settings, create=True) as journal, lead(settings.database_url) as leading:
            if leading.epoch is not None:
                journal.lead(leading.epoch)
            journal.set_place(Place(connection.network.chain_id, pool_account))
            intake = Intake.load(journal)
            cursor = journal.cursor()
            first = None
            if cursor is None:
                first = cursor = Cursor(head.irreversible_number, head.irreversible_time)
            precisions = {symbol: asset.precision for symbol, asset in assets.items()}
            with journal.reading() as reading:
                known_assets = {found.key: found.body for found in read.objects(reading, "asset")}
                known_markets = {found.key: found.body for found in read.objects(reading, "market")}
                known_pools = {found.key: found.body for found in read.objects(reading, "shared_pool")}
            time = max(cursor.time, intake.now)
            inputs = changes(settings, precisions, known_assets, known_markets, time, known_pools)
            outcomes = intake.take(inputs, first) if inputs or first else []
            count = journal.head.seq
            done.append(f"the journal is {journal.url}, with {count} input{'' if count == 1 else 's'}")
            if first and pool_account:
                done.append(f"deposits count from block {first.block + 1} on")
            for item, outcome in zip(inputs, outcomes, strict=True):
                why = "; ".join(f"{one.rule}: {one.reason}" for one in outcome.refusals)
                done.append(f"{f'refused, {why}' if why else 'recorded'}: {canonical(input_to_json(item))}")
            done.extend(f"Warning: {line}" for line in misfits(settings, chain.feeds(list(settings.markets), time)))
        return done
    finally:
        connection.close()


def check_vaults(settings: Settings, chain: Chain) -> list[str]:
    """What there is to say of vaults; raises `ConfigError` or a `ChainError` if none could be made (V-2)."""
    vault = settings.vault
    if vault is None:
        return []
    chain.account_ids([*vault.keepers, vault.guard])
    if not chain.is_lifetime_member(str(settings.chain.pool_account)):
        raise ConfigError(
            f"vault: {settings.chain.pool_account} must be a lifetime member of the chain, which makes accounts: "
            "upgrade it in any wallet, or leave [vault] out"
        )
    keepers = f"{vault.threshold} of {', '.join(vault.keepers)}" if len(vault.keepers) > 1 else vault.keepers[0]
    return [f"vaults are kept by {keepers} and guarded by {vault.guard}"]


def change_parameters(settings: Settings, market: str, changes: Mapping[str, Any]) -> str:
    """Queue a change of a market's parameters, and take it now if no keeper runs; returns its source.

    The journal has one writer: a running keeper takes the change itself, at its next turn.
    """
    from bsip_mplp.bots import committee
    from bsip_mplp.keeper.changes import queue, waiting
    from bsip_mplp.keeper.errors import OtherKeeperError
    from bsip_mplp.keeper.intake import Intake
    from bsip_mplp.keeper.lead import lead

    with open_journal(settings) as journal:
        source = queue(settings.database_url, market, changes, int(time.time()))
        if leader(settings) is None:
            try:
                with lead(settings.database_url) as leading:
                    if leading.epoch is not None:
                        journal.lead(leading.epoch)
                    intake, cursor = Intake.load(journal), journal.cursor()
                    clock = max(intake.now, cursor.time if cursor else 0)
                    for action in committee.plan(committee.View(clock, waiting(journal))):
                        intake.take(action.inputs)
            except OtherKeeperError:
                log.info("a keeper has started meanwhile: it takes the change")
    return source


# --- the keeper -----------------------------------------------------------------------------------------------


def open_desk(
    settings: Settings, keyring_of: Callable[[str], Keyring], epoch: int | None = None, ahead: Ahead | None = None
) -> Desk:
    """What the bots work at: the journal folded, and a connection to the chain. Starting is recovering.

    `epoch` is the leadership under which it writes and sends, where several keepers share the journal.
    Raises a `JournalError`, `ChainError`, `ConfigError` or `NotInitialisedError`.
    """
    from bsip_mplp.chain.chain import Chain
    from bsip_mplp.chain.claims import Claims
    from bsip_mplp.chain.inbox import Inbox
    from bsip_mplp.chain.kinds import deeds_of
    from bsip_mplp.chain.outbox import Outbox
    from bsip_mplp.keeper.audits import AuditBoard
    from bsip_mplp.keeper.desk import Desk
    from bsip_mplp.keeper.errors import NotInitialisedError
    from bsip_mplp.keeper.intake import Intake
    from bsip_mplp.keeper.vaults import Watch

    journal, connection = open_journal(settings), open_connection(settings, settings.chain.quorum)
    try:
        if epoch is not None:
            journal.lead(epoch)
        if journal.cursor() is None:
            raise NotInitialisedError(f"{journal.url} has not been set up: run mplp init first")
        chain, pool_account = Chain(connection), settings.chain.pool_account
        check_chain(settings, chain)
        journal.set_place(Place(connection.network.chain_id, pool_account or ""))
        inbox = outbox = watch = claims = None
        if pool_account is not None and not settings.observes_only:
            keyring, terms = keyring_of(connection.network.prefix), vault_terms(settings)
            life = settings.chain.expiration_seconds
            inbox = Inbox(chain, pool_account, keyring, memo_context(settings))
            may_send = None if epoch is None else journal.check_lead
            outbox = Outbox(
                chain, journal, pool_account, keyring, deeds=deeds_of(terms), expiration_seconds=life,
                before_sending=may_send,
            )  # fmt: skip
            watch = None if terms is None else Watch(chain, terms)
            if (owner := settings.claims.account) is not None:
                claims = Claims(chain, owner, pool_account, keyring, life, may_send)
        audits = AuditBoard(settings.database_url, epoch=epoch)
        intake = Intake.load(journal, None if ahead is None else ahead.take())
        return Desk(settings, journal, intake, connection, inbox, outbox, audits, watch, claims)
    except BaseException:
        connection.close()
        journal.close()
        raise


def open_keeper(settings: Settings, board: Board, epoch: int | None = None, ahead: Ahead | None = None) -> Keeper:
    """The keeper with all its bots; nothing is opened yet."""
    from bsip_mplp.bots.registry import BOTS
    from bsip_mplp.keeper.runner import Keeper

    @lru_cache(maxsize=1)
    def keyring_of(prefix: str) -> Keyring:  # a wallet is unlocked once, not each time that the desk is opened
        return open_keyring(settings, prefix)

    every_seconds = {bot.name: float(getattr(settings.bots, bot.name).every_seconds) for bot in BOTS}
    stuck_seconds = settings.health.stuck_seconds
    return Keeper(
        lambda: open_desk(settings, keyring_of, epoch, ahead), BOTS, every_seconds, board, stuck_seconds=stuck_seconds
    )


def run_keeper(settings: Settings, *, once: bool, standby: bool) -> bool:
    """Run the bots until SIGTERM or SIGINT, or each one time; tells whether all went well.

    What can't mend itself (no journal, a wrong chain, no key) is raised at once; a node that can't be reached is
    waited for. Where the lead is lost to another keeper, `LostLeadError` is raised, or with `standby` it is waited for.
    """
    from bsip_mplp.keeper.standby import Ahead, leading
    from bsip_mplp.keeper.stop import stop_at_signals

    stop, ahead = stop_at_signals(), Ahead(settings.database_url)
    open_journal(settings, read_only=True).close()
    while not stop.was_asked:
        with leading(settings.database_url, stop, ahead, standby=standby) as held:
            if held is None:
                break
            well = _run_as(settings, held, stop, ahead, once=once)
        if not held.is_lost:
            return well
        if not standby:
            raise LostLeadError("another keeper leads: this one has ended; with --standby it would have stood by")
        stop.clear()
    return True


def _run_as(settings: Settings, leading: Lead, stop: Stop, ahead: Ahead, *, once: bool) -> bool:
    """Run the bots as the leader until told to stop, or until the lead is lost."""
    from bsip_mplp.chain.errors import UnreachableError
    from bsip_mplp.keeper.alerts import alerting
    from bsip_mplp.keeper.health import reasons
    from bsip_mplp.keeper.status import StatusBoard

    board = StatusBoard(settings.database_url, epoch=leading.epoch)
    keeper = open_keeper(settings, board, leading.epoch, ahead)
    try:
        try:
            keeper.open()
        except UnreachableError as error:
            if once:
                raise
            log.warning("no node can be reached yet: %s", error)
        if once:
            return keeper.once()
        log.info("the keeper runs; Ctrl-C or SIGTERM ends it")
        leading.when_lost(stop.set)
        with alerting(settings.alerts, settings.place, lambda: reasons(read_health(settings, int(time.time())))):
            keeper.serve(stop)
        log.info("the keeper has ended")
        return True
    except LostLeadError as error:
        leading.lose(str(error))
        return False
    finally:
        keeper.close()
        board.close()


def approve_proposals(settings: Settings) -> list[str]:
    """Approve, as one of several keepers, what the journal orders on vaults; says what it did (V-2)."""
    from bsip_mplp.chain.chain import Chain
    from bsip_mplp.keeper.approving import approve
    from bsip_mplp.keeper.intake import Intake

    if settings.vault is None or settings.vault.threshold < 2:
        raise ConfigError("vault.threshold: one keeper is enough here, so nothing is proposed that could be approved")
    connection = open_connection(settings, settings.chain.quorum)
    try:
        chain = Chain(connection)
        check_chain(settings, chain)
        keyring = open_keyring(settings, connection.network.prefix)
        with open_journal(settings, read_only=True) as journal:
            intake = Intake.load(journal)
            return approve(chain, keyring, intake, str(settings.chain.pool_account), settings.vault.own)
    finally:
        connection.close()


def dry_run_lines(settings: Settings) -> list[str]:
    """What each bot would do now; nothing is written or sent."""
    from bsip_mplp.keeper.runner import NoBoard

    keeper = open_keeper(settings, NoBoard())
    try:
        return keeper.dry_run()
    finally:
        keeper.close()


# --- how the keeper is ------------------------------------------------------------------------------------------


def leader(settings: Settings) -> Leader | None:
    """Which keeper leads on the journal; None if none runs. Raises an `OpenError`."""
    from bsip_mplp.keeper.lead import leader_of

    return leader_of(settings.database_url)


def read_statuses(settings: Settings) -> list[BotStatus]:
    """How each bot is doing; raises an `OpenError` if there is no journal."""
    from bsip_mplp.keeper.status import StatusBoard

    with closing(StatusBoard(settings.database_url, read_only=True)) as board:
        return board.read()


def read_health(settings: Settings, now: int) -> HealthView:
    """What the health checks look at; `now` is the machine's clock."""
    from bsip_mplp.bots.registry import BOTS
    from bsip_mplp.keeper.health import HealthView
    from bsip_mplp.keeper.vault_views import vault_views

    with open_journal(settings, read_only=True) as journal, journal.reading() as connection:
        statuses = read_statuses(settings)
        last_paid, cursor = read.last_inputs(connection, "order_done"), journal.cursor()
        held = [line for status in statuses if status.held for line in status.held.splitlines()]
        fee_units = int(last_paid[0].body["fee"]) if last_paid else 1
        return HealthView(
            now=now,
            keeper_runs=leader(settings) is not None,
            statuses=statuses,
            expected_bots=[bot.name for bot in BOTS],
            tick_age_seconds_max=settings.health.tick_age_seconds,
            balances={(b.account, b.asset): b.units for b in read.all_balances(connection)},
            pools=[found.body for found in read.objects(connection, "pool")],
            markets=[found.body for found in read.objects(connection, "market")],
            precisions={f.body["symbol"]: f.body["precision"] for f in read.objects(connection, "asset")},
            held_back=held,
            core_asset=settings.chain.core_asset,
            reserve_units_needed=None if settings.observes_only else fee_units * settings.health.fees_in_reserve,
            vaults=vault_views(connection),
            ledger_time=cursor and cursor.time,
            ledger_lag_seconds_max=settings.health.lag_seconds,
        )

"""For operators: `mplp keeper run|status`, `health`, `verify`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import console, json_option, print_json, print_table, time_text
from bsip_mplp.cli.sending import sending_options

if TYPE_CHECKING:
    from bsip_mplp.keeper.audit import Audit
    from bsip_mplp.keeper.lead import Leader


@click.group(short_help="Run the bots, or show how they are.")
def keeper() -> None:
    """Run the bots that read the chain, keep the ledger and send the payouts.

    \b
    Example: mplp keeper run
    """


@keeper.command(short_help="Run the bots on their schedules.")
@click.option("--once", is_flag=True, help="Run each bot one time, then end.")
@click.option("--dry-run", is_flag=True, help="Show what each bot would do; write and send nothing.")
@click.option("--standby", is_flag=True, help="While another keeper leads, stand by to take over.")
@pass_options
def run(options: Options, once: bool, dry_run: bool, standby: bool) -> None:
    """Run the bots (`mplp keeper status` names them) until SIGTERM or Ctrl-C.

    It can be killed at any moment: starting is recovering. One keeper leads on a journal; a second is refused, or
    with --standby takes over once the first has ended or can't go on. On several machines that needs PostgreSQL.

    \b
    Example: mplp keeper run
             mplp keeper run --standby
             mplp keeper run --once --dry-run
    """
    from bsip_mplp.bootstrap import dry_run_lines, run_keeper
    from bsip_mplp.keeper import logs
    from bsip_mplp.keeper.errors import OtherKeeperError

    logs.set_up(3 if options.verbose is None else options.verbose)
    if dry_run:
        for line in dry_run_lines(options.settings):
            click.echo(line)
        return
    try:
        went_well = run_keeper(options.settings, once=once, standby=standby)
    except OtherKeeperError as error:
        raise click.ClickException(str(error) if once else f"{error}, or stand by with --standby") from None
    if not went_well:
        raise click.ClickException(
            "a bot failed, or the audit differs: the lines above say which, and `mplp keeper status` has the rest"
        )


@keeper.command(short_help="Approve what other keepers propose.")
@click.option("--once", is_flag=True, help="Look one time, then end.")
@click.option("--every", type=click.IntRange(1, 3600), default=10, show_default=True, metavar="SECONDS",
              help="How often to look.")  # fmt: skip
@pass_options
def approve(options: Options, once: bool, every: int) -> None:
    """Where several keepers must act together for vaults: approve, with your own key, proposals that are exactly open
    orders of the journal, which is folded anew each time; nothing else is approved.

    \b
    Example: mplp keeper approve
             mplp keeper approve --once
    """
    from bsip_mplp.bootstrap import approve_proposals
    from bsip_mplp.chain.errors import ChainError

    told: list[str] = []
    while True:
        try:
            lines = approve_proposals(options.settings)
        except ChainError as error:
            if once:
                raise
            lines = [f"not now: {error}"]
        for line in lines:
            if line not in told:
                click.echo(line)
        told = lines
        if once:
            return
        time.sleep(every)


@keeper.command(short_help="Fill the reserve for the chain's fees.")
@click.argument("amount")
@sending_options
@pass_options
def reserve(options: Options, amount: str, **sending: Any) -> None:
    """Send AMOUNT of the core asset to the reserve from which the chain's fees of payouts are paid.

    \b
    Example: mplp keeper reserve 100 --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Operator

    with Errand(options, **sending) as errand:
        errand.ask(Operator(), errand.money(amount, options.settings.chain.core_asset))


@keeper.command(short_help="Show how each bot is doing.")
@json_option
@pass_options
def status(options: Options, as_json: bool) -> None:
    """Show each bot's last success, lag, next run and last error.

    \b
    Example: mplp keeper status
    """
    from bsip_mplp.bootstrap import leader, read_statuses

    now = int(time.time())
    leads = leader(options.settings)
    rows = [
        {
            "bot": found.name,
            "every": f"{found.every_milliseconds / 1000:g} s",
            "last_success": time_text(found.last_success),
            "lag": None if (lag := found.lag_seconds(now)) is None else f"{lag} s",
            "next_run": time_text(found.next_run) if leads is not None else None,
            "failures": found.failures,
            "did": found.did,
            "last_error": found.last_error,
        }
        for found in read_statuses(options.settings)
    ]
    if as_json:
        print_json({"runs": leads is not None, "leader": leads and leads._asdict(), "bots": rows})
        return
    columns = ["bot", "every>", "last_success", "lag>", "next_run", "failures>", "did"]
    print_table("Bots (UTC)", columns, rows, "No keeper ever ran here: mplp keeper run starts one.")
    for row in rows:
        if row["last_error"]:
            click.echo(f"{row['bot']}: {'failing' if row['failures'] else 'last failure'}: {row['last_error']}")
    click.echo("No keeper runs." if leads is None else f"A keeper runs: {_led_by(leads)}.")


def _led_by(leads: Leader) -> str:
    """Who leads, in words."""
    if leads.epoch is None:
        return leads.holder
    return f"{leads.holder} leads since {time_text(leads.since)} (leadership {leads.epoch})"


@click.command(short_help="Say whether all is well, by exit status.")
@click.option("--metrics", is_flag=True, help="Print figures in the text format of Prometheus.")
@json_option
@pass_options
def health(options: Options, metrics: bool, as_json: bool) -> None:
    """Say whether all is well: exit status 0, 1 with the reasons, or 2 if the database can't be read. Vaults near a
    rule, and loans on their way home, are named besides.

    \b
    Example: mplp health || echo "look after the keeper"
             mplp health --metrics > /var/lib/node_exporter/mplp.prom
    """
    from bsip_mplp.bootstrap import leader, read_health
    from bsip_mplp.bootstrap_views import last_audit
    from bsip_mplp.keeper.health import reasons
    from bsip_mplp.keeper.metrics import exposition
    from bsip_mplp.keeper.vault_health import news

    view, audit = read_health(options.settings, int(time.time())), last_audit(options.settings)
    found = reasons(view)
    if metrics:
        click.echo(exposition(view, audit), nl=False)
        return
    leads = leader(options.settings)
    if as_json:
        print_json(
            {
                "well": not found,
                "reasons": found,
                "vaults": news(view.vaults, view.precisions),
                "audit": audit and _figures(audit),
                "leader": leads and leads._asdict(),
            }
        )
    elif not found:
        click.echo("All is well.")
    else:
        for reason in found:
            click.echo(f"- {reason}")
    for line in [] if as_json else news(view.vaults, view.precisions):
        click.echo(line)
    if leads is not None and not as_json:
        click.echo(f"The keeper: {_led_by(leads)}.")
    if found:
        raise click.exceptions.Exit(1)


def _figures(audit: Audit) -> dict[str, Any]:
    """The last audit of the keeper; units as integers."""
    return {
        "block": audit.block,
        "verdict": str(audit.verdict),
        "assets": {
            one.asset: {"owed_units": one.owed_units, "held_units": one.held_units - one.own_units}
            for one in audit.figures
        },
    }


@click.command(short_help="Fold the journal anew and compare.")
@json_option
@pass_options
def verify(options: Options, as_json: bool) -> None:
    """Fold every input again from nothing, and compare every hash, outcome, balance and state.

    The snapshot from which a keeper starts must lead to the same state, too.

    Exit status 0 if all holds, 1 if anything differs.

    \b
    Example: mplp verify
    """
    from bsip_mplp.bootstrap import open_journal
    from bsip_mplp.keeper.verifying import verify_with_snapshot

    with open_journal(options.settings, read_only=True) as journal, _Progress() as progress:
        report = verify_with_snapshot(journal, progress.advance)
    if as_json:
        print_json(
            {
                "holds": report.holds,
                "inputs": report.inputs,
                "head": report.head.hash,
                "differences": [{"input": d.seq, "what": d.what, "text": d.text} for d in report.differences],
                "more": report.more,
            }
        )
    elif report.holds:
        click.echo(f"All holds: {report.inputs} inputs folded, head {report.head.hash}.")
    else:
        for difference in report.differences:
            click.echo(f"- {difference}")
        click.echo(f"{len(report.differences) + report.more} differences in {report.inputs} inputs.")
    if not report.holds:
        raise click.exceptions.Exit(1)


class _Progress:
    """A progress bar on stderr, on a terminal only."""

    def __init__(self) -> None:
        from rich.progress import Progress

        self._bar: Any = Progress(console=console(stderr=True), transient=True)
        self._task = self._bar.add_task("Folding the journal", total=None)

    def __enter__(self) -> _Progress:
        if self._bar.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, done: int, total: int) -> None:
        """Show how far it is."""
        self._bar.update(self._task, completed=done, total=total)

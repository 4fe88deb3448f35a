"""The `mplp` command: global options, and the commands, each imported only when it is used."""

from __future__ import annotations

import importlib
import os
import re
import sys
from typing import Any

import click

from bsip_mplp.cli.options import Options

SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Lending": {
        "pools": ("bsip_mplp.cli.pools:pools", "Show what is lent out, and at what rate."),
        "stake": ("bsip_mplp.cli.pools:stake", "Lend at the going rate; renews by itself."),
        "lend": ("bsip_mplp.cli.pools:lend", "Make a lending pool, or add to one."),
        "unlend": ("bsip_mplp.cli.pools:unlend", "Take back what a pool has available."),
        "change-pool": ("bsip_mplp.cli.pools:change_pool", "Change a pool's rate, term or renewal."),
    },
    "Shared pool": {
        "pool": ("bsip_mplp.cli.shared:pool", "Show the shared pool: use, rate, least mcr."),
        "supply": ("bsip_mplp.cli.shared:supply", "Lend to the shared pool."),
        "leave": ("bsip_mplp.cli.shared:leave", "Take out what you lent to it."),
        "rewards": ("bsip_mplp.cli.shared:rewards", "Have what you earned there paid out."),
        "hold": ("bsip_mplp.cli.shared:hold", "Hold a position with it, at your own mcr."),
        "unhold": ("bsip_mplp.cli.shared:unhold", "Leave it with a position."),
    },
    "Borrowing": {
        "position": ("bsip_mplp.cli.loans:position", "Show positions, CR and LCR."),
        "interest": ("bsip_mplp.cli.loans:interest", "Deposit interest ahead, or take it back."),
        "borrow": ("bsip_mplp.cli.borrowing:borrow", "Borrow for a position, or try it out."),
        "protect": ("bsip_mplp.cli.borrowing:protect", "Borrow by itself once the ratio falls."),
        "unprotect": ("bsip_mplp.cli.borrowing:unprotect", "Take a protection back."),
        "loans": ("bsip_mplp.cli.loans:loans", "Show loans and protections."),
        "loan": ("bsip_mplp.cli.histories:loan", "Show the history of a loan."),
        "repay": ("bsip_mplp.cli.borrowing:repay", "End a loan."),
    },
    "Vaults": {
        "vault": ("bsip_mplp.cli.vault:vault", "Hold a position in a vault."),
    },
    "Auctions and funds": {
        "auctions": ("bsip_mplp.cli.auctions:auctions", "Show auctions, and what one asks for."),
        "bid": ("bsip_mplp.cli.auctions:bid", "Bid interest for a position."),
        "carried": ("bsip_mplp.cli.insurance:carried", "Show carried and black positions."),
        "close-black": ("bsip_mplp.cli.insurance:close_black", "Close a black position."),
        "insurance": ("bsip_mplp.cli.insurance:insurance", "Show what the funds hold, owe and expect."),
        "insure": ("bsip_mplp.cli.insurance:insure", "Add to a market's fund."),
        "bonds": ("bsip_mplp.cli.bonds:bonds", "Show risk bonds and offers of them."),
        "buy-bond": ("bsip_mplp.cli.bonds:buy_bond", "Buy risk bonds on offer."),
        "pass-bond": ("bsip_mplp.cli.bonds:pass_bond", "Offer bonds of yours to someone."),
        "take-bond": ("bsip_mplp.cli.bonds:take_bond", "Take bonds offered to you."),
        "keep-bond": ("bsip_mplp.cli.bonds:keep_bond", "Take an offer of yours back."),
        "redeem": ("bsip_mplp.cli.bonds:redeem", "Exchange bonds for bitasset of the fund."),
        "issue-bond": ("bsip_mplp.cli.bonds:issue_bond", "Put bonds of yours on the chain."),
    },
    "Account": {
        "balance": ("bsip_mplp.cli.accounts:balance", "Show what an account has here."),
        "statement": ("bsip_mplp.cli.accounts:statement", "Show every movement, notice and refusal."),
        "withdraw": ("bsip_mplp.cli.accounts:withdraw", "Send free balance back to the chain."),
    },
    "Operating": {
        "init": ("bsip_mplp.cli.setting_up:init", "Create the database, check node and accounts."),
        "keeper": ("bsip_mplp.cli.keeping:keeper", "Run the bots, or show how they are."),
        "params": ("bsip_mplp.cli.params:params", "Show or change a market's parameters."),
        "health": ("bsip_mplp.cli.keeping:health", "Say whether all is well, by exit status."),
        "audit": ("bsip_mplp.cli.audit:audit", "Compare what is owed with what is held."),
        "verify": ("bsip_mplp.cli.keeping:verify", "Fold the journal anew and compare."),
    },
    "Trying out": {
        "devnet": ("bsip_mplp.cli.devnet:devnet", "Start a BitShares chain in one process."),
        "play": ("bsip_mplp.cli.play:play", "Fold inputs from a file, print the state."),
        "story": ("bsip_mplp.cli.story:story", "Play the example of the proposal."),
        "rehearse": ("bsip_mplp.cli.rehearse:rehearse", "Rehearse the rules with many simulated users."),
        "completion": ("bsip_mplp.cli.completion:completion", "Print completion for bash or zsh."),
    },
}

COMMANDS: dict[str, tuple[str, str]] = {
    name: command for section in SECTIONS.values() for name, command in section.items()
}

HELP_OPTIONS = ["-h", "--help"]

FAULTS = (
    ("bsip_mplp.config", "ConfigError"),
    ("bsip_mplp.money", "MoneyError"),
    ("bsip_mplp.journal.errors", "JournalError"),
    ("bsip_mplp.chain.errors", "ChainError"),
    ("bsip_mplp.chain.memo", "MemoError"),
    ("bsip_mplp.keeper.errors", "KeeperError"),
    ("bsip_mplp.story.errors", "StoryError"),
    ("bsip_mplp.rehearsal.errors", "RehearsalError"),
)
"""The roots of the packages' exception trees whose texts are for people; looked up only if they were imported."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names, as in the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by section, from the table: nothing is imported."""
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(11), short) for name, (_, short) in section.items()])


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"mplp {version('bsip-mplp')}")
        ctx.exit()


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": HELP_OPTIONS, "max_content_width": 100},
    epilog="Example: mplp --config testnet pools --by rate",
)
@click.option("--config", "config", metavar="FILE", help="Configuration: a file, or devnet, testnet, mainnet-observe.")
@click.option("--node", "nodes", metavar="URL", multiple=True, help="Node to use instead; give it again for more.")
@click.option("-a", "--account", metavar="NAME", help="Account that acts, instead of the configured one.")
@click.option("-d", "--nobroadcast", is_flag=True, help="Sign, show the transaction, but do not broadcast it.")
@click.option("-x", "--unsigned", is_flag=True, help="Show the transaction without signing or broadcasting it.")
@click.option("-e", "--expiration", type=click.IntRange(15, 3600), metavar="SECONDS", help="Life of a transaction.")
@click.option(
    "-v", "--verbose", type=click.IntRange(0, 15), metavar="0-15", help="1 faults, 2 warnings, 3 news, 4 all."
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def cli(ctx: click.Context, /, **given: Any) -> None:
    """Lend to and borrow for BitShares margin positions.

    Every request is a transfer with a memo to the pool's account, the same that any wallet can make.
    """
    ctx.obj = Options(**given)
    if given["verbose"] is not None:
        from bsip_mplp.keeper import logs

        logs.set_up(given["verbose"])


def main() -> None:
    """Run the command line: exit status 0, or 2 with one line on stderr that says what to do."""
    try:
        status = cli.main(prog_name="mplp", standalone_mode=False)
    except click.ClickException as error:
        _say(_negative(error) or error.format_message(), _hint(error))
        status = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("Aborted.", err=True)
        status = 130
    except BrokenPipeError:
        # the reader of our output went away, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except _faults() as error:
        _say(str(error))
        status = 2
    except Exception as error:  # noqa: BLE001  a bug of ours is a line for people too; -v 4 shows where it is
        _say(f"a fault of this program, please report it with what -v 4 shows: {type(error).__name__}: {error}")
        _show_where()
        status = 70
    sys.exit(status if isinstance(status, int) else 0)


def _show_where() -> None:
    import logging

    logging.getLogger("mplp").debug("where it failed", exc_info=True)


def _faults() -> tuple[type[Exception], ...]:
    ours = [getattr(sys.modules[module], name) for module, name in FAULTS if module in sys.modules]
    return (OSError, *ours)


def _say(message: str, hint: str = "") -> None:
    click.echo(f"mplp: {' '.join(message.split())}{hint}", err=True)


def _negative(error: click.ClickException) -> str | None:
    """What to say of an amount under 0, which looks like an option; None if it is something else."""
    if not isinstance(error, click.NoSuchOption):
        return None
    given = (word for word in sys.argv[1:] if word.startswith(error.option_name))
    word = next((word for word in given if re.match(r"-\.?\d", word)), None)
    return word and f"{word}: an amount must be more than 0"


def _hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f" (see: {context.command_path} --help)" if context else ""

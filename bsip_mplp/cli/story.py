"""`mplp story`: the example of the proposal, played by real accounts on a real chain."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.directories import make_directory
from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import print_json

if TYPE_CHECKING:
    from bsip_mplp.story.run import Played, Story
    from bsip_mplp.story.scene import Scene, Step
    from bsip_mplp.story.stage import Where


@click.command(short_help="Play the example of the proposal.")
@click.option(
    "--long", "is_long", is_flag=True, help="The life of long loans instead: a year, with auctions and bonds."
)
@click.option("--shared-pool", "is_shared", is_flag=True, help="The shared pool's example instead: four stages.")
@click.option("--vault", "is_vault", is_flag=True, help="A vault instead: a loan that the chain itself sees.")
@click.option("--node", "url", metavar="URL", help="Play on this node, not on an embedded one.")
@click.option("--faucet", metavar="NAME", help="Lifetime member that pays for the new accounts.  [default: nathan]")
@click.option(
    "--wif",
    envvar="MPLP_FAUCET_WIF",
    show_envvar=True,
    metavar="KEY",
    help="The faucet's active key: a throw-away one!",
)
@click.option("--kill-keeper", "kill_seed", type=int, metavar="SEED", help="Kill the keeper (-9) at random moments.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Keep the journal here.")
@click.option("--database", metavar="URL", help="Keep the journal in this database, which no journal stands in yet.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_options
def story(options: Options, is_long: bool, is_shared: bool, is_vault: bool, as_json: bool, **given: Any) -> None:
    """Play the example of the proposal: accounts and a bitasset made for it, signed transactions, the keeper running.

    Each step is shown with what the chain and the ledger say; in the end all is verified. Exit status 0 if all holds,
    1 if not. Without --node an embedded node is started and ends with the story.

    \b
    Example: mplp story
             mplp story --vault
             mplp story --node ws://127.0.0.1:8090 --faucet nathan --wif 5K…
    """
    from bsip_mplp.story.run import play

    if is_long + is_shared + is_vault > 1:
        raise click.UsageError("--long, --shared-pool and --vault are stories of their own: give one")
    where = _where(options, **given)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that node and keeper end too
    teller = _Teller(quiet=as_json)
    with teller:
        played = play(_story(is_long, is_shared, is_vault), where, teller)
    if as_json:
        print_json(_as_json(played))
    else:
        teller.end(played)
    if not played.holds:
        raise click.exceptions.Exit(1)


def _story(is_long: bool, is_shared: bool, is_vault: bool) -> Story:
    if is_vault:
        from bsip_mplp.story.vault import STORY as VAULT

        return VAULT
    if is_shared:
        from bsip_mplp.story.shared import STORY as SHARED

        return SHARED
    if is_long:
        from bsip_mplp.story.long import STORY as LONG

        return LONG
    from bsip_mplp.story.example import STORY

    return STORY


def _where(
    options: Options,
    url: str | None,
    faucet: str | None,
    wif: str | None,
    kill_seed: int | None,
    data: Path | None,
    database: str | None,
) -> Where:
    from bsip_mplp.chain.keys import Secret
    from bsip_mplp.story.node import DEVELOPMENT_WIF, FAUCET
    from bsip_mplp.story.stage import Where

    url = url or next(iter(options.nodes), None)
    if url is None and faucet is not None:
        raise click.UsageError("--faucet is an account of the node that --node names: give both")
    if data is not None and data.exists() and any(data.iterdir()):
        raise click.UsageError(f"--data {data}: the directory is not empty")
    if data is not None:
        make_directory(data, "--data")
    secret = Secret(wif if url and wif else DEVELOPMENT_WIF)
    return Where(url, faucet or FAUCET, secret, data, kill_seed, database)


def _as_json(played: Played) -> dict[str, Any]:
    return {
        "holds": played.holds,
        "steps": [{"step": step.number, "words": step.words, "seed": step.seed, **scene.as_json()}
                  for step, scene in played.steps],
        "verify": played.verified,
        "skipped": played.skipped,
        "end": played.end,
        "kills": played.kills,
        "seconds": round(played.seconds, 1),
    }  # fmt: skip


class _Teller:
    """Shows steps as they are played, and what is being waited for on a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        from rich.console import Console

        from bsip_mplp.cli.output import console
        from bsip_mplp.story.telling import WIDTH_MAX

        width = min(console().width, WIDTH_MAX)
        self._console = Console(highlight=False, width=width, quiet=quiet)
        # On one terminal the two must be one console, else the line of waiting overwrites the story
        shared = self._console.is_terminal and not quiet
        self._status = (self._console if shared else console(stderr=True)).status("")

    def __enter__(self) -> None:
        self._status.start()

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def wait(self, text: str) -> None:
        self._status.update(f"Waiting for {text} …")

    def opening(self, title: str, lines: list[str]) -> None:
        from bsip_mplp.story.telling import show_opening

        show_opening(self._console, title, lines)

    def step(self, step: Step, scene: Scene) -> None:
        from bsip_mplp.story.telling import show_step

        show_step(self._console, step, scene)

    def end(self, played: Played) -> None:
        from bsip_mplp.story.telling import show_end

        lines = [f"skipped: {line}" for line in played.skipped]
        if played.kills:
            lines.append(f"the keeper was killed (kill -9) {played.kills} times and started again")
        lines.append(f"{len(played.steps)} steps in {played.seconds:.0f} s")
        show_end(self._console, played.steps, played.verified, lines)

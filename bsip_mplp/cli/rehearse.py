"""`mplp rehearse`: many simulated users under many prices and rule sets, and a report of what came of it."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli import rehearse_play, rehearse_serve
from bsip_mplp.cli.directories import make_directory
from bsip_mplp.cli.output import console, json_option, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Collection

    from bsip_mplp.rehearsal.report.page import Making
    from bsip_mplp.rehearsal.scenario import Scenario


class _RunsByDefault(click.Group):
    """A group whose first word may also be a scenario: `mplp rehearse march-2020` is `mplp rehearse run march-2020`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` before what names no command."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_RunsByDefault, epilog="Example: mplp rehearse config/rehearsal/march-2020.toml --quick")
def rehearse() -> None:
    """Rehearse the rules: simulated users, many prices, a report.

    `mplp rehearse SCENARIO` is short for `mplp rehearse run SCENARIO`.
    """
    if not all(_installed(name) for name in ("numpy", "scipy", "pyarrow", "jinja2")):
        raise click.ClickException("the rehearsal needs more packages: pip install 'bsip-mplp[rehearsal]'")


for command in (rehearse_serve.serve, *rehearse_play.COMMANDS):
    rehearse.add_command(command)


def _installed(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


@rehearse.command()
@json_option
def scenarios(as_json: bool) -> None:
    """List the scenarios that come with the package.

    \b
    Example:
      mplp rehearse scenarios
    """
    from bsip_mplp.rehearsal.scenario import load, shipped

    rows = []
    for name in shipped():
        one = load(name)
        numbers = {"users": one.users.total, "days": one.days, "paths": one.paths}
        rows.append({"scenario": name, "title": f"{one.title_en} {one.title_zh}", **numbers})
    if as_json:
        print_json(rows)
    else:
        print_table("Scenarios", ["scenario", "title", "users>", "days>", "paths>"], rows, "None.")


@rehearse.command()
@click.argument("scenario")
@click.option("--quick", is_flag=True, help="A first answer within 20 s: fewer users and paths, coarser steps.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Where to write.")
@click.option("--jobs", type=click.IntRange(1, 1024), metavar="N", help="Processes; by default one for each core.")
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler, such as tcp://10.0.0.5:8786.")
@click.option("--paths", type=click.IntRange(1, 1_000_000), metavar="N", help="Price paths for each rule set.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), metavar="N", help="Another draw of prices and users.")
@click.option("--no-sweeps", is_flag=True, help="Leave the scenario's parameter sweeps out.")
@click.option(
    "--sweep",
    "swept",
    nargs=2,
    metavar="X=A,B Y=C,D",
    help="A heat map of two parameters: --sweep lmcr=1.2,1.3,1.4 i2=0.05,0.1",
)
def run(
    scenario: str,
    quick: bool,
    out: Path | None,
    jobs: int | None,
    cluster: str | None,
    paths: int | None,
    seed: int | None,
    no_sweeps: bool,
    swept: tuple[str, str] | None,
) -> None:
    """Run SCENARIO, a TOML file or one by name, and write its data and report.

    Ctrl-C stops it; what is finished is kept, and the same command goes on from there. The same seed gives the same
    files, on any number of cores.

    \b
    Example:
      mplp rehearse march-2020 --quick
      mplp rehearse config/rehearsal/march-2020.toml --jobs 8 --out results
    """
    from bsip_mplp.rehearsal import scenario as scenarios_of
    from bsip_mplp.rehearsal.parts import quick as quickened
    from bsip_mplp.rehearsal.report import page

    path = scenarios_of.find(scenario)
    chosen = scenarios_of.load(scenario)
    changes: dict[str, Any] = {name: value for name, value in (("paths", paths), ("seed", seed)) if value is not None}
    if no_sweeps:
        changes["sweeps"] = ()
    if changes:
        chosen = chosen.changed(changes)
    left_out = {variant.role for variant in chosen.variants} if quick else set()
    if quick:
        chosen = quickened(chosen)
    if swept:
        chosen = chosen.changed({"sweeps": (*(one.model_dump() for one in chosen.sweeps), _sweep(swept))})
    directory = out or Path(f"rehearsal-{chosen.name}{'-quick' if quick else ''}")
    _check_prices(chosen)
    make_directory(directory, "--out")
    making = page.Making(
        _command(scenario, quick, paths, seed, no_sweeps, swept), path.read_text(encoding="utf-8"), quick
    )
    _rehearse(chosen, directory, jobs, cluster, making, left_out)


def _check_prices(scenario: Scenario) -> None:
    """Read the recorded prices before anything starts; raises `RehearsalError` where they can't be read."""
    from bsip_mplp.rehearsal.errors import RehearsalError
    from bsip_mplp.rehearsal.parts import parts_of
    from bsip_mplp.rehearsal.recorded import RecordedError, read_series

    files = {
        (str(part.scenario.path.file), part.scenario.path.params.get("column"))
        for part in parts_of(scenario)
        if part.scenario.path.kind == "csv"
    }
    for file, column in sorted(files, key=str):
        try:
            read_series(file, None if column is None else str(column))
        except RecordedError as error:
            raise RehearsalError(f"[path] file: {error}") from None


def _command(
    scenario: str, quick: bool, paths: int | None, seed: int | None, no_sweeps: bool, swept: tuple[str, str] | None
) -> str:
    """The command that gives the same figures: what decides them, and nothing of where they are written."""
    words = ["mplp", "rehearse", scenario]
    words += ["--quick"] if quick else []
    words += ["--paths", str(paths)] if paths is not None else []
    words += ["--seed", str(seed)] if seed is not None else []
    words += ["--no-sweeps"] if no_sweeps else []
    words += ["--sweep", *swept] if swept else []
    return shlex.join(words)


def _rehearse(
    scenario: Scenario,
    directory: Path,
    jobs: int | None,
    cluster: str | None,
    making: Making,
    left_out: Collection[str],
) -> None:
    from bsip_mplp.rehearsal import campaign, storage
    from bsip_mplp.rehearsal.parts import parts_of
    from bsip_mplp.rehearsal.questions import verdicts
    from bsip_mplp.rehearsal.report import page
    from bsip_mplp.rehearsal.results import Results
    from bsip_mplp.rehearsal.simulation import simulate
    from bsip_mplp.rehearsal.words import ANSWERS
    from bsip_mplp.rehearsal.workers import cores

    at_a_time = jobs or cores()
    where = f"on the cluster {cluster}" if cluster else f"on {at_a_time} cores"
    click.echo(f"{scenario.title_en}: {scenario.users.total} users, {scenario.days} days, {where}", err=True)
    with _bar() as bar:
        task = bar.add_task("runs", total=None)

        def told(done: int, total: int) -> None:
            if bar.tasks[0].total is None:
                # what was finished before does not count as speed
                bar.reset(task, total=total, completed=done)
            bar.update(task, completed=done)

        runs = campaign.run(
            parts_of(scenario),
            simulate,
            directory,
            at_a_time,
            cluster,
            told,
            lambda: bar.console.print("Stopping once the runs under way are finished; Ctrl-C again stops at once."),
        )
    paths = storage.write(scenario, runs, directory)
    results = Results(scenario, runs)
    found = verdicts(results, left_out)
    report = page.write(results, found, making, directory)
    width = max(len(ANSWERS[verdict.answer].en) for verdict in found)
    for verdict in found:
        click.echo(f"{ANSWERS[verdict.answer].en:<{width}} {verdict.question.en}")
    click.echo("Yes is what the critics fear or say, but for the last, the draft's own prediction.")
    if making.is_quick:
        click.echo(
            "This is a first look, with few users and paths: answers may change without --quick. "
            f"{scenario.paths} paths are too few for a No where a share of paths counts."
        )
    click.echo(f"Report: {report}\nData:   {', '.join(path.name for path in paths)} beside it")


def _bar() -> Any:
    """A progress bar on stderr, with the time that remains."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=max(10, min(40, shutil.get_terminal_size().columns - 45))),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console(stderr=True),
    )


def _sweep(swept: tuple[str, str]) -> dict[str, Any]:
    """A sweep from the command line; raises `ClickException` naming the side that can't be read."""
    x, y = (_axis(text) for text in swept)
    names = [axis["key"].removeprefix("parameters.") for axis in (x, y)]
    title = " × ".join(names)
    return {
        "name": "-".join(name.replace("_", "-").replace(".", "-") for name in names),
        "title_en": title,
        "title_zh": title,
        "x": x,
        "y": y,
    }


def _axis(text: str) -> dict[str, Any]:
    import tomllib
    from decimal import Decimal

    key, _, values = text.partition("=")
    try:
        read = tomllib.loads(f"values = [{values}]", parse_float=Decimal)["values"]
    except tomllib.TOMLDecodeError:
        read = []
    if not key or len(read) < 2:
        raise click.BadParameter(f"write a parameter and its values, such as lmcr=1.2,1.3,1.4, not {text!r}")
    return {"key": key if "." in key else f"parameters.{key}", "values": read}

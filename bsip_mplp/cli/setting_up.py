"""For operators: `mplp init`."""

from __future__ import annotations

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import json_option, print_json


@click.command(short_help="Create the database, check node and accounts.")
@json_option
@pass_options
def init(options: Options, as_json: bool) -> None:
    """Create the journal, check the node, its chain and the pool's account, and record assets and markets.

    It can be run again at any time: it then records what the configuration has changed.

    \b
    Example: mplp --config testnet init
    """
    from bsip_mplp.bootstrap import initialise

    done = initialise(options.settings)
    if as_json:
        print_json({"database": options.settings.database_url, "done": done})
        return
    for line in done:
        click.echo(f"- {line}")
    click.echo("Ready: mplp keeper run starts the bots.")

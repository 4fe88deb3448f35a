"""``mplp devnet``: a BitShares chain in one process, for development."""

from __future__ import annotations

import sys

import click


@click.command("devnet")
@click.option(
    "--listen", default="127.0.0.1:8090", show_default=True, metavar="HOST:PORT", help="Where clients connect."
)
@click.option(
    "--block-interval",
    default="1",
    show_default=True,
    metavar="SECONDS",
    help="Time between blocks; fractions are allowed, 0 makes a block for each transaction.",
)
@click.option("--data", metavar="DIR", help="Keep the chain here and go on with it next time.")
@click.option("--as-testnet", is_flag=True, help="Present the public testnet's chain id (throw-away keys only).")
@click.option(
    "--maintenance-interval", default=300, show_default=True, metavar="SECONDS", help="Time between maintenances."
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="NAME=AMOUNT",
    help="An account that exists and has this much TEST from the start; may be repeated.",
)
@click.option(
    "--feed", "feeds", multiple=True, metavar="SYMBOL=FILE", help="Publish this bitasset's feed from a CSV file."
)
@click.option("--feed-step", type=int, metavar="SECONDS", help="Time between the rows of --feed files.")
@click.option("--feed-ratios", metavar="MCR:MSSR[:ICR]", help="Ratios per mille published with --feed (1500:1100).")
@click.option("--fee-divisor", type=int, default=1, metavar="N", help="Divide the chain's default fees by this.")
def devnet(
    listen: str,
    block_interval: str,
    data: str | None,
    as_testnet: bool,
    maintenance_interval: int,
    accounts: tuple[str, ...],
    feeds: tuple[str, ...],
    feed_step: int | None,
    feed_ratios: str | None,
    fee_divisor: int,
) -> None:
    """Run a BitShares chain in this process, for development.

    Any BitShares client can talk to it: python-bitshares, uptick, plain websocket or POST requests. The account
    nathan has all the TEST; its key is printed on the first line.

    \b
    Example: mplp devnet --block-interval 0.2 --account alice=100000
    """
    from ..devnet.command import OptionError, make_options, serve_forever

    try:
        options = make_options(
            listen=listen,
            block_interval=block_interval,
            data=data,
            as_testnet=as_testnet,
            maintenance_interval=maintenance_interval,
            accounts=accounts,
            feeds=feeds,
            feed_step=feed_step,
            feed_ratios=feed_ratios,
            fee_divisor=fee_divisor,
        )
    except OptionError as wrong:
        click.echo(str(wrong), err=True)
        sys.exit(2)
    sys.exit(serve_forever(options))

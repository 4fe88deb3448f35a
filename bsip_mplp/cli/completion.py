"""`mplp completion`: the script by which a shell completes the command line."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command(short_help="Print completion for bash or zsh.")
@click.argument("shell", type=click.Choice(["bash", "zsh"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets bash or zsh complete commands and options.

    \b
    Example: mplp completion bash >> ~/.bashrc
             mplp completion zsh >> ~/.zshrc
    """
    made = get_completion_class(shell)
    if made is None:  # pragma: no cover - click ships both
        raise click.UsageError(f"this click has no completion for {shell}")
    root = ctx.find_root()
    click.echo(made(root.command, {}, "mplp", "_MPLP_COMPLETE").source())

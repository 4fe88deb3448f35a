"""The global options of a run, and the configuration that they stand over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from bsip_mplp.config import Settings


Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Options:
    """What was given before the command; the configuration is read when first asked for."""

    config: str | None = None
    nodes: tuple[str, ...] = ()
    account: str | None = None
    nobroadcast: bool = False
    unsigned: bool = False
    expiration: int | None = None
    verbose: int | None = None

    @cached_property
    def settings(self) -> Settings:
        """The configuration, with `--node`, `--account` and `--expiration` standing over it; raises `ConfigError`."""
        from bsip_mplp.config import load, read

        settings = load(self.config)
        data = settings.model_dump()
        if self.nodes:
            data["chain"]["nodes"] = self.nodes
        if self.account:
            data["account"] = self.account
        if self.expiration:
            data["chain"]["expiration_seconds"] = self.expiration
        return read(data, "options")

    def acting(self, given: str | None = None) -> str:
        """The account that acts: the one given with the command, or before it, or in the configuration."""
        name = given or self.settings.account
        if name is None:
            raise click.UsageError("no account: give --account NAME, or set account in the configuration")
        return name


def pass_options(command: Command) -> Command:
    """Give a command the global options as its first argument."""
    passed: Command = click.make_pass_decorator(Options)(command)  # type: ignore[assignment]
    return passed


account_option: Callable[[Command], Command] = click.option(
    "--account", metavar="NAME", help="Account, instead of the configured one."
)

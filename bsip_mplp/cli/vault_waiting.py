"""An errand about a vault: with `--wait` it stays until the chain has done what the request brought about."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options
from bsip_mplp.cli.reading import reading
from bsip_mplp.cli.sending import POLL_SECONDS, Errand

if TYPE_CHECKING:
    from bsip_mplp.chain.chain import Position


class VaultErrand(Errand):
    """A request about one's vault."""

    def __init__(self, options: Options, **sending: Any) -> None:
        super().__init__(options, **sending)
        self._given = options

    def ask(self, ask: Any, money: tuple[str, int] | None = None, closing: tuple[str, Position] | None = None) -> None:
        """Send it, and wait if that was asked for; then say what the chain's part was.

        Raises `click.ClickException` if it takes too long: nothing is lost then, the keeper goes on with it.
        """
        super().ask(ask, money, closing)
        if self.counted is None:
            return
        deadline = time.monotonic() + self.timeout_seconds
        while self._is_under_way(ask.market):
            if time.monotonic() > deadline:
                raise click.ClickException("it counted, and is being carried out on the chain: see mplp vault show")
            time.sleep(POLL_SECONDS)
        if not self.as_json:
            self._tell()

    def _is_under_way(self, market: str) -> bool:
        with reading(self._given) as reader:
            return any(
                vault["state"] in ("ordered", "made") or vault["order"] is not None or vault["queued"]
                for vault in reader.objects("vault")
                if (vault["holder"], vault["market"]) == (self.account, market)
            )

    def _tell(self) -> None:
        """What the account was told since the request counted."""
        from bsip_mplp.journal import read

        with reading(self._given) as reader:
            for one in read.notices(reader.connection, self.account, after_seq=self.counted or 0):
                click.echo(f"  {one.rule}: {one.text}")

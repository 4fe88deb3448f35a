"""A story played from beginning to end: the stage is set, each step is played and shown, and all is verified."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from bsip_mplp.story import facts
from bsip_mplp.story.configuration import Setting
from bsip_mplp.story.scene import Scene, Step
from bsip_mplp.story.stage import Stage, Where, set_stage


class Story(NamedTuple):
    """A title, what one should know before, the setting, and the steps for the node that there is."""

    title: str
    opening: Callable[[Stage], list[str]]
    setting: Callable[[bool], Setting]
    """The setting, told whether chain time can be moved."""
    steps: Sequence[Step]


class Teller(Protocol):
    """Whoever is told the story while it is played."""

    def wait(self, text: str) -> None:
        """What is being waited for."""

    def opening(self, title: str, lines: list[str]) -> None:
        """The stage is set."""

    def step(self, step: Step, scene: Scene) -> None:
        """A step was played."""


@dataclass(frozen=True)
class Played:
    """What became of a story."""

    steps: list[tuple[Step, Scene]]
    verified: dict[str, Any]
    skipped: list[str]
    end: dict[str, dict[str, int]]
    """What each account of the ledger holds in the end, in smallest units, by role and with the bitasset as `CNY`."""
    kills: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every step is as it must be, and the journal is what its inputs make."""
        return all(scene.holds for _, scene in self.steps) and bool(self.verified["holds"])


def play(story: Story, where: Where, teller: Teller) -> Played:
    """Play it; raises a `StoryError` or a `ChainError` for what keeps it from being played to the end.

    A step that does not hold is the last one: what follows would build on it.
    """
    began = time.monotonic()
    with set_stage(story.setting, where, teller.wait) as stage:
        names = ", ".join(f"{person.role} {person.name}" for person in stage.people.values())
        teller.opening(story.title, [*story.opening(stage), f"Accounts: {names}."])
        played: list[tuple[Step, Scene]] = []
        skipped: list[str] = []
        for step in story.steps:
            if step.takes_time and not stage.can_move_time:
                skipped.append(f"{step.number}: {step.takes_time}")
                continue
            scene = Scene()
            step.play(stage, scene)
            played.append((step, scene))
            teller.step(step, scene)
            if not scene.holds:
                break
        teller.wait("the keeper to end")
        stage.keeper.stop()
        teller.wait("mplp verify")
        return Played(played, stage.verify(), skipped, _end(stage), stage.keeper.kills, time.monotonic() - began)


def _end(stage: Stage) -> dict[str, dict[str, int]]:
    names = {person.name: person.role for person in stage.people.values()}
    found: dict[str, dict[str, int]] = {}
    for account, asset, units in facts.balances(stage):
        parts = [names.get(part, part.replace(stage.symbol, "CNY")) for part in account.split("/")]
        symbol = "CNY" if asset == stage.symbol else "CORE"
        found.setdefault("/".join(parts), {})[symbol] = units
    return found

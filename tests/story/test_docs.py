"""`docs/story.md` shows the stories as they are."""

from pathlib import Path

import pytest

from bsip_mplp.story import example, long, vault

PAGE = "".join((Path(__file__).parents[2] / "docs" / "story.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize("step", [*example.STEPS, *long.STEPS, *vault.STEPS], ids=lambda step: step.number)
def test_each_step_is_shown_with_its_words(step):
    assert f"{step.number}✓──" in PAGE
    assert "".join(step.words.split()) in PAGE
    assert "".join(step.seed.split()) in PAGE


def test_the_page_shows_stories_that_hold():
    assert "✗" not in PAGE

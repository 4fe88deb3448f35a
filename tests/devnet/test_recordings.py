"""Goal: the chain does what bitshares-core 7 did. Method: every recording is played in this process, and each
step's answer, fills and state are compared with what the real node's recording says."""

import json
from pathlib import Path

import pytest

from . import player

RECORDINGS = sorted((Path(__file__).parent / "data" / "recordings").glob("*.json"))


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_recording(file):
    recording = json.loads(file.read_text())
    for number, step, recorded, found in player.play(recording):
        assert found == recorded, f"step {number}: {step}"


def test_every_recording_is_here():
    assert len(RECORDINGS) == 17

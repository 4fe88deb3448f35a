"""The unit for systemd and the container file say what the program takes, and name what is there."""

import configparser
import re
from pathlib import Path

from click.testing import CliRunner

from bsip_mplp.cli.main import cli

ROOT = Path(__file__).parents[1]
UNIT, CONTAINER = ROOT / "deploy/mplp-keeper.service", ROOT / "deploy/Containerfile"


def assert_taken(words):
    """Each command and each option among the words is one of `mplp`."""
    path = [word for word in words if not word.startswith("-")]
    shown = CliRunner().invoke(cli, [*path, "--help"])
    assert shown.exit_code == 0, shown.output
    assert all(word in shown.output for word in words if word.startswith("-"))


def test_the_unit_starts_what_there_is_and_starts_it_again():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(UNIT)
    program, *words = unit["Service"]["ExecStart"].split()
    assert program.endswith("/mplp")
    assert_taken(words)
    assert unit["Service"]["Restart"] == "always"
    assert unit["Service"]["User"] != "root"


def test_the_container_copies_what_there_is_and_runs_what_there_is():
    text = CONTAINER.read_text()
    for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE):
        assert all((ROOT / name).exists() for name in line.split()[:-1]), line
    (command,) = re.findall(r"^CMD \[(.*)\]$", text, re.MULTILINE)
    assert_taken(re.findall(r'"([^"]*)"', command))
    assert re.search(r"^USER mplp$", text, re.MULTILINE)

"""The command line starts fast, because what is heavy is imported only where it is used; and shells can complete it."""

import os
import subprocess
import sys

import pytest

HEAVY = (
    "rich",
    "bitshares",
    "graphenebase",
    "sqlalchemy",
    "pydantic",
    "alembic",
    "apscheduler",
    "websocket",
    "secp256k1",
)


def modules_after(*words):
    code = f"""
import sys
sys.argv = ["mplp", *{list(words)!r}]
from bsip_mplp.cli.main import main
try:
    main()
except SystemExit:
    pass
print("MODULES", *sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(ran.stdout.rpartition("MODULES")[2].split())


@pytest.mark.parametrize("words", [["--help"], ["borrow", "--help"], ["keeper", "run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words):
    assert not modules_after(*words) & set(HEAVY)


def test_the_list_of_commands_imports_no_command():
    loaded = modules_after("--help")
    assert not {name for name in loaded if name.startswith("bsip_mplp.")} - {
        "bsip_mplp.cli",
        "bsip_mplp.cli.main",
        "bsip_mplp.cli.options",
    }


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_completion_script_is_printed_and_completes(mplp, shell):
    script = mplp("completion", shell).out
    assert f"_MPLP_COMPLETE={shell}_complete" in script
    environment = os.environ | {"_MPLP_COMPLETE": f"{shell}_complete", "COMP_WORDS": "mplp po", "COMP_CWORD": "1"}
    code = "from bsip_mplp.cli.main import cli; cli.main(prog_name='mplp')"
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    for name in ("pools", "pool", "position"):
        assert name in ran.stdout

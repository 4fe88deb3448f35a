"""`mplp rehearse` as people run it: real processes, real runs of a small scenario, and one line for what is wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import csv, parquet

from bsip_mplp.rehearsal import storage
from bsip_mplp.rehearsal.result import FIGURES, GROUP_FIGURES, SERIES
from bsip_mplp.rehearsal.scenario import find, load, shipped

ROOT = Path(__file__).parents[2]

TINY = """
name = "tiny"
title_en = "Tiny"
title_zh = "小"
days = 1
step_seconds = 1800
paths = 2
seed = 3
rule_sets = ["none", "peer"]

[path]
kind = "trend"
params = { start = 0.02, change_per_day = -0.3 }

[users]
lenders = 6
tight = 6
careful = 4
absent = 4
protected = 4
called_on_purpose = 2
bidders = 2
call_traders = 2
"""


def _mplp(*words, cwd=None):
    env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}", "COLUMNS": "110"}
    return subprocess.run(
        [sys.executable, "-c", "from bsip_mplp.cli.main import main; main()", "rehearse", *words],
        capture_output=True,
        text=True,
        env=env,
        cwd=cwd,
        timeout=120,
        check=False,
    )


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY, encoding="utf-8")
    return path


def test_RE_7_one_command_writes_data_and_report_the_same_on_one_and_two_cores(tmp_path, tiny):
    for jobs in ("1", "2"):
        done = _mplp(str(tiny), "--out", str(tmp_path / jobs), "--jobs", jobs)
        assert done.returncode == 0, done.stderr
        assert "Report:" in done.stdout
    for name in [*(f"{t}.{k}" for t in storage.TABLES for k in ("parquet", "csv")), "manifest.json", "report.html"]:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name
    _check_tables(tmp_path / "1")


def _check_tables(directory):
    """Every figure is there, and Parquet and CSV hold the same."""
    for table, names in (("figures", FIGURES), ("series", SERIES), ("groups", GROUP_FIGURES)):
        whole, text = parquet.read_table(directory / f"{table}.parquet"), csv.read_csv(directory / f"{table}.csv")
        assert set(names) <= set(whole.column_names)
        assert whole.column_names == text.column_names
        assert whole.to_pylist() == text.to_pylist()
    assert parquet.read_table(directory / "series.parquet").num_rows == 4 * 24
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["runs"], manifest["scenario"]["seed"]) == (4, 3)


def test_a_sweep_from_the_command_line_is_drawn(tmp_path, tiny):
    one_path = (str(tiny), "--out", str(tmp_path / "out"), "--jobs", "1", "--paths", "1")
    done = _mplp(*one_path, "--sweep", "lmcr=1.3,1.4", "i2=0.1,0.2")

    assert done.returncode == 0, done.stderr
    assert "lmcr × i2" in (tmp_path / "out/report.html").read_text(encoding="utf-8")


WRONG = [
    ((), "name = 1", "tiny.toml: name: input should be a valid string"),
    ((), TINY.replace("lenders", "lender"), "users.lender: lender is no key of this table: it has lenders, tight"),
    ((), TINY.replace('kind = "trend"', 'kind = "jumpy"'), "path: kind: jumpy is no kind of path: calm, trend"),
    ((), TINY.replace("start =", "begin ="), "path: params: begin is no number of a trend path"),
    ((), TINY.replace('"peer"]', '"pear"]'), "rule_sets.1: input should be 'none', 'peer'"),
    ((), TINY.replace('"peer"]', '"none"]'), "rule_sets: a rule set is named twice"),
    ((), TINY.replace("step_seconds = 1800", "step_seconds = 7"), "step_seconds: must divide an hour"),
    ((), TINY + "\n[parameters]\nlmcr = 1.7\n", "parameters: LMCR 1.7 is not under MCR 1.55"),
    ((), TINY + "\n[parameters]\nlmrc = 1.3\n", "lmrc is no parameter of a market"),
    ((), TINY + "\n[chain]\nmcr = 1.0\n", "mssr < mcr ≤ icr must hold"),
    ((), TINY + "\n[[attackers]]\nkind = 'loud'\n", "attackers.0.kind: input should be 'short', 'spike'"),
    ((), "name = ", "not TOML"),
    (("--sweep", "lmcr=1.3", "i2=0.1,0.2"), TINY, "write a parameter and its values, such as lmcr=1.2,1.3,1.4"),
    (("--sweep", "lmcr=1.3,9.0", "i2=0.1,0.2"), TINY, "LMCR 9 is not under MCR 1.55"),
    (("--sweep", "lmrc=1.3,1.4", "i2=0.1,0.2"), TINY, "lmrc is no parameter of a market"),
    (("--jobs", "0"), TINY, "0 is not in the range"),
    (("--cluster", "tcp://127.0.0.1:9"), TINY, "no Dask scheduler answers there"),
    (("--cluster", "nonsense://x"), TINY, "no Dask scheduler answers there"),
]


@pytest.mark.parametrize(("words", "text", "says"), WRONG, ids=[one[2] for one in WRONG])
def test_what_is_wrong_is_one_line_that_says_what_to_do(tmp_path, words, text, says, monkeypatch, capfd):
    from bsip_mplp.cli.main import main
    from bsip_mplp.rehearsal import workers

    (tmp_path / "tiny.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(sys, "argv", ["mplp", "rehearse", "tiny.toml", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    line = capfd.readouterr().err.strip().splitlines()[-1]

    assert ended.value.code == 2
    assert line.startswith("mplp: ")
    assert says in line
    assert not (tmp_path / "rehearsal-tiny/report.html").exists()


STARTS_NOT = [
    (("tiny.toml",), 'kind = "csv"\nfile = "none.csv"', "[path] file: none.csv: no such file; name a CSV file"),
    (
        ("tiny.toml", "--out", "/proc/x"),
        None,
        "--out /proc/x: can't be made (No such file or directory); name a directory",
    ),
    (("somewhere",), None, "somewhere: is a directory; name a file, or one of"),
]


@pytest.mark.parametrize(("words", "path", "says"), STARTS_NOT, ids=[one[2] for one in STARTS_NOT])
def test_what_can_not_be_read_or_written_is_told_before_anything_starts(tmp_path, words, path, says):
    text = TINY if path is None else re.sub(r'kind = "trend"\nparams.*', path, TINY)
    (tmp_path / "tiny.toml").write_text(text, encoding="utf-8")
    (tmp_path / "somewhere").mkdir()
    done = _mplp(*words, "--quick", cwd=tmp_path)

    assert done.returncode == 2
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert done.stderr.startswith(f"mplp: {says}")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["somewhere", "tiny.toml"]


def test_what_quick_leaves_out_is_not_called_not_asked(tmp_path, tiny):
    variant = """
[[variants]]
name = "up"
title_en = "Rising"
title_zh = "上涨"
role = "slow_fall"
changes = { "path.params" = { start = 0.02, change_per_day = 0.1 } }
"""
    tiny.write_text(TINY + variant, encoding="utf-8")
    done = _mplp(str(tiny), "--quick", "--out", str(tmp_path / "out"), "--jobs", "1")
    html = (tmp_path / "out/report.html").read_text(encoding="utf-8")

    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("Left out by --quick ")]
    assert ["five years" in line for line in lines] == [True]
    assert re.search("^Not asked  ", done.stdout, re.MULTILINE)
    assert "2 paths are too few for a No" in done.stdout
    for text in ("Left out by --quick", "--quick 未计算"):
        assert html.count(f">{text}<") == 2


def test_a_scenario_that_is_not_there_is_named_with_those_that_are(tmp_path):
    done = _mplp("nowhere", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "nowhere: no such file; name a file, or one of" in done.stderr


@pytest.mark.parametrize("name", shipped())
def test_every_scenario_of_the_package_is_whole(name):
    scenario = load(name)

    assert scenario.name == name == find(name).stem
    assert scenario.users.total >= 1000
    assert scenario.title_en
    assert scenario.title_zh


def test_there_is_a_scenario_for_each_kind_of_path_and_each_attacker():
    from bsip_mplp.rehearsal.prices import KINDS

    all_of_them = [load(name) for name in shipped()]

    assert {scenario.path.kind for scenario in all_of_them} == set(KINDS)
    assert {attacker.kind for scenario in all_of_them for attacker in scenario.attackers} == {
        "short",
        "spike",
        "cheap_interest",
        "withdraw",
    }

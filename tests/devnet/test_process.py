"""Goal: the node as a person starts it. Method: processes; their first line, their end, their complaints."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
import websocket
from click.testing import CliRunner

from bsip_mplp.cli.devnet import devnet
from bsip_mplp.devnet import DEVELOPMENT_WIF, DEVNET_CHAIN_ID, TESTNET_CHAIN_ID
from bsip_mplp.devnet.command import OptionError, make_options, parse_account, parse_interval, parse_listen

from .conftest import node_process
from .kit import CORE

FIRST_LINE = re.compile(r"(ws://127\.0\.0\.1:\d+)  chain ([0-9a-f]{64})  faucet nathan  key (5\w{50})\n")


def ask(url, method, *params):
    ws = websocket.create_connection(url, timeout=10)
    ws.send(json.dumps({"id": 1, "method": "call", "params": [0, method, list(params)]}))
    answer = json.loads(ws.recv())
    ws.close()
    return answer["result"]


def start(*options, **more):
    command = [sys.executable, "-m", "bsip_mplp.devnet", "--listen", "127.0.0.1:0", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_line_and_end(number):
    process = start()
    url, chain_id, key = FIRST_LINE.fullmatch(process.stdout.readline()).groups()
    assert (chain_id, key) == (DEVNET_CHAIN_ID, DEVELOPMENT_WIF)
    assert ask(url, "get_chain_id") == chain_id  # ready when printed
    assert ask(url, "get_dynamic_global_properties")["head_block_number"] >= 1
    ws = websocket.create_connection(url, timeout=10)  # a client that stays does not hold it up
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")
    ws.close()


def test_interval_data_and_testnet(tmp_path):
    with node_process("--data", str(tmp_path / "d"), "--as-testnet", "--account", "ann=12.5") as (url, process):
        assert ask(url, "get_chain_id") == TESTNET_CHAIN_ID
        ann = process.stdout.readline().split()
        assert ann[:2] == ["account", "ann"]
        assert ask(url, "get_account_balances", "ann", ["1.3.0"])[0]["amount"] == 12.5 * CORE
        before = ask(url, "get_dynamic_global_properties")["head_block_number"]
        deadline = time.monotonic() + 40
        while ask(url, "get_dynamic_global_properties")["head_block_number"] < before + 5:
            assert time.monotonic() < deadline
    with node_process("--data", str(tmp_path / "d"), "--as-testnet") as (url, _):
        assert ask(url, "get_dynamic_global_properties")["head_block_number"] > before + 5
        assert ask(url, "get_account_by_name", "ann")["name"] == "ann"


def complaint(*options):
    done = subprocess.run(
        [sys.executable, "-m", "bsip_mplp.devnet", *options], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_busy_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}" in complaint("--listen", f"127.0.0.1:{port}")


def test_bad_options(tmp_path):
    assert "--listen 'nowhere'" in complaint("--listen", "nowhere")
    assert "--wrong" in complaint("--wrong")
    (tmp_path / "f").write_text("")
    assert "cannot start" in complaint("--listen", "127.0.0.1:0", "--data", str(tmp_path / "f"))


def test_options_are_read():
    assert parse_listen("[::1]:80") == ("::1", 80)
    assert parse_interval("0.25") == 0.25
    assert parse_account("ann=1.00001").amount == 100_001
    for wrong in ("", ":", "host", "host:", "host:99999", "host:-1"):
        with pytest.raises(OptionError):
            parse_listen(wrong)
    for wrong in ("", "x", "-1", "1.5", "31", "nan", "inf", "0.001"):
        with pytest.raises(OptionError):
            parse_interval(wrong)
    for wrong in ("ann", "ann=", "=5", "ann=x", "ann=1.000001", "ann=-5", "A B=3", "Ann=3", "a_b=3", "1a=3"):
        with pytest.raises(OptionError):
            parse_account(wrong)
    usual = {
        "listen": "127.0.0.1:1",
        "block_interval": "1",
        "data": None,
        "as_testnet": False,
        "maintenance_interval": 300,
        "accounts": (),
        "feeds": (),
        "feed_step": None,
        "feed_ratios": None,
    }
    assert make_options(**usual).port == 1
    for wrong in ({"maintenance_interval": 0}, {"feeds": ("USD",)}, {"feeds": ("USD=/none",)}, {"feed_ratios": "5"}):
        with pytest.raises(OptionError):
            make_options(**{**usual, **wrong})


@pytest.mark.parametrize("ratios", ["1:2", "1000:1100", "1500:1000", "1500:1100:32001"])
def test_ratios_out_of_the_chains_bounds_and_names_that_it_does_not_take_are_one_line(ratios):
    for words in (["--feed-ratios", ratios], ["--account", "A B=3"]):
        ran = CliRunner(mix_stderr=False).invoke(devnet, words)
        assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
        assert ran.stderr.startswith(f"{words[0]} {words[1]!r}: ")


def test_the_command():
    runner = CliRunner()
    told = runner.invoke(devnet, ["--help"]).output
    for option in ("--listen", "--block-interval", "--data", "--as-testnet", "--account", "--feed"):
        assert option in told
    done = runner.invoke(devnet, ["--listen", "nowhere"])
    assert done.exit_code == 2
    assert "--listen 'nowhere'" in done.output

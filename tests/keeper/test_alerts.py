"""Alerts reach a webhook as they come up, not more often than allowed, with no secret in them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bsip_mplp import config
from bsip_mplp.chain.errors import KeysError
from bsip_mplp.keeper import alerts
from bsip_mplp.keeper.alerts import WELL, Noise, look, post, read_webhook
from tests.cli.world import until

WIF = "5KQwrPbwdL6PhXujxW37FSSQZ1JiwsST4cqQzDeyXtP79zkvFD3"


@pytest.fixture
def room():
    """A web server on this machine, and what was posted to it."""
    posted = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204 if self.path == "/hook" else 500)
            self.end_headers()

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", posted
    server.shutdown()
    server.server_close()


def test_a_reason_is_told_when_it_comes_up_again_after_a_while_and_when_it_ended():
    noise = Noise(repeat_seconds=100, per_hour=50)
    assert noise.news([], 0) == []
    assert noise.news(["a"], 1) == ["a"]
    assert noise.news(["a"], 2) == []
    assert noise.news(["a", "b"], 3) == ["b"]
    assert noise.news(["a", "b"], 101) == ["a"]
    assert noise.news(["a", "b"], 104) == ["b"]
    assert noise.news(["b"], 105) == []
    assert noise.news([], 106) == [WELL]
    assert noise.news([], 107) == []
    assert noise.news(["a"], 108) == ["a"]


def test_figures_that_change_are_no_news():
    noise = Noise(100, 50)
    assert noise.news(["late for 7 s"], 0) == ["late for 7 s"]
    assert noise.news(["late for 8 s"], 1) == []


def test_no_more_than_so_many_in_an_hour_and_nothing_is_forgotten():
    noise = Noise(100, 2)
    assert noise.news(["a"], 0) == ["a"]
    assert noise.news(["a", "b"], 1) == ["b"]
    assert noise.news(["a", "b", "c"], 2) == []
    assert noise.news(["a", "b", "c"], 3599) == []
    assert noise.news(["a", "b", "c"], 3600) == ["a", "b", "c"]


def test_what_is_posted(room):
    url, posted = room
    post(f"{url}/hook", "trial", ["one", f"a key {WIF} stands here"])
    post(f"{url}/hook", "trial", [WELL])
    assert posted[0]["text"] == "mplp trial: one\na key (a private key) stands here"
    assert (posted[0]["place"], posted[0]["well"], posted[1]["well"]) == ("trial", False, True)
    post(f"{url}/hook", "trial", [f"line {n} " + "x" * 10_000 for n in range(50)])
    assert len(posted[2]["text"]) <= alerts.TEXT_LENGTH_MAX
    assert posted[2]["lines"][-1] == "and 30 more: see mplp health"


def test_a_webhook_that_fails_is_logged_without_its_address_and_survived(room, caplog):
    url, _ = room
    secret = f"{url}/secret-token"
    look(lambda: ["a"], Noise(100, 5), lambda lines: post(secret, "trial", lines))
    assert "could not be posted" in caplog.text
    assert "secret-token" not in caplog.text


def test_that_nobody_can_look_is_told(room):
    url, posted = room

    def broken():
        raise RuntimeError("the database is gone")

    look(broken, Noise(100, 5), lambda lines: post(f"{url}/hook", "trial", lines))
    assert "health can't be read: RuntimeError: the database is gone" in posted[0]["text"]


def test_it_looks_again_and_again_as_long_as_the_keeper_runs(room, monkeypatch, tmp_path):
    url, posted = room
    monkeypatch.setattr(alerts, "LOOK_SECONDS", 0.01)
    file = tmp_path / "webhook"
    file.write_text(f"{url}/hook\n")
    file.chmod(0o600)
    seen = ["a"]
    with alerts.alerting(config.Alerts(webhook_file=file), "trial", lambda: seen):
        until(lambda: posted, "the first alert")
        seen.clear()
        until(lambda: len(posted) > 1, "that all is well again")
    assert [one["lines"] for one in posted] == [["a"], [WELL]]


def test_without_a_webhook_nothing_is_looked_at():
    with alerts.alerting(config.Alerts(), "trial", lambda: pytest.fail("it looked")):
        pass


def test_the_address_is_a_secret(tmp_path):
    file = tmp_path / "webhook"
    file.write_text("https://example.org/token\n")
    file.chmod(0o644)
    with pytest.raises(KeysError, match="chmod 600"):
        read_webhook(file)
    file.chmod(0o600)
    assert read_webhook(file) == "https://example.org/token"
    file.write_text("nonsense")
    with pytest.raises(KeysError, match="one address"):
        read_webhook(file)
    chain = {"nodes": ["ws://one"], "core_asset": "BTS", "pool_account": "p"}
    with pytest.raises(config.ConfigError, match="alerts"):
        config.read({"place": "x", "chain": chain, "alerts": {"webhook": "https://example.org/token"}})

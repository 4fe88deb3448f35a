"""The small course that the help of `mplp play` and the docs use: tests/data/example.jsonl."""

import json
from pathlib import Path

from click.testing import CliRunner

from bsip_mplp.cli.play import play
from bsip_mplp.rules.codec import input_from_json, input_to_json

EXAMPLE = Path(__file__).parents[1] / "data" / "example.jsonl"


def played():
    ran = CliRunner().invoke(play, [str(EXAMPLE)])
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.output)


def test_the_example_ends_as_its_comments_say():
    """The least is 10,000,000 · (1 − 1.3 / 1.6) = 1,875,000; 7.3 % of it for 14 days are 5,250.

    ming gets 4,725, the funds 420 and 105. He withdrew that and the 1,000,000 that he took out of the pool.
    """
    state = played()

    loan = state["loans"]["1"]
    assert (loan["principal"], loan["ended"], loan["ended_by"]) == (1_875_000, 172_800, "PL-17")
    assert (state["pools"]["1"]["available"], state["pools"]["1"]["lent"]) == (4_000_000, 0)
    assert state["pools"]["1"]["earned"] == {"USD": 4_725}
    assert state["prepaid"] == {"hong": {"USD": 20_000 - 5_250}}
    assert (state["funds"]["USD"], state["risk_funds"]["USD"]) == ({"USD": 420}, {"USD": 105})
    assert state["balances"] == {}
    assert state["operator"] == {"BTS": 1_000_000 - 86_000}
    assert state["outside"]["USD"] == -(5_000_000 + 20_000 - 1_004_725)


def test_the_example_has_the_one_refusal_that_it_tells_of():
    [refusal] = played()["refusals"]

    assert (refusal["account"], refusal["rule"]) == ("ming", "PL-2")
    refused_line = EXAMPLE.read_text(encoding="utf-8").splitlines()[refusal["line"] - 1]
    assert json.loads(refused_line)["ask"] == {"do": "unlend", "pool": 1, "amount": 4_000_000}


def test_each_line_of_the_example_is_in_the_journals_own_form():
    """Every object is what the codec would write of it, but for a rate that people write as a percentage."""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            written = json.loads(line.replace('"7.3%"', '"73/1000"'))
            assert input_to_json(input_from_json(written)) == written

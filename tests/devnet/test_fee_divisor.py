"""Lower fees, for chains that people play on with little money."""

from __future__ import annotations

import pytest

from bsip_mplp.devnet.chain import Chain
from bsip_mplp.devnet.command import OptionError, make_options
from bsip_mplp.devnet.fees import DEFAULT_SCHEDULE, divided_schedule
from bsip_mplp.devnet.genesis import Genesis

OPTIONS = {
    "listen": "127.0.0.1:0",
    "block_interval": "1",
    "data": None,
    "as_testnet": False,
    "maintenance_interval": 300,
    "accounts": (),
    "feeds": (),
    "feed_step": None,
    "feed_ratios": None,
}


def test_every_fee_is_divided_and_nothing_else_of_the_schedule_changes():
    lower = divided_schedule(400)

    assert divided_schedule(1) == DEFAULT_SCHEDULE
    assert [(number, list(row)) for number, row in lower] == [(number, list(row)) for number, row in DEFAULT_SCHEDULE]
    assert dict(lower)[0] == {"fee": 5000, "price_per_kbyte": 2500}
    assert dict(lower)[10]["symbol3"] == "125000000", "what is text on the wire stays text"


def test_the_chain_asks_for_the_lower_fees_and_says_so():
    chain = Chain(Genesis(fee_divisor=400))
    told = dict(chain.state.fees.to_json()["parameters"])

    assert told[0]["fee"] == 5000
    assert chain.state.fees.param(0) == 5000


def test_a_kept_chain_keeps_its_fees():
    genesis = Genesis(fee_divisor=400)

    assert Genesis.from_json(genesis.to_json()) == genesis
    old = {name: value for name, value in genesis.to_json().items() if name != "fee_divisor"}
    assert Genesis.from_json(old).fee_divisor == 1, "one that was kept before there was a choice"


@pytest.mark.parametrize("divisor", [0, -1, 10**9 + 1])
def test_a_divisor_out_of_range_is_refused(divisor):
    with pytest.raises(OptionError, match="--fee-divisor"):
        make_options(**OPTIONS, fee_divisor=divisor)

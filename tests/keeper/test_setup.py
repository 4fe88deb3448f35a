"""Setting up: what the configuration says and the ledger doesn't know yet becomes inputs, once."""

import tomllib
from decimal import Decimal

import pytest

from bsip_mplp import config
from bsip_mplp.journal import Journal, read
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.setup import changes, misfits
from bsip_mplp.rules.inputs import AssetSeen, FeedSeen, MarketOpened, ParametersChanged
from tests import databases

TEXT = (config.PLACES / "testnet.toml").read_text()
PRECISIONS = {"TEST": 5, "USD": 4}


def settings(text=TEXT):
    return config.read(tomllib.loads(text, parse_float=Decimal))


class Ledger:
    """A ledger that takes what setting up finds."""

    def __init__(self, path):
        self.journal = Journal.open(databases.new(path), create=True)
        self.intake = Intake.load(self.journal)

    def set_up(self, wanted, time=5):
        with self.journal.reading() as connection:
            assets = {found.key: found.body for found in read.objects(connection, "asset")}
            markets = {found.key: found.body for found in read.objects(connection, "market")}
        found = changes(wanted, PRECISIONS, assets, markets, time)
        outcomes = self.intake.take(found)
        assert not any(outcome.refusals for outcome in outcomes)
        return found


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(tmp_path)
    yield made
    made.journal.close()


def test_assets_come_before_the_markets_that_need_them(ledger):
    found = ledger.set_up(settings())
    assert [type(item) for item in found] == [AssetSeen, AssetSeen, MarketOpened]
    assert [item.least_size for item in found[:2]] == [10 * 10**5, 1000]


def test_a_second_time_there_is_nothing_to_record(ledger):
    ledger.set_up(settings())
    assert ledger.set_up(settings()) == []


def test_only_the_parameter_that_changed_is_recorded_with_its_time(ledger):
    ledger.set_up(settings())
    found = ledger.set_up(settings(TEXT.replace("lmcr = 1.3", "lmcr = 1.35")), time=9)
    assert found == [ParametersChanged(time=9, market="USD", changes={"lmcr": 1350})]
    assert ledger.set_up(settings(TEXT.replace("lmcr = 1.3", "lmcr = 1.35"))) == []


def test_a_parameter_that_is_left_out_goes_back_to_its_default(ledger):
    ledger.set_up(settings(TEXT.replace("lmcr = 1.3", "lmcr = 1.3\nlcr_cap = 4")))
    found = ledger.set_up(settings())
    assert found == [ParametersChanged(time=5, market="USD", changes={"lcr_cap": None})]


def test_a_new_least_size_is_recorded(ledger):
    ledger.set_up(settings())
    found = ledger.set_up(settings(TEXT.replace("least = 10", "least = 11")))
    assert [(item.symbol, item.least_size) for item in found] == [("TEST", 11 * 10**5)]


def test_what_is_no_longer_named_stays(ledger):
    ledger.set_up(settings())
    gone = TEXT.replace('[markets.USD]\nlmcr = 1.3\ni2 = 0.1\nstake_rate = "5%"\n', "")
    assert "markets" not in gone
    assert ledger.set_up(settings(gone)) == []


def seen(**ratios):
    given = {"mcr": 1500, "mssr": 1100, "icr": 1550, **ratios}
    return FeedSeen(time=5, market="USD", price=(1, 10), expires=9000, **given)


def test_pl_d7_what_does_not_fit_the_chains_feed_is_one_line_of_warning():
    assert misfits(settings(), [seen()]) == []
    wild = settings(TEXT.replace("lmcr = 1.3", "lmcr = 9"))
    (line,) = misfits(wild, [seen()])
    assert line == "markets.USD: LMCR 9 is not under MCR 1.5: no new loans there while that is so (PL-D7)"
    assert misfits(wild, [FeedSeen(time=5, market="USD")]) == []  # there is no feed that it could be held against


def test_sp_16_a_shared_pool_whose_icr_is_not_over_mcr_is_one_line_of_warning():
    shared = settings(f"{TEXT}\n[shared_pools.USD]\nicr = 1.2\n")
    assert misfits(shared, [seen(icr=1500)]) == [
        "shared_pools.USD: ICR 1.5 is not over MCR 1.5: it serves nobody new while that is so (SP-16)"
    ]
    assert misfits(shared, [seen()]) == [
        "shared_pools.USD: its icr is not over the feed's MCR: the chain's own ICR counts"
    ]
    assert misfits(settings(f"{TEXT}\n[shared_pools.USD]\nicr = 1.6\n"), [seen()]) == []

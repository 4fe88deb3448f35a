"""What commands show of a shared pool and of vaults, on a journal with no node: words, figures, and what is refused."""

from fractions import Fraction

import pytest

from bsip_mplp.cli.sending import RefusedError
from bsip_mplp.cli.trial import try_on
from bsip_mplp.journal import Cursor, Journal
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.rules.codec import input_from_json, input_to_json
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import (
    AssetSeen,
    Borrow,
    FeedSeen,
    Hold,
    LeavePool,
    Lend,
    MarketOpened,
    Prepay,
    Protect,
    SharedPoolSet,
    Supply,
    Tick,
)
from bsip_mplp.rules.vault_asks import VaultOpen
from tests.cli.conftest import COURSE, NOON, deposit

DAY = 86_400
POOL = {"icr": 1700, "a": "10", "b": 7, "rate": "0.02", "model": "fixed", "fee": "0.05"}
SHARED = [
    *COURSE[:5],  # bob's position has a CR of 1.634
    AssetSeen(time=NOON, symbol="EUR", precision=4),
    MarketOpened(time=NOON, market="EUR", core_asset="TEST"),
    SharedPoolSet(time=NOON, market="CNY", parameters=POOL),
    deposit(1, "lea", 1_500_000, Supply(market="CNY"), "CNY"),
    deposit(2, "bob", 1_000_000, Hold(market="CNY", mcr=Fraction(6, 5)), "CNY"),
]
LENT = [deposit(3, "carol", 5 * 10**8, Lend(rate=Fraction(1, 10), term_days=14)), deposit(4, "bob", 10**7, Prepay())]


@pytest.fixture
def written(place, database):
    """Writes inputs into the journal."""

    def write(course, time):
        with Journal.open(database, create=True) as opened:
            Intake.load(opened).take([input_from_json(input_to_json(item)) for item in course], Cursor(7, time))

    return write


def balances(mplp, name):
    return {row["what"]: row["amount"] for row in mplp("balance", "--account", name, "--json").json["balances"]}


def test_a_lender_sees_what_it_lent_what_waits_what_came_free_and_its_rewards(mplp, written):
    written(SHARED, NOON + 60)
    assert balances(mplp, "lea") == {"lent to the shared pool of CNY": "150.0000"}
    later = NOON + 60 + 2 * DAY
    leaving = [Tick(time=later), deposit(2 * DAY, "lea", 1, LeavePool(market="CNY"))]
    written([*leaving, Tick(time=later + DAY)], later + DAY)
    shown = balances(mplp, "lea")
    assert set(shown) == {
        "free", "waits to leave the shared pool of CNY", "came free in the shared pool of CNY",
        "rewards of the shared pool of CNY",
    }  # fmt: skip
    out = mplp("balance", "--account", "lea").out
    assert "mplp rewards pays them in bitasset" in " ".join(out.split())
    assert "comes free evenly over 14 days" in out
    assert all(amount in out for amount in shown.values())


def test_v_3_what_is_set_aside_for_a_vault_is_shown(mplp, written):
    ask = VaultOpen(market="CNY", debt=10_000_000)
    written([*COURSE[:5], deposit(1, "zoe", 12_000 * 10**5, ask)], NOON + 60)
    assert balances(mplp, "zoe") == {"set aside for vault mplp-vault-1": "12000.00000"}


def test_a_position_shows_its_own_mcr_beside_the_pools_least_and_its_history_there(mplp, written):
    written(SHARED, NOON + 60)
    (shown,) = mplp("position", "--account", "bob", "--json").json["positions"]
    assert (shown["own_mcr"], shown["mcr"]) == ("1.200", "1.550")
    (shown,) = mplp("position", "bob", "--json").json["positions"]
    whats = [line["what"] for line in shown["history"]]
    assert "joined the shared pool at an mcr of 1.2, 100.0000 CNY of interest paid in" in whats
    assert "served by the shared pool" in whats
    assert any("of interest paid to the shared pool, for T at a rate of 2 %" in what for what in whats)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["pool", "NOPE"], "NOPE is no market here: there are CNY, EUR"),
        (["pool", "TEST"], "TEST is no market here: there are CNY, EUR"),
        (["pool", "EUR"], "EUR has no shared pool: there are CNY"),
        (["hold", "NOPE"], "NOPE is no market here: there are CNY, EUR"),
        (["hold", "EUR", "--what-if"], "EUR has no shared pool: there are CNY"),
        (["hold", "CNY", "--mcr", "-1"], "--mcr takes a ratio such as 1.2, not '-1'"),
        (["hold", "CNY", "--mcr", "x", "--what-if"], "--mcr takes a ratio such as 1.2, not 'x'"),
        (["hold", "CNY", "--mcr", "0.5", "--what-if"], "refused by SP-16: 0.5 is no mcr for this pool"),
        (["protect", "--market", "CNY", "--at", "-3"], "--at takes a ratio such as 1.6, not '-3'"),
        (["protect", "--market", "CNY", "--at", "0.5"], "--at is under LMCR 1.300"),
        (["-a", "zoe", "hold", "CNY", "--what-if"], "refused by PL-11: zoe has no position in CNY"),
    ],
)
def test_what_can_not_be_is_one_line_and_nothing_is_sent(mplp, written, words, says):
    written(SHARED, NOON + 60)
    ran = mplp(*words)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1), ran
    assert says in ran.err


def folded(course):
    engine = Engine()
    for item in course:
        engine.apply(item)
    return engine


def test_a_dry_run_has_the_lcr_of_the_position_before_and_after(mplp, written, capsys):
    """What the shared pool adds counts in LCR (SP-1), in the dry run as in `mplp position`."""
    import json

    written([*SHARED, *LENT], NOON + 60)
    ask = Borrow(market="CNY", asset="TEST", amount=400 * 10**5)
    (held,) = mplp("position", "--account", "bob", "--json").json["positions"]
    assert (held["CR"], held["LCR"]) == ("1.634", "1.700")
    try_on(folded([*SHARED, *LENT]), "bob", ask, None, as_json=True)
    shown = json.loads(capsys.readouterr().out)["ratios"]
    written([deposit(5, "bob", 1, ask)], NOON + 61)
    (lent,) = mplp("position", "--account", "bob", "--json").json["positions"]
    assert lent["loans"]
    assert shown == [
        {"ratio": "CR", "before": "1.634", "after": "1.634"},
        {"ratio": "LCR", "before": held["LCR"], "after": lent["LCR"]},
    ]


def test_pl_16_a_dry_run_says_which_protection_would_run_first(mplp, written):
    """The node has no price here that the ledger doesn't know; so what was seen is given by hand."""
    from bsip_mplp.cli.trial import ran_first

    armed = [*COURSE[:5], *LENT, deposit(5, "bob", 1, Protect(market="CNY", at=Fraction(8, 5)))]
    engine = folded(armed)
    feed = FeedSeen(time=NOON + 9, market="CNY", price=(97, 1000), mcr=1550, mssr=1100, icr=1600, expires=NOON + 10**8)
    first = ran_first(engine, "bob", [engine.apply(feed)])
    (loan,) = engine.book.loans.values()
    amount = engine.book.show("TEST", loan.principal)
    assert first == [f"By what the chain says now your protection 1 runs first and borrows {amount}."]
    assert ran_first(engine, "carol", []) == []
    with pytest.raises(RefusedError) as caught:
        try_on(engine, "bob", Borrow(market="CNY", asset="TEST"), None, first=first, as_json=False)
    said = caught.value.format_message()
    assert said.startswith(first[0])
    assert "the position needs no loan" in said

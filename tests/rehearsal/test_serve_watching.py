"""RE-8: what players did, read from the chain's history."""

from __future__ import annotations

from bsip_mplp.chain.chain import CORE_ID
from bsip_mplp.chain.history import Entry
from bsip_mplp.public.scores import Holdings
from bsip_mplp.public.watching import Fill, Past, inside_trades, together, under_way

CNY = "1.3.7"
MING, LI, MAKER, FAUCET = "1.2.21", "1.2.22", "1.2.30", "1.2.17"


def both(one, other, core, bitasset, place=(5, 0), orders=("1.7.1", "1.7.2")):
    """A match: `one` sells core asset to `other`."""
    return [
        Fill(*place, one, orders[0], (CORE_ID, core), (CNY, bitasset)),
        Fill(*place, other, orders[1], (CNY, bitasset), (CORE_ID, core)),
    ]


def trades_of(fills, account):
    return [trade for _, trade in inside_trades(fills, {MAKER}, CNY).get(account, [])]


def test_a_trade_with_the_house_counts_for_arbitrage():
    (trade,) = trades_of(both(MING, MAKER, 100, 20), MING)

    assert (trade.core, trade.bitasset, trade.counts) == (-100, 20, True)


def test_a_trade_with_a_called_position_counts_and_being_called_is_no_trade():
    fills = both(LI, MING, 100, 20, orders=("1.8.3", "1.7.2"))
    (trade,) = trades_of(fills, MING)

    assert (trade.core, trade.bitasset, trade.counts) == (100, -20, True)
    assert trades_of(fills, LI) == []


def test_two_players_trades_with_each_other_do_not_count_for_arbitrage():
    """They could agree on any price, and the prize would be for the asking."""
    fills = both(MING, LI, 100, 20)

    assert [trade.counts for trade in (*trades_of(fills, MING), *trades_of(fills, LI))] == [False, False]


def test_an_order_that_met_a_player_and_the_house_at_once_does_not_count():
    fills = [*both(MING, LI, 50, 10), *both(MING, MAKER, 50, 10)]

    assert [trade.counts for trade in trades_of(fills, MING)] == [False, False]


def test_matches_of_other_transactions_are_others():
    fills = [*both(MING, MAKER, 50, 10, place=(5, 0)), *both(MING, LI, 50, 10, place=(5, 1))]

    assert [trade.counts for trade in trades_of(fills, MING)] == [True, False]


def test_other_markets_are_left_out():
    fills = [
        Fill(5, 0, MING, "1.7.1", ("1.3.9", 5), (CORE_ID, 7)),
        Fill(5, 0, MAKER, "1.7.2", (CORE_ID, 7), ("1.3.9", 5)),
    ]

    assert trades_of(fills, MING) == []


def sent(sender, receiver, asset, units):
    fields = {"from": sender, "to": receiver, "amount": {"asset_id": asset, "amount": units}}
    return Entry(1, 0, fields, 5, 0, 0, None)


def test_gifts_are_what_others_sent_less_what_one_sent_them():
    """Also from an account that nobody registered, and from the one whose key all know; the stake counts once."""
    past = Past(None)
    past.entries[MING] = [
        sent(FAUCET, MING, CORE_ID, 100),
        sent(LI, MING, CORE_ID, 50),
        sent(MING, LI, CORE_ID, 20),
        sent(LI, MING, CNY, "7"),
        sent(MAKER, MING, CORE_ID, 1000),
        sent(MING, MING, CORE_ID, 9),
        sent(LI, MING, "1.3.9", 5),
        sent("1.2.99", MING, CORE_ID, 3),
        sent(FAUCET, MING, CORE_ID, 100),
    ]

    assert past.gifts(MING, {MAKER}, CNY, (FAUCET, 100)) == Holdings(core=133, bitasset=7)


def test_what_is_under_way_is_still_the_player_s():
    """Sent to the pool and not booked yet; and paid out, while the ledger still has it as owed."""
    entries = [sent(MING, MAKER, CORE_ID, 50), sent(MING, MAKER, CNY, 4), sent(MAKER, LI, CORE_ID, 30)]

    assert under_way(entries, MAKER, CNY) == {MING: Holdings(50, 4), LI: Holdings(-30, 0)}


def test_holdings_add_up():
    assert together(Holdings(1, 2, 3), Holdings(10, 20, 30), Holdings()) == Holdings(11, 22, 33)

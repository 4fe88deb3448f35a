"""Bids: sealed, with their money, the highest wins; what a rule refuses comes back as free balance (PL-30)."""

from bsip_mplp.rules.inputs import Bid
from tests.rules.scene import protected

ROUND = 900


def opened(**more):
    scene = protected(**more)
    scene.feed(880)
    scene.wait(seconds=60)
    return scene


def test_pl_30_the_highest_valid_bid_wins_and_all_others_come_back_in_full():
    scene = opened()
    scene.bid("cat", 250)
    scene.bid("dan", 260)
    scene.bid("eve", 255)
    scene.wait(seconds=ROUND)

    assert [scene.bid_state(n) for n in (1, 2, 3)] == ["returned", "won", "returned"]
    assert [scene.free(name, "USD") for name in ("cat", "dan", "eve")] == [250, 0, 255]
    assert scene.of("ann").holder == "dan"


def test_pl_30_the_earlier_of_equal_bids_wins():
    scene = opened()
    scene.bid("cat", 250)
    scene.bid("dan", 250)
    scene.wait(seconds=ROUND)

    assert scene.of("ann").holder == "cat"
    assert scene.free("dan", "USD") == 250


def test_pl_30_one_account_may_bid_again_and_has_the_lower_bid_back():
    scene = opened()
    scene.bid("cat", 250)
    scene.bid("cat", 300)
    scene.wait(seconds=ROUND)

    assert scene.free("cat", "USD") == 250
    assert scene.auction().price == 300


def test_pl_30_the_money_of_a_bid_is_held_until_the_round_closes():
    scene = opened()
    scene.bid("cat", 250)

    assert scene.free("cat", "USD") == 0
    assert scene.engine.state()["held_bids"] == {"1": {"USD": 250}}
    scene.withdraw("cat", "USD")
    assert scene.refused == "G-6"


def test_pl_30_bids_are_sealed_in_what_the_auction_shows():
    """What readers get of an auction is the number of bids, no amount."""
    scene = opened()
    scene.bid("cat", 250)

    shown = scene.outcome.objects["auction", "1"]
    assert shown["bids"] == 1
    assert 250 not in shown.values()
    assert not any("250" in text for name in ("ann", "bob") for text in scene.told(name))


def test_pl_30_a_bid_in_another_asset_is_refused_with_its_money_back():
    scene = opened()
    scene.bid("cat", 500, asset="BTS")

    assert scene.refused == "PL-30"
    assert scene.free("cat", "BTS") == 500
    assert scene.auction().bids == {}


def test_pl_30_the_holder_can_not_bid():
    scene = opened()
    scene.bid("ann", 500)

    assert scene.refused == "PL-30"
    assert scene.free("ann", "USD") == 500


def test_pl_d19_until_the_win_the_former_holder_counts_as_the_holder_after_it_anyone_else():
    """Also taken over. After cat's win, ann may bid in the next auction and cat may not."""
    scene = opened()
    scene.feed(780)
    scene.wait(seconds=60)
    assert scene.state("ann") == ("taken_over", "PL-23")
    scene.bid("ann", 500)
    assert scene.refused == "PL-30"
    scene.bid("cat", 500)
    scene.wait(days=2, seconds=0)
    assert scene.of("ann").holder == "cat"
    assert scene.state("ann") == ("taken_over", "PL-23")

    scene.bid("cat", 500, auction=2)
    assert scene.refused == "PL-30"
    scene.bid("ann", 500, auction=2)
    assert scene.refused is None
    scene.wait(seconds=ROUND)
    assert scene.of("ann").holder == "ann"


def test_pl_27_a_bid_for_an_auction_that_is_not_running_is_refused():
    scene = opened()
    scene.bid("cat", 500, auction=2)
    assert scene.refused == "PL-27"
    assert scene.free("cat", "USD") == 500
    scene.bid("cat", 500)
    scene.wait(seconds=ROUND)
    scene.bid("dan", 500)
    assert scene.refused == "PL-27"
    assert scene.free("dan", "USD") == 500


def test_pl_d18_a_bid_under_the_reserve_goes_back_only_when_the_round_closes():
    scene = opened()
    scene.bid("cat", 199)
    assert scene.refused is None
    assert scene.free("cat", "USD") == 0

    scene.wait(seconds=ROUND - 1)
    assert scene.free("cat", "USD") == 0
    scene.wait(seconds=1)

    assert scene.free("cat", "USD") == 199
    assert scene.bid_state(1) == "returned"
    assert any("the reserve is 0.0200 USD" in text for text in scene.told("cat"))


def test_pl_d45_the_money_that_comes_along_must_cover_the_bid():
    scene = opened()
    scene.deposit("cat", 300, "USD", Bid(auction=1, amount=301))

    assert scene.refused == "PL-30"
    assert scene.free("cat", "USD") == 300


def test_pl_d45_what_comes_along_beyond_the_bid_is_free_balance():
    """A transfer's amount is public: a larger one hides the bid in the memo."""
    scene = opened()
    scene.deposit("cat", 1000, "USD", Bid(auction=1, amount=250))

    assert scene.free("cat", "USD") == 750
    scene.wait(seconds=ROUND)
    assert scene.auction().price == 250
    assert scene.free("cat", "USD") == 750


def test_pl_d45_a_bid_may_be_covered_by_free_balance():
    scene = opened()
    scene.deposit("cat", 300, "USD")
    scene.ask("cat", Bid(auction=1, asset="USD", amount=300))
    scene.wait(seconds=ROUND)

    assert scene.of("ann").holder == "cat"


def test_pl_30_a_bid_of_nothing_is_refused():
    scene = opened()
    scene.ask("cat", Bid(auction=1, asset="USD", amount=0))

    assert scene.refused == "PL-30"


def test_pl_28_what_a_valid_bid_is_is_judged_when_the_round_closes():
    """dan's loan does not renew. Asked on day 0: 200 + 100; from day 23 on its period is no more, so 200 do."""
    scene = protected(days=30)
    scene.lend("dan", 10_000, "USD", "73/600", 30)
    scene.prepay("ann", 100, "USD")
    scene.borrow("ann", 10_000, "USD", pools=(2,))
    scene.feed(770)
    scene.wait(seconds=60)
    scene.bid("cat", 200)  # 300 would be due now
    scene.change_pool("dan", 2, renews=False)
    scene.wait(seconds=ROUND)

    assert scene.bid_state(1) == "won"

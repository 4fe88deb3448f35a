"""The long life of two loans as inputs: one auction is won, one ends unsold; then a carry, bonds and a black position.

1 CNY is 1 TEST. MCR 1.55, MSSR 1.1, ICR 1.6, LMCR 1.3. Each stage goes on from the one before; times are seconds
after `NOON`.
"""

from fractions import Fraction

from bsip_mplp.rules.inputs import (
    AssetSeen,
    Bid,
    Borrow,
    BuyBond,
    Deposit,
    FeedSeen,
    Insure,
    Lend,
    MarketOpened,
    PassBond,
    PositionSeen,
    Prepay,
    Request,
    Tick,
)

NOON = 1_700_000_000
DAY = 86_400
TEST, CNY = 10**5, 10**4
NEVER = NOON + 10**9


def feed(seconds, price_permille):
    price = (price_permille, 10_000)
    return FeedSeen(time=NOON + seconds, market="CNY", price=price, mcr=1550, mssr=1100, icr=1600, expires=NEVER)


def came(seconds, account, amount, ask=None, asset="TEST"):
    source = f"{seconds}.{account}.{amount}"
    return Deposit(time=NOON + seconds, account=account, asset=asset, amount=amount, ask=ask, source=source)


def asked(seconds, account, ask):
    return Request(time=NOON + seconds, account=account, ask=ask)


def borrowed(seconds, account, pool):
    """A position with CR 1.634 and the least long loan of core asset."""
    sight = PositionSeen(time=NOON + seconds, market="CNY", account=account, collateral=1634 * TEST, debt=1000 * CNY)
    ask = Borrow(market="CNY", asset="TEST", pools=(pool,))
    return [sight, came(seconds, account, 20 * TEST, Prepay()), asked(seconds, account, ask)]


LENT = [
    AssetSeen(time=NOON, symbol="TEST", precision=5),
    AssetSeen(time=NOON, symbol="CNY", precision=4),
    MarketOpened(time=NOON, market="CNY", core_asset="TEST"),
    feed(0, 1000),
    came(1, "alice", 1000 * TEST, Lend(rate=Fraction(3, 25), term_days=90, period_days=30)),
    came(2, "carol", 1000 * TEST, Lend(rate=Fraction(3, 20), term_days=90, period_days=30)),
    *borrowed(3, "bob", pool=1),
    *borrowed(4, "erin", pool=2),
]
"""Loan 1 from alice for bob's position, loan 2 from carol for erin's."""

IN_AUCTION = [feed(100, 700), Tick(time=NOON + 170)]
"""LCR fell under MCR and held: auction 1 is of bob's position, auction 2 of erin's (PL-22)."""

BIDS = [
    came(200, "dave", 3 * CNY, Bid(auction=1), asset="CNY"),
    came(210, "frank", 10 * CNY, Bid(auction=1, asset="CNY", amount=4 * CNY), asset="CNY"),
    came(220, "dave", 1 * CNY, Bid(auction=2), asset="CNY"),
]
"""Two open bids in auction 1, and one in auction 2 that is under the reserve."""

WON = [
    Tick(time=NOON + 160 + 900),
    PositionSeen(time=NOON + 2000, market="CNY", account="bob", collateral=4000 * TEST, debt=1000 * CNY),
]
"""The first round closes: frank wins auction 1, and more collateral is seen; auction 2 goes on."""

CARRIED = [Tick(time=NOON + 160 + 2 * DAY)]
"""Auction 2 ends unsold, and the management account carries erin's position (PL-33)."""

OWED = [Tick(time=NOON + 4 + 23 * DAY)]
"""The next interest falls due, the fund can't pay it, and bonds are on offer (PL-37)."""

BONDS = [came(23 * DAY + 100, "grace", 1 * CNY, BuyBond(series=1), asset="CNY")]
"""Some of the series is sold."""

BLACK = [Tick(time=NOON + 4 + 30 * DAY)]
"""The window ends and what is owed is not raised: erin's position is black (PL-38)."""

OFFERED = [asked(31 * DAY, "grace", PassBond(series=1, amount=4_000, to="henry", price=3_900, asset="CNY"))]
"""Bonds are offered to another account (PL-43)."""

INSURED = [came(32 * DAY, "ivan", 100 * CNY, Insure(market="CNY"), asset="CNY")]
"""Income pays what is owed, ends the black state and redeems the bonds (PL-38, PL-39)."""

STAGES = (LENT, IN_AUCTION, BIDS, WON, CARRIED, OWED, BONDS, BLACK, OFFERED, INSURED)


def until(stage):
    """All inputs up to a stage, with it."""
    found = []
    for one in STAGES:
        found.extend(one)
        if one is stage:
            return found
    raise AssertionError("no such stage")

"""What always holds (PL-I1 to PL-I4), looked up in the whole state: called after every step of a random course."""

from __future__ import annotations

from bsip_mplp.ledger import MAY_BE_NEGATIVE
from bsip_mplp.rules.transitions import TRANSITIONS

LENDERS_OWN = ("PL-1", "PL-2", "PL-50", "PL-39")
"""What a pool's total changes by: its owner, and where bonds are compulsory the exchange that touches PL-I1."""

IN_AUCTION = ("in_auction", "taken_over")
CARRIED = ("carried", "black")
CAUSES = {(way.was, way.now): set() for way in TRANSITIONS}
for way in TRANSITIONS:
    CAUSES[way.was, way.now].add(way.rule)


def check(engine):
    """All of them at once; raises `AssertionError` with what is wrong."""
    check_double_entry(engine)
    check_principal(engine)
    check_positions(engine)
    check_paid_time(engine)


def check_double_entry(engine):
    """PL-I2 and G-5: no balance is negative, and each asset adds up to zero."""
    totals = {}
    for (account, asset), units in engine.ledger.balances().items():
        assert units >= 0 or account in MAY_BE_NEGATIVE, f"{account} holds {units} {asset}"
        totals[asset] = totals.get(asset, 0) + units
    assert not any(totals.values()), totals


def check_principal(engine):
    """PL-I1: what pools hold and what of it is lent agrees with the ledger and with the live loans."""
    book = engine.book
    lent = {}
    for loan in book.loans.values():
        if loan.ended is None:
            assert loan.principal > 0
            assert 0 <= loan.goes_home <= loan.principal
            lent[loan.pool] = lent.get(loan.pool, 0) + loan.principal
    for number, pool in book.pools.items():
        assert pool.lent == lent.get(number, 0), f"pool {number}"
        assert pool.available == engine.ledger.balance(f"pool/{number}/available", pool.asset)
        assert pool.lent == engine.ledger.balance(f"pool/{number}/lent", pool.asset)


def check_positions(engine):
    """PL-I4, PL-11: each position is in one state that fits what it has, and lp1, lp2 are what its loans say."""
    book = engine.book
    for position in book.positions.values():
        loans = book.live_loans(position)
        by_asset = {True: position.risk_lp2, False: position.risk_lp1}
        for loan in loans:
            by_asset[loan.asset == position.market] += loan.principal
            assert loan.borrower == position.holder
        assert (position.lp1, position.lp2) == (by_asset[False], by_asset[True])
        assert position.debt == 0 or position.lp2 < position.debt, position.key  # PL-51, PL-D53
        state = position.state
        assert (position.auction is not None) == (state in IN_AUCTION), position.key
        assert (state == "closed") == (position.debt == 0)
        assert (position.account in book.markets[position.market].carried) == (state in CARRIED)
        if state in ("free", "closed"):
            assert not loans, position.key
        if state == "protected":
            assert loans, position.key
        if state in IN_AUCTION:
            assert any(loan.long for loan in loans), position.key
            auction = book.auctions[position.auction]
            assert auction.ended is None
            assert book.now < auction.opened + auction.limit_seconds
        if state not in CARRIED:
            assert position.risk_lp1 == position.risk_lp2 == 0
    open_auctions = sum(auction.ended is None for auction in book.auctions.values())
    assert open_auctions == sum(position.auction is not None for position in book.positions.values())
    held = sum(units for (account, _), units in engine.ledger.balances().items() if account.startswith("bid/"))
    assert held == sum(bid.units for bid in book.bids.values() if bid.state == "open")


def check_paid_time(engine):
    """PL-I3: no loan is live in a period not paid, unless in auction, or carried while bonds are sold, or black."""
    book = engine.book
    for loan in book.loans.values():
        if loan.ended is not None or book.now < loan.paid_until:
            continue
        position = book.position_of(loan)
        market = book.markets[loan.market]
        excused = (
            position.state in IN_AUCTION
            or position.state == "black"
            or (position.state == "carried" and market.on_offer is not None)
        )
        assert excused, f"loan {loan.number}, paid until {loan.paid_until}, at {book.now}: {position.state}"
        assert loan.unpaid, f"loan {loan.number} is unpaid and nothing is recorded"


def check_outcome(outcome):
    """PL-I4: each change of state is one that its rule causes. G-5: each entry balances. PL-I1: pools lose nothing."""
    for event in outcome.events:
        if event.kind == "position" and event.what == "changed":
            assert event.rule in CAUSES[event.values["was"], event.values["now"]]
    for entry in outcome.entries:
        sums = {}
        pools = {}
        for account, asset, units in entry.postings:
            sums[asset] = sums.get(asset, 0) + units
            if account.startswith("pool/"):
                number = account.split("/")[1]
                pools[number] = pools.get(number, 0) + units
        assert not any(sums.values()), entry
        if entry.rule not in LENDERS_OWN:
            assert not any(pools.values()), f"principal left its pool: {entry}"

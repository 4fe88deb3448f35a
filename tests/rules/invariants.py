"""What always holds (PL-I1 to PL-I4), looked up in the whole state: called after every step of a random course."""

from __future__ import annotations

from bsip_mplp.ledger import MAY_BE_NEGATIVE
from bsip_mplp.rules.bond_state import ON_CHAIN
from bsip_mplp.rules.transitions import TRANSITIONS

LENDERS_OWN = ("PL-1", "PL-2", "PL-50", "PL-39", "V-10")
"""What a pool's total changes by: its owner, compulsory bonds, which touch PL-I1, and the order of loss of vaults."""

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
    check_vaults(engine)
    check_paid_time(engine)
    check_bonds(engine)


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
    for item in book.unwindings.values():
        assert item.home is None or item.came + item.lost == item.units
        if item.pool and item.home is None:
            lent[item.pool] = lent.get(item.pool, 0) + item.units - item.came
    for number, pool in book.pools.items():
        assert pool.pending == engine.ledger.balance(f"pool/{number}/pending", pool.asset)
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
        if state in ("free", "closed", "unwinding"):
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


def check_vaults(engine):
    """V-4, V-5: what lies in each vault is what its loans, the risk fund and what is on its way home say.

    What is on its way home ends in exactly one of three ways; what lies in all vaults is what the ledger says.
    """
    book = engine.book
    in_vaults = {}
    ways = [item.way for item in book.unwindings.values() if item.home is not None]
    assert all(way in ("a", "b", "c") for way in ways)
    for position in book.positions.values():
        if position.custody != "vault":
            continue
        core, bitasset = position.lp1, position.lp2
        for number in position.unwinding:
            item = book.unwindings[number]
            assert not item.way
            core += item.units - item.came if item.asset != position.market else 0
            bitasset += item.units - item.came if item.asset == position.market else 0
        assert (position.placed_lp1, position.placed_lp2) == (core, bitasset), position.key
        assert position.state != "unwinding" or position.unwinding or book.vaults[position.account].order
        assert position.state in IN_AUCTION + CARRIED or not position.buffer
        for asset, units in ((book.markets[position.market].core, core + position.buffer), (position.market, bitasset)):
            in_vaults[asset] = in_vaults.get(asset, 0) + units
    for asset, units in in_vaults.items():
        assert engine.ledger.balance("vaults", asset) == -units, asset


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


def check_bonds(engine):
    """PL-39, PL-43: somebody holds each bond; what is held for the chain is there while units of it are, no longer."""
    book = engine.book
    for series in book.series.values():
        assert sum(series.holdings.values()) == series.outstanding, series.number
        assert all(units > 0 for units in series.holdings.values())
        assert 0 <= series.on_chain <= series.amount
        if not series.on_chain:
            assert ON_CHAIN not in series.holdings
            assert engine.ledger.balance(series.pot, series.market) == 0
        # of what an open order sends some may be back already: the chain tells of it before the order's end is read
        assert sum(units for _, units in series.waiting) <= series.on_chain


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

"""Interest auctions: rounds, sealed bids, reserve, win, cure (PL-27 to PL-33, PL-44, PL-49)."""

from __future__ import annotations

from typing import Literal

from bsip_mplp.money import cut_units, interest_units, split_by_share
from bsip_mplp.ratios import ratio_is_under
from bsip_mplp.rules import carrying, loans, protection, shared_pool
from bsip_mplp.rules.book import Book, Refused, show_time
from bsip_mplp.rules.funds import income
from bsip_mplp.rules.inputs import Bid as BidAsk
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.state import Auction, Bid, Loan, Position, Terms
from bsip_mplp.rules.vault_orders import hand_owner_on

MISSED_INTEREST = "PL-21"


def open_auction(book: Book, position: Position, state: Literal["in_auction", "taken_over"], rule: str) -> None:
    """PL-21 to PL-23, PL-27: the position with its long loans is offered, in rounds, until the limit."""
    parameters = book.markets[position.market].parameters
    number = len(book.auctions) + 1
    auction = Auction(
        number,
        position.market,
        position.account,
        rule,
        opened=book.now,
        round_seconds=parameters.auction_round,  # PL-D24: it keeps what it opened with
        limit_seconds=parameters.auction_limit,
    )
    book.auctions[number] = auction
    position.auction, position.cure_held = number, False
    book.change_state(position, state, rule)
    book.schedule.add(DueItem(book.now + auction.limit_seconds, DueKind.ROUND, number))
    book.touch("auction", number, auction)
    book.event(rule, "auction", number, "opened", position=position.key)
    text = f"Auction {number} of the position of {position.account} in {position.market} is open."
    if position.custody == "books":  # PL-D46
        text += " It is an entry of this ledger: it gives nobody a hold on the account on the chain."
    for account in dict.fromkeys([position.holder, *(loan.lender for loan in book.live_loans(position))]):
        book.notify(account, rule, text)


def take_over(book: Book, position: Position) -> None:
    """PL-23: the management account takes the position over; an auction opens, or goes on without a cure (PL-D19)."""
    if position.auction is None:
        open_auction(book, position, "taken_over", "PL-23")
    else:
        position.cure_held = False
        book.change_state(position, "taken_over", "PL-23")
        book.notify(position.holder, "PL-23", f"Your position in {position.market} was taken over.")


def bid(book: Book, account: str, ask: BidAsk, asset: str, units: int) -> None:
    """PL-30, PL-D18: on arrival only asset, holder, auction and money are judged; the money is held."""
    auction = book.auctions.get(ask.auction)
    if auction is None or auction.ended is not None:
        raise Refused("PL-27", f"auction {ask.auction} is not running", "See mplp auctions.")
    position = book.positions[auction.market, auction.account]
    if asset != auction.market:
        raise Refused("PL-30", f"bids are in {auction.market}, not in {asset}")
    if account == position.holder:
        raise Refused("PL-30", "the holder of the position can't bid for it", "Prepay the interest to cure it.")
    if units < 1 or book.free(account, asset) < units:  # PL-D45
        raise Refused("PL-30", f"the money does not cover the bid of {book.show(asset, units)}")
    number = len(book.bids) + 1
    kept = Bid(number, auction.number, account, units, book.now)
    book.bids[number] = kept
    auction.bids[number] = None
    book.move("PL-30", f"bid {number} held", (f"free/{account}", asset, -units), (f"bid/{number}", asset, units))
    if not auction.closes:
        auction.closes = auction.round_end(book.now)
        book.schedule.add(DueItem(auction.closes, DueKind.ROUND, auction.number))
    book.touch("bid", number, kept)
    book.touch("auction", auction.number, auction)
    book.event("PL-30", "bid", number, "placed", auction=auction.number)
    closes = show_time(auction.closes)
    book.notify(account, "PL-30", f"Bid {number} stands in auction {auction.number}; its round closes at {closes}.")


def round_closes(book: Book, auction: Auction) -> None:
    """PL-28, PL-30, PL-33: the highest valid bid wins, the earlier at a tie; unsold at the limit it is carried."""
    at_limit = book.now >= auction.opened + auction.limit_seconds
    if auction.ended is not None or not (at_limit or auction.closes == book.now):
        return
    auction.closes = 0
    position = book.positions[auction.market, auction.account]
    due = _periods_due(book, position)
    reserve = sum(units for _, units in due)
    bids = [book.bids[number] for number in auction.bids]
    valid = [kept for kept in bids if kept.units >= reserve]
    winner = max(valid, key=lambda kept: (kept.units, -kept.number), default=None)
    if winner is not None:
        _win(book, auction, position, winner, due)
    elif at_limit:
        carry(book, position, "PL-33")
    else:
        _return_bids(book, auction, f"the reserve is {book.show(auction.market, reserve)}")


def carry(book: Book, position: Position, rule: str) -> None:
    """PL-33, PL-49: the auction ends unsold, bids go back, and the management account carries the position."""
    shared_pool.passes_on(book, position)
    end_auction(book, position, rule)
    carrying.carry(book, position, rule)


def _periods_due(book: Book, position: Position) -> list[tuple[Loan, int]]:
    """The long loans that go on, with one further period's interest of each in the bitasset (PL-28, PL-29, PL-D22).

    Nothing is decided by it: a round that nobody wins leaves what has not fallen due to its day (PL-D63).
    """
    due = []
    for loan in book.live_loans(position):
        if loan.long and loan.goes_home < loan.principal:
            terms = loan.unpaid[0] if loan.unpaid else loans.next_terms(book, position, loan)
            if isinstance(terms, Terms):
                due.append((loan, _in_bitasset(book, loan, terms)))
    return due


def _decide_periods(book: Book, position: Position) -> None:
    """PL-D22: where no period has fallen due yet, what it costs, or that the loan ends, is decided by the win."""
    for loan in book.live_loans(position):
        if loan.long and loan.goes_home < loan.principal and not loan.unpaid:
            terms = loans.next_terms(book, position, loan)
            if isinstance(terms, str):
                loans.will_end(book, loan, terms)
            else:
                loan.unpaid.append(terms)


def reserve_units(book: Book, auction: Auction) -> int:
    """What a bid must reach if the round closed now (PL-28), in the bitasset.

    It decides what the close would decide, so it is for a book that is thrown away.
    """
    return sum(units for _, units in _periods_due(book, book.positions[auction.market, auction.account]))


def _in_bitasset(book: Book, loan: Loan, terms: Terms) -> int:
    """PL-D21: interest on bitasset is computed in it; interest on core asset is converted once, rounded up."""
    interest = interest_units(loan.principal - loan.goes_home, terms.rate, terms.period_days)
    if loan.asset == loan.market or not interest:
        return interest
    return book.feed_to_convert(loan.market).price.bitasset_for_core(interest)


def _win(book: Book, auction: Auction, position: Position, winner: Bid, due: list[tuple[Loan, int]]) -> None:
    """PL-28, PL-29: the bid is split, each loan has one further period, the winner is the holder."""
    _decide_periods(book, position)
    _pay_lenders(book, auction, winner, due)
    del auction.bids[winner.number]
    winner.state = "won"
    book.touch("bid", winner.number, winner)
    auction.winner, auction.price = winner.account, winner.units
    end_auction(book, position, "PL-28")
    position.holds.clear()  # PL-D12: what is true still holds anew once the rest is over
    _new_holder(book, position, winner.account)
    parameters = book.markets[position.market].parameters
    position.rest_until = book.now + parameters.cure_window  # PL-32
    book.change_state(position, "protected", "PL-28")
    text = f"Bid {winner.number} won auction {auction.number}: the position of {position.account} is yours."
    if position.custody == "books":  # PL-D46
        text += " It is an entry of this ledger: it gives you no hold on the account on the chain."
    book.notify(winner.account, "PL-28", text)


def _pay_lenders(book: Book, auction: Auction, winner: Bid, due: list[tuple[Loan, int]]) -> None:
    parameters, asset = book.markets[auction.market].parameters, auction.market
    reserve = sum(units for _, units in due)
    surplus = winner.units - reserve
    to_system = cut_units(surplus, parameters.surplus_to_system) if reserve else surplus  # PL-D20
    shares = split_by_share(surplus - to_system, [units for _, units in due]) if due else []
    taken = to_system
    postings = []
    for (loan, units), share in zip(due, shares, strict=True):
        cut = cut_units(units, parameters.i2)
        taken += cut
        postings.append((f"free/{loan.lender}", asset, units - cut + share))
    book.move(
        "PL-28",
        f"auction {auction.number} won by bid {winner.number}",
        (f"bid/{winner.number}", asset, -winner.units),
        *postings,
        (f"fund/{asset}", asset, taken),
    )
    income(book, asset, asset, taken)
    for (loan, _), (_, _, units) in zip(due, postings, strict=True):
        loans.period_is_paid(book, loan, asset, units)


def _new_holder(book: Book, position: Position, holder: str) -> None:
    shared_pool.passes_on(book, position)
    del book.held[position.market, position.holder][position.account]
    book.held.setdefault((position.market, holder), {})[position.account] = None
    protection.disarm_all(book, position, "PL-28")
    for loan in book.live_loans(position):
        book.overdue.get(loan.borrower, {}).pop(loan.number, None)
        loan.borrower = holder
        book.touch("loan", loan.number, loan)
    book.notify(position.holder, "PL-28", f"Your position in {position.market} was won by {holder}.")
    position.holder = holder
    if position.custody == "vault":
        hand_owner_on(book, position)


def end_auction(book: Book, position: Position, rule: str) -> None:
    """End a position's auction; open bids go back in full. The caller changes the position's state."""
    auction = book.auctions[position.auction or 0]
    _return_bids(book, auction, "the auction ended")
    auction.ended, auction.ended_by = book.now, rule
    position.auction, position.cure_held = None, False
    position.holds.pop("floor", None)  # these clocks are of the auction; a takeover's goes on
    position.holds.pop("cure", None)
    book.touch("auction", auction.number, auction)
    book.event(rule, "auction", auction.number, "ended", winner=auction.winner, price=auction.price)


def _return_bids(book: Book, auction: Auction, why: str) -> None:
    for number in list(auction.bids):
        kept = book.bids[number]
        kept.state = "returned"
        book.move(
            "PL-30",
            f"bid {number} returned",
            (f"bid/{number}", auction.market, -kept.units),
            (f"free/{kept.account}", auction.market, kept.units),
        )
        book.touch("bid", number, kept)
        book.notify(kept.account, "PL-30", f"Bid {number} in auction {auction.number} came back: {why}.")
    auction.bids.clear()
    auction.closes = 0
    book.touch("auction", auction.number, auction)


def try_cure(book: Book, position: Position) -> None:
    """PL-31, PL-D23, PL-D56: with `LCR ≥ MCR` held and the interest due there, the auction ends.

    An auction by missed interest is cured by the interest alone. Until a takeover's hold is complete this counts under
    MSSR too (PL-D64).
    """
    if not only_lacks_interest(book, position):
        return
    unpaid = [loan for loan in book.live_loans(position) if loan.unpaid]
    needed: dict[str, int] = {}
    for loan in unpaid:
        owed = loans.owed_units(book, loan, loan.unpaid[0])
        needed[loan.interest_asset] = needed.get(loan.interest_asset, 0) + owed
    if any(book.prepaid(position.holder, asset) < units for asset, units in needed.items()):
        return
    end_auction(book, position, "PL-31")
    book.change_state(position, "protected", "PL-31")
    for loan in sorted(unpaid, key=lambda loan: (loan.unpaid[0].due, loan.number)):
        loans.take_interest(book, loan)
    book.notify(position.holder, "PL-31", f"Your position in {position.market} is cured.")


def only_lacks_interest(book: Book, position: Position) -> bool:
    """Whether interest alone, some of which costs another amount at another feed, keeps an auction from its cure."""
    if position.state != "in_auction" or position.auction is None:
        return False
    by_missed_interest = book.auctions[position.auction].rule == MISSED_INTEREST
    return by_missed_interest or (position.cure_held and _is_over_mcr(book, position))


def _is_over_mcr(book: Book, position: Position) -> bool:
    feed = book.markets[position.market].valid_feed
    return feed is not None and not ratio_is_under(
        position.collateral + position.lp1,
        position.owed_units,
        feed.price,
        book.markets[position.market].auction_limit(position, feed),
    )


def call_off(book: Book, position: Position) -> None:
    """PL-D22, PL-D52: with its last long loan gone there is nothing left to auction."""
    end_auction(book, position, "PL-27")
    book.change_state(position, "protected", "PL-27")
    if not position.loans:
        book.change_state(position, "unwinding" if position.unwinding else "free", position.last_end_rule)

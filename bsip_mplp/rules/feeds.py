"""Markets, their parameters and their feeds: which feed is valid, and what a new one brings about (PL-47)."""

from __future__ import annotations

from bsip_mplp.market import Feed, ParameterError, Parameters, core_alone_fails, misfit
from bsip_mplp.ratios import Price
from bsip_mplp.rules import cover
from bsip_mplp.rules.book import Book, Refused, show_time
from bsip_mplp.rules.inputs import AssetSeen, FeedSeen, MarketOpened, ParametersChanged
from bsip_mplp.rules.interest import judge_missed
from bsip_mplp.rules.positions import look_for_triggered, pause_holds
from bsip_mplp.rules.protection import lift_bars, run_of_market
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.serving import schedule_dividend
from bsip_mplp.rules.shared_pool import feed_judged
from bsip_mplp.rules.state import Asset, Market

OPERATOR = "operator"
"""Whom notices and refusals about markets are for."""


def asset_seen(book: Book, seen: AssetSeen) -> None:
    """An asset that can be lent, or a new least size for it (PL-D39)."""
    asset = Asset(seen.symbol, seen.precision, seen.least_size)
    book.assets[seen.symbol] = asset
    book.touch("asset", seen.symbol, asset)


def market_opened(book: Book, opened: MarketOpened) -> None:
    """A market with its parameters; both its assets must be known."""
    if opened.market in book.markets:
        raise Refused("PL-D7", f"the market {opened.market} is open already", "Change its parameters instead.")
    for symbol in (opened.market, opened.core_asset):
        if symbol not in book.assets:
            raise Refused("PL-D7", f"the asset {symbol} is not known")
    try:
        parameters = Parameters().changed(dict(opened.parameters))
    except ParameterError as error:
        raise Refused("PL-D7", str(error)) from None
    market = Market(opened.market, opened.core_asset, parameters, len(book.market_names), opened=book.now)
    book.markets[opened.market] = market
    book.market_names.append(opened.market)
    book.touch("market", market.name, market)
    schedule_dividend(book, market)
    book.event("PL-D7", "market", market.name, "opened")


def parameters_changed(book: Book, change: ParametersChanged) -> None:
    """PL-D7: a change that breaks the order of the parameters is refused; a suspended feed is judged anew."""
    market = book.markets.get(change.market)
    if market is None:
        raise Refused("PL-D7", f"{change.market} is no market here")
    try:
        parameters = market.parameters.changed(dict(change.changes))
    except ParameterError as error:
        raise Refused("PL-D7", str(error)) from None
    feed = market.valid_feed
    if feed is not None and (reason := misfit(parameters, feed)):
        raise Refused("PL-D7", reason)
    lift_bars(book, market)
    market.parameters = parameters
    book.to_serve.add(market.name)  # another reserve or cut changes what the fund can pay
    book.touch("market", market.name, market)
    book.event("PL-D7", "market", market.name, "changed", **parameters.as_json())
    check_cover(book, market)
    if feed is None:
        _judge_feed(book, market)
    if feed is not None or market.valid_feed is None:  # PL-D67: armed requests run only if the feed became valid
        look_for_triggered(book, market)


def feed_seen(book: Book, seen: FeedSeen) -> None:
    """A market's feed as it is on the chain now, or that there is none."""
    market = book.markets.get(seen.market)
    if market is None:
        raise Refused("PL-47", f"{seen.market} is no market here")
    market.feed = feed_of(seen)
    if market.feed is not None and seen.expires > book.now:
        book.schedule.add(DueItem(seen.expires, DueKind.FEED_EXPIRY, market.number))
    book.touch("market", market.name, market)
    _judge_feed(book, market)


def feed_of(seen: FeedSeen) -> Feed | None:
    """The feed that was seen; None if there was none."""
    if seen.price is None or 0 in seen.price:
        return None
    return Feed(Price(*seen.price), seen.mcr, seen.mssr, seen.icr, seen.expires)


def feed_expires(book: Book, number: int) -> None:
    """PL-D44: a feed's expiry falls due like everything else."""
    market = book.markets[book.market_names[number]]
    if market.feed is not None and market.feed.expires == book.now:
        _judge_feed(book, market)


def _judge_feed(book: Book, market: Market) -> None:
    """Decide whether the feed is valid, and do what follows from that."""
    was_invalid, market.invalid = market.invalid, _why_invalid(book, market)
    if market.invalid is not None:
        if market.invalid != was_invalid:
            book.touch("market", market.name, market)
            book.event("PL-47", "market", market.name, "suspended", reason=market.invalid)
            book.notify(OPERATOR, "PL-47", f"{market.name} takes no new loans: {market.invalid}.")
        pause_holds(book, market)
        feed_judged(book, market)
        return
    if not _same_price(market.feed, market.last_valid):
        market.price_since = book.now
    market.last_valid = market.feed
    if was_invalid is not None:
        book.touch("market", market.name, market)
        book.event("PL-47", "market", market.name, "resumed")
    for number in list(market.waiting):  # PL-47: missed interest that waited for a valid feed
        del market.waiting[number]
        judge_missed(book, book.loans[number])
    check_cover(book, market)
    feed_judged(book, market)  # before LCR is looked at, which counts it
    run_of_market(book, market)  # PL-D17: before PL-26
    look_for_triggered(book, market)


def check_cover(book: Book, market: Market) -> None:
    """V-12: in a market with vaults, say once that no core asset alone is covered, or that some is again."""
    feed = market.valid_feed
    if feed is None or not market.has_vaults:
        return
    was, market.uncovered = market.uncovered, core_alone_fails(market.parameters, feed)
    if market.uncovered != was:
        words = market.uncovered or f"in vaults of {market.name} core asset alone can be covered again"
        book.event("V-12", "market", market.name, "uncovered" if market.uncovered else "covered")
        book.notify(OPERATOR, "V-12", f"{market.name}: {words}.")
    was_ratios, market.cover_ratios = market.cover_ratios, (feed.mcr, feed.mssr)
    if was_ratios not in ((0, 0), market.cover_ratios):
        _judge_covers(book, market, feed)


def _judge_covers(book: Book, market: Market, feed: Feed) -> None:
    """V-6, V-11: the asset's owner or its publishers changed MCR or MSSR: say which vaults are not covered any more."""
    for vault in book.vaults.values():
        position = book.position(market.name, vault.account)
        if position is None or position.state == "closed" or not (position.placed_lp1 or position.placed_lp2):
            continue
        lent = cover.Placed(
            position.chain_collateral,
            position.chain_debt,
            position.placed_lp1 + position.buffer,
            position.placed_lp2,
        )
        lacking = cover.lacking_units(lent, market.parameters, feed)
        if lacking:
            book.event("V-11", "position", position.key, "uncovered", asset=market.core, units=lacking)
            lacks = f"{book.show(market.core, lacking)} would lack of what is lent to {vault.account}"
            for account in dict.fromkeys([OPERATOR, *(loan.lender for loan in book.live_loans(position))]):
                book.notify(account, "V-11", f"Through a margin call {lacks}.")


def _same_price(feed: Feed | None, other: Feed | None) -> bool:
    if feed is None or other is None:
        return feed is other
    return feed.price.bitasset * other.price.core == other.price.bitasset * feed.price.core


def _why_invalid(book: Book, market: Market) -> str | None:
    feed = market.feed
    if feed is None:
        return "the chain has no feed"
    if feed.expires <= book.now:
        return f"the feed expired at {show_time(feed.expires)}"
    return misfit(market.parameters, feed)

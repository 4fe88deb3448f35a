"""The table of who earned what, as plain values for the page and as a table for a terminal."""

from __future__ import annotations

from typing import Any

from bsip_mplp.cli.output import time_text
from bsip_mplp.money import format_units
from bsip_mplp.public.exchange import Exchange
from bsip_mplp.public.game import Running
from bsip_mplp.public.scores import Standing, Terms

PRICES_SHOWN = 240


def figures(running: Running) -> dict[str, Any]:
    """All that the page shows; amounts and prices as text, exactly."""
    exchange, game = running.exchange, running.game
    return {
        "now": time_text(running.now),
        "price": exchange.show_price(exchange.path.at(running.now)),
        "prices": _recent_prices(exchange, running.now),
        "ends": time_text(exchange.path.ends),
        "terms": terms(game.terms, running),
        "players": [row(one, running) for one in running.standings],
        "orders": [
            {
                "number": order.number,
                "player": order.account,
                "sells": exchange.show(order.side, order.units),
                "at": exchange.show_price(order.limit),
            }
            for order in exchange.orders.values()
        ],
        **running.facts(),
    }


def terms(given: Terms, running: Running) -> dict[str, Any]:
    """The terms as people read them."""
    return {
        "stake": running.house.show_core(given.stake),
        "turnover_times": given.turnover_times,
        "turnover_needed": running.house.show_core(given.turnover_times * given.stake),
        "days": f"{given.seconds / 86_400:g}",
        "prize": running.house.show_core(given.prize),
        "prizes_most": given.prizes_most,
    }


def row(one: Standing, running: Running) -> dict[str, Any]:
    """One player's line."""
    digits = running.town.precisions[running.town.core]
    return {
        "player": one.name,
        "left": format_units(one.left, digits),
        "earned": format_units(one.earned, digits),
        "turnover": format_units(one.turnover, digits),
        "turnover_needed": format_units(one.turnover_needed, digits),
        "due_from": time_text(one.due_from),
        "arbitrages": one.arbitrages,
        "arbitrage_profit": format_units(one.arbitrage_profit, running.town.precisions[running.game.symbol]),
        "prize": format_units(one.prize, digits),
        "due": None if one.due is None else format_units(one.due, digits),
        "due_since": time_text(one.qualified),
        **_lacks(one, running),
    }


def _lacks(one: Standing, running: Running) -> dict[str, Any]:
    """Which of the two terms a player lacks: how much turnover, and until when."""
    left = max(0, one.turnover_needed - one.turnover)
    turnover = running.house.show_core(left) if left and one.due is None else None
    until = time_text(one.due_from) if running.now < one.due_from and one.due is None else None
    words = [f"{turnover} of turnover to go"] if turnover else []
    words += [f"until {until}"] if until else []
    return {"lacks_turnover": turnover, "lacks_until": until, "terms": ", ".join(words) or "met"}


def _recent_prices(exchange: Exchange, now: int) -> list[str]:
    """The last prices, oldest first, at most so many."""
    last = exchange.path.step_at(now) + 1
    first = max(0, last - 1440)
    every = max(1, (last - first) // PRICES_SHOWN)
    return [exchange.show_price(price) for price in exchange.path.prices[first:last:every]]

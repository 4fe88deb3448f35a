"""Finding accounts and assets by name or id, and amounts and prices as text (``database_api_helper``, ``util.cpp``)."""

from __future__ import annotations

from typing import Any

from .amounts import Price
from .errors import AssertError
from .objects import Account, AssetObject
from .serial import account_id, as_text, asset_id
from .state import State


def find_account(state: State, name_or_id: Any) -> Account | None:
    """An account by name or id."""
    text = as_text(name_or_id)
    if text[:1].isdigit():
        return state.accounts.get(account_id.parse(text))
    return state.account_named.get(text)


def get_account(state: State, name_or_id: Any) -> Account:
    """An account that the client expects to exist."""
    found = find_account(state, name_or_id)
    if found is None:
        raise AssertError("account_ptr: no such account", where="database_api.cpp:get_account_from_string")
    return found


def find_asset(state: State, symbol_or_id: Any) -> AssetObject | None:
    """An asset by symbol or id."""
    text = as_text(symbol_or_id)
    if text[:1].isdigit():
        return state.assets.get(asset_id.parse(text))
    return state.asset_named.get(text)


def get_asset(state: State, symbol_or_id: Any) -> AssetObject:
    """An asset that the client expects to exist."""
    found = find_asset(state, symbol_or_id)
    if found is None:
        raise AssertError("asset_ptr: no such asset", where="database_api.cpp:get_asset_from_string")
    return found


def extended(state: State, asset: AssetObject) -> dict[str, Any]:
    """An asset with how much of it is collateral, and how much collateral is behind it."""
    from .serial import wire_int64

    row = asset.to_json()
    totals = _collateral_totals(state)
    row["total_in_collateral"] = wire_int64(
        sum(total for (backing, _), total in totals.items() if backing == asset.number)
    )
    if asset.is_market_issued:
        row["total_backing_collateral"] = wire_int64(
            sum(total for (_, debt), total in totals.items() if debt == asset.number)
        )
    return row


def _collateral_totals(state: State) -> dict[tuple[int, int], int]:
    return {
        market: sum(call.collateral for call in state.calls_by_collateral.all(market))
        for market in state.calls_by_collateral.groups()
    }


def uint_to_string(amount: int, precision: int) -> str:
    """A decimal number without needless zeros."""
    digits = str(amount)
    if precision == 0 or amount == 0:
        return digits
    padded = digits.rjust(precision + 1, "0")
    whole, rest = padded[:-precision], padded[-precision:].rstrip("0")
    return f"{whole}.{rest}" if rest else whole


def price_to_string(price: Price, base: AssetObject, quote: AssetObject) -> str:
    """Base per quote in whole units, with nineteen digits' accuracy."""
    if price.base.asset_id != base.number:
        price = ~price
    if price.base.amount == 0:
        return "0"
    base_amount, quote_amount = price.base.amount, price.quote.amount
    if quote_amount == 0:
        base_amount, quote_amount = 2**63 - 1, 1
    scaled = base_amount * 10**19 // quote_amount
    return uint_to_string(scaled, 19 + base.precision - quote.precision)


def percent_change(old: tuple[int, int], new: tuple[int, int]) -> str:
    """The change between two prices in percent, two digits at most."""
    new_value, old_value = new[0] * old[1], old[0] * new[1]
    if old_value == 0:
        return "0"
    text = uint_to_string(abs(new_value - old_value) * 10_000 // old_value, 2)
    return text if new_value >= old_value or text == "0" else "-" + text

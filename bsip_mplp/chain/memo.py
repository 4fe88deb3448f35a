"""The memo grammar: what a person writes in any wallet, read into a request, and the other way round. Pure.

`parse` and `render` are inverse. `docs/memos.md` describes the grammar for people. Nothing here looks at the
ledger: a memo means the same whenever it is read (G-7), so all that it needs are facts of the chain and one setting.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Literal

from bsip_mplp.chain.memo_words import (
    MEMO_CHARS_MAX,
    Context,
    MemoError,
    Sentence,
    UnknownAssetError,
    account_name,
    asset_symbol,
    hint,
    normalised,
    plain_ratio,
    pool_numbers,
    quoted,
    split_words,
    whole_number,
    yearly_rate,
    yes_or_no,
)
from bsip_mplp.money import format_units
from bsip_mplp.rules.inputs import (
    Ask,
    Bid,
    Borrow,
    BuyBond,
    ChangePool,
    CloseBlack,
    Hold,
    Insure,
    IssueBond,
    KeepBond,
    LeavePool,
    Lend,
    Operator,
    PassBond,
    Prepay,
    Protect,
    Redeem,
    Repay,
    Rewards,
    Stake,
    Supply,
    TakeBond,
    Unhold,
    Unlend,
    Unprepay,
    Unprotect,
    Withdraw,
)
from bsip_mplp.rules.vault_asks import VaultAdd, VaultClose, VaultDraw, VaultOpen, VaultPay, VaultTake

__all__ = ["COMMANDS", "MEMO_CHARS_MAX", "Context", "MemoError", "UnknownAssetError", "parse", "payout_order", "render"]

PAYOUT_PREFIX = "mplp payout "
"""How the memo of a payout begins; the number of the order follows."""


def parse(text: str, context: Context) -> Ask:
    """Read a memo; raises `MemoError` for anything that isn't one of the forms in `docs/memos.md`."""
    words, options = split_words(normalised(text))
    if not words or words[0] != "mplp":
        raise MemoError("this is no memo for the pool: one begins with mplp, such as mplp lend rate=12%/yr days=30")
    if len(words) == 1:
        raise MemoError(f"mplp alone says nothing: write mplp and one of {', '.join(_READERS)}")
    command = words[1]
    if command not in _READERS:
        raise MemoError(f"{quoted(command)} is nothing that mplp does{hint(command, _READERS)}")
    sentence = Sentence(command, words[2:], options, context, _USAGE[command])
    ask = _READERS[command](sentence)
    sentence.must_be_used_up()
    return ask


def render(ask: Ask, context: Context) -> str:
    """The memo that asks for `ask`; raises `MemoError` if no memo says exactly that."""
    text = " ".join(part for part in ("mplp", *_WRITERS[type(ask)](ask, context)) if part)
    try:
        understood: Ask | None = parse(text, context)
    except MemoError:
        understood = None
    if understood != ask:
        raise MemoError(f"no memo says {ask}: an amount needs its asset, a number must not be negative or endless")
    return text


def payout_order(text: str) -> int | None:
    """The number of the order that the memo of a payout names, or None if it is none."""
    number = text.removeprefix(PAYOUT_PREFIX)
    return int(number) if number != text and re.fullmatch(r"[0-9]{1,15}", number) else None


def _read_lend(said: Sentence) -> Ask:
    asset, amount = said.sum()
    return Lend(
        asset=asset,
        amount=amount,
        rate=said.option("rate", yearly_rate),
        term_days=said.option("days", whole_number),
        period_days=said.option("period", whole_number),
        interest_asset=said.interest_asset(),
        renews=said.option("renew", yes_or_no) is not False,
        pool=said.option("pool", whole_number),
    )


def _read_stake(said: Sentence) -> Ask:
    asset, amount = said.sum()
    return Stake(asset=asset, amount=amount)


def _read_pool(said: Sentence) -> Ask:
    ask = ChangePool(
        pool=said.number("change-pool"),
        rate=said.option("rate", yearly_rate),
        term_days=said.option("days", whole_number),
        period_days=said.option("period", whole_number),
        renews=said.option("renew", yes_or_no),
    )
    if ask == ChangePool(pool=ask.pool) and not said.options and not said.words:
        raise MemoError(f"nothing to change is named: write {_USAGE['change-pool']}")
    return ask


def _read_unlend(said: Sentence) -> Ask:
    pool = said.number("pool")
    if said.word("all"):
        return Unlend(pool=pool)
    asset, amount = said.sum(all_words=())
    return Unlend(pool=pool, asset=asset, amount=amount)


def _read_interest(said: Sentence) -> Ask:
    if said.word("back"):
        asset, amount = said.sum()
        if asset is None:
            raise MemoError("the amount is missing: write mplp interest back 5 USD, or mplp interest back all USD")
        return Unprepay(asset=asset, amount=amount)
    asset, amount = said.sum()
    return Prepay(asset=asset, amount=amount)


def _read_borrow(said: Sentence) -> Ask:
    market, asset, amount = _market_and_sum(said)
    shortest, longest = said.days()
    return Borrow(
        market=market,
        asset=asset or _core_of(market, said.context),
        amount=amount,
        pools=said.option("pools", pool_numbers) or (),
        highest_rate=said.option("below", yearly_rate),
        shortest_days=shortest,
        longest_days=longest,
        position=said.option("position", account_name),
    )


def _read_protect(said: Sentence) -> Ask:
    market, asset, amount = _market_and_sum(said)
    shortest, longest = said.days()
    return Protect(
        market=market,
        at=said.option("at", plain_ratio),
        asset=asset,
        amount=amount,
        pools=said.option("pools", pool_numbers) or (),
        highest_rate=said.option("below", yearly_rate),
        shortest_days=shortest,
        longest_days=longest,
        position=said.option("position", account_name),
    )


def _market_and_sum(said: Sentence) -> tuple[str, str | None, int | None]:
    # The asset may be left out after an amount or the word least: it is the market's core asset then. The market
    # itself may follow from the asset, so the asset is looked at first.
    if not said.words:
        return said.market(None), None, None
    named = said.words[-1].upper() if len(said.words) > 1 or said.words[0][0].isdigit() else None
    market = said.market(re.sub(r"^[0-9.]+", "", named) if named else None)
    if said.words == ["least"]:
        said.words.clear()
        return market, None, None
    asset, amount = said.sum(all_words=("least",), otherwise=_core_of(market, said.context))
    return market, asset, amount


def _core_of(market: str, context: Context) -> str:
    if market not in context.markets:
        names = ", ".join(sorted(context.markets)[:10])
        raise MemoError(f"{quoted(market)} is no market here: write one of {names}")
    return context.markets[market]


def _read_withdraw(said: Sentence) -> Ask:
    asset, amount = said.sum()
    if asset is None:
        raise MemoError(f"the amount is missing: write {_USAGE['withdraw']}")
    return Withdraw(asset=asset, amount=amount)


def _read_bid(said: Sentence) -> Ask:
    auction = said.number("bid")
    asset, amount = said.sum(all_words=())
    return Bid(auction=auction, asset=asset, amount=amount)


def _read_insure(said: Sentence) -> Ask:
    fund: Literal["insurance", "risk", "shared"] = "insurance"
    if said.word("risk"):
        fund = "risk"
    elif said.word("shared"):
        fund = "shared"
    asset, amount = said.sum()
    return Insure(market=said.market(asset), fund=fund, asset=asset, amount=amount)


def _read_buy_bond(said: Sentence) -> Ask:
    series = said.number("buy-bond")
    asset, amount = said.sum(all_words=())
    return BuyBond(series=series, asset=asset, amount=amount)


def _read_pass_bond(said: Sentence) -> Ask:
    series = said.number("pass-bond")
    asset, amount = said.sum(all_words=())
    to, price = said.option("to", account_name), said.option("for", lambda _, word: word)
    if asset is None or amount is None or to is None or price is None:
        raise MemoError(f"amount, to= and for= are needed (for=0 gives them away): write {_USAGE['pass-bond']}")
    said.word(asset.lower())  # for=99 USD, as some write it
    return PassBond(series=series, asset=asset, amount=amount, to=to, price=said.units(price, asset))


def _read_of_series(command: str, kind: type[Redeem | IssueBond]) -> Callable[[Sentence], Ask]:
    def read(said: Sentence) -> Ask:
        series = said.number(command)
        if said.word("all"):
            return kind(series=series)
        asset, amount = said.sum(all_words=())
        return kind(series=series, asset=asset, amount=amount)

    return read


def _read_close_black(said: Sentence) -> Ask:
    if not said.words:
        raise MemoError(f"the account of the position is missing: write {_USAGE['close-black']}")
    return CloseBlack(position=account_name("close-black", said.words.pop(0)), market=said.market(None))


def _read_supply(said: Sentence) -> Ask:
    asset, amount = said.sum()
    return Supply(market=said.option("market", asset_symbol), asset=asset, amount=amount, paid_in=said.paid_in())


def _read_leave(said: Sentence) -> Ask:
    asset, amount = said.sum()
    return LeavePool(market=said.market(asset), amount=amount)


def _read_rewards(said: Sentence) -> Ask:
    return Rewards(market=said.market(None), paid_in=said.paid_in())


def _read_hold(said: Sentence) -> Ask:
    position = said.option("position", account_name)
    return Hold(market=said.market(None), mcr=said.option("mcr", plain_ratio), position=position)


def _read_unhold(said: Sentence) -> Ask:
    return Unhold(market=said.market(None), position=said.option("position", account_name))


# --- vaults ------------------------------------------------------------------------------------------------


def _read_vault(said: Sentence) -> Ask:
    command = said.words.pop(0) if said.words else ""
    if command not in _VAULT_READERS:
        what = f"vault {quoted(command)} is nothing that mplp does" if command else "vault alone says nothing"
        raise MemoError(f"{what}{hint(command, _VAULT_READERS)}")
    said.usage = _VAULT_USAGE[command]
    return _VAULT_READERS[command](said)


def _read_vault_open(said: Sentence) -> Ask:
    named = said.words[-1].upper() if said.words else None
    market = said.market(named)
    if len(said.words) in (1, 3) and named == market:
        said.words.pop()  # debt=300 USD, as some write it
    asset, amount = said.sum()
    debt = said.option("debt", lambda _, word: word)
    if debt is None:
        raise MemoError(f"the debt is missing: write {said.usage}")
    return VaultOpen(market=market, debt=said.units(debt, market), asset=asset, amount=amount)


def _read_vault_money(said: Sentence) -> tuple[str, str | None, int | None, str | None]:
    asset, amount = said.sum()
    return said.market(asset), asset, amount, said.option("position", account_name)


def _read_vault_add(said: Sentence) -> Ask:
    market, asset, amount, position = _read_vault_money(said)
    return VaultAdd(market=market, asset=asset, amount=amount, position=position)


def _read_vault_pay(said: Sentence) -> Ask:
    market, asset, amount, position = _read_vault_money(said)
    return VaultPay(market=market, asset=asset, amount=amount, position=position)


def _read_vault_borrow(said: Sentence) -> Ask:
    market, asset, amount, position = _read_vault_money(said)
    return VaultDraw(market=market, amount=_needed(said, asset, amount, market), position=position)


def _read_vault_take(said: Sentence) -> Ask:
    market, asset, amount, position = _read_vault_money(said)
    needed = _needed(said, asset, amount, _core_of(market, said.context))
    return VaultTake(market=market, amount=needed, position=position)


def _needed(said: Sentence, asset: str | None, amount: int | None, wanted: str) -> int:
    if amount is None:
        raise MemoError(f"the amount is missing: write {said.usage}")
    if asset != wanted:
        raise MemoError(f"the amount is in {asset}: write it in {wanted}")
    return amount


_VAULT_READERS: dict[str, Callable[[Sentence], Ask]] = {
    "open": _read_vault_open,
    "add": _read_vault_add,
    "pay": _read_vault_pay,
    "borrow": _read_vault_borrow,
    "take": _read_vault_take,
    "close": lambda said: VaultClose(market=said.market(None), position=said.option("position", account_name)),
}

_VAULT_USAGE = {
    "open": "mplp vault open debt=300",
    "add": "mplp vault add, or mplp vault add 100 TEST",
    "pay": "mplp vault pay, or mplp vault pay 20 USD",
    "borrow": "mplp vault borrow 50 USD",
    "take": "mplp vault take 100 TEST",
    "close": "mplp vault close",
}


_READERS: dict[str, Callable[[Sentence], Ask]] = {
    "lend": _read_lend,
    "stake": _read_stake,
    "change-pool": _read_pool,
    "unlend": _read_unlend,
    "interest": _read_interest,
    "borrow": _read_borrow,
    "protect": _read_protect,
    "unprotect": lambda said: Unprotect(protection=said.number("unprotect")),
    "repay": lambda said: Repay(loan=said.number("repay")),
    "withdraw": _read_withdraw,
    "bid": _read_bid,
    "insure": _read_insure,
    "buy-bond": _read_buy_bond,
    "pass-bond": _read_pass_bond,
    "take-bond": lambda said: TakeBond(offer=said.number("take-bond")),
    "keep-bond": lambda said: KeepBond(offer=said.number("keep-bond")),
    "redeem": _read_of_series("redeem", Redeem),
    "issue-bond": _read_of_series("issue-bond", IssueBond),
    "close-black": _read_close_black,
    "supply": _read_supply,
    "leave": _read_leave,
    "rewards": _read_rewards,
    "hold": _read_hold,
    "unhold": _read_unhold,
    "vault": _read_vault,
    "operator": lambda said: Operator(),
}

COMMANDS = tuple(_READERS)
"""The words that may follow `mplp`."""

_USAGE = {
    "lend": "mplp lend rate=12%/yr days=30",
    "stake": "mplp stake",
    "change-pool": "mplp change-pool 4 rate=10%/yr",
    "unlend": "mplp unlend 4, or mplp unlend 4 100 TEST",
    "interest": "mplp interest, or mplp interest back 5 USD",
    "borrow": "mplp borrow least below=12%/yr, or mplp borrow 100 TEST pools=3,17",
    "protect": "mplp protect at=1.6 least below=12%/yr",
    "unprotect": "mplp unprotect 5",
    "repay": "mplp repay 17",
    "withdraw": "mplp withdraw 100 TEST, or mplp withdraw all TEST",
    "bid": "mplp bid 4, or mplp bid 4 20 USD",
    "insure": "mplp insure, or mplp insure risk market=USD",
    "buy-bond": "mplp buy-bond 2, or mplp buy-bond 2 100 USD",
    "pass-bond": "mplp pass-bond 2 100 USD to=bob for=99",
    "take-bond": "mplp take-bond 3",
    "keep-bond": "mplp keep-bond 3",
    "redeem": "mplp redeem 2, or mplp redeem 2 50 USD",
    "issue-bond": "mplp issue-bond 2, or mplp issue-bond 2 50 USD",
    "close-black": "mplp close-black bob market=USD",
    "supply": "mplp supply, or mplp supply paid=core",
    "leave": "mplp leave, or mplp leave 100 USD",
    "rewards": "mplp rewards, or mplp rewards paid=core",
    "hold": "mplp hold mcr=1.2",
    "unhold": "mplp unhold",
    "vault": "mplp vault open debt=300, or mplp vault add",
    "operator": "mplp operator",
}


# --- from a request to words -------------------------------------------------------------------------------


def _sum(asset: str | None, amount: int | None, context: Context, everything: str = "all") -> str:
    if asset is None:
        return "" if amount is None else "?"
    if amount is None:
        return f"{everything} {asset}"
    if asset not in context.precisions:
        raise UnknownAssetError(asset, context.precisions)
    return f"{_short(format_units(amount, context.precisions[asset]))} {asset}"


def _short(decimal: str) -> str:
    return decimal.rstrip("0").rstrip(".") if "." in decimal else decimal


def _option(name: str, value: object) -> str:
    match value:
        case None | ():
            return ""
        case bool():
            return f"{name}={'yes' if value else 'no'}"
        case tuple():
            return f"{name}={','.join(map(str, value))}"
        case _:
            return f"{name}={value}"


def _rate_text(rate: Fraction | None) -> str | None:
    if rate is None:
        return None
    percent = _decimal(rate * 100)
    return f"{rate}/yr" if percent is None else f"{percent}%/yr"


def _ratio_text(ratio: Fraction | None) -> str | None:
    return None if ratio is None else _decimal(ratio) or str(ratio)


def _decimal(value: Fraction) -> str | None:
    # Exact, or None if the digits after the point never end or are many
    for digits in range(13):
        scaled = value * 10**digits
        if scaled.denominator == 1:
            return format_units(scaled.numerator, digits)
    return None


def _write_terms(ask: Lend | ChangePool) -> tuple[str, ...]:
    return (
        _option("rate", _rate_text(ask.rate)),
        _option("days", ask.term_days),
        _option("period", ask.period_days),
    )


def _write_limits(ask: Borrow | Protect, context: Context) -> tuple[str, ...]:
    return (
        "" if ask.asset is None and ask.amount is None else _sum(ask.asset, ask.amount, context, "least"),
        _option("below", _rate_text(ask.highest_rate)),
        _option("pools", ask.pools),
        _option("shortest", ask.shortest_days),
        _option("longest", ask.longest_days),
        _option("market", ask.market),
        _option("position", ask.position),
    )


def _write_lend(ask: Lend, context: Context) -> tuple[str, ...]:
    return (
        "lend",
        _sum(ask.asset, ask.amount, context),
        *_write_terms(ask),
        _option("interest", ask.interest_asset),
        "" if ask.renews else "renew=no",
        _option("pool", ask.pool),
    )


def _write_unlend(ask: Unlend, context: Context) -> tuple[str, ...]:
    return ("unlend", str(ask.pool), "" if ask.amount is None else _sum(ask.asset, ask.amount, context))


def _write_insure(ask: Insure, context: Context) -> tuple[str, ...]:
    fund = "" if ask.fund == "insurance" else ask.fund
    return ("insure", fund, _sum(ask.asset, ask.amount, context), _option("market", ask.market))


def _write_pass_bond(ask: PassBond, context: Context) -> tuple[str, ...]:
    price = _sum(ask.asset, ask.price, context).partition(" ")[0]
    what = _sum(ask.asset, ask.amount, context)
    return ("pass-bond", str(ask.series), what, _option("to", ask.to), _option("for", price))


def _write_vault_open(ask: VaultOpen, context: Context) -> tuple[str, ...]:
    debt = _sum(ask.market, ask.debt, context).partition(" ")[0]
    what = _sum(ask.asset, ask.amount, context)
    return ("vault", "open", what, _option("debt", debt), _option("market", ask.market))


def _write_vault_money(word: str) -> Callable[[VaultAdd | VaultPay, Context], tuple[str, ...]]:
    return lambda ask, context: (
        "vault",
        word,
        _sum(ask.asset, ask.amount, context),
        _option("market", ask.market),
        _option("position", ask.position),
    )


def _write_vault_amount(word: str, is_core: bool) -> Callable[[VaultDraw | VaultTake, Context], tuple[str, ...]]:
    return lambda ask, context: (
        "vault",
        word,
        _sum(_core_of(ask.market, context) if is_core else ask.market, ask.amount, context),
        _option("market", ask.market),
        _option("position", ask.position),
    )


_WRITERS: dict[type[Ask], Callable[..., tuple[str, ...]]] = {
    Lend: _write_lend,
    Stake: lambda ask, context: ("stake", _sum(ask.asset, ask.amount, context)),
    ChangePool: lambda ask, context: ("change-pool", str(ask.pool), *_write_terms(ask), _option("renew", ask.renews)),
    Unlend: _write_unlend,
    Prepay: lambda ask, context: ("interest", _sum(ask.asset, ask.amount, context)),
    Unprepay: lambda ask, context: ("interest", "back", _sum(ask.asset, ask.amount, context)),
    Borrow: lambda ask, context: ("borrow", *_write_limits(ask, context)),
    Protect: lambda ask, context: ("protect", _option("at", _ratio_text(ask.at)), *_write_limits(ask, context)),
    Unprotect: lambda ask, context: ("unprotect", str(ask.protection)),
    Repay: lambda ask, context: ("repay", str(ask.loan)),
    Withdraw: lambda ask, context: ("withdraw", _sum(ask.asset, ask.amount, context)),
    Bid: lambda ask, context: ("bid", str(ask.auction), _sum(ask.asset, ask.amount, context)),
    Insure: _write_insure,
    BuyBond: lambda ask, context: ("buy-bond", str(ask.series), _sum(ask.asset, ask.amount, context)),
    PassBond: _write_pass_bond,
    TakeBond: lambda ask, context: ("take-bond", str(ask.offer)),
    KeepBond: lambda ask, context: ("keep-bond", str(ask.offer)),
    Redeem: lambda ask, context: ("redeem", str(ask.series), _sum(ask.asset, ask.amount, context)),
    IssueBond: lambda ask, context: ("issue-bond", str(ask.series), _sum(ask.asset, ask.amount, context)),
    CloseBlack: lambda ask, context: ("close-black", ask.position, _option("market", ask.market)),
    Supply: lambda ask, context: (
        "supply",
        _sum(ask.asset, ask.amount, context),
        _option("market", ask.market),
        _option("paid", ask.paid_in),
    ),
    LeavePool: lambda ask, context: (
        "leave",
        "" if ask.amount is None else _sum(ask.market, ask.amount, context),
        _option("market", ask.market),
    ),
    Rewards: lambda ask, context: ("rewards", _option("market", ask.market), _option("paid", ask.paid_in)),
    Hold: lambda ask, context: (
        "hold",
        _option("mcr", _ratio_text(ask.mcr)),
        _option("market", ask.market),
        _option("position", ask.position),
    ),
    Unhold: lambda ask, context: ("unhold", _option("market", ask.market), _option("position", ask.position)),
    VaultOpen: _write_vault_open,
    VaultAdd: _write_vault_money("add"),
    VaultPay: _write_vault_money("pay"),
    VaultDraw: _write_vault_amount("borrow", is_core=False),
    VaultTake: _write_vault_amount("take", is_core=True),
    VaultClose: lambda ask, context: (
        "vault",
        "close",
        _option("market", ask.market),
        _option("position", ask.position),
    ),
    Operator: lambda ask, context: ("operator",),
}

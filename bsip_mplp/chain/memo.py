"""The memo grammar: what a person writes in any wallet, read into a request, and the other way round. Pure.

`parse` and `render` are inverse. `docs/memos.md` describes the grammar for people. Nothing here looks at the
ledger: a memo means the same whenever it is read (G-7), so all that it needs are facts of the chain and one setting.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeVar

from bsip_mplp.money import MoneyError, format_units, parse_fraction, parse_units
from bsip_mplp.rules.inputs import (
    Ask,
    Bid,
    Borrow,
    BuyBond,
    ChangePool,
    CloseBlack,
    Hold,
    Insure,
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

MEMO_CHARS_MAX = 400
"""The longest memo that is read, in characters."""

POOLS_MAX = 50
"""How many pools one memo may name."""

PAYOUT_PREFIX = "mplp payout "
"""How the memo of a payout begins; the number of the order follows."""

_READ = TypeVar("_READ")


class MemoError(ValueError):
    """A memo that can't be understood: one line that says what is wrong and what to write."""


class UnknownAssetError(MemoError):
    """A memo that names an asset whose precision the context doesn't have; `symbol` is its name."""

    def __init__(self, symbol: str, known: Mapping[str, int]) -> None:
        self.symbol = symbol
        names = ", ".join(sorted(known)[:10])
        super().__init__(f"{_quoted(symbol)} is no asset that is known here: write one of {names}")


@dataclass(frozen=True, slots=True)
class Context:
    """What a memo is read with: the precision of each asset, the core asset of each market, and the chain's own.

    `default_market` is meant where a memo names no market.
    """

    precisions: Mapping[str, int]
    markets: Mapping[str, str]
    core_asset: str
    default_market: str | None = None


def parse(text: str, context: Context) -> Ask:
    """Read a memo; raises `MemoError` for anything that isn't one of the forms in `docs/memos.md`."""
    words, options = _split(_normalised(text))
    if not words or words[0] != "mplp":
        raise MemoError("this is no memo for the pool: one begins with mplp, such as mplp lend rate=12%/yr days=30")
    if len(words) == 1:
        raise MemoError(f"mplp alone says nothing: write mplp and one of {', '.join(_READERS)}")
    command = words[1]
    if command not in _READERS:
        raise MemoError(f"{_quoted(command)} is nothing that mplp does{_hint(command, _READERS)}")
    sentence = _Sentence(command, words[2:], options, context)
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


# --- from characters to words ------------------------------------------------------------------------------

_TYPED_WITH_AN_INPUT_METHOD = str.maketrans(
    {"。": ".", "、": ",", "“": None, "”": None, "—": "-", "–": "-", "−": "-", "⁄": "/", "〜": "~"}
)
_PLAIN_DECOMPOSITIONS = ("<wide>", "<narrow>", "<noBreak>", "<compat>")


def _normalised(text: str) -> str:
    # Full-width forms become plain. Superscripts, circled digits and the like stay as they are and are refused
    # later: NFKC would read 10² as 102.
    if len(text) > MEMO_CHARS_MAX:
        raise MemoError(f"the memo is too long: {len(text)} characters, at most {MEMO_CHARS_MAX} are read")
    plain = "".join(
        unicodedata.normalize("NFKC", c) if unicodedata.decomposition(c).startswith(_PLAIN_DECOMPOSITIONS) else c
        for c in text
        if unicodedata.category(c) != "Cf"
    )
    plain = plain.translate(_TYPED_WITH_AN_INPUT_METHOD).casefold()
    plain = re.sub(r"\s*[=:]\s*", "=", plain.strip())
    plain = re.sub(r"\s*([/,]|\.{2,3}|~)\s*", r"\1", plain)
    return re.sub(r"\s+%", "%", plain)


def _split(text: str) -> tuple[list[str], dict[str, str]]:
    words: list[str] = []
    options: dict[str, str] = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals:
            words.append(word)
        elif name in options:
            raise MemoError(f"{_quoted(name)} is given twice: write it once")
        else:
            options[name] = value
    return words, options


def _quoted(word: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in word)
    return f'"{shown[:40]}…"' if len(shown) > 40 else f'"{shown}"'


def _hint(word: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f": did you mean {close[0]}?" if close else f": write one of {', '.join(known)}"


# --- from words to a request -------------------------------------------------------------------------------


class _Sentence:
    """The words and options of one memo, taken one after the other; what is left at the end is an error."""

    def __init__(self, command: str, words: list[str], options: dict[str, str], context: Context) -> None:
        self.command = command
        self.words = words
        self.options = options
        self.context = context
        self.names: dict[str, object] = {}

    def must_be_used_up(self) -> None:
        for name in self.options:
            if not self.names:
                raise MemoError(f"{self.command} takes no {_quoted(name + '=')}: write {_USAGE[self.command]}")
            raise MemoError(f"{self.command} takes no {_quoted(name + '=')}{_hint(name, self.names)}")
        if self.words:
            raise MemoError(f"{_quoted(self.words[0])} is one word too many: write {_USAGE[self.command]}")

    def option(self, name: str, read: Callable[[str, str], _READ]) -> _READ | None:
        self.names[name] = read
        return read(name, self.options.pop(name)) if name in self.options else None

    def number(self, name: str) -> int:
        if not self.words:
            raise MemoError(f"the number is missing: write {_USAGE[self.command]}")
        return _whole(name, self.words.pop(0))

    def word(self, *expected: str) -> bool:
        if self.words and self.words[0] in expected:
            self.words.pop(0)
            return True
        return False

    def sum(
        self, *, all_words: tuple[str, ...] = ("all",), otherwise: str | None = None
    ) -> tuple[str | None, int | None]:
        """Asset and amount: `100 TEST`, or `all TEST` (no amount), or nothing. `otherwise` may leave the asset out."""
        self._part_joined_sum()
        if not self.words:
            return None, None
        everything = self.word(*all_words)
        number = "" if everything else self.words.pop(0)
        if not everything and not re.fullmatch(r"[0-9]+\.?[0-9]*|\.[0-9]+", number):
            raise MemoError(
                f"{_quoted(number)} is no amount such as 12.5, without commas: write {_USAGE[self.command]}"
            )
        asset = self._asset(otherwise)
        return asset, None if everything else self.units(number, asset)

    def _part_joined_sum(self) -> None:
        # 100TEST, as some write it
        if self.words and (match := re.fullmatch(r"([0-9.]+)([a-z][a-z0-9.]*)", self.words[0])):
            self.words[:1] = match.groups()

    def _asset(self, otherwise: str | None) -> str:
        if self.words:
            return _symbol("asset", self.words.pop(0))
        if otherwise is None:
            raise MemoError(f"the asset is missing: write {_USAGE[self.command]}")
        return otherwise

    def units(self, number: str, asset: str) -> int:
        if asset not in self.context.precisions:
            raise UnknownAssetError(asset, self.context.precisions)
        try:
            return parse_units(number, self.context.precisions[asset])
        except MoneyError as error:
            raise MemoError(f"{error} ({asset})") from None

    def market(self, asset: str | None) -> str:
        """`market=`, or the market whose bitasset was named, or the default one."""
        named = self.option("market", _symbol)
        if named is not None:
            return named
        if asset is not None and asset in self.context.markets:
            return asset
        if self.context.default_market is None:
            names = ", ".join(sorted(self.context.markets)[:10])
            raise MemoError(f"the market is missing: write market= and one of {names}")
        return self.context.default_market

    def interest_asset(self) -> str | None:
        named = self.option("interest", _symbol)
        return self.context.core_asset if named == "CORE" else named

    def paid_in(self) -> Literal["bitasset", "core"] | None:
        """`paid=core` or `paid=bitasset`: what rewards are paid in (SP-6)."""
        named = self.option("paid", lambda _, word: word)
        if named is None:
            return None
        if named == "core":
            return "core"
        if named == "bitasset":
            return "bitasset"
        raise MemoError(f"paid is {_quoted(named)}: write paid=core or paid=bitasset")

    def days(self) -> tuple[int | None, int | None]:
        """The shortest and the longest term: `days=7..30`, `days=14`, or `shortest=` and `longest=`."""
        both = self.option("days", _span)
        shortest, longest = self.option("shortest", _whole), self.option("longest", _whole)
        if both is None:
            return shortest, longest
        if shortest is not None or longest is not None:
            raise MemoError("days= says it already: leave shortest= and longest= out, or write them without days=")
        return both


def _whole(name: str, word: str) -> int:
    if not re.fullmatch(r"#?[0-9]{1,15}", word):
        raise MemoError(f"{name} is {_quoted(word)}: write a whole number such as {name}=30")
    return int(word.removeprefix("#"))


def _span(name: str, word: str) -> tuple[int, int]:
    parts = re.split(r"\.{2,3}|~|-", word)
    if len(parts) > 2:
        raise MemoError(f"{name} is {_quoted(word)}: write {name}=7..30")
    return _whole(name, parts[0]), _whole(name, parts[-1])


def _numbers(name: str, word: str) -> tuple[int, ...]:
    parts = word.split(",")
    if len(parts) > POOLS_MAX:
        raise MemoError(f"{name} names {len(parts)} pools: write at most {POOLS_MAX}")
    if not all(re.fullmatch(r"#?[0-9]{1,15}", part) for part in parts):
        raise MemoError(f"{name} is {_quoted(word)}: write the numbers of pools such as {name}=3,17")
    return tuple(int(part.removeprefix("#")) for part in parts)


def _symbol(name: str, word: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9.]{0,15}", word):
        raise MemoError(f"{name} is {_quoted(word)}: write the symbol of an asset such as TEST")
    return word.upper()


def _account(name: str, word: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9.\-]{0,62}", word):
        raise MemoError(f"{name} is {_quoted(word)}: write the name of an account, such as alice")
    return word


def _yes_or_no(name: str, word: str) -> bool:
    if word in ("yes", "y", "on", "true", "是"):
        return True
    if word in ("no", "n", "off", "false", "否"):
        return False
    raise MemoError(f"{name} is {_quoted(word)}: write {name}=yes or {name}=no")


def _rate(name: str, word: str) -> Fraction:
    body = re.sub(r"/(yr|year|y|a|年)$", "", word)
    value = _fraction(name, body, "12%/yr or 0.12")
    if value >= 1 and re.fullmatch(r"[0-9.]+", body):
        raise MemoError(f"{name}={body} would be {value * 100}% a year: write {name}={body}%/yr if that is meant")
    return value


def _ratio(name: str, word: str) -> Fraction:
    return _fraction(name, word, "1.6")


def _fraction(name: str, word: str, example: str) -> Fraction:
    try:
        if re.fullmatch(r"[0-9./]+%?", word):
            return parse_fraction(word)
    except MoneyError:
        pass  # the line below says it in the memo's words
    raise MemoError(f"{name} is {_quoted(word)}: write {name}={example}")


def _read_lend(said: _Sentence) -> Ask:
    asset, amount = said.sum()
    return Lend(
        asset=asset,
        amount=amount,
        rate=said.option("rate", _rate),
        term_days=said.option("days", _whole),
        period_days=said.option("period", _whole),
        interest_asset=said.interest_asset(),
        renews=said.option("renew", _yes_or_no) is not False,
        pool=said.option("pool", _whole),
    )


def _read_stake(said: _Sentence) -> Ask:
    asset, amount = said.sum()
    return Stake(asset=asset, amount=amount)


def _read_pool(said: _Sentence) -> Ask:
    ask = ChangePool(
        pool=said.number("change-pool"),
        rate=said.option("rate", _rate),
        term_days=said.option("days", _whole),
        period_days=said.option("period", _whole),
        renews=said.option("renew", _yes_or_no),
    )
    if ask == ChangePool(pool=ask.pool) and not said.options and not said.words:
        raise MemoError(f"nothing to change is named: write {_USAGE['change-pool']}")
    return ask


def _read_unlend(said: _Sentence) -> Ask:
    pool = said.number("pool")
    if said.word("all"):
        return Unlend(pool=pool)
    asset, amount = said.sum(all_words=())
    return Unlend(pool=pool, asset=asset, amount=amount)


def _read_interest(said: _Sentence) -> Ask:
    if said.word("back"):
        asset, amount = said.sum()
        if asset is None:
            raise MemoError("the amount is missing: write mplp interest back 5 USD, or mplp interest back all USD")
        return Unprepay(asset=asset, amount=amount)
    asset, amount = said.sum()
    return Prepay(asset=asset, amount=amount)


def _read_borrow(said: _Sentence) -> Ask:
    market, asset, amount = _market_and_sum(said)
    shortest, longest = said.days()
    return Borrow(
        market=market,
        asset=asset or _core_of(market, said.context),
        amount=amount,
        pools=said.option("pools", _numbers) or (),
        highest_rate=said.option("below", _rate),
        shortest_days=shortest,
        longest_days=longest,
        position=said.option("position", _account),
    )


def _read_protect(said: _Sentence) -> Ask:
    market, asset, amount = _market_and_sum(said)
    shortest, longest = said.days()
    return Protect(
        market=market,
        at=said.option("at", _ratio),
        asset=asset,
        amount=amount,
        pools=said.option("pools", _numbers) or (),
        highest_rate=said.option("below", _rate),
        shortest_days=shortest,
        longest_days=longest,
        position=said.option("position", _account),
    )


def _market_and_sum(said: _Sentence) -> tuple[str, str | None, int | None]:
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
        raise MemoError(f"{_quoted(market)} is no market here: write one of {names}")
    return context.markets[market]


def _read_withdraw(said: _Sentence) -> Ask:
    asset, amount = said.sum()
    if asset is None:
        raise MemoError(f"the amount is missing: write {_USAGE['withdraw']}")
    return Withdraw(asset=asset, amount=amount)


def _read_bid(said: _Sentence) -> Ask:
    auction = said.number("bid")
    asset, amount = said.sum(all_words=())
    return Bid(auction=auction, asset=asset, amount=amount)


def _read_insure(said: _Sentence) -> Ask:
    fund: Literal["insurance", "risk", "shared"] = "insurance"
    if said.word("risk"):
        fund = "risk"
    elif said.word("shared"):
        fund = "shared"
    asset, amount = said.sum()
    return Insure(market=said.market(asset), fund=fund, asset=asset, amount=amount)


def _read_buy_bond(said: _Sentence) -> Ask:
    series = said.number("buy-bond")
    asset, amount = said.sum(all_words=())
    return BuyBond(series=series, asset=asset, amount=amount)


def _read_pass_bond(said: _Sentence) -> Ask:
    series = said.number("pass-bond")
    asset, amount = said.sum(all_words=())
    to, price = said.option("to", _account), said.option("for", lambda _, word: word)
    if asset is None or amount is None or to is None or price is None:
        raise MemoError(f"amount, to= and for= are needed (for=0 gives them away): write {_USAGE['pass-bond']}")
    said.word(asset.lower())  # for=99 USD, as some write it
    return PassBond(series=series, asset=asset, amount=amount, to=to, price=said.units(price, asset))


def _read_redeem(said: _Sentence) -> Ask:
    series = said.number("redeem")
    if said.word("all"):
        return Redeem(series=series)
    asset, amount = said.sum(all_words=())
    return Redeem(series=series, asset=asset, amount=amount)


def _read_close_black(said: _Sentence) -> Ask:
    if not said.words:
        raise MemoError(f"the account of the position is missing: write {_USAGE['close-black']}")
    return CloseBlack(position=_account("close-black", said.words.pop(0)), market=said.market(None))


def _read_supply(said: _Sentence) -> Ask:
    asset, amount = said.sum()
    return Supply(market=said.option("market", _symbol), asset=asset, amount=amount, paid_in=said.paid_in())


def _read_leave(said: _Sentence) -> Ask:
    asset, amount = said.sum()
    return LeavePool(market=said.market(asset), amount=amount)


def _read_rewards(said: _Sentence) -> Ask:
    return Rewards(market=said.market(None), paid_in=said.paid_in())


def _read_hold(said: _Sentence) -> Ask:
    position = said.option("position", _account)
    return Hold(market=said.market(None), mcr=said.option("mcr", _ratio), position=position)


def _read_unhold(said: _Sentence) -> Ask:
    return Unhold(market=said.market(None), position=said.option("position", _account))


_READERS: dict[str, Callable[[_Sentence], Ask]] = {
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
    "redeem": _read_redeem,
    "close-black": _read_close_black,
    "supply": _read_supply,
    "leave": _read_leave,
    "rewards": _read_rewards,
    "hold": _read_hold,
    "unhold": _read_unhold,
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
    "close-black": "mplp close-black bob market=USD",
    "supply": "mplp supply, or mplp supply paid=core",
    "leave": "mplp leave, or mplp leave 100 USD",
    "rewards": "mplp rewards, or mplp rewards paid=core",
    "hold": "mplp hold mcr=1.2",
    "unhold": "mplp unhold",
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
    Operator: lambda ask, context: ("operator",),
}

"""The words of memos: what a person typed, made plain and read one after the other. Pure; `memo` has the sentences."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeVar

from bsip_mplp.money import MoneyError, parse_fraction, parse_units

MEMO_CHARS_MAX = 400
"""The longest memo that is read, in characters."""

POOLS_MAX = 50
"""How many pools one memo may name."""

_READ = TypeVar("_READ")


class MemoError(ValueError):
    """A memo that can't be understood: one line that says what is wrong and what to write."""


class UnknownAssetError(MemoError):
    """A memo that names an asset whose precision the context doesn't have; `symbol` is its name."""

    def __init__(self, symbol: str, known: Mapping[str, int]) -> None:
        self.symbol = symbol
        names = ", ".join(sorted(known)[:10])
        super().__init__(f"{quoted(symbol)} is no asset that is known here: write one of {names}")


@dataclass(frozen=True, slots=True)
class Context:
    """What a memo is read with: the precision of each asset, the core asset of each market, and the chain's own.

    `default_market` is meant where a memo names no market.
    """

    precisions: Mapping[str, int]
    markets: Mapping[str, str]
    core_asset: str
    default_market: str | None = None


# --- from characters to words ------------------------------------------------------------------------------

_TYPED_WITH_AN_INPUT_METHOD = str.maketrans(
    {"。": ".", "、": ",", "“": None, "”": None, "—": "-", "–": "-", "−": "-", "⁄": "/", "〜": "~"}
)
_PLAIN_DECOMPOSITIONS = ("<wide>", "<narrow>", "<noBreak>", "<compat>")


def normalised(text: str) -> str:
    """A memo with plain characters, in small letters; raises `MemoError` if it is too long."""
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


def split_words(text: str) -> tuple[list[str], dict[str, str]]:
    """The words, and the options `name=value`; raises `MemoError` for an option given twice."""
    words: list[str] = []
    options: dict[str, str] = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals:
            words.append(word)
        elif name in options:
            raise MemoError(f"{quoted(name)} is given twice: write it once")
        else:
            options[name] = value
    return words, options


def quoted(word: str) -> str:
    """A word as a message shows it."""
    shown = "".join(c if c.isprintable() else "?" for c in word)
    return f'"{shown[:40]}…"' if len(shown) > 40 else f'"{shown}"'


def hint(word: str, known: Mapping[str, object]) -> str:
    """What a word might have meant."""
    close = difflib.get_close_matches(word, known, n=1)
    return f": did you mean {close[0]}?" if close else f": write one of {', '.join(known)}"


# --- from words to a request -------------------------------------------------------------------------------


class Sentence:
    """The words and options of one memo, taken one after the other; what is left at the end is an error."""

    def __init__(self, command: str, words: list[str], options: dict[str, str], context: Context, usage: str) -> None:
        self.command = command
        self.usage = usage
        self.words = words
        self.options = options
        self.context = context
        self.names: dict[str, object] = {}

    def must_be_used_up(self) -> None:
        """Raise `MemoError` for the first option or word that nothing took."""
        for name in self.options:
            if not self.names:
                raise MemoError(f"{self.command} takes no {quoted(name + '=')}: write {self.usage}")
            raise MemoError(f"{self.command} takes no {quoted(name + '=')}{hint(name, self.names)}")
        if self.words:
            raise MemoError(f"{quoted(self.words[0])} is one word too many: write {self.usage}")

    def option(self, name: str, read: Callable[[str, str], _READ]) -> _READ | None:
        """Take an option and read it; None if it is not there."""
        self.names[name] = read
        return read(name, self.options.pop(name)) if name in self.options else None

    def number(self, name: str) -> int:
        """Take the next word, which must be a whole number."""
        if not self.words:
            raise MemoError(f"the number is missing: write {self.usage}")
        return whole_number(name, self.words.pop(0))

    def word(self, *expected: str) -> bool:
        """Take the next word if it is one of those expected."""
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
            raise MemoError(f"{quoted(number)} is no amount such as 12.5, without commas: write {self.usage}")
        asset = self._asset(otherwise)
        return asset, None if everything else self.units(number, asset)

    def _part_joined_sum(self) -> None:
        # 100TEST, as some write it
        if self.words and (match := re.fullmatch(r"([0-9.]+)([a-z][a-z0-9.]*)", self.words[0])):
            self.words[:1] = match.groups()

    def _asset(self, otherwise: str | None) -> str:
        if self.words:
            return asset_symbol("asset", self.words.pop(0))
        if otherwise is None:
            raise MemoError(f"the asset is missing: write {self.usage}")
        return otherwise

    def units(self, number: str, asset: str) -> int:
        """A decimal amount of an asset in smallest units."""
        if asset not in self.context.precisions:
            raise UnknownAssetError(asset, self.context.precisions)
        try:
            return parse_units(number, self.context.precisions[asset])
        except MoneyError as error:
            raise MemoError(f"{error} ({asset})") from None

    def market(self, asset: str | None) -> str:
        """`market=`, or the market whose bitasset was named, or the default one."""
        named = self.option("market", asset_symbol)
        if named is not None:
            return named
        if asset is not None and asset in self.context.markets:
            return asset
        if self.context.default_market is None:
            names = ", ".join(sorted(self.context.markets)[:10])
            raise MemoError(f"the market is missing: write market= and one of {names}")
        return self.context.default_market

    def interest_asset(self) -> str | None:
        """`interest=`: the asset that interest is paid in."""
        named = self.option("interest", asset_symbol)
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
        raise MemoError(f"paid is {quoted(named)}: write paid=core or paid=bitasset")

    def days(self) -> tuple[int | None, int | None]:
        """The shortest and the longest term: `days=7..30`, `days=14`, or `shortest=` and `longest=`."""
        both = self.option("days", span_of_days)
        shortest, longest = self.option("shortest", whole_number), self.option("longest", whole_number)
        if both is None:
            return shortest, longest
        if shortest is not None or longest is not None:
            raise MemoError("days= says it already: leave shortest= and longest= out, or write them without days=")
        return both


def whole_number(name: str, word: str) -> int:
    """A whole number, with or without `#`."""
    if not re.fullmatch(r"#?[0-9]{1,15}", word):
        raise MemoError(f"{name} is {quoted(word)}: write a whole number such as {name}=30")
    return int(word.removeprefix("#"))


def span_of_days(name: str, word: str) -> tuple[int, int]:
    """`7..30`, or one number for both ends."""
    parts = re.split(r"\.{2,3}|~|-", word)
    if len(parts) > 2:
        raise MemoError(f"{name} is {quoted(word)}: write {name}=7..30")
    return whole_number(name, parts[0]), whole_number(name, parts[-1])


def pool_numbers(name: str, word: str) -> tuple[int, ...]:
    """Numbers of pools, between commas."""
    parts = word.split(",")
    if len(parts) > POOLS_MAX:
        raise MemoError(f"{name} names {len(parts)} pools: write at most {POOLS_MAX}")
    if not all(re.fullmatch(r"#?[0-9]{1,15}", part) for part in parts):
        raise MemoError(f"{name} is {quoted(word)}: write the numbers of pools such as {name}=3,17")
    return tuple(int(part.removeprefix("#")) for part in parts)


def asset_symbol(name: str, word: str) -> str:
    """The symbol of an asset, in capital letters."""
    if not re.fullmatch(r"[a-z][a-z0-9.]{0,15}", word):
        raise MemoError(f"{name} is {quoted(word)}: write the symbol of an asset such as TEST")
    return word.upper()


def account_name(name: str, word: str) -> str:
    """The name of an account."""
    if not re.fullmatch(r"[a-z][a-z0-9.\-]{0,62}", word):
        raise MemoError(f"{name} is {quoted(word)}: write the name of an account, such as alice")
    return word


def yes_or_no(name: str, word: str) -> bool:
    """A yes or a no."""
    if word in ("yes", "y", "on", "true", "是"):
        return True
    if word in ("no", "n", "off", "false", "否"):
        return False
    raise MemoError(f"{name} is {quoted(word)}: write {name}=yes or {name}=no")


def yearly_rate(name: str, word: str) -> Fraction:
    """A rate a year: `12%`, `0.12` or `3/25`."""
    body = re.sub(r"/(yr|year|y|a|年)$", "", word)
    value = _fraction(name, body, "12%/yr or 0.12")
    if value >= 1 and re.fullmatch(r"[0-9.]+", body):
        raise MemoError(f"{name}={body} would be {value * 100}% a year: write {name}={body}%/yr if that is meant")
    return value


def plain_ratio(name: str, word: str) -> Fraction:
    """A ratio such as `1.6`."""
    return _fraction(name, word, "1.6")


def _fraction(name: str, word: str, example: str) -> Fraction:
    try:
        if re.fullmatch(r"[0-9./]+%?", word):
            return parse_fraction(word)
    except MoneyError:
        pass  # the line below says it in the memo's words
    raise MemoError(f"{name} is {quoted(word)}: write {name}={example}")

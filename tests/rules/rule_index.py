"""The index in docs/rules.md: each rule in a few words, where it stands in the code, and which tests are named for it.

`python -m tests.rules.rule_index` writes the table; tests/rules/test_names.py fails when it is stale.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "rules.md"
CODE_SHOWN_MAX = 4
TESTS_SHOWN_MAX = 2

RULES: dict[str, str] = {
    "PL-1": "personal pools: owner, asset, rate, term, available, lent; several for one account",
    "PL-2": "what is lent is locked at once; what is available can be taken out at any time",
    "PL-3": "a term under 30 days is short; a long one may pay every 30 or 90 days",
    "PL-4": "the lender chooses the asset of the interest: the lent one, or the core asset at the feed price",
    "PL-5": "pools are ranked publicly",
    "PL-6": "a loan renews at the pool's terms of that moment, or ends with its term",
    "PL-7": "a pool's changes touch no running loan before its term ends",
    "PL-8": "interest is prepaid; the first period's is taken as the loan is made",
    "PL-9": "prepaid interest that no rule has taken can be taken back",
    "PL-10": "of each interest `i2` goes to the insurance fund, the rest to the lender at once",
    "PL-11": "a position borrows core asset and bitasset; LCR counts all its live loans",
    "PL-12": "what is lent stays locked in its pool and is the pool's again when the loan ends",
    "PL-13": "the least that may be borrowed, whatever the price",
    "PL-14": "a request needs CR ≥ LMCR, and LCR over ICR after it",
    "PL-15": "an amount or the least; named pools, or limits and the cheapest first; whole or not at all",
    "PL-16": "standing protection: a request that runs with the feed that reaches its trigger",
    "PL-17": "a short loan ends when CR < LMCR, or without its next interest",
    "PL-18": "a short loan ends when LCR falls under the combined floor",
    "PL-19": "a short loan can be ended by its borrower at any time",
    "PL-20": "a position with no loan is the chain's to call",
    "PL-21": "a long loan's interest is due 7 days ahead; missed: auction if CR < MSSR, else it ends",
    "PL-22": "LCR < MCR: auction",
    "PL-23": "CR < MSSR: takeover and auction",
    "PL-24": "no end of a long loan by its borrower while CR < (LMCR + MSSR) / 2",
    "PL-25": "what opens an auction or a takeover must hold for `trigger_hold`",
    "PL-26": "the order: takeover, auction, ends of short loans; again without the ended ones",
    "PL-27": "an auction is of the position with its long loans, in rounds from its opening",
    "PL-28": "the winner pays a period's interest; the surplus is split 80 to 20; the winner is the holder",
    "PL-29": "what the winner pays is a further period: no day is paid twice",
    "PL-30": "bids are sealed and carry their money; the highest wins, the earlier at a tie",
    "PL-31": "the cure: LCR ≥ MCR and the interest due end the auction, until a bid has won",
    "PL-32": "after a win the triggers rest for `cure_window`",
    "PL-33": "a round without a valid bid is followed by the next; after 48 hours it is carried",
    "PL-34": "the insurance fund pays a carried position's interest, then its debt, lowest CR first",
    "PL-35": "the risk fund replaces loans of carried positions, without interest",
    "PL-36": "once CR > LMCR a carried position is sold with a limit and closed",
    "PL-37": "bonds are offered when the fund cannot pay interest, or collateral is not enough",
    "PL-38": "what the bonds could not raise makes black; income ends it; anyone may close it",
    "PL-39": "bonds are redeemed from income; the forced variants `option` and `compulsory`",
    "PL-40": "the fund pays interest, bonds, debt, dividends, in this order",
    "PL-41": "dividends once a week, over the target, by amount × time locked",
    "PL-42": "the fund's income: interest fees, the chain's fees, and what anyone adds",
    "PL-43": "a bond can be passed on against bitasset",
    "PL-44": "in an auction no interest is collected from the holder",
    "PL-45": "interest is taken as it fell due, then by loan; in full or not at all",
    "PL-46": "a position seen closed ends its loans and its auction, with principal and bids back",
    "PL-47": "without a valid feed nothing is decided by a ratio",
    "PL-48": "in auction, taken over, carried or black the holder moves nothing, except to cure",
    "PL-49": "under the auction floor an auction ends and the position is carried",
    "PL-50": "one short command each: stake, and protect",
    "PL-51": "the holder may always add collateral or pay debt; lp2 stays under the debt",
    "PL-D1": "the least satisfies PL-13 and PL-14; 0 is refused",
    "PL-D2": "one asset a request; named pools in the order named",
    "PL-D3": "own pools are skipped, and refused when named",
    "PL-D4": "to convert, the last valid feed will do",
    "PL-D5": "the cut is taken of what is paid, after conversion",
    "PL-D6": "no renewal into the other kind; terms are fixed at the due moment; a new term sets the period",
    "PL-D7": "the order of the parameters is checked on every change and feed",
    "PL-D8": "overdue interest is tried whenever the prepaid balance grows, and when the paid time ends",
    "PL-D9": "lp2 is cut to D − 1, newest loan first, in part where that is enough",
    "PL-D10": "at equal times: holds, rounds, interest, ends, windows, dividends",
    "PL-D11": "a position is looked at after anything that changes it",
    "PL-D12": "holds do not run during the rest; missed interest does not rest",
    "PL-D13": "auction and takeover need a live long loan",
    "PL-D14": "a short loan without interest ends once all interest of that second was tried",
    "PL-D15": "missed interest is judged once",
    "PL-D16": "without a feed a missed interest waits until the paid time ends",
    "PL-D17": "when armed requests run, stay armed, and end; the warning near LMCR",
    "PL-D18": "on arrival of a bid only asset, holder, auction and money are judged",
    "PL-D19": "until the win the former holder is the holder; a takeover changes nothing in an auction",
    "PL-D20": "with a reserve of 0 the surplus is the system's",
    "PL-D21": "a bitasset loan's reserve is computed in the bitasset",
    "PL-D22": "a loan that ends with its term adds nothing to the reserve; without a long loan the auction ends",
    "PL-D23": "a cure by price must hold; missed interest is cured by the interest",
    "PL-D24": "auctions and series keep what they opened with",
    "PL-D25": "in books custody the fund pays interest only, and the loans end at CR > LMCR",
    "PL-D26": "of carried interest the fund pays the lenders' part only",
    "PL-D27": "debt is paid by the least that makes CR > LMCR",
    "PL-D28": "reserve and target are pairs, one amount per asset",
    "PL-D29": "what is income; the risk share is rounded down",
    "PL-D30": "the risk fund replaces the same asset, lowest loan number first, in part",
    "PL-D31": "when and by what weights dividends are paid",
    "PL-D32": "what a carried position lacks, and when it is black",
    "PL-D33": "one window at a time; what is ordered counts neither as debt nor as shortage",
    "PL-D34": "the coupon, its rounding, and left-over units",
    "PL-D35": "who pays a black position's debt and what it owes gets its collateral",
    "PL-D36": "interest owed stays a claim when the position is closed",
    "PL-D37": "LCR over `lcr_cap` is refused",
    "PL-D38": "the fund pays for no more than is needed, at no more than `carry_rate`",
    "PL-D39": "a least size of pools and loans",
    "PL-D40": "a pool of core asset serves every market; prepaid interest is one balance",
    "PL-D41": "a loan keeps the lower floor of its making and today",
    "PL-D42": "ICR is at least MCR",
    "PL-D43": "the chain calls at CR ≤ MCR",
    "PL-D44": "a feed's expiry falls due like everything else, first in its second",
    "PL-D45": "a bid stands in the memo; the money that comes with it must cover it",
    "PL-D46": "in books custody an auction gives no hold on the account, and says so",
    "PL-D47": "prepaid interest can be taken out during an auction",
    "PL-D48": "the auction floor counts in both states of auction",
    "PL-D49": "the risk fund lends to the management account only",
    "PL-D50": "what is left of a closed carried position is the fund's",
    "PL-D51": "the amount of a series",
    "PL-D52": "the causes of the changes of state that the others leave open",
    "PL-D53": "lp2 < D always; `lcr_cap` > ICR",
    "PL-D54": "what is not needed goes home in part; so too from a position that shrank",
    "PL-D55": "when needs are judged, and in which order",
    "PL-D56": "the hold of a cure, and what completes it at once",
    "PL-D57": "a floor is never under today's MCR",
    "PL-D58": "a short loan that would not reach its new floor does not renew",
    "PL-D59": "without a feed held time stands still",
    "PL-D60": "days begun after the paid time are owed by the fund",
    "PL-D61": "a series sold in full excuses debts, not interest owed",
    "PL-D62": "the interest owed is the whole market's, and is paid first",
    "PL-D63": "what was fixed at the due moment holds",
    "PL-D64": "there is a cure until the takeover's hold is complete",
    "PL-D65": "parts under the least size are cut or skipped",
    "PL-D66": "interest is paid from all the fund has",
    "PL-D67": "near LMCR is up to 1.05 of it; a parameter alone runs no armed request",
    "PL-I1": "a lender's principal comes back in full",
    "PL-I2": "no balance is negative",
    "PL-I3": "no loan lives unpaid, except in auction, carried while bonds are sold, or black",
    "PL-I4": "a position is in one state, each change by one rule",
    "PL-I5": "the same inputs give the same state",
    "SP-1": "the extra debt asset that brings a position to ICR, rounded up",
    "SP-2": "interest for T: `e · a · (1/cr)^b · rate`, rounded up",
    "SP-3": "the rate follows use, by the pool's model",
    "SP-4": "interest is paid ahead for T, accrues piecewise, and is due again when used up",
    "SP-5": "of what accrues `fee` goes to the insurance pool, the rest to the lenders by share and time",
    "SP-6": "rewards in the bitasset, or settled into the core asset",
    "SP-7": "upper first, then lower; where upper can't be filled, one common level",
    "SP-8": "the least `mcr`: highest `cr` first, equal ones together, served whole",
    "SP-9": "out at once as far as available, the rest evenly over T",
    "SP-10": "the extra debt asset goes home at once when the holder leaves",
    "SP-11": "calls: lowest `cr` first",
    "SP-12": "partial call: under `mcr`, sold until MCR",
    "SP-13": "interest that is not there: the extra debt asset goes home, then a call",
    "SP-14": "full call: all belongs to the pool; insurance, then the lenders, bear what lacks",
    "SP-15": "the former holder gets the position back while collateral is left",
    "SP-16": "boundaries; a pool whose market breaks them serves nobody new",
    "SP-17": "what the insurance pool would have to cover, by case, beside what it holds",
    "SP-18": "who takes part, and `e` that follows the price",
    "SP-19": "positions that take no part are the chain's",
    "SP-20": "who is not served has `mcr = MCR`",
    "SP-21": "what the pool owns is worked off before losses are made good",
    "SP-22": "presets by how thin a market is",
    "SP-23": "in a second: after personal pools' interest; accrual, leaving, calls",
    "V-1": "custody is a property of a position, and decides what orders an outcome has",
    "V-2": "the account of a vault, and its authorities, read back before any money goes in",
    "V-3": "the holder opens, adds, pays, draws, takes out, closes, and moves an own position in",
    "V-4": "a loan is one transaction, and real when it is done; refused it was never made",
    "V-5": "the end of a loan is the reverse; it waits as unwinding and ends in exactly one of three ways",
    "V-6": "the cover: a loan comes home even through a whole margin call at the worst allowed price",
    "V-7": "the auction begins over MCR, and the risk fund holds that ratio while it lasts",
    "V-8": "a takeover and a win move nothing but the holder's half of the owner authority",
    "V-9": "carrying pays debt and closes by real operations",
    "V-10": "the order of loss; the lenders of the position last, by share, shown",
    "V-11": "what is done to a vault from outside is seen and booked",
    "V-12": "where no core asset alone is covered: the check says so, and a mix is proposed",
}

_NAME = re.compile(r"\bPL-[DI]?\d+|\b(?:SP|V)-\d+")
_RANGE = re.compile(r"\b(PL-[DI]?|SP-|V-)(\d+) to (?:PL-[DI]?|SP-|V-)(\d+)")


def names_in(text):
    """The rules that a text names, a range such as `PL-27 to PL-33` in full."""
    found = set(_NAME.findall(text))
    for kind, first, last in _RANGE.findall(text):
        found |= {f"{kind}{number}" for number in range(int(first), int(last) + 1)}
    return found


def _order(path):
    """The rules themselves first, and of them those that do something."""
    text = path.as_posix()
    return ("/rules/" not in text, path.name in ("inputs.py", "outcomes.py", "state.py"), text)


@functools.cache
def places_in_code():
    """For each rule the functions (or classes, or the file) whose text names it, as `file.py: name`."""
    found = {}
    for path in sorted((ROOT / "bsip_mplp").rglob("*.py"), key=_order):
        text = path.read_text(encoding="utf-8")
        owners = _owners(text)
        shown = path.relative_to(ROOT / "bsip_mplp").as_posix()
        for number, line in enumerate(text.splitlines(), 1):
            owner = owners.get(number, "")
            # A module's first line names ranges for orientation; the functions are the places
            names = names_in(line) if owner else set(_NAME.findall(line))
            for name in names:
                place = (shown, owner)
                found.setdefault(name, {})[place] = None
    return {name: list(places) for name, places in found.items()}


def _owners(text):
    """For each line the outermost function or class that it stands in, and its comment lines directly above."""
    owners = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                owners[number] = node.name
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef):
                        for number in range(inner.lineno, (inner.end_lineno or 0) + 1):
                            owners[number] = f"{node.name}.{inner.name}"
    return owners


@functools.cache
def tests_by_rule():
    """For each rule the tests that have it in their name, then those that name it in their docstring."""
    by_name, by_text = {}, {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        shown = path.relative_to(ROOT / "tests").as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith(("test_", "pl_")):
                continue
            for kind, rule in re.findall(r"(?:^|_)(pl|sp|v)_([di]?\d+)(?=_|$)", node.name):
                by_name.setdefault(f"{kind.upper()}-{rule.upper()}", []).append(f"{shown}: {node.name}")
            for rule in names_in(ast.get_docstring(node) or ""):
                by_text.setdefault(rule, []).append(f"{shown}: {node.name}")
    return {rule: [*by_name.get(rule, []), *by_text.get(rule, [])] for rule in {*by_name, *by_text}}


def table():
    """The index as a table in Markdown."""
    code, tests = places_in_code(), tests_by_rule()
    lines = ["| rule | in a few words | code, in `bsip_mplp/` | tests, in `tests/` |", "| --- | --- | --- | --- |"]
    for rule, words in RULES.items():
        places = [f"`{file}` {owner}".strip() for file, owner in _best(code.get(rule, []))]
        shown = [f"`{test}`" for test in tests.get(rule, [])[:TESTS_SHOWN_MAX]]
        lines.append(f"| {rule} | {words} | {'<br>'.join(places)} | {'<br>'.join(shown)} |")
    return "\n".join(lines)


def _best(places):
    named = [place for place in places if place[1]] or places
    return named[:CODE_SHOWN_MAX]


def filled(page):
    """The page with its table as the code has it now."""
    return re.sub(r"<!-- index -->\n.*?<!-- end -->", f"<!-- index -->\n{table()}\n<!-- end -->", page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

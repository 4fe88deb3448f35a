"""Rules, movements and events in plain words: what a statement or a history says of each thing that the rules post.

A test walks through the rules' own code and fails for a rule, a movement or an event that has no words here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from bsip_mplp.ratios import ratio_words

RULES: Final[Mapping[str, str]] = {
    "G-5": "double entry",
    "G-6": "free balance",
    "PL-1": "lending pools",
    "PL-2": "what is lent is locked",
    "PL-3": "periods of a pool",
    "PL-4": "asset of the interest",
    "PL-6": "end and renewal of a term",
    "PL-7": "changing a pool",
    "PL-8": "prepaid interest",
    "PL-9": "prepaid interest back",
    "PL-10": "payment of interest",
    "PL-11": "borrowing",
    "PL-12": "principal stays in its pool",
    "PL-13": "least amount",
    "PL-14": "CR and LCR of a request",
    "PL-15": "filled whole or not at all",
    "PL-16": "standing protection",
    "PL-17": "end of a short loan",
    "PL-18": "combined ratio falls short",
    "PL-19": "repaying a short loan",
    "PL-21": "missed interest of a long loan",
    "PL-22": "LCR under MCR: auction",
    "PL-23": "CR under MSSR: takeover",
    "PL-24": "repaying a long loan",
    "PL-27": "auctions and their rounds",
    "PL-28": "an auction is won",
    "PL-30": "sealed bids",
    "PL-31": "cure",
    "PL-33": "unsold after all rounds",
    "PL-34": "the fund pays for carried positions",
    "PL-35": "risk fund",
    "PL-36": "a carried position is given up",
    "PL-37": "risk bonds are offered",
    "PL-38": "black positions",
    "PL-39": "redemption of bonds",
    "PL-41": "dividends",
    "PL-42": "income of the insurance fund",
    "PL-43": "passing bonds on, and bonds on the chain",
    "PL-46": "closed on the chain",
    "PL-47": "no valid feed",
    "PL-48": "nothing moves in an auction",
    "PL-49": "CR under the auction's floor",
    "PL-50": "staking",
    "PL-51": "debt paid by the holder",
    "PL-D1": "the least, exactly",
    "PL-D3": "no loan from one's own pool",
    "PL-D4": "price to convert by",
    "PL-D7": "parameters of a market",
    "PL-D35": "closing a black position",
    "PL-D36": "claims on the fund",
    "PL-D37": "highest LCR",
    "PL-D39": "least sizes",
    "PL-D50": "what is left of a closed position",
    "PL-D54": "what a carried position does not need",
    "PL-D55": "loans too dear to be carried",
    "PL-D58": "no renewal under the floor",
    "PL-D60": "days begun are owed",
    "SP-3": "lending to the shared pool",
    "SP-4": "interest of the shared pool",
    "SP-5": "rewards of the shared pool",
    "SP-6": "rewards, and what they are paid in",
    "SP-7": "who the shared pool serves",
    "SP-9": "leaving the shared pool",
    "SP-10": "a holder leaves the shared pool",
    "SP-12": "margin call of the shared pool",
    "SP-13": "missed interest of the shared pool",
    "SP-14": "full call of the shared pool",
    "SP-15": "a position comes back",
    "SP-16": "limits of the shared pool",
    "SP-17": "insurance pool",
    "SP-18": "taking part in the shared pool",
    "SP-20": "closed while it took part",
    "SP-22": "parameters of the shared pool",
    "V-2": "a vault's authorities",
    "V-3": "what a holder may do with a vault",
    "V-4": "a loan really put into a vault",
    "V-5": "unwinding of what was lent to a vault",
    "V-6": "cover of what is lent to a vault",
    "V-7": "holding a vault up in an auction",
    "V-8": "a vault's new holder",
    "V-10": "order of losses",
    "V-11": "what came to a vault from outside",
    "V-12": "loans that no vault can cover",
}
"""Each rule that a movement, an event, a notice or a refusal can name, by what it is about."""


def rule_words(rule: str) -> str:
    """A rule with what it is about: `PL-30, sealed bids`."""
    return f"{rule}, {RULES[rule]}" if rule in RULES else rule


# --- movements ------------------------------------------------------------------------------------------------


class Movement(NamedTuple):
    """How a movement's text reads, and what it means to whom it comes (`came`) and from whom it goes (`went`)."""

    text: str
    came: str
    went: str


MOVEMENTS: Final = (
    Movement("deposit", "What you sent to the pool's account.", "It came from outside."),
    Movement(r"payout (\d+)", "Set aside to be sent to you.", "Payout {0}: it is on its way to you on the chain."),
    Movement(r"payout (\d+) sent", "Payout {0} has left the pool's account.", "Payout {0} was sent."),
    Movement(r"fee of payout (\d+)", "The chain's fee of payout {0}.", "The chain's fee of payout {0}."),
    Movement(r"payout (\d+) failed", "Payout {0} could not be sent and came back.", "Payout {0} was not sent."),
    Movement(r"written off: (.*)", "Written off: {0}.", "Gone from the pool's account: {0}."),
    Movement("operator's reserve", "For the chain's fees of payouts.", "You gave it for the chain's fees of payouts."),
    Movement(r"into pool (\d+)", "It can be lent from pool {0} now.", "You put it into your pool {0}."),
    Movement(r"out of pool (\d+)", "You took it out of your pool {0}.", "It is in pool {0} no more."),
    Movement("prepaid interest", "You deposited it ahead as interest.", "It is prepaid interest now."),
    Movement("prepaid interest taken back", "You took back prepaid interest.", "It is free balance again."),
    Movement(
        r"interest of loan (\d+) for (\d+) days",
        "Loan {0} paid you interest for {1} days, less the system's cut.",
        "Interest of loan {0} for {1} days; the system's cut of it goes to the insurance fund.",
    ),
    Movement(r"lent by loan (\d+)", "It is lent and locked until loan {0} ends.", "Loan {0} has taken it."),
    Movement(r"back from loan (\d+)", "Loan {0} ended, or a part of it.", "It is locked by loan {0} no more."),
    Movement(r"bid (\d+) held", "Bid {0} is kept here.", "Bid {0} is held until its round closes."),
    Movement(
        r"bid (\d+) returned",
        "Bid {0} did not win, or was under the reserve, and came back in full.",
        "Bid {0} went back.",
    ),
    Movement(
        r"auction (\d+) won by bid (\d+)",
        "Auction {0} was won: one period's interest and your share of the surplus.",
        "Bid {1} won auction {0} and pays the lenders.",
    ),
    Movement(
        r"interest of carried loan (\d+) for (\d+) days",
        "The insurance fund paid you the interest of loan {0} for {1} days: its position is carried.",
        "The fund paid the interest of carried loan {0} for {1} days.",
    ),
    Movement(
        r"interest owed for loan (\d+)",
        "The insurance fund paid you what it owed for loan {0}.",
        "The fund paid what it owed for loan {0}.",
    ),
    Movement(
        r"into the (insurance|risk) fund",
        "Someone added it to the {0} fund.",
        "You added it to the market's {0} fund.",
    ),
    Movement("risk fund's share", "The risk fund's share of income.", "The risk fund's share of income."),
    Movement(
        r"the risk fund replaces loan (\d+)",
        "The risk fund lends it in place of loan {0}.",
        "The risk fund lends it in place of loan {0}.",
    ),
    Movement(
        r"back from the position of (.+)",
        "It came back from the position of {0}.",
        "It is lent to the position of {0} no more.",
    ),
    Movement(
        r"left of the position of (.+)",
        "What was left of the position of {0}.",
        "What was left of the position of {0}.",
    ),
    Movement(r"bonds of series (\d+)", "Paid for bonds of series {0}.", "It became bonds of series {0}, one for one."),
    Movement(
        r"(coupon|principal) of bond series (\d+)",
        "The {0} of your bonds of series {1}, from the fund's income.",
        "The {0} of bond series {1} was paid.",
    ),
    Movement(
        r"exchange of bonds of series (\d+)",
        "Your bonds of series {0}, exchanged one for one.",
        "Bonds of series {0} were exchanged.",
    ),
    Movement(
        r"bonds passed on by offer (\d+)",
        "The price of the bonds that you passed on by offer {0}.",
        "The price of the bonds that you took by offer {0}.",
    ),
    Movement(
        r"along with bonds of series (\d+) put on the chain",
        "What bonds of series {0} on the chain have earned came along with more of them.",
        "As much as each unit of series {0} on the chain has earned: it comes back with the units.",
    ),
    Movement(
        r"units of bond series (\d+) brought back",
        "Units of series {0} came back from the chain.",
        "Units of series {0}: you hold their bonds here now.",
    ),
    Movement(
        r"paid on bonds of series (\d+) while on the chain",
        "What was paid on your bonds of series {0} while they were on the chain.",
        "It went to who brought units of series {0} back.",
    ),
    Movement(
        r"interest owed of (.+)",
        "Someone paid what is owed for the black position of {0}.",
        "You paid what is owed for the black position of {0}.",
    ),
    Movement(
        r"set aside for order (\d+)",
        "Set aside until order {0} is carried out on the chain.",
        "Set aside until order {0} is carried out on the chain.",
    ),
    Movement(r"order (\d+) carried out", "Order {0} used it on the chain.", "Order {0} used it on the chain."),
    Movement(r"returned from order (\d+)", "Order {0} did not need it.", "Order {0} did not need it."),
    Movement("into the shared pool", "It is lent to the shared pool now.", "You put it into the shared pool."),
    Movement("out of the shared pool", "You took it out of the shared pool.", "It is in the shared pool no more."),
    Movement(r"came free for (.+)", "It came free for you in the shared pool.", "It went to who waited for it."),
    Movement("comes free for those who wait", "It came free for those who wait.", "It serves positions no more."),
    Movement(r"made good to (.+)", "A loss of yours was made good.", "It made a lender's loss good."),
    Movement("made good so far", "It stands for lenders to fetch.", "It stands for lenders to fetch."),
    Movement("losses made good", "It makes losses of lenders good.", "The insurance pool made losses good."),
    Movement(r"rewards of (.+)", "You earned it in the shared pool.", "It was paid to a lender."),
    Movement("interest accrued", "Interest that accrued.", "Interest accrued: it goes to lenders and insurance."),
    Movement(r"interest balance of (.+)", "Interest for the shared pool.", "It is interest for the shared pool now."),
    Movement(r"interest of (.+) for T", "Interest paid ahead.", "The shared pool's interest was paid ahead."),
    Movement(r"interest not used by (.+)", "Interest that was not used came back.", "Interest not used went back."),
    Movement("into the insurance pool", "It adds to the insurance pool.", "You gave it to the insurance pool."),
    Movement(r"order (\d+) settled", "Rewards settled into the core asset.", "Order {0} was settled on the chain."),
    Movement(r"fee of order (\d+)", "The chain's fee of order {0}.", "The chain's fee of order {0}."),
    Movement(r"order (\d+) failed", "Order {0} could not be carried out and came back.", "Order {0} was not done."),
    Movement(r"collateral for (.+) back", "Nothing was opened in {0}: it came back.", "Nothing was opened in {0}."),
    Movement(r"collateral for (.+)", "Set aside until vault {0} is made.", "Set aside until vault {0} is made."),
    Movement(r"collateral of (.+)", "It is collateral of vault {0} now.", "It is collateral of vault {0} now."),
    Movement(r"into (.+)", "It went into vault {0}.", "You put it into vault {0}."),
    Movement(r"to be lent to (.+)", "It is being put into vault {0}.", "It is being put into vault {0}."),
    Movement(r"placed in (.+)", "It is really in vault {0} now.", "It is really in vault {0} now."),
    Movement(
        r"order (\d+) failed: never lent",
        "The chain refused order {0}: it was never lent.",
        "The chain refused order {0}: it was never lent.",
    ),
    Movement(
        r"interest of loan (\d+) for (\d+) days on the way home",
        "Interest of loan {0} for {1} days that it was on its way home.",
        "Interest of loan {0}, which was on its way home for {1} days more.",
    ),
    Movement(r"home from (.+)", "It is home from vault {0}.", "It is home from vault {0}."),
    Movement(
        r"for (\d+) units of (\S+) not home from (.+)",
        "For {0} units of {1} that did not come home from {2}, at the feed price.",
        "It made good what did not come home from {2}.",
    ),
    Movement(r"lost in (.+)", "It was lost in vault {0} (V-10).", "It was lost in vault {0} (V-10)."),
    Movement(r"holds up (.+)", "It holds vault {0} up during an auction.", "It holds vault {0} up during an auction."),
    Movement(r"debt of (.+) paid", "It paid debt of vault {0}.", "It paid debt of vault {0}."),
    Movement(r"debt of (.+)", "It paid the debt of vault {0}.", "It paid the debt of vault {0}."),
    Movement(
        r"sold part of (.+)", "It replaces the capital that closed vault {0}.", "It is sold, for the capital's part."
    ),
    Movement(r"left of (.+)", "What was left of vault {0}.", "What was left of vault {0}."),
    Movement(r"left in (.+)", "What the chain left in vault {0}.", "What the chain left in vault {0}."),
    Movement(r"rest of (.+)", "The rest of vault {0}.", "The rest of vault {0} went to whose it is."),
    Movement(r"order (\d+) sold", "Order {0} was sold on the market.", "Order {0} was sold on the market."),
    Movement(r"over of order (\d+)", "Order {0} brought more than was needed.", "Order {0} brought it."),
    Movement("working capital replaced", "The risk fund has its capital back.", "The risk fund has its capital back."),
    Movement("dividend", "A dividend of the insurance fund, for what you lend.", "A dividend was paid to lenders."),
)
"""Every text that the rules post with, and what it means."""

_PATTERNS = tuple((re.compile(found.text), found) for found in MOVEMENTS)


def movement_words(text: str, units: int) -> str | None:
    """What a movement means to an account that it came to (`units` over 0) or went from; None if it has no words."""
    for pattern, found in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            return (found.came if units > 0 else found.went).format(*match.groups())
    return None


# --- events ---------------------------------------------------------------------------------------------------

STATES: Final = {
    "free": "free",
    "protected": "protected by loans",
    "unwinding": "waiting for a loan to go home",
    "in_auction": "in auction",
    "taken_over": "taken over, and in auction",
    "carried": "carried by the management account",
    "black": "black",
    "closed": "closed",
}
"""The states of a position, as people read them."""

EVENTS: Final[Mapping[tuple[str, str], str]] = {
    ("position", "changed"): "{was_words} → {now_words}",
    ("position", "opened"): "opened in its vault",
    ("position", "add"): "collateral added",
    ("position", "pay"): "debt paid",
    ("position", "draw"): "more borrowed from the chain",
    ("position", "take"): "collateral taken out",
    ("position", "close"): "closed by its holder",
    ("position", "held up"): "held up by the risk fund: {money} of collateral",
    ("position", "changed from outside"): "changed from outside: somebody paid its debt, or the chain called it",
    ("position", "closed from outside"): "its debt was closed on the chain",
    ("position", "uncovered"): "through a margin call {money} of what is lent to it would lack",
    ("position", "short"): "less came out of it than was lent",
    ("position", "made good"): "what lacked was made good from {source}: {money}",
    ("loan", "made"): "made: {money} from pool {pool}, for {borrower}",
    ("loan", "paid"): "paid until {paid_until_words}: {money} to the lender",
    ("loan", "renewed"): "renewed at {rate_words} a year, until {term_ends_words}",
    ("loan", "missed interest"): "missed its interest",
    ("loan", "found unneeded"): "{money} of it will go home when the paid time ends: the position does not need it",
    ("loan", "cut"): "{money} of it went home",
    ("loan", "ended"): "ended: {money} went home",
    ("loan", "owed by the fund"): "its interest is owed by the insurance fund, which lacks it",
    ("auction", "opened"): "auction {key} opened",
    ("auction", "ended"): "auction {key} ended{outcome}",
    ("bid", "placed"): "sealed bid {key} placed in auction {auction}",
    ("participant", "joined"): "joined the shared pool{own_mcr_words}, {interest_words} of interest paid in",
    ("participant", "held"): "held in the shared pool{own_mcr_words}, {interest_words} of interest added",
    ("participant", "left"): "left the shared pool: {returned_words} of interest came back",
    ("participant", "served"): "served by the shared pool",
    ("participant", "no longer served"): "served by the shared pool no more",
    ("participant", "paid interest"): "{money} of interest paid to the shared pool, for T at a rate of {rate_for_t}",
    ("participant", "missed interest"): "lacked its interest of {due_words}: {held_words} was paid in",
    ("participant", "has interest again"): "has interest for the shared pool again",
    ("participant", "called"): "called by the shared pool: collateral is to be sold until it is at MCR",
    ("participant", "no longer called"): "called by the shared pool no more",
    ("participant", "owned by the pool"): "belongs to the shared pool: its collateral is worth no more than its debt",
    ("participant", "recovered"): "belongs to its holder again",
    ("claim", "made"): "claim {key}: the fund owes {money} for days begun of loan {loan}",
    ("claim", "paid"): "claim {key} was paid",
}
"""The events that a history tells, by kind of object and what happened."""


def event_words(kind: str, key: str, what: str, values: Mapping[str, Any], figures: Figures) -> str | None:
    """What an event says, with its figures as people read them; None if it has no words."""
    template = EVENTS.get((kind, what))
    if template is None:
        return None
    said: dict[str, Any] = {**values, "key": key}
    if "units" in values:
        said["money"] = figures.money(values.get("asset"), values["units"])
    for name in ("was", "now"):
        if name in values:
            said[f"{name}_words"] = STATES[values[name]]
    for name in ("paid_until", "term_ends"):
        if name in values:
            said[f"{name}_words"] = figures.time(values[name])
    if kind == "participant":
        for name in ("interest", "returned", "due", "held"):
            if name in values:
                said[f"{name}_words"] = figures.money(None, values[name])
        own = values.get("own_mcr")
        said["own_mcr_words"] = "" if own is None else f" at an mcr of {ratio_words(own)}"
        said["rate_for_t"] = figures.rate(values.get("rate", "0"))
    elif "rate" in values:
        said["rate_words"] = figures.rate(values["rate"])
    if "winner" in values:
        said["outcome"] = (
            f": {values['winner']} won with {figures.money(None, values['price'])}" if values["winner"] else ""
        )
    return template.format(**said)


class Figures(NamedTuple):
    """How amounts (of an asset, or of the one at hand if none is named), times and rates are written."""

    money: Callable[[str | None, int], str]
    time: Callable[[int], str]
    rate: Callable[[str], str]

"""What the model keeps in its dicts: plain records, no behaviour but reading one's own fields."""

from dataclasses import dataclass, field
from fractions import Fraction

DAY = 86_400

DEFAULTS = {
    "lmcr": 1300,
    "combined_floor": "ICR",
    "lcr_cap": None,
    "i2": Fraction(1, 10),
    "long_term_days": 30,
    "prepay_lead_days": 7,
    "auction_round": 900,
    "auction_limit": 48 * 3600,
    "surplus_to_system": Fraction(80, 100),
    "cure_window": DAY,
    "trigger_hold": 60,
    "auction_floor": 1000,
    "carry_rate": Fraction(20, 100),
    "insurance_reserve": (0, 0),
    "risk_share": Fraction(20, 100),
    "dividend_target": None,
    "bond_window": 7 * DAY,
    "bond_coupon": Fraction(5, 100),
    "bond_forced": "no",
    "bond_prefix": None,
    "missed_prepay_ends": "paid_time",
    "protect_at_mcr": Fraction(21, 20),
    "stake_term_days": 14,
    "stake_rate": Fraction(1, 20),
}


class No(Exception):
    """A rule says no; carries its name."""


@dataclass
class Feed:
    price: Fraction
    mcr: Fraction
    mssr: Fraction
    icr: Fraction
    expires: int


@dataclass
class Market:
    name: str
    core: str
    number: int
    par: dict
    feed: Feed | None = None
    valid: bool = False
    expired: bool = False
    last_valid: Feed | None = None
    price_since: int = 0
    fresh: int = 0
    opened: int = 0
    dividends: int = 0
    pair: tuple = ()
    failed: bool = False

    def ratio(self, name):
        return Fraction(self.par[name], 1000)

    def floor(self, feed):
        """PL-18, PL-D57."""
        number = {"ICR": feed.icr, "MCR": feed.mcr}.get(self.par["combined_floor"])
        return max(self.ratio("combined_floor") if number is None else number, feed.mcr)

    def cap(self, feed):
        """PL-D37."""
        return 2 * feed.icr if self.par["lcr_cap"] is None else self.ratio("lcr_cap")

    def fits(self, feed):
        """PL-D7, PL-D53."""
        floor = feed.mcr if isinstance(self.par["combined_floor"], str) else self.ratio("combined_floor")
        return feed.mssr < self.ratio("lmcr") < feed.mcr <= feed.icr and floor >= feed.mcr and self.cap(feed) > feed.icr


@dataclass
class Pool:
    number: int
    owner: str
    asset: str
    rate: Fraction
    term_days: int
    period_days: int
    interest_asset: str
    renews: bool
    available: int = 0
    lent: int = 0
    earned: dict = field(default_factory=dict)


@dataclass
class Terms:
    rate: Fraction
    term_days: int
    period_days: int
    new_term: bool
    due: int


@dataclass
class Loan:
    number: int
    pool: int
    lender: str
    borrower: str
    market: str
    account: str
    asset: str
    principal: int
    rate: Fraction
    term_days: int
    period_days: int
    interest_asset: str
    long: bool
    floor: Fraction
    made: int
    term_ends: int
    paid_until: int
    interest_due: int
    end_at: int
    """When the paid time ends, or when it was paid if that was later."""
    unpaid: list = field(default_factory=list)
    """Terms of the periods whose interest fell due and is not paid, oldest first."""
    tried: bool = False
    """Whether the missed interest was tried when the paid time ended (PL-D8)."""
    judged: bool = False
    goes_home: int = 0
    home_rule: str = ""
    home_at: int = 0
    home_judged: int = -1
    ended: int | None = None
    ended_by: str = ""


@dataclass
class Position:
    market: str
    account: str
    number: int
    collateral: int = 0
    debt: int = 0
    custody: str = "books"
    holder: str = ""
    state: str = "free"
    rule: str = "PL-46"
    holds: dict = field(default_factory=dict)
    auction: int | None = None
    cure_held: bool = False
    rest_until: int = 0
    risk_lp1: int = 0
    risk_lp2: int = 0
    last_end: str = ""
    shrunk: bool = False


@dataclass
class Hold:
    remaining: int
    since: int | None


@dataclass
class Protection:
    number: int
    account: str
    position: str
    at: Fraction
    ask: object
    armed: bool = True


@dataclass
class Order:
    number: int
    kind: str
    account: str
    asset: str
    units: int
    market: str = ""
    limit: tuple | None = None
    to: str = ""
    filled: int = 0
    state: str = "open"
    transaction: str = ""


@dataclass
class Auction:
    number: int
    market: str
    account: str
    rule: str
    opened: int
    round_seconds: int
    limit_seconds: int
    ended: int | None = None
    ended_by: str = ""
    winner: str = ""
    price: int = 0

    @property
    def limit(self):
        return self.opened + self.limit_seconds

    def round_end(self, time):
        """PL-27, PL-D24: the end of the round in which a time falls."""
        return min(self.opened + ((time - self.opened) // self.round_seconds + 1) * self.round_seconds, self.limit)


@dataclass
class Bid:
    number: int
    auction: int
    account: str
    units: int
    time: int
    state: str = "open"


@dataclass
class Claim:
    number: int
    market: str
    account: str
    loan: int
    lender: str
    asset: str
    units: int
    made: int
    paid: int | None = None

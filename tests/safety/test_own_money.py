"""Only the sender's own money can be moved by a memo, and only to the sender. A place without keys sends nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsip_mplp import config
from bsip_mplp.chain import memo
from bsip_mplp.chain.memo import MemoError
from bsip_mplp.rules.inputs import Deposit
from tests.rules.scene import NEVER, Scene
from tests.safety.run import CONTEXT

PEOPLE = ("ann", "bob", "cat")
NOUNS = ("TEST", "USDX", "all", "1", "2", "3", "17", "0", "-5", "99999999999", "1.5", "pool=1", "pool=2", "rate=10%/yr",
         "days=7", "days=30", "below=50%/yr", "least", "market=USDX", "position=ann", "position=bob", "at=1.9", "back",
         "account=ann", "to=bob", "pools=1,2", "renew=no")  # fmt: skip
VERBS = ("lend", "stake", "pool", "unlend", "interest", "borrow", "protect", "unprotect", "repay", "withdraw", "bid",
         "operator", "insure", "bond", "send", "transfer")  # fmt: skip
TYPED = st.tuples(st.sampled_from(VERBS), st.lists(st.sampled_from(NOUNS), max_size=4)).map(
    lambda words: f"mplp {words[0]} {' '.join(words[1])}"
)
TRANSFERS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE), TYPED, st.sampled_from((1, 500, 10**6, 10**8)), st.sampled_from(("TEST", "USDX"))
    ),
    min_size=1, max_size=25,
)  # fmt: skip


class Town(Scene):
    """Three people with positions, in a market of the names that the memos use."""

    def __init__(self):
        from bsip_mplp.rules.engine import Engine
        from bsip_mplp.rules.inputs import AssetSeen, FeedSeen, MarketOpened, PositionSeen

        self.engine, self.number = Engine(), 0
        for item in (
            AssetSeen(time=0, symbol="TEST", precision=5),
            AssetSeen(time=0, symbol="USDX", precision=4),
            MarketOpened(time=0, market="USDX", core_asset="TEST", parameters={"lmcr": 1300}),
            FeedSeen(time=0, market="USDX", price=(1, 10), mcr=1550, mssr=1100, icr=1600, expires=NEVER),
            *(PositionSeen(time=0, market="USDX", account=name, collateral=163_400_000, debt=10_000_000)
              for name in PEOPLE),
        ):  # fmt: skip
            self.engine.apply(item)

    def send(self, sender, text, units, asset):
        """A transfer with a memo, as the inbox would take it."""
        self.number += 1
        try:
            ask, unreadable = memo.parse(text, CONTEXT), None
        except MemoError as error:
            ask, unreadable = None, str(error)
        return self.engine.apply(
            Deposit(time=0, account=sender, asset=asset, amount=units, ask=ask, unreadable=unreadable,
                    source=f"1.{self.number}.0")
        )  # fmt: skip

    def own(self, person):
        """What is a person's alone, by account and asset."""
        mine = (f"free/{person}", f"prepaid/{person}")
        return {key: units for key, units in self.engine.ledger.balances().items() if key[0] in mine}


@given(TRANSFERS)
@settings(max_examples=150, deadline=None)
def test_a_memo_moves_nobody_elses_money_and_pays_out_to_nobody_else(transfers):
    town = Town()
    for sender, text, units, asset in transfers:
        others = [person for person in PEOPLE if person != sender]
        before = {person: town.own(person) for person in others}
        outcome = town.send(sender, text, units, asset)
        for person in others:
            after = town.own(person)
            assert all(after.get(key, 0) >= held for key, held in before[person].items()), (sender, text, person)
        for order in outcome.orders:
            if order.kind == "payout":
                assert order.account == sender
        for entry in outcome.entries:
            for account, _, moved in entry.postings:
                owner = account.partition("/")[2]
                assert moved >= 0 or owner not in others, (sender, text, entry)


def test_the_main_chain_is_only_looked_at():
    settings = config.load("mainnet-observe")
    assert settings.observes_only
    assert not settings.keys.configured
    assert settings.chain.pool_account is None


@pytest.mark.parametrize("keys", [{"file": "/k"}, {"uptick_wallet": True}])
def test_a_place_that_only_looks_can_have_no_key(keys):
    data = {"place": "x", "observes_only": True, "chain": {"nodes": ["ws://one"], "core_asset": "BTS"}, "keys": keys}
    with pytest.raises(config.ConfigError, match="keys: must be left out where observes_only is true"):
        config.read(data)


def test_the_main_chain_cannot_be_anything_else():
    chain = {"nodes": ["ws://one"], "core_asset": "BTS", "chain_id": config.MAINNET, "pool_account": "p"}
    with pytest.raises(config.ConfigError, match="must be true on the main chain"):
        config.read({"place": "x", "chain": chain})

"""The one gate through which balances change."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.ledger import MAY_BE_NEGATIVE, Entry, Ledger, LedgerError, Posting

ACCOUNTS = st.sampled_from(("free/ann", "free/bob", "fund/USD", "outside", "operator"))
POSTINGS = st.lists(
    st.builds(Posting, ACCOUNTS, st.sampled_from(("USD", "BTS")), st.integers(-20, 20)), min_size=1, max_size=4
)


@given(st.lists(st.tuples(POSTINGS, st.booleans()), max_size=20))
def test_pl_i2_no_balance_but_two_is_ever_negative_and_what_would_make_one_so_changes_nothing(entries):
    """Against sums kept by hand; half of the entries are balanced by the outside world."""
    ledger, sums = Ledger(), {}
    for made, is_balanced in entries:
        postings = made
        if is_balanced:
            totals = {asset: sum(p.units for p in made if p.asset == asset) for asset in ("USD", "BTS")}
            postings = [*made, *(Posting("outside", asset, -units) for asset, units in totals.items())]
        after = dict(sums)
        for account, asset, units in postings:
            after[account, asset] = after.get((account, asset), 0) + units
        adds_up = all(sum(p.units for p in postings if p.asset == asset) == 0 for asset in ("USD", "BTS"))
        stays = all(units >= 0 for (account, _), units in after.items() if account not in MAY_BE_NEGATIVE)
        with contextlib.suppress(LedgerError):
            ledger.post(Entry(0, "G-5", "a test", tuple(postings)))
            assert adds_up
            assert stays
            sums = after
        assert ledger.balances() == {key: units for key, units in sums.items() if units}
        assert all(units >= 0 for (account, _), units in sums.items() if account not in MAY_BE_NEGATIVE)


def test_pl_i2_an_entry_that_adds_up_and_leaves_nobody_short_is_posted():
    ledger = Ledger()
    ledger.post(Entry(0, "G-6", "deposit", (Posting("outside", "USD", -5), Posting("free/ann", "USD", 5))))
    assert ledger.balances() == {("outside", "USD"): -5, ("free/ann", "USD"): 5}

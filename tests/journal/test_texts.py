"""An outcome's text is put together from parts that are encoded once: it is the canonical form all the same."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.ledger import Entry, Posting
from bsip_mplp.rules.codec import canonical, outcome_texts, outcome_to_json
from bsip_mplp.rules.outcomes import Event, Notice, Order, Outcome, Refusal

TEXTS = st.text(max_size=6) | st.sampled_from(('"', "\\", "\x00\x1f\x7f", "\u2028借", "b", "a"))
NUMBERS = st.integers(-(10**30), 10**30)
BODIES = st.dictionaries(TEXTS, st.none() | st.booleans() | NUMBERS | TEXTS | st.lists(NUMBERS, max_size=2), max_size=4)
POSTINGS = st.lists(st.builds(Posting, TEXTS, TEXTS, NUMBERS), max_size=2).map(tuple)


def some(what: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(what, max_size=3).map(tuple)


OUTCOMES = st.builds(
    Outcome,
    time=NUMBERS,
    entries=some(st.builds(Entry, NUMBERS, TEXTS, TEXTS, POSTINGS)),
    events=some(st.builds(Event, NUMBERS, TEXTS, TEXTS, TEXTS, TEXTS, BODIES)),
    objects=st.dictionaries(st.tuples(TEXTS, TEXTS), BODIES, max_size=5),
    orders=some(st.builds(Order, NUMBERS, TEXTS, TEXTS, TEXTS, NUMBERS, TEXTS)),
    notices=some(st.builds(Notice, NUMBERS, TEXTS, TEXTS, TEXTS)),
    refusals=some(st.builds(Refusal, NUMBERS, TEXTS, TEXTS, TEXTS, TEXTS)),
)


@given(OUTCOMES)
def test_the_text_of_an_outcome_is_its_canonical_form(outcome: Outcome) -> None:
    data = outcome_to_json(outcome)
    texts = outcome_texts(data)
    assert texts.whole == canonical(data)
    assert [json.loads(one) for one in texts.events] == [event.values for event in outcome.events]
    apart = {(kind, key): json.loads(text) for kind, each in texts.objects.items() for key, text in each.items()}
    assert apart == outcome.objects
    again = json.loads(texts.whole)
    assert outcome_texts(again) == texts

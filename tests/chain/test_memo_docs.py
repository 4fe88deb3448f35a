"""What the guides to memos show is what the grammar reads and answers, in both languages."""

import re
from pathlib import Path

import pytest

from bsip_mplp.chain import memo
from bsip_mplp.chain.memo import Context, MemoError

DOCS = Path(__file__).parents[2] / "docs"
CONTEXT = Context({"TEST": 5, "USD": 4}, {"USD": "TEST"}, "TEST", "USD")
GUIDES = [DOCS / "memos.md", DOCS / "zh" / "memos.md"]


def rows(guide):
    """Rows of tables: the memo in the first cell and what stands beside it."""
    for line in guide.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\| `([^`]+)` \| (.*) \|$", line):
            yield found[1], found[2]


@pytest.mark.parametrize("guide", GUIDES, ids=["en", "zh"])
def test_every_memo_shown_is_read_or_gets_the_answer_shown(guide):
    read = 0
    for text, beside in rows(guide):
        if "=" in text.split()[0] or not text.startswith(("mplp", "thanks", "谢谢")):
            continue  # a word that a request takes
        answer = ""
        try:
            memo.parse(text, CONTEXT)
            read += 1
        except MemoError as error:
            answer = str(error)
        assert beside.startswith(answer)
    assert read >= 19


@pytest.mark.parametrize("guide", GUIDES, ids=["en", "zh"])
def test_every_command_is_shown(guide):
    shown = {text.split()[1] for text, _ in rows(guide) if text.startswith("mplp ")}
    assert shown >= set(memo.COMMANDS)


def test_both_guides_show_the_same_requests():
    first, second = ([text for text, _ in rows(guide) if "=" not in text.split()[0]] for guide in GUIDES)
    differ = {"mplp withdraw 1,000 TEST", "mplp repay 17 rate=1%", "thanks!", "谢谢"}
    assert [text for text in first if text not in differ] == [text for text in second if text not in differ]

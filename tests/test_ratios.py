"""How ratios are written for people."""

from fractions import Fraction

import pytest

from bsip_mplp.ratios import ratio_words


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(1550, "1.55"), (3000, "3"), (1001, "1.001"), (Fraction(9, 10), "0.9"), (Fraction(2401, 2000), "1.2005"),
     (Fraction(400, 323), "400/323"), (0, "0"), (Fraction(-1, 2), "-0.5")],
)  # fmt: skip
def test_a_ratio_is_written_exactly(ratio, words):
    assert ratio_words(ratio) == words

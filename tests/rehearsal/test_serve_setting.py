"""RE-8: what is kept of a public rehearsal, and its prices as integers."""

from __future__ import annotations

from fractions import Fraction

import pytest

from bsip_mplp.public.scores import Terms
from bsip_mplp.public.setting import GAME_FILE, Game, GameError, described, price_path
from bsip_mplp.rehearsal.prices import outside_prices
from tests.rehearsal.kit import scenario

TERMS = Terms(100, 10, 1000, 5, 2, 60, 10)


def game():
    return Game(1000, 7, 60, described(scenario()), {"Pool": "mplp-pool"}, "PLAYCNY", TERMS)


def test_what_is_kept_comes_back(tmp_path):
    kept = game()
    kept.players["ming-1"] = 1234
    kept.qualified["ming-1"] = (2000, 90)
    kept.save(tmp_path)

    assert Game.load(tmp_path) == kept
    assert not list(tmp_path.glob("*.new"))


def test_nothing_kept_is_none(tmp_path):
    assert Game.load(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"start": 1}', '{"qualified": {"a": 1}}'])
def test_what_can_t_be_read_is_one_line_that_names_the_file(tmp_path, text):
    (tmp_path / GAME_FILE).write_text(text)

    with pytest.raises(GameError, match="game.json can't be read"):
        Game.load(tmp_path)


def test_prices_are_exact_pairs_of_the_path_s_own_digits():
    import numpy as np

    one = scenario(path={"kind": "trend", "params": {"start": 0.0243}}, days=1)
    path = price_path(one, 5, 1000, 3, core_precision=5)
    floats = outside_prices(one.path, 1, 60, np.random.SeedSequence(5))

    assert len(path.prices) == 1440
    assert path.at(999) == path.prices[0]
    assert path.at(1000 + 3 * 77) == path.prices[77]
    for found, made in zip(floats, path.prices, strict=True):
        whole = Fraction(made.bitasset, made.core) * 10**5 / 10**4
        assert abs(whole / Fraction(float(found)) - 1) < Fraction(1, 10**7)

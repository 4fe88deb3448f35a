"""The report: one file that asks nothing of the network, in both languages, the same for the same runs (RE-7)."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from bsip_mplp.rehearsal import campaign
from bsip_mplp.rehearsal.parts import parts_of
from bsip_mplp.rehearsal.questions import QUESTIONS, verdicts
from bsip_mplp.rehearsal.report import charts, page
from bsip_mplp.rehearsal.report.numbers import Numbers, short
from bsip_mplp.rehearsal.results import Results
from bsip_mplp.rehearsal.rulesets import RULE_SETS
from bsip_mplp.rehearsal.statistics import Answer, Interval
from bsip_mplp.rehearsal.sweeps import grids
from bsip_mplp.rehearsal.words import ANSWERS, Words
from tests.rehearsal import kit, stub

MAKING = page.Making("mplp rehearse small", 'name = "small" # <&>', False)
VOID = {"meta", "br", "img", "hr", "link", "input"}


class _Page(HTMLParser):
    """Reads a page: its text, what it refers to, and whether every element is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.references, self.ids, self.classes, self.text = [], [], [], set(), []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "srcset"):
                self.references.append(value)
            if name == "id":
                self.ids.append(value)
            if name == "class":
                self.classes |= set(value.split())

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def _read(html):
    found = _Page()
    found.feed(html)
    assert found.open == []
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    scenario = kit.scenario(
        paths=6, rule_sets=list(RULE_SETS), variants=[kit.VARIANT | {"paths": 6}], sweeps=[kit.SWEEP]
    )
    return Results(scenario, campaign.run(parts_of(scenario), stub.simulate, tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def html(results):
    return page.html(results, verdicts(results), MAKING)


def test_RE_7_the_page_needs_nothing_else(html):
    found = _read(html)

    assert all(reference.startswith("#") for reference in found.references)
    assert "url(" not in html
    assert "@import" not in html
    assert not re.search(r"https?://", html)
    assert "default-src 'none'" in html


def test_the_links_of_the_answers_lead_to_the_verdicts(html):
    found = _read(html)
    targets = {reference.removeprefix("#") for reference in found.references}

    assert targets == {question.name for question in QUESTIONS}
    assert targets <= set(found.ids)
    assert len(found.ids) == len(set(found.ids))


def test_the_page_opens_with_the_verdicts_and_ends_with_how_it_was_made(html):
    assert html.index('id="verdicts"') < html.index('id="plots"') < html.index('id="made"')
    assert "mplp rehearse small" in html
    assert "&lt;&amp;&gt;" in html


def test_every_answer_of_the_page_is_the_verdicts_own(html, results):
    listed = re.findall(r'<a href="#([\w-]+)"><span class="chip t-[\w-]+"><span lang="en">([\w ]+)</span>', html)

    assert dict(listed) == {verdict.name: ANSWERS[verdict.answer].en for verdict in verdicts(results)}


def test_both_languages_are_whole(html):
    """Every text in one language stands beside its other: as many spans of each, and none is empty of words."""
    english = re.findall(r'<span lang="en">(.*?)</span>', html, re.S)
    chinese = re.findall(r'<span lang="zh">(.*?)</span>', html, re.S)

    assert len(english) == len(chinese)
    for en, zh in zip(english, chinese, strict=True):
        if re.search("[a-z]{4}", en) and "bitasset" not in en and "min" not in en and "_" not in en and en != "lmcr":
            assert re.search("[\u4e00-\u9fff]", zh), (en, zh)


def test_chinese_texts_use_chinese_punctuation(html):
    for text in re.findall(r'<span lang="zh">(.*?)</span>', html, re.S):
        assert not re.search("[\u4e00-\u9fff][,;:?!(]", text), text


def test_every_class_of_a_mark_has_a_colour(html):
    style = (page.HERE / "style.css").read_text(encoding="utf-8")

    for name in {c for c in _read(html).classes if c.startswith("c-")}:
        assert f".{name} {{ --c:" in style


def test_the_same_runs_give_the_same_page(html, results):
    assert page.html(results, verdicts(results), MAKING) == html


def test_a_first_look_says_that_it_is_one(results):
    assert "A first look." in page.html(results, verdicts(results), MAKING._replace(is_quick=True))
    assert "A first look." not in page.html(results, verdicts(results), MAKING)


def test_the_page_says_what_the_colours_mean_why_few_paths_decide_nothing_and_through_what_wealth_changed(results):
    found = page.html(results, verdicts(results, ("slow_fall",)), MAKING._replace(is_quick=True))

    for words in (
        "</b>, in red, is what the proposal's critics fear or say;",
        "表示批评者的担忧或说法得到数字支持",
        "too few paths: none of 6 may still be up to 46 %",
        "路径太少：6 条中即使一条也没有，仍可能高达 46 %",
        "share of paths with more black swans than on today&#39;s chain",
        "黑天鹅次数多于现行规则的路径比例",
        "the change of holders&#39; wealth is",
        "by price moves of what they kept, and their own trades.",
        "抵押者财富变化对比现行规则为",
    ):
        assert words in found
    assert found.count('>Left out by --quick</span><span lang="zh">--quick 未计算<') == 2
    assert ">Not asked by this scenario<" in found


def test_who_won_and_who_lost_shows_intervals_and_colours_only_what_is_certain():
    rows = [(Words("r", "行"), [Interval(5, 1, 9, 9), Interval(-5, -9, 1, 9), Interval(-5, -9, -1, 9)])]
    words = [Words(c, c) for c in "abc"]
    made = charts.heat(words[0], words[1], words, rows, "count", Numbers(kit.scenario()), 1, around_zero=True)

    assert [(cell.text, cell.range, cell.tone) for cell in made.rows[0][1]] == [
        ("5", "1 … 9", "good"),
        ("−5", "−9 … 1", "plain"),
        ("−5", "−9 … −1", "bad"),
    ]


def test_one_rule_set_and_one_path_still_make_a_page(tmp_path):
    scenario = kit.scenario(paths=1, rule_sets=["shared"])
    results = Results(scenario, campaign.run(parts_of(scenario), stub.simulate, tmp_path))

    _read(page.html(results, verdicts(results), MAKING))


def test_a_sweep_is_a_grid_of_the_means_of_its_cells(results):
    grid = next(one for one in grids(results) if one.figure == "insurance_end_units")
    part = results.parts["lmcr-i2/1/2"]

    assert grid.means.shape == (3, 2)
    assert part.scenario.market_parameters.i2 * 10 == 4
    assert grid.means[2, 1] == results.values("lmcr-i2/1/2", "peer", "insurance_end_units").mean()
    assert grid.means[2, 1] == pytest.approx(4 * grid.means[0, 1], rel=1e-6)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1234.5, "1.23 k"),
        (-12.34, "−12.3"),
        (999, "999"),
        (0.05, "0.05"),
        (0.00012, "0.00012"),
        (2.5e9, "2.5 G"),
        (float("inf"), "∞"),
        (float("nan"), "–"),
        (100, "100"),
        (10, "10"),
    ],
)
def test_numbers_are_short(value, text):
    assert short(value) == text


def test_a_chart_of_ranges_holds_them_zero_and_the_threshold():
    numbers = Numbers(kit.scenario())
    rows = [(Words("a", "甲"), "peer", Interval(5, 4, 6, 9)), (Words("b", "乙"), "none", Interval(-5, -6, -4, 9))]
    chart = charts.ranges(rows, "count", numbers, threshold=8)

    first, second = chart.marks
    assert 0 < second.low < second.middle < second.high < chart.zero < first.low < first.middle < first.high
    assert first.high < chart.threshold < 100
    assert chart.same is None


def test_a_chart_in_which_nothing_differs_says_so():
    rows = [(Words("a", "甲"), name, Interval(0, 0, 0, 9)) for name in ("peer", "none")]

    assert charts.ranges(rows, "count", Numbers(kit.scenario())).same == Words("0", "0")


def test_one_path_has_a_bar_over_the_whole_track():
    chart = charts.ranges(
        [(Words("a", "甲"), "peer", Interval(5, -np.inf, np.inf, 1))], "count", Numbers(kit.scenario())
    )

    assert (chart.marks[0].low, chart.marks[0].high, chart.marks[0].range) == (0, 100, "?")


def test_lines_stay_on_their_plane():
    values = np.random.default_rng(1).normal(5, 1, (9, 1000))
    chart = charts.lines([(Words("a", "甲"), "peer", values, False)], "count", Numbers(kit.scenario()))
    places = [float(number) for number in re.findall(r"\d+", chart.lines[0].line + chart.lines[0].band)]

    assert 0 <= min(places) <= max(places) <= 1000
    assert chart.lines[0].line.count("L") == charts.POINTS_MOST - 1


def test_a_flat_line_is_drawn():
    charts.lines([(Words("a", "甲"), "peer", np.zeros((1, 48)), False)], "count", Numbers(kit.scenario()))


def test_a_heat_map_colours_by_what_is_better():
    def tones(better, around_zero):
        rows = [(Words("r", "行"), [-2.0, 0.0, 1.0, float("nan")])]
        words = [Words(c, c) for c in "abcd"]
        made = charts.heat(
            words[0], words[1], words, rows, "count", Numbers(kit.scenario()), better, around_zero=around_zero
        )
        return [(cell.tone, cell.strength) for cell in made.rows[0][1]]

    assert tones(1, True) == [("bad", 100), ("plain", 0), ("good", 50), ("plain", 0)]
    assert [tone for tone, _ in tones(-1, True)] == ["good", "plain", "bad", "plain"]
    assert tones(-1, False) == [("plain", 0), ("plain", 67), ("plain", 100), ("plain", 0)]


@pytest.mark.parametrize(
    ("answer", "is_concern", "tone"),
    [
        (Answer.YES, True, "bad"),
        (Answer.NO, True, "good"),
        (Answer.YES, False, "plain"),
        (Answer.UNDECIDED, True, "undecided"),
        (Answer.NOT_ASKED, False, "not-asked"),
    ],
)
def test_a_concern_that_is_borne_out_is_bad(answer, is_concern, tone):
    assert page.tone(answer, is_concern) == tone

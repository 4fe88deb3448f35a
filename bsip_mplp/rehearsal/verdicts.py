"""A verdict on each open question of the seed (RE-6): it follows from figures by a criterion that stands beside it.

A question is put so that "yes" is what the proposal's critics fear or say, but for predictions of the draft. Each
claim of its criterion is decided by an interval alone; where one spans both answers, so does the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.parts import BASE
from bsip_mplp.rehearsal.results import Results, Values
from bsip_mplp.rehearsal.statistics import PATHS_LEAST, Answer, Interval, share
from bsip_mplp.rehearsal.words import FIGURES, RULE_SETS, Words

FLIPPED = {Answer.YES: Answer.NO, Answer.NO: Answer.YES}
SIGNS: dict[str, Callable[[Interval, float], Answer]] = {
    ">": lambda found, threshold: found.over(threshold),
    "<": lambda found, threshold: found.under(threshold),
    "≥": lambda found, threshold: FLIPPED.get(found.under(threshold), Answer.UNDECIDED),
    "≤": lambda found, threshold: FLIPPED.get(found.over(threshold), Answer.UNDECIDED),
}
"""How a claim compares its interval with its threshold."""


class Claim(NamedTuple):
    """One thing measured and what would make it speak for "yes"."""

    words: Words
    interval: Interval
    unit: str
    sign: str
    threshold: float
    is_share_of_paths: bool = False

    @property
    def answer(self) -> Answer:
        """Whether it speaks for "yes": only where the whole interval is on one side of the threshold."""
        return SIGNS[self.sign](self.interval, self.threshold)

    @property
    def lacks_paths(self) -> Words | None:
        """Why it was undecided from the start, if it was: there are too few paths, whatever they show."""
        count = self.interval.paths
        if self.answer is not Answer.UNDECIDED or not count:
            return None
        if count < PATHS_LEAST:
            return Words(f"fewer than {PATHS_LEAST} paths", f"路径少于 {PATHS_LEAST} 条")
        least = share(np.zeros(count, dtype=bool)).high
        if not self.is_share_of_paths or least <= self.threshold:
            return None
        most = f"{100 * least:.0f} %"
        return Words(
            f"too few paths: none of {count} may still be up to {most}",
            f"路径太少：{count} 条中即使一条也没有，仍可能高达 {most}",
        )


class Judged(NamedTuple):
    """What one rule set's claims come to."""

    rule_set: str
    answer: Answer
    claims: tuple[Claim, ...]
    change: tuple[Fact, ...] = ()
    """What made up a difference that counts: the whole first, then its parts."""


class Fact(NamedTuple):
    """A figure shown beside a verdict that does not decide it."""

    words: Words
    interval: Interval
    unit: str


class Verdict(NamedTuple):
    """A question, its answer and what the answer rests on."""

    name: str
    source: Words
    question: Words
    criterion: Words
    answer: Answer
    part: Words | None
    """The variant that was asked, if it was not the scenario itself."""
    judged: tuple[Judged, ...]
    """The answer is that of the first; the others are the same question for other rule sets."""
    facts: tuple[Fact, ...]
    paths: int
    is_concern: bool
    """Whether "yes" is what the critics fear; else it is a prediction of the draft."""


class View(NamedTuple):
    """One part of the results under one rule set, as the criteria look at it."""

    results: Results
    part: str
    rule_set: str

    def versus(self, figure: str, sign: str, threshold: float = 0.0, against: str = "none") -> Claim:
        """A claim about the difference of a figure to another rule set, path by path."""
        found = self.results.difference(self.part, self.rule_set, figure, against)
        words, unit, _ = FIGURES[figure]
        # a difference of two shares is in points: 5 % less of 20 % would be 19 %
        return Claim(_compared(words, against), found, "points" if unit == "share" else unit, sign, threshold)

    def average(self, figure: str, sign: str, threshold: float) -> Claim:
        """A claim about a figure's mean."""
        words, unit, _ = FIGURES[figure]
        return Claim(words, self.results.mean(self.part, self.rule_set, figure), unit, sign, threshold)

    def more_than_none(self, figure: str, sign: str, threshold: float) -> Claim:
        """A claim about the share of paths in which there is more of a figure than on today's chain."""
        found = self.results.share_above_none(self.part, self.rule_set, figure)
        words = FIGURES[figure].words
        text = Words(f"share of paths with more {words.en} than on today's chain", f"{words.zh}多于现行规则的路径比例")
        return Claim(text, found, "share", sign, threshold, is_share_of_paths=True)

    def among(
        self, when: str, figure: str, hit: Callable[[Values], NDArray[np.bool_]], words: Words, threshold: float
    ) -> Claim:
        """A claim about the share of paths in which a figure is so, of those in which `when` is over 0."""
        came_up = self.results.values(self.part, self.rule_set, when) > 0
        found = share(hit(self.results.values(self.part, self.rule_set, figure))[came_up])
        return Claim(words, found, "share", ">", threshold, is_share_of_paths=True)

    def group_versus(self, group: str, figure: str, words: Words, unit: str, sign: str, against: str = "none") -> Claim:
        """A claim about the difference of a group's figure to another rule set."""
        found = self.results.group_difference(self.part, self.rule_set, group, figure, against)
        return Claim(_compared(words, against), found, unit, sign, 0.0)

    def change(self, *figures: str) -> tuple[Fact, ...]:
        """Differences to today's chain: of a figure, and of the parts that it is made of."""
        found = [(FIGURES[figure], self.results.difference(self.part, self.rule_set, figure)) for figure in figures]
        return tuple(Fact(figure.words, difference, figure.unit) for figure, difference in found)

    def fact(self, figure: str, rule_set: str | None = None) -> Fact:
        """A figure's mean, to stand beside a verdict."""
        words, unit, _ = FIGURES[figure]
        chosen = rule_set or self.rule_set
        return Fact(_under(words, chosen), self.results.mean(self.part, chosen, figure), unit)

    def values(self, figure: str, rule_set: str | None = None) -> Values:
        """A figure, one value for each path."""
        return self.results.values(self.part, rule_set or self.rule_set, figure)


def _compared(words: Words, against: str) -> Words:
    other = RULE_SETS[against]
    return Words(f"{words.en}, against “{other.en}”", f"{words.zh}，对比“{other.zh}”")


def _under(words: Words, rule_set: str) -> Words:
    chosen = RULE_SETS[rule_set]
    return Words(f"{words.en}, “{chosen.en}”", f"{words.zh}，“{chosen.zh}”")


class Question(NamedTuple):
    """A question of the seed, and how it is decided."""

    name: str
    source: Words
    question: Words
    criterion: Words
    claims: Callable[[View], list[Claim]]
    combine: Callable[[list[Answer]], Answer]
    rule_sets: tuple[str, ...]
    """Those that are judged; the first of them that was run gives the answer."""
    role: str = BASE
    """The variant that brings the question up, or the scenario itself."""
    needs: tuple[str, ...] = ("none",)
    """Rule sets that the criterion compares with."""
    groups: tuple[str, ...] = ()
    """Groups of users that there must be."""
    facts: Callable[[View], list[Fact]] = lambda view: []
    change: tuple[str, ...] = ()
    """A figure whose difference to today's chain counts, then the figures that it is made of."""
    is_concern: bool = True


def judge(question: Question, results: Results, left_out: Collection[str] = ()) -> Verdict:
    """The verdict on a question; "not asked" where the scenario does not bring it up.

    `left_out` has the roles of the variants that the scenario has and that were not run.
    """
    part = part_for(question.role, results)
    judged = []
    for rule_set in question.rule_sets if part is not None else ():
        if part is not None and _can(question, results, part, rule_set):
            view = View(results, part, rule_set)
            claims = tuple(question.claims(view))
            if claims:
                answer = question.combine([claim.answer for claim in claims])
                judged.append(Judged(rule_set, answer, claims, view.change(*question.change)))
    shown = View(results, part, judged[0].rule_set) if part is not None and judged else None
    unasked = Answer.LEFT_OUT if part is None and question.role in left_out else Answer.NOT_ASKED
    return Verdict(
        question.name,
        question.source,
        question.question,
        question.criterion,
        judged[0].answer if judged else unasked,
        title_of(results, part) if part not in (None, BASE) else None,
        tuple(judged),
        tuple(question.facts(shown)) if shown is not None else (),
        len(results.results(shown.part, shown.rule_set)) if shown is not None else 0,
        question.is_concern,
    )


def _can(question: Question, results: Results, part: str, rule_set: str) -> bool:
    return all(
        results.has(part, name) and all(results.has_group(part, name, group) for group in question.groups)
        for name in (rule_set, *question.needs)
    )


def part_for(role: str, results: Results) -> str | None:
    """The part that plays a role: a variant, or the scenario itself if it is of that kind; None if none does."""
    scenario = results.scenario
    if role == BASE:
        return BASE
    named = next((v.name for v in scenario.variants if v.role == role and v.name in results.parts), None)
    fits = scenario.path.kind == role or (role == "attack" and bool(scenario.attackers))
    return named or (BASE if fits else None)


def title_of(results: Results, part: str | None) -> Words:
    """What a part is called."""
    found = next((v for v in results.scenario.variants if v.name == part), results.scenario)
    return Words(found.title_en, found.title_zh)

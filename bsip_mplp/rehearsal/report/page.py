"""The report as one HTML file that needs nothing else: no request leaves it, on a desktop or a phone (RE-7)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from bsip_mplp.rehearsal.report import charts
from bsip_mplp.rehearsal.report.charts import RangeChart
from bsip_mplp.rehearsal.report.numbers import Numbers
from bsip_mplp.rehearsal.report.plots import plots_of
from bsip_mplp.rehearsal.results import Results
from bsip_mplp.rehearsal.statistics import LEVEL, PATHS_LEAST, Answer
from bsip_mplp.rehearsal.store import engine_digest
from bsip_mplp.rehearsal.verdicts import Claim, Fact, Judged, Verdict
from bsip_mplp.rehearsal.words import ANSWERS, RULE_SETS, Words

HERE = Path(__file__).parent
FILE = "report.html"


class Making(NamedTuple):
    """How the figures were made, so that another person gets the same."""

    command: str
    source: str
    """The scenario's file, as it stands."""
    is_quick: bool


def write(results: Results, verdicts: list[Verdict], making: Making, directory: Path) -> Path:
    """Write the report; its path. The same runs give the same bytes."""
    path = directory / FILE
    path.write_text(html(results, verdicts, making), encoding="utf-8")
    return path


def html(results: Results, verdicts: list[Verdict], making: Making) -> str:
    """The page as text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.lstrip_blocks = True
    numbers = Numbers(results.scenario)
    return environment.get_template("report.html.j2").render(
        style=(HERE / "style.css").read_text(encoding="utf-8"),
        script=(HERE / "script.js").read_text(encoding="utf-8"),
        scenario=results.scenario,
        verdicts=[_card(verdict, numbers) for verdict in verdicts],
        plots=plots_of(results),
        making=making,
        facts=_facts(results),
        least=PATHS_LEAST,
        level=round(100 * LEVEL),
    )


def _facts(results: Results) -> dict[str, Any]:
    base = results.scenario
    return {
        "runs": len(results.runs),
        "user_steps": sum(run.result.figures["user_steps"] for run in results.runs),
        "rule_sets": [RULE_SETS[name] for name in base.rule_sets],
        "users": base.users.total,
        "engine": engine_digest(),
        "versions": {name: version(name) for name in ("bsip-mplp", "numpy", "scipy")},
    }


def _card(verdict: Verdict, numbers: Numbers) -> dict[str, Any]:
    """A verdict as the template shows it."""
    return {
        "name": verdict.name,
        "source": verdict.source,
        "question": verdict.question,
        "criterion": verdict.criterion,
        "answer": ANSWERS[verdict.answer],
        "left_out": verdict.answer is Answer.LEFT_OUT,
        "tone": tone(verdict.answer, verdict.is_concern),
        "part": verdict.part,
        "paths": verdict.paths,
        "judged": [_judged(one, verdict, numbers) for one in verdict.judged],
        "facts": [_fact(fact, numbers) for fact in verdict.facts],
    }


def _judged(judged: Judged, verdict: Verdict, numbers: Numbers) -> Mapping[str, Any]:
    return {
        "rule_set": RULE_SETS[judged.rule_set],
        "answer": ANSWERS[judged.answer],
        "tone": tone(judged.answer, verdict.is_concern),
        "claims": [_claim(claim, judged.rule_set, verdict, numbers) for claim in judged.claims],
        "change": _change(judged.change, numbers),
    }


def _claim(claim: Claim, rule_set: str, verdict: Verdict, numbers: Numbers) -> Mapping[str, Any]:
    threshold = numbers.text(claim.threshold, claim.unit)
    return {
        "words": claim.words,
        "chart": _chart(claim, rule_set, numbers),
        "wants": Words(f"{claim.sign} {threshold.en}", f"{claim.sign} {threshold.zh}"),
        "answer": ANSWERS[claim.answer],
        "tone": tone(claim.answer, verdict.is_concern),
        "paths": claim.interval.paths,
        "lacks": claim.lacks_paths,
    }


def _change(change: tuple[Fact, ...], numbers: Numbers) -> Words | None:
    """A difference and what it is made of, as one sentence."""
    if not change:
        return None
    texts = [numbers.text(fact.interval.middle, fact.unit) for fact in change]
    whole, *parts = [(fact.words, text) for fact, text in zip(change, texts, strict=True)]
    signs = ["+" if fact.interval.middle > 0 else "" for fact in change[1:]]
    en = "; ".join(f"{sign}{text.en} by {words.en}" for sign, (words, text) in zip(signs, parts, strict=True))
    zh = "；".join(f"{words.zh} {sign}{text.zh}" for sign, (words, text) in zip(signs, parts, strict=True))
    return Words(
        f"Where it comes from: the {whole[0].en} is {whole[1].en} against today's chain, of that {en}.",
        f"来源：{whole[0].zh}对比现行规则为 {whole[1].zh}，其中{zh}。",
    )


def _chart(claim: Claim, rule_set: str, numbers: Numbers) -> RangeChart | None:
    if not claim.interval.paths:
        return None
    return charts.ranges([(claim.words, rule_set, claim.interval)], claim.unit, numbers, claim.threshold)


def _fact(fact: Fact, numbers: Numbers) -> Mapping[str, Any]:
    return {
        "words": fact.words,
        "text": numbers.text(fact.interval.middle, fact.unit),
        "range": numbers.range(fact.interval, fact.unit),
    }


def tone(answer: Answer, is_concern: bool) -> str:
    """How an answer is coloured: a concern that is borne out is bad, one that is not is good."""
    if answer in (Answer.UNDECIDED, Answer.NOT_ASKED, Answer.LEFT_OUT):
        return answer.value.replace(" ", "-")
    if not is_concern:
        return "plain"
    return "bad" if answer is Answer.YES else "good"

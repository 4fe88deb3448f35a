"""The plots of the report, in its order: what each shows, from which runs."""

from __future__ import annotations

from typing import Any, NamedTuple

from bsip_mplp.rehearsal.parts import BASE
from bsip_mplp.rehearsal.report import charts
from bsip_mplp.rehearsal.report.charts import HeatMap, LineChart, RangeChart, Row
from bsip_mplp.rehearsal.report.numbers import Numbers
from bsip_mplp.rehearsal.results import Results
from bsip_mplp.rehearsal.scenario import Axis
from bsip_mplp.rehearsal.statistics import Interval, mean
from bsip_mplp.rehearsal.sweeps import grids
from bsip_mplp.rehearsal.verdicts import part_for, title_of
from bsip_mplp.rehearsal.words import FIGURES, GROUPS, LENDING, RULE_SETS, Words


class Plot(NamedTuple):
    """A plot: what it shows, what to know when reading it, and one or more charts, each with its own heading."""

    title: Words
    note: Words
    charts: tuple[tuple[Words, RangeChart | LineChart | HeatMap], ...]


MEANS = Words(
    "Dot: mean over paths. Bar: 95 % interval of that mean.", "圆点：各路径平均值。横条：该平均值的 95% 区间。"
)
BANDS = Words("Line: median over paths. Band: the middle 80 % of paths.", "实线：各路径中位数。色带：中间 80% 的路径。")


def plots_of(results: Results) -> list[Plot]:
    """All plots that the runs can fill."""
    numbers = Numbers(results.scenario)
    made = [
        _by_rule_set(
            results,
            numbers,
            Words("Margin calls", "强平"),
            ("called_positions_share", "collateral_sold_units", "chosen_calls"),
        ),
        _by_rule_set(
            results,
            numbers,
            Words("Bad debt and the inside price", "坏账与内盘价格"),
            ("bad_debt_units", "black_swans", "price_fall_inside_permille"),
        ),
        _funds(results, numbers),
        _prices(results, numbers),
        _auctions(results, numbers),
        _won_and_lost(results, numbers),
        _large_and_small(results, numbers),
        _liquidity(results, numbers),
        _rates(results, numbers),
        *_sweeps(results, numbers),
    ]
    return [plot for plot in made if plot.charts]


def _row(rule_set: str, found: Interval) -> Row:
    return RULE_SETS[rule_set], rule_set, found


def _by_rule_set(
    results: Results, numbers: Numbers, title: Words, figures: tuple[str, ...], only: tuple[str, ...] = ()
) -> Plot:
    """Means of some figures, one chart each, a row for each rule set."""
    chosen = [name for name in results.rule_sets() if not only or name in only]
    drawn = []
    for figure in figures if chosen else ():
        rows = [_row(name, results.mean(BASE, name, figure)) for name in chosen]
        drawn.append((FIGURES[figure].words, charts.ranges(rows, FIGURES[figure].unit, numbers)))
    return Plot(title, MEANS, tuple(drawn))


def _auctions(results: Results, numbers: Numbers) -> Plot:
    figures = ("auctions_held", "auctions_won", "auctions_unsold", "auctions_overtaken", "black_positions")
    return _by_rule_set(results, numbers, Words("Auctions and what became of them", "拍卖及其结果"), figures, LENDING)


def _funds(results: Results, numbers: Numbers) -> Plot:
    """The insurance fund over time."""
    lending = [name for name in results.rule_sets() if name in LENDING]
    series = [(RULE_SETS[n], n, results.series(BASE, n, "insurance_units"), False) for n in lending]
    title = Words("The insurance fund over time", "保险金随时间的变化")
    return Plot(
        title, BANDS, ((_in("bitasset", numbers), charts.lines(series, "bitasset", numbers)),) if series else ()
    )


def _in(unit: str, numbers: Numbers) -> Words:
    suffix = numbers.suffix(unit)
    return Words(f"in{suffix.en}", f"单位：{suffix.zh.strip()}")


def _prices(results: Results, numbers: Numbers) -> Plot:
    """Outside and inside prices, with and without lending; and the one path in which the inside fell deepest."""
    title = Words("Prices with and without lending", "有无借贷时的价格路径")
    chosen = next((name for name in LENDING if results.has(BASE, name)), None)
    if chosen is None or not results.has(BASE, "none"):
        return Plot(title, BANDS, ())
    deepest = int(results.values(BASE, "none", "price_fall_inside_permille").argmax())
    drawn = []
    for heading, rows in (
        (Words("All paths", "全部路径"), slice(None)),
        (Words("The path with the deepest fall inside today", "现行规则下内盘跌得最深的路径"), [deepest]),
    ):
        series = [
            (Words("Outside", "外盘"), "outside", results.series(BASE, "none", "outside_price")[rows], True),
            *(
                (Words(f"Inside, {RULE_SETS[n].en}", f"内盘，{RULE_SETS[n].zh}"), n, inside[rows], False)
                for n in ("none", chosen)
                for inside in (results.series(BASE, n, "inside_price"),)
            ),
        ]
        drawn.append((heading, charts.lines(series, "price", numbers, from_zero=False)))
    return Plot(title, BANDS, tuple(drawn))


def _won_and_lost(results: Results, numbers: Numbers) -> Plot:
    """The wealth of each kind of user under each rule set, against today's chain."""
    title = Words("Who won and who lost", "谁赢谁输")
    note = Words(
        "Change of wealth against today's chain, mean of the paired differences, in ‰ of the wealth at the start; "
        "under it, the 95 % interval. Coloured where all of it is on one side of 0.",
        "与现行规则相比的财富变化（配对差的平均值），单位为期初财富的 ‰；下方为 95% 区间。"
        "整个区间在 0 的一侧时才着色。",
    )
    compared = [name for name in results.rule_sets() if name != "none"]
    if not compared or not results.has(BASE, "none"):
        return Plot(title, note, ())
    rows = []
    for group, words in GROUPS.items():
        if all(results.has_group(BASE, name, group) for name in ("none", *compared)):
            found = [results.group_difference(BASE, name, group, "wealth_change_permille") for name in compared]
            rows.append((words, found))
    columns = [RULE_SETS[name] for name in compared]
    kinds = Words("users", "用户")
    if not rows:
        return Plot(title, note, ())
    drawn = charts.heat(Words("", ""), kinds, columns, rows, "permille", numbers, better=1, around_zero=True)
    return Plot(title, note, ((Words("in ‰ of wealth", "财富的 ‰"), drawn),))


def _large_and_small(results: Results, numbers: Numbers) -> Plot:
    """RE-10: large and small holders."""
    drawn = []
    for group in ("large", "small"):
        rows = [
            _row(name, results.group_mean(BASE, name, group, "wealth_change_permille"))
            for name in results.rule_sets()
            if results.has_group(BASE, name, group)
        ]
        if rows:
            drawn.append((GROUPS[group], charts.ranges(rows, "permille", numbers)))
    return Plot(Words("Large and small holders: change of wealth", "大户与散户：财富变化"), MEANS, tuple(drawn))


def _liquidity(results: Results, numbers: Numbers) -> Plot:
    """RE-10: active and illiquid bitassets."""
    thin = part_for("illiquid", results)
    drawn = []
    for part in (BASE, thin) if thin is not None else ():
        for figure in ("called_positions_share", "bad_debt_units"):
            rows = [_row(name, results.mean(part, name, figure)) for name in results.rule_sets(part)]
            where = Words("Active bitasset", "活跃的锚定资产") if part == BASE else title_of(results, part)
            words = FIGURES[figure].words
            heading = Words(f"{where.en}: {words.en}", f"{where.zh}：{words.zh}")
            drawn.append((heading, charts.ranges(rows, FIGURES[figure].unit, numbers)))
    return Plot(Words("Active and illiquid bitassets", "活跃与流动性差的锚定资产"), MEANS, tuple(drawn))


def _rates(results: Results, numbers: Numbers) -> Plot:
    """RE-11: what lenders earn beside order-book lending, in falling and rising markets."""
    drawn = []
    for role in ("falling", "rising"):
        part = part_for(role, results)
        if part is None:
            continue
        lending = [name for name in LENDING if results.has(part, name)]
        rows = [_row(name, results.mean(part, name, "lenders_yield_per_year")) for name in lending]
        if rows:
            book = [results.values(part, name, "order_book_loan_rate_per_year") for name in lending]
            rows.append((FIGURES["order_book_loan_rate_per_year"].words, "outside", mean(book[0])))
            drawn.append((title_of(results, part), charts.ranges(rows, "rate", numbers)))
    title = Words("What lenders earn, beside order-book lending", "出借收益与挂单借贷（BSIP-70）对比")
    return Plot(title, MEANS, tuple(drawn))


def _sweeps(results: Results, numbers: Numbers) -> list[Plot]:
    """A heat map for each sweep and figure."""
    made: dict[str, list[tuple[Words, HeatMap]]] = {}
    for grid in grids(results):
        words, unit, better = FIGURES[grid.figure]
        columns = [_value(grid.sweep.x, value, numbers) for value in grid.sweep.x.values]
        rows = [(_value(grid.sweep.y, v, numbers), list(grid.means[row])) for row, v in enumerate(grid.sweep.y.values)]
        x, y = (Words(axis.key.split(".")[-1], axis.key.split(".")[-1]) for axis in (grid.sweep.x, grid.sweep.y))
        drawn = charts.heat(x, y, columns, rows, unit, numbers, better, around_zero=False)
        heading = _with_unit(words, numbers.suffix(unit))
        made.setdefault(grid.sweep.name, []).append((heading, drawn))
    plots = []
    for sweep in results.scenario.sweeps:
        used = RULE_SETS[sweep.rule_set]
        note = Words(
            f"“{used.en}”, means over {sweep.paths} paths. Darker: more.",
            f"“{used.zh}”，{sweep.paths} 条路径的平均值。颜色越深，数值越大。",
        )
        plots.append(Plot(Words(sweep.title_en, sweep.title_zh), note, tuple(made.get(sweep.name, ()))))
    return plots


def _with_unit(words: Words, suffix: Words) -> Words:
    """A figure's words with what it is measured in; a count has no unit."""
    return Words(f"{words.en},{suffix.en}", f"{words.zh}（{suffix.zh.strip()}）") if suffix.en else words


def _value(axis: Axis, value: Any, numbers: Numbers) -> Words:
    """A value of an axis: a round in minutes, a reserve by its bitasset, others as they stand in the scenario."""
    text = str(value)
    if axis.key.endswith("auction_round"):
        text = f"{value / 60:g} min"
    elif axis.key.endswith("insurance_reserve"):
        text = numbers.bare(value[1], "bitasset")
    return Words(text, text)

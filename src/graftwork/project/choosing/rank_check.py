"""Rankings held against what training gave: runs on the same images, strategy by strategy."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from graftwork.documents.flow import Flow
from graftwork.documents.ranking import (
    MEASURES,
    CheckedBase,
    MeasureAgreement,
    RankCheck,
    RankedBase,
    Ranking,
)
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import Interval, RunRecord, main_score
from graftwork.errors import RunError
from graftwork.project.choosing.rank_flows import data_flow, flow_on, named_bases

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = ["checked_ranking", "unchecked_flows"]

Split = Literal["test", "validation"]
_SPLITS: tuple[Split, ...] = ("test", "validation")
MIN_BASES = 3
_SURE = 0.05


def checked_ranking(project: Project, ranking: Ranking) -> Ranking:
    """Return a ranking with what the project's finished runs on the same images and splits say of it.

    Runs from scratch say nothing of a base and do not count; controls of the ranking are left out, since any
    measure knows that an untrained base is worse, and would seem to know more than it does.
    """
    rows = [row for row in ranking.bases if row.problem is None and not row.is_control]
    by_strategy = _records(project, ranking, {row.base for row in rows})
    checks = [
        made
        for strategy, records in by_strategy.items()
        for split in _SPLITS
        if (made := _check(strategy, split, records, rows)) is not None
    ]
    best: dict[Strategy, RankCheck] = {}
    for check in checks:  # test comes first; validation counts where fewer bases were tested
        if check.strategy not in best or len(check.bases) > len(best[check.strategy].bases):
            best[check.strategy] = check
    return ranking.edit(checks=tuple(sorted(best.values(), key=lambda c: -len(c.bases))))


def unchecked_flows(project: Project, ranking: Ranking, flow: Flow) -> tuple[Flow, ...]:
    """Return the flows that train the head alone on each ranked base, of which there is no such run yet.

    Args:
        project: whose runs count.
        ranking: of the flow's images.
        flow: reads the images.
    """
    rows = [row.base for row in ranking.bases if row.problem is None and not row.is_control]
    done = {_base_of(project, r) for r in _records(project, ranking, set(rows)).get("head_only", ())}
    plain = data_flow(flow)
    return tuple(flow_on(plain, base) for base in rows if base not in done)


def _records(project: Project, ranking: Ranking, bases: set[str]) -> dict[Strategy, list[RunRecord]]:
    found: dict[Strategy, list[RunRecord]] = defaultdict(list)
    for row in project.rows():
        if row["status"] != "finished" or row["strategy"] == "from_scratch":
            continue
        try:
            record = project.find(row["id"]).record
        except RunError:
            continue
        is_same = record.data is not None and record.data.digest == ranking.data_digest
        if is_same and record.metrics and _base_of(project, record) in bases:
            found[record.strategy].append(record)
    return found


def _base_of(project: Project, record: RunRecord) -> str:
    return named_bases(project, [record.base])[0]


def _check(
    strategy: Strategy, split: Split, records: Sequence[RunRecord], rows: Sequence[RankedBase]
) -> RankCheck | None:
    scores: dict[str, list[RunRecord]] = defaultdict(list)
    names = set()
    for record in records:
        if split in record.metrics:
            name, interval = main_score(record.metrics[split])
            if math.isfinite(interval.value):
                scores[record.base].append(record)
                names.add(name)
    if not scores or len(names) != 1:
        return None
    bases = sorted((_trained(base, split, runs) for base, runs in scores.items()), key=lambda b: -b.score)
    score_name = names.pop()
    agreements = tuple(found for m in MEASURES if (found := _agreement(m.name, bases, rows)) is not None)
    return RankCheck(
        strategy=strategy,
        split=split,
        score_name=score_name,
        bases=tuple(bases),
        agreements=agreements,
        verdict=_verdict(bases, agreements, strategy),
    )


def _trained(base: str, split: Split, records: Sequence[RunRecord]) -> CheckedBase:
    intervals = [main_score(record.metrics[split])[1] for record in records]
    return CheckedBase(
        base=base,
        runs=tuple(record.run for record in records),
        score=fmean(i.value for i in intervals),
        interval=Interval(
            value=fmean(i.value for i in intervals),
            low=fmean(i.low for i in intervals),
            high=fmean(i.high for i in intervals),
        ),
    )


def _agreement(
    measure: str, bases: Sequence[CheckedBase], rows: Sequence[RankedBase]
) -> MeasureAgreement | None:
    from graftwork.insight.transferability.agreement import rank_agreement

    told = {row.base: row.scores.get(measure) for row in rows}  # type: ignore[call-overload]
    both = [b for b in bases if (score := told.get(b.base)) is not None and math.isfinite(score)]
    if not both:
        return None
    pick = max(both, key=lambda b: told[b.base])
    found = rank_agreement([told[b.base] for b in both], [b.score for b in both])
    return MeasureAgreement.model_validate(
        {
            "measure": measure,
            "num": len(both),
            "pick": pick.base,
            "lost": max(b.score for b in both) - pick.score,
            **(
                {}
                if found is None
                else {
                    "kendall": found.kendall,
                    "spearman": found.spearman,
                    "weighted": found.weighted,
                    "kendall_chance": found.kendall_chance,
                    "spearman_chance": found.spearman_chance,
                    "is_exact": found.is_exact,
                }
            ),
        }
    )


def _verdict(bases: Sequence[CheckedBase], agreements: Sequence[MeasureAgreement], strategy: str) -> str:
    first = next(iter(agreements), None)
    if len(bases) < MIN_BASES or first is None:
        how = strategy.replace("_", " ")
        return (
            f"Training with {how} was done on {len(bases)} of the ranked bases; a rank correlation of fewer than "
            f"{MIN_BASES} means nothing."
        )
    words = next(m.words for m in MEASURES if m.name == first.measure)
    best, pick = bases[0], next(b for b in bases if b.base == first.pick)
    came = "which also trained best"
    if pick.score < best.score:
        came = f"training says {best.base}, {100 * first.lost:.1f} points better"
    close = ""
    if best.interval is not None and bases[-1].score >= best.interval.low:
        close = (
            " All of them lie within the best one's 95 % interval: training hardly tells them apart either."
        )
    if first.kendall is None or first.kendall_chance is None:
        return f"{words} would have chosen {first.pick}; {came}. There is no order to agree with.{close}"
    sure = "" if first.kendall_chance < _SURE else ", which chance alone may give"
    return (
        f"{words} would have chosen {first.pick}; {came}. τ = {first.kendall:+.2f} over {first.num} bases "
        f"(p = {first.kendall_chance:.3f}{sure}).{close}"
    )

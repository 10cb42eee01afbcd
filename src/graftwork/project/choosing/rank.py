"""Rank bases for some images before training: each looks at a sample once, and what is done is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.files import storing, write_atomically
from graftwork.documents.flow import Flow
from graftwork.documents.ranking import MEASURES, RankedBase, Ranking, RankMeasure
from graftwork.errors import BaseNotUsable, FlowError, RunInterrupted
from graftwork.project.choosing.rank_base import rank_base
from graftwork.project.choosing.rank_check import checked_ranking
from graftwork.project.choosing.rank_flows import candidates, data_flow, flow_on, key_of, named_bases
from graftwork.project.looks.depth import MAX_IMAGES, ProbedImages, choose_images
from graftwork.project.looks.inspection import Inspection

if TYPE_CHECKING:
    from graftwork.project.bench_state import BenchState
    from graftwork.project.project import Project

__all__ = ["rank_bases", "rank_task", "ranked_by", "stored_ranking"]

Told = Callable[[Any], None]
_BY: RankMeasure = "logme"
_REASON = (
    "By LogME: it uses every image for the fit, needs no held-out part, and has no setting to choose. Its "
    "values compare bases on these labels only; whether a score is good, the linear probe says."
)


def rank_task(state: BenchState, flow: Flow, bases: Sequence[str] | None, max_images: int) -> Ranking:
    """Return the ranking for a flow's images, for a page of the studio."""
    return rank_bases(state.project, flow, bases, max_images=max_images, stop=state.stop, tell=state.tell)


def rank_bases(
    project: Project,
    flow: Flow,
    bases: Sequence[str] | None = None,
    *,
    max_images: int = MAX_IMAGES,
    by: RankMeasure = _BY,
    stop: Callable[[], bool] = lambda: False,
    tell: Told = print,
) -> Ranking:
    """Measure bases on the training and validation images of a flow, and return them in order.

    Each row is written to ``rankings/KEY.json`` as soon as it is known, and never measured again as long as base,
    images and choices stay. Test images are never looked at.

    Args:
        project: where it is kept.
        flow: reads the images; nothing else of it matters but its seed, number format and image size.
        bases: base ids; those that are there without a download, if not given.
        max_images: at most so many images, each class by its share.
        by: measure to order by.
        stop: asked between steps; true ends the work.
        tell: told of progress and of what the user should know.

    Raises:
        UsageError: no images, or no base.
        FlowError: labels that are masks.
        DataError: fewer than two classes, or images that are not there.
        BaseNotUsable: no base at all could be measured.
        RunInterrupted: ``stop`` said so; rows that are done are kept.
    """
    plain = data_flow(flow)
    first = Inspection(project, plain)
    probed = choose_images(first, max_images)
    found, notes = candidates(project, first.data_digest or "") if bases is None else (tuple(bases), ())
    wanted = named_bases(project, found)
    ranking = _begun(first, probed, len(wanted), notes)
    path = _path(project, plain)
    rows: list[RankedBase] = []
    for base in wanted:
        _write(path, _ordered(ranking.edit(bases=tuple(rows)), by))
        tell(f"{len(rows) + 1}/{len(wanted)}: {base}")
        inside = Inspection(project, flow_on(plain, base), tell=tell, stop=stop)
        inside.images = first.images  # opened once for all
        try:
            inside.check_stop()
            rows.append(rank_base(inside, probed, base))
        except RunInterrupted:
            _write(path, _ordered(ranking.edit(bases=tuple(rows), status="stopped"), by))
            raise
    made = _ordered(ranking.edit(bases=tuple(rows), status="finished"), by)
    if made.best is None and all(row.problem for row in rows):
        raise BaseNotUsable(f"No base could be measured. {rows[0].base}: {rows[0].problem}")
    made = checked_ranking(project, made)
    _write(path, made)
    return made


def _begun(first: Inspection, probed: ProbedImages, total: int, notes: tuple[str, ...]) -> Ranking:
    return Ranking(
        source=first.images.source,
        data_digest=first.data_digest or "",
        label_kind=probed.kind,
        score_name="r2" if probed.kind == "number" else "balanced_accuracy",
        num_images=len(probed.indices),
        num_available=probed.num_available,
        protocol=probed.folds.protocol,
        chance=0.0 if probed.kind == "number" else 1 / probed.num_classes,
        total=total,
        notes=(*probed.notes, *notes),
    )


def ranked_by(ranking: Ranking, by: RankMeasure) -> Ranking:
    """Return a ranking ordered by a measure; bases without it come after those with it, failed ones last."""
    return _ordered(ranking, by)


def _ordered(ranking: Ranking, by: RankMeasure) -> Ranking:
    words = next(m.words for m in MEASURES if m.name == by)
    rows = sorted(
        ranking.bases, key=lambda r: (r.problem is not None, by not in r.scores, -r.scores.get(by, 0.0))
    )
    usable = [r for r in rows if r.problem is None and not r.is_control]
    picks = {
        m.name: max(with_it, key=lambda r: r.scores[m.name]).base
        for m in MEASURES
        if (with_it := [r for r in usable if m.name in r.scores])
    }
    best = picks.get(by)
    return ranking.edit(
        bases=tuple(rows),
        by=by,
        reason=_REASON if by == _BY else f"By {words}, as was asked for.",
        best=best,
        picks=picks,
    )


def stored_ranking(project: Project, flow: Flow) -> Ranking | None:
    """Return the ranking that is kept for a flow's images, with what runs say of it by now; None without one.

    Raises:
        UsageError, FlowError: images that cannot be ranked for.
    """
    path = _path(project, data_flow(flow))
    try:
        kept = Ranking.parse(json.loads(path.read_text(encoding="utf-8")), name=str(path))
    except (OSError, ValueError, FlowError):
        return None
    made = checked_ranking(project, kept)
    if made != kept and kept.status == "finished":
        _write(path, made)
    return made


def _path(project: Project, plain: Flow) -> Path:
    return project.root / "rankings" / f"{key_of(plain)}.json"


def _write(path: Path, ranking: Ranking) -> None:
    with storing("The ranking", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, ranking.model_dump_json())

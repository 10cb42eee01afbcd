"""What measuring a learning curve will take, before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graftwork.documents.learning_curve import CurveChoices, CurveCost, CurveEstimate
from graftwork.project.looks.curve_runs import Point, PointKind, done_run, of_kind, points_of
from graftwork.project.sources import images_settings_of

if TYPE_CHECKING:
    from graftwork.engine.prepare import Prepared
    from graftwork.project.looks.inspection import Inspection
    from graftwork.project.run import Run

__all__ = ["estimate_curve", "labels_at", "seconds_of"]

_START_SECONDS = 2.0
"""Of each run: opening the data and the base, scoring."""


def estimate_curve(look: Inspection, run: Run, choices: CurveChoices) -> CurveEstimate:
    """Return what is to be run and about how long it takes on this machine.

    Args:
        look: into the run.
        run: the run that is looked into.
        choices: what is to be measured.

    Raises:
        UsageError: the flow has no backbone.
        DataError: the images are not there any more.
    """
    points = points_of(run, choices)
    seconds = seconds_of(look, points)
    costs = []
    for share in choices.shares:
        for kind in ("transfer", "scratch"):
            here = of_kind(points, kind, share)
            open_ = [p for p in here if done_run(look.project, run, p) is None]
            if here:
                costs.append(
                    CurveCost(
                        strategy=here[0].strategy,
                        share=share,
                        num_labels=labels_at(look, share),
                        seconds=sum(seconds[p] for p in open_),
                        done=len(here) - len(open_),
                    )
                )
    num = len(points) - sum(cost.done for cost in costs)
    return CurveEstimate(seconds=sum(c.seconds for c in costs), num_runs=num, costs=tuple(costs))


def labels_at(look: Inspection, share: float) -> int:
    """Return about how many training images a share has."""
    own = images_settings_of(look.flow).train_share
    return max(1, round(len(look.images.of_split("train")) * share / own))


def seconds_of(look: Inspection, points: tuple[Point, ...]) -> dict[Point, float]:
    """Return the estimated seconds of each run of a curve, as if none were done.

    What a frozen base makes of an image is stored and shared, so it counts for the first run that has the image.
    """
    prepared: dict[PointKind, Prepared] = {}
    widest: dict[tuple[PointKind, int], float] = {}
    found = {}
    for point in points:
        if point.kind not in prepared:
            prepared[point.kind] = _prepared(look, point)
        here = prepared[point.kind]
        is_augmented = here.augmenter.kind != "none"  # then each seed has views of its own
        key = (point.kind, point.number if is_augmented else 0)
        new = max(0.0, point.share - widest.get(key, 0.0))
        widest[key] = max(point.share, widest.get(key, 0.0))
        found[point] = _START_SECONDS + _training(look, here, point.share) + _extraction(here, new)
    return found


def _prepared(look: Inspection, point: Point) -> Prepared:
    from graftwork.engine.prepare import prepare

    # On the images as they are: a share would have to be drawn anew, and decides nothing but counts.
    return prepare(point.flow, look.images, look.workspace, compute=None)


def _training(look: Inspection, prepared: Prepared, share: float) -> float:
    from graftwork.engine.estimate import epoch_seconds

    plan = prepared.plan
    counts = {**plan.num_images, "train": labels_at(look, share)}
    counts.setdefault("validation", 0)
    return sum(p.epochs * epoch_seconds(prepared.network, p, counts, plan.compute) for p in plan.phases)


def _extraction(prepared: Prepared, new_share: float) -> float:
    from graftwork.engine.estimate import extract_seconds

    return new_share * extract_seconds(prepared.plan.cache, prepared.plan.compute)

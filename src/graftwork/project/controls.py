"""What transfer gave: a run against its controls, and the flows that make these controls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from graftwork.documents.controls import ControlRow, Controls
from graftwork.documents.events import Event
from graftwork.documents.flow import Flow, Node
from graftwork.documents.recipe import Strategy
from graftwork.documents.record import (
    AnomalyScores,
    AnyScores,
    Interval,
    NumberScores,
    RunRecord,
    Scores,
    TagScores,
    main_score,
)
from graftwork.errors import RunError, UsageError
from graftwork.project.looks.stored_scores import gain_over, gain_over_majority
from graftwork.project.run import Run

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = [
    "Control",
    "ControlRow",
    "Controls",
    "constant_score",
    "control_flow",
    "controls",
    "missing_controls",
    "run_controls",
]

Control = Literal["from_scratch", "head_only"]
_SPLITS: tuple[Literal["test", "validation"], ...] = ("test", "validation")
_WORDS = {"from_scratch": "trains from scratch", "head_only": "trains the head alone"}


def controls(project: Project, run_id: str) -> Controls:
    """Hold a run against a constant answer and against finished runs on the very same images and splits.

    Of several runs that would do as a control, those on the same base count first, then the one that scored
    best, so that the gain is not flattered.

    Args:
        project: that the run is in.
        run_id: id, its beginning, or name.

    Raises:
        RunNotFound: no such run.
    """
    run = project.find(run_id)
    record = run.record
    found = _scores_of(record)
    if found is None:
        return Controls(score_name=None, reason="The run has no scores yet.")
    split, scores = found
    name, interval = main_score(scores)
    peers = list(_peers(project.runs(), record, split, scores))
    scratch = _best(record, split, (p for p in peers if p.strategy == "from_scratch"))
    head_only = _best(record, split, (p for p in peers if p.strategy == "head_only"))
    majority = constant_score(scores)
    return Controls(
        score_name=name,
        split=split,
        score=interval.value,
        majority=majority,
        scratch=scratch,
        head_only=head_only,
        gain_over_scratch=_gain(record, "from_scratch", interval.value, scratch),
        gain_over_majority=None if majority is None else 100.0 * (interval.value - majority),
        gain_over_head_only=_gain(record, "head_only", interval.value, head_only),
        interval_over_scratch=_paired(project, run, "from_scratch", scratch, split),
        interval_over_majority=None if majority is None else gain_over_majority(run, split),
        interval_over_head_only=_paired(project, run, "head_only", head_only, split),
        missing=_missing(record, scratch, head_only),
        reason=_reason(record, scratch, head_only),
    )


def missing_controls(project: Project, run_id: str) -> tuple[Flow, ...]:
    """Return the flows of the controls that a run does not have yet; none where nothing was transferred.

    Raises:
        RunNotFound: no such run.
        UsageError: the run has no scores, or its flow has no backbone.
    """
    run = project.find(run_id)
    known = controls(project, run.id)
    if known.score_name is None:
        raise UsageError(
            f"The run {run.id} has no scores, so there is nothing to hold controls against.",
            hint=f"Finish it with graftwork runs resume {run.id}.",
        )
    return tuple(control_flow(run.flow, control) for control in known.missing)


def run_controls(
    project: Project,
    run_id: str,
    *,
    on_event: Callable[[Event], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Controls:
    """Run the controls that a run does not have yet, one after the other, and hold it against all of them.

    They are runs like any other, on the same images and splits, and share the feature cache. One that is
    stopped ends the rest.

    Raises:
        RunNotFound, UsageError: as ``missing_controls`` says.
        GraftworkError: a control failed.
    """
    for flow in missing_controls(project, run_id):
        if project.run(flow, on_event=on_event, stop=stop).status != "finished":
            break
    return controls(project, run_id)


def control_flow(flow: Flow, control: Strategy) -> Flow:
    """Return the flow of a control: the same data, parts and recipe, another strategy on each backbone.

    From scratch, the base is opened with random weights and all of it is trained; head only, all of it is
    frozen. Cuts and exceptions of single layers belong to the strategy that they came with, and go.

    Raises:
        UsageError: the flow has no backbone.
    """
    backbones = [node.id for node in flow.of_component("backbone")]
    if not backbones:
        raise UsageError(
            f"The flow '{flow.name}' has no backbone, so nothing in it was transferred.",
            hint="Controls are for flows with a pretrained base.",
        )
    nodes = tuple(_changed(node, control) if node.id in backbones else node for node in flow.nodes)
    return flow.edit(name=f"{flow.name}-{control}", nodes=nodes)


def _changed(node: Node, control: Strategy) -> Node:
    kept = {k: v for k, v in node.settings.items() if k not in ("cut", "freeze", "unfreeze")}
    return node.edit(settings={**kept, "strategy": control})


def _scores_of(record: RunRecord) -> tuple[Literal["test", "validation"], AnyScores] | None:
    return next(((split, record.metrics[split]) for split in _SPLITS if split in record.metrics), None)


def _peers(
    runs: Iterable[Run], record: RunRecord, split: Literal["test", "validation"], scores: AnyScores
) -> Iterable[RunRecord]:
    """Give the finished runs whose score on a split may be compared with the run's."""
    if record.data is None:
        return
    for run in runs:
        try:
            other = run.record
        except RunError:
            continue
        same_data = other.data is not None and other.data.digest == record.data.digest
        theirs = other.metrics.get(split)
        is_other = other.run != record.run and other.status == "finished"
        if is_other and same_data and theirs is not None and theirs.kind == scores.kind:
            yield other


def _best(
    record: RunRecord, split: Literal["test", "validation"], peers: Iterable[RunRecord]
) -> ControlRow | None:
    rows = [(_same_base(record, peer), main_score(peer.metrics[split])[1], peer) for peer in peers]
    if not rows:
        return None
    _, interval, best = max(rows, key=lambda row: (row[0], row[1].value))
    seconds = best.cost.seconds if best.cost else None
    return ControlRow(run=best.run, name=best.name, score=interval.value, interval=interval, seconds=seconds)


def _paired(
    project: Project, run: Run, control: Control, row: ControlRow | None, split: Literal["test", "validation"]
) -> Interval | None:
    if row is None or run.record.strategy == control:
        return None
    try:
        return gain_over(run, project.find(row.run), split)
    except RunError:  # the control was deleted in the meantime
        return None


def _same_base(one: RunRecord, other: RunRecord) -> bool:
    return one.base.removeprefix("random:") == other.base.removeprefix("random:")


def constant_score(scores: AnyScores) -> float | None:
    """Return what a constant answer scores on the main score; None where the record does not say it."""
    match scores:
        case Scores():
            return scores.majority_accuracy
        case TagScores():
            return scores.baseline_average_precision
        case AnomalyScores():
            return 0.5
        case NumberScores():
            return 0.0  # the mean explains nothing of the variance
        case _:
            return None


def _gain(record: RunRecord, control: Control, score: float, row: ControlRow | None) -> float | None:
    """Return the points above a control; none for a run that is such a control itself."""
    return None if row is None or record.strategy == control else 100.0 * (score - row.score)


def _missing(
    record: RunRecord, scratch: ControlRow | None, head_only: ControlRow | None
) -> tuple[Control, ...]:
    if record.strategy == "from_scratch" or record.base == "none":
        return ()
    missing: list[Control] = [] if scratch is not None else ["from_scratch"]
    if record.strategy != "head_only" and head_only is None:
        missing.append("head_only")
    return tuple(missing)


def _reason(record: RunRecord, scratch: ControlRow | None, head_only: ControlRow | None) -> str:
    if record.strategy == "from_scratch":
        return "This run is itself trained from scratch: nothing was transferred."
    if record.base == "none":
        return "This run has no pretrained base: nothing was transferred."
    missing = _missing(record, scratch, head_only)
    if not missing:
        return ""
    words = " or ".join(_WORDS[m] for m in missing)
    return f"No finished run on the same images and splits {words} yet."

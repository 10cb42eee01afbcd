"""The runs behind a learning curve: ordinary runs in a folder of the run that is asked about.

They lie in ``runs/ID/curve/``, one folder for each strategy, share and seed, so lists of runs stay short, deleting the
run deletes them, and what was measured once is never measured again, whatever is asked for next.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graftwork.documents.files import write_atomically
from graftwork.documents.flow import Flow, dump_flow
from graftwork.documents.learning_curve import CurveChoices
from graftwork.documents.recipe import Strategy
from graftwork.errors import RunError, UsageError
from graftwork.project.controls import control_flow
from graftwork.project.run import Run, strategy_of
from graftwork.project.sources import images_settings_of

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = ["CURVE", "Point", "PointKind", "done_run", "of_kind", "points_of", "ready", "tidy"]

CURVE = "curve"
"""Folder in a run's own."""

PointKind = Literal["transfer", "scratch"]
_HEAVY = ("weights.safetensors", "objective.safetensors", "checkpoint.pt")
"""What the scores do not need once a run is finished; without it a point takes kilobytes."""


@dataclass(frozen=True)
class Point:
    """One run of a learning curve.

    Args:
        kind: with transfer or from scratch.
        strategy: of its backbones.
        share: of the training labels.
        number: of the seed, from 0; seed 0 is the run's own.
        flow: what is run.
        path: its folder.
    """

    kind: PointKind
    strategy: Strategy
    share: float
    number: int
    flow: Flow = field(compare=False)
    path: Path

    @property
    def words(self) -> str:
        """What it is, for people."""
        how = "from scratch" if self.kind == "scratch" else self.strategy.replace("_", " ")
        return f"{how}, {100 * self.share:g} % of the labels, seed {self.number + 1}"


def points_of(run: Run, choices: CurveChoices) -> tuple[Point, ...]:
    """Return the runs of a learning curve in the order in which they are done: few labels first, as they are cheap.

    Raises:
        UsageError: the flow has no backbone, reads no images, or from scratch was asked for as transfer.
    """
    if choices.strategy == "from_scratch":
        raise UsageError(
            "Training from scratch is what transfer is held against, not a strategy of transfer.",
            hint="Choose head_only, or the run's own strategy.",
        )
    flow = run.flow
    transfer = flow if strategy_of(flow) == choices.strategy else control_flow(flow, choices.strategy)
    flows: dict[PointKind, Flow] = {"transfer": transfer}
    control = control_flow(flow, "from_scratch")  # also says what is wrong with a flow without a base
    if choices.scratch:
        flows["scratch"] = _with_epochs(control, choices.scratch_epochs)
    found = []
    for share in choices.shares:
        for kind, chosen in flows.items():
            for number in range(choices.seeds):
                strategy = strategy_of(chosen)
                made = _at(chosen, share, flow.recipe.seed + number, _split_seed(flow))
                name = f"{strategy}-{share:g}-seed{made.recipe.seed}-epochs{made.recipe.epochs}"
                found.append(Point(kind, strategy, share, number, made, run.path / CURVE / name))
    return tuple(found)


def done_run(project: Project, run: Run, point: Point) -> Run | None:
    """Return the finished run that answers a point: its own, or one of the project that did the very same."""
    return _finished(point) or _alike(project, run, point)


def _finished(point: Point) -> Run | None:
    """Return the point's own run when it is finished and still what is asked for."""
    run = Run(point.path)
    try:
        is_done = run.record.status == "finished" and _is_wanted(point)
    except (RunError, OSError):
        return None
    return run if is_done else None


def ready(point: Point) -> Run:
    """Make the point's folder, or leave it with what an earlier sitting left in it."""
    if point.path.is_dir() and not _is_wanted(point):
        shutil.rmtree(point.path)
    point.path.mkdir(parents=True, exist_ok=True)
    if not (point.path / "flow.yaml").is_file():
        write_atomically(point.path / "flow.yaml", dump_flow(point.flow))
    return Run(point.path)


def _is_wanted(point: Point) -> bool:
    """Whether what lies in the point's folder began with the flow that is asked for."""
    flow = point.path / "flow.yaml"
    return flow.is_file() and flow.read_text(encoding="utf-8") == dump_flow(point.flow)


def tidy(point: Point) -> None:
    """Take away what a finished point's scores do not need."""
    for name in _HEAVY:
        (point.path / name).unlink(missing_ok=True)


def _alike(project: Project, run: Run, point: Point) -> Run | None:
    """Return a finished run of the project that did the very same as a point that uses all labels.

    The run itself may be one, or its controls: what was trained already is not trained again.
    """
    if point.share < 1:
        return None
    wanted = _meaning(point.flow)
    for other in (run, *_others(project, run, point)):
        try:
            is_same = other.record.status == "finished" and _meaning(other.flow) == wanted
            has_scores = (other.path / "predictions.parquet").is_file()
            data, own = other.record.data, run.record.data
        except RunError:
            continue
        if is_same and has_scores and data is not None and own is not None and data.digest == own.digest:
            return other
    return None


def _others(project: Project, run: Run, point: Point) -> Iterator[Run]:
    """Give the other runs that may be alike by what the index says, so that few records are read."""
    wanted = {"status": "finished", "strategy": point.strategy, "seed": point.flow.recipe.seed}
    for row in project.rows():
        if row["id"] != run.id and all(row[name] == value for name, value in wanted.items()):
            yield Run(project.folder_of_runs / row["id"])


def _meaning(flow: Flow) -> tuple[Any, ...]:
    """Return what decides the numbers of a run: not names, layout, or a split seed that says what holds anyway."""
    seed = flow.recipe.seed
    nodes = []
    for node in flow.nodes:
        settings = dict(node.settings)
        if node.component == "images":
            if settings.get("split_seed") == seed:
                del settings["split_seed"]
            if settings.get("train_share") == 1:
                del settings["train_share"]
        nodes.append((node.id, node.component, sorted(settings.items(), key=str), node.is_bypassed))
    return nodes, list(flow.edges), flow.recipe


def _split_seed(flow: Flow) -> int:
    return images_settings_of(flow).seed_of_split(flow.recipe.seed)


def _with_epochs(flow: Flow, epochs: int | None) -> Flow:
    return flow if epochs is None else flow.edit(recipe=flow.recipe.edit(epochs=epochs))


def _at(flow: Flow, share: float, seed: int, split_seed: int) -> Flow:
    """Return the flow on a share of the training labels, with a seed of its own and the split of the run."""
    nodes = [
        node.edit(settings={**node.settings, "train_share": share, "split_seed": split_seed})
        if node.component == "images"
        else node
        for node in flow.nodes
    ]
    return flow.edit(nodes=tuple(nodes), recipe=flow.recipe.edit(seed=seed))


def of_kind(points: Sequence[Point], kind: PointKind, share: float) -> list[Point]:
    """Return the points of a curve at one share, by seed."""
    return [p for p in points if p.kind == kind and p.share == share]

"""The runs of a race: ordinary runs in a folder of its own, one for each lane and seed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from graftwork.documents.events import EpochEnded
from graftwork.documents.files import write_atomically
from graftwork.documents.flow import Flow, dump_flow
from graftwork.documents.recipe import Strategy
from graftwork.errors import RunError
from graftwork.project.controls import control_flow
from graftwork.project.run import Run
from graftwork.project.sources import images_settings_of

__all__ = ["ORDER", "PROBE", "Sitting", "lane_flow", "lane_run", "ready", "sitting_of", "with_seed"]

ORDER: tuple[Strategy, ...] = (
    "head_only",
    "some_layers",
    "most_layers",
    "all_layers",
    "probe_then_tune",
    "from_scratch",
)
"""Lanes in the order in which they run: what others start from and what is cheap comes first."""

PROBE = "probe"
"""Folder of a head alone that lanes start from, in a race in which the head alone is no lane."""


def lane_flow(flow: Flow, strategy: Strategy) -> Flow:
    """Return the flow of a lane: the same data, parts and recipe under another strategy.

    Two recipes change, so that lanes are what their names say. Under ``all_layers`` all layers are tuned from the first
    step on: with a probe before it would be ``probe_then_tune`` once more. Under ``head_only`` the head is trained as the
    probe of the others is, so that they can start from where it ends.

    Raises:
        UsageError: the flow has no backbone.
    """
    from graftwork.engine.phases import epochs_of

    made = control_flow(flow, strategy)
    recipe = made.recipe
    if strategy == "all_layers":
        recipe = recipe.edit(probe_first=False)
    if strategy == "head_only":
        recipe = recipe.edit(epochs=epochs_of(recipe, "probe"), learning_rate=recipe.probe_learning_rate)
    return made.edit(recipe=recipe)


def with_seed(flow: Flow, number: int) -> Flow:
    """Return a flow with the seed of a number from 0, on the same splits."""
    seed = flow.recipe.seed
    if number == 0:
        return flow
    split = images_settings_of(flow).seed_of_split(seed)
    nodes = tuple(
        node.edit(settings={**node.settings, "split_seed": split}) if node.component == "images" else node
        for node in flow.nodes
    )
    return flow.edit(nodes=nodes, recipe=flow.recipe.edit(seed=seed + number))


def lane_run(folder: Path, lane: str, number: int) -> Run:
    """Return the run of a lane and seed, which need not be there yet."""
    return Run(folder / f"{lane}-seed{number + 1}")


def ready(run: Run, flow: Flow) -> Run:
    """Make a run's folder, or leave it with what an earlier sitting left in it."""
    run.path.mkdir(parents=True, exist_ok=True)
    if not (run.path / "flow.yaml").is_file():
        write_atomically(run.path / "flow.yaml", dump_flow(flow))
    return run


@dataclass
class Sitting:
    """What the events of a run say of its main phase.

    Args:
        scores: main validation score after each epoch, from 0.
        losses: validation loss, likewise.
        best: epoch whose weights the run would keep now; 0 before the first.
    """

    scores: dict[int, float] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)
    bests: set[int] = field(default_factory=set)

    def add(self, event: EpochEnded) -> None:
        """Take the end of an epoch; one that is done again after an interruption says the same again."""
        score = _main_of(event)
        if event.phase != "main" or score is None:
            return
        self.scores[event.epoch] = score
        if event.validation_loss is not None:
            self.losses[event.epoch] = event.validation_loss
        if event.is_best:
            self.bests.add(event.epoch)

    @property
    def epoch(self) -> int:
        """Epochs that ended."""
        return max(self.scores, default=0)

    def standing(self, epochs: int) -> tuple[float, float] | None:
        """Return score and minus loss at the epoch that the run would keep after so many; None before the first."""
        kept = max((e for e in self.bests if e <= epochs), default=None)
        return None if kept is None else (self.scores[kept], -self.losses.get(kept, 0.0))

    def line(self) -> tuple[float, ...]:
        """Return the scores by epoch; what is missing before a run began in the middle is left out."""
        return tuple(self.scores[e] for e in sorted(self.scores))


_MAIN = ("r2", "map", "iou", "auroc")
"""Names of the main score of labels other than categories, as events carry them."""


def _main_of(event: EpochEnded) -> float | None:
    known = (event.validation_scores[name] for name in _MAIN if name in event.validation_scores)
    return next(known, event.validation_accuracy)


def sitting_of(run: Run) -> Sitting:
    """Return what a run's events say; nothing where it has none."""
    found = Sitting()
    with contextlib.suppress(RunError, OSError):
        for line in run.events():
            if isinstance(line.event, EpochEnded):
                found.add(line.event)
    return found

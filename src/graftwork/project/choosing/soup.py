"""Soups: the mean of the weights of several runs that began in the same place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from graftwork.documents.averaged import AveragedParent, AveragedRun, SoupStep
from graftwork.errors import RunError, UsageError
from graftwork.graph.check import checked
from graftwork.project.choosing.averaging import Stop, begin_again, never, weights_of, write_run
from graftwork.project.execute import OnEvent
from graftwork.project.run import Run
from graftwork.project.trust import require_trust

if TYPE_CHECKING:
    from torch import Tensor

    from graftwork.engine.prepare import Prepared
    from graftwork.engine.start_again import StartAgain
    from graftwork.project.bench_state import BenchState
    from graftwork.project.project import Project

__all__ = ["SoupKind", "make_soup", "soup_task"]

SoupKind = Literal["greedy", "uniform"]


def soup_task(state: BenchState, first: str, others: Sequence[str], kind: SoupKind = "greedy") -> str:
    """Average runs for a page of the studio and return the new run's id."""
    runs = [state.project.find(run_id) for run_id in (first, *others)]
    return make_soup(state.project, runs, kind=kind, stop=state.stop).id


def make_soup(
    project: Project,
    runs: Sequence[Run],
    *,
    kind: SoupKind = "greedy",
    on_event: OnEvent | None = None,
    stop: Stop = never,
) -> Run:
    """Average the weights of runs and write the mean as a new run.

    A greedy soup takes the runs from the best on validation downwards and keeps each one with which the mean is
    not worse on validation; so it is never worse there than the best run alone. A uniform soup takes all.

    Args:
        project: gets the run.
        runs: of the same network, the same start and the same images; one that is named twice counts once.
        kind: of soup.
        on_event: called with each event of the new run.
        stop: asked often; true ends the work.

    Raises:
        UsageError: no run.
        RunError: runs that cannot be averaged; both sides are named.

    Source: Wortsman et al. 2022, "Model soups", arXiv:2203.05482, algorithm 1.
    """
    runs = list({run.id: run for run in runs}.values())
    if not runs:
        raise UsageError("A soup wants at least one run.", hint="Name runs by id or name.")
    if kind not in ("greedy", "uniform"):
        raise UsageError(f"There is no soup '{kind}'.", hint="A soup is greedy or uniform.")
    pot = _Pot(project, runs, stop)
    steps = pot.taste() if kind == "greedy" else ()
    kept = [run for run in pot.order if not steps or any(s.run == run.id and s.is_kept for s in steps)]
    return pot.write(kind, kept, steps, on_event)


@dataclass(frozen=True)
class _Parent:
    run: Run
    weights: dict[str, Tensor]


class _Pot:
    """The parents of a soup, checked against the first of them."""

    def __init__(self, project: Project, runs: Sequence[Run], stop: Stop) -> None:
        self.project = project
        self.parents = {run.id: _Parent(run, weights_of(run)) for run in runs}
        self.order = list(runs)
        _require_same_data(runs)
        self.steps: StartAgain = begin_again(project, runs[0], stop)
        self._compare_tensors()
        for other in runs[1:]:
            self._admit(runs[0], other)

    def _compare_tensors(self) -> None:
        from graftwork.engine.averaging import require_same_tensors

        require_same_tensors([(f"run {p.run.id}", p.weights) for p in self.parents.values()])

    def _admit(self, first: Run, other: Run) -> None:
        """Check that another parent began where the first one did, and note what it trained."""
        from graftwork.engine.boundary import frozen_names, set_trainable
        from graftwork.engine.prepare import prepare

        require_trust(checked(other.flow), self.project.root)
        plan = other.plan
        made = prepare(other.flow, self.steps.images, self.project.workspace, compute=plan.compute)
        _require_same_build(first, other, self.steps, made)
        _require_same_start(first, other, self.steps, made)
        set_trainable(made.network, plan.phases[-1].cuts, plan.batch_norm)
        loose = self.steps.frozen - set(frozen_names(made.network))
        if loose:
            self.steps.free_in_others(loose)
            self.steps.read_images()

    def _put(self, runs: Sequence[Run]) -> tuple[int, bool]:
        """Put the mean of runs into the network; returns how many layers were re-estimated, and whether others differ."""
        from graftwork.engine.averaging import average, differing_batch_norm

        weights = [self.parents[run.id].weights for run in runs]
        layers, has_others = differing_batch_norm(self.steps.network, weights)
        self.steps.put(average(weights), layers)
        return len(layers), has_others

    def _rank(self, runs: Sequence[Run]) -> tuple[tuple[float, float], float]:
        self._put(runs)
        objectives, monitor = self.steps.objectives, self.steps.recipe.monitor
        watched = self.steps.measure(("validation",)).watched
        if not watched:
            raise RunError(
                f"The run {runs[0].id} has no validation images to choose by.",
                hint="Make a uniform soup, or train with a share of validation images.",
                run=runs[0].id,
            )
        return objectives.rank(watched, monitor), watched[objectives.chosen_by(monitor)]

    def taste(self) -> tuple[SoupStep, ...]:
        """Try the runs from the best on validation downwards; returns what was kept."""
        alone = {run.id: self._rank([run]) for run in self.order}
        self.order.sort(key=lambda run: alone[run.id][0], reverse=True)
        best, *others = self.order
        kept, level = [best], alone[best.id][0][0]
        steps = [SoupStep(run=best.id, name=best.record.name, alone=alone[best.id][1], is_kept=True)]
        for run in others:
            (score, _), together = self._rank([*kept, run])
            is_kept = score >= level
            if is_kept:
                kept, level = [*kept, run], score
            steps.append(
                SoupStep(
                    run=run.id,
                    name=run.record.name,
                    alone=alone[run.id][1],
                    together=together,
                    is_kept=is_kept,
                )
            )
        return tuple(steps)

    def write(
        self, kind: SoupKind, kept: Sequence[Run], tried: Sequence[SoupStep], on_event: OnEvent | None
    ) -> Run:
        """Write the mean of ``kept`` as a run."""
        from graftwork.bases.digest import digest_tensors

        layers, has_others = self._put(kept)
        averaged = AveragedRun(
            method=kind,
            parents=tuple(
                AveragedParent(
                    run=run.id,
                    name=run.record.name,
                    share=1 / len(kept),
                    weights_digest=digest_tensors(self.parents[run.id].weights),
                )
                for run in kept
            ),
            chosen_by=self.steps.objectives.chosen_by(self.steps.recipe.monitor) if tried else None,
            steps=tuple(tried),
            batch_norm="reestimated" if layers else ("averaged" if has_others else "same"),
            reestimated_layers=layers,
        )
        flow = self.steps.flow_of_run.edit(name=f"{kept[0].record.name}-soup")
        note = f"The mean of the weights of {', '.join(run.id for run in kept)}."
        return write_run(
            self.project,
            flow,
            lambda run: self.steps.write(run.path, flow, note, averaged=averaged),
            on_event,
        )


def _require_same_data(runs: Sequence[Run]) -> None:
    first = runs[0]
    for other in runs[1:]:
        here, there = first.record.data, other.record.data
        if here is None or there is None or here.digest != there.digest:
            raise RunError(
                f"The runs {first.id} and {other.id} were not trained on the same images and splits.",
                hint="Average runs on the same data; a seed of the split of its own keeps the splits when seeds differ.",
                run=other.id,
            )


def _require_same_build(first: Run, other: Run, here: StartAgain, there: Prepared) -> None:
    """Refuse networks that compute otherwise even where their tensors have the same names."""
    builds = [[(s.name, s.key, s.inputs, s.outputs) for s in n.steps] for n in (here.network, there.network)]
    if builds[0] != builds[1] or here.plan.port != there.plan.port:
        raise RunError(
            f"The networks of the runs {first.id} and {other.id} are not built alike.",
            hint="Average runs of the same base, image size and nodes; recipes and cuts may differ.",
            run=other.id,
        )


def _require_same_start(first: Run, other: Run, here: StartAgain, there: Prepared) -> None:
    """Refuse weights that began in different places: between them lie no good ones."""
    import torch

    base, found = there.network.base_tensors().keys(), there.network.tensors()
    adapts = [
        {n for n, p in net.bases.items() if p.batch_norm == "adapt"} for net in (here.network, there.network)
    ]
    differing = [n for n, t in here.seeded.items() if not torch.equal(t, found[n].detach().cpu())]
    pretrained = [n for n in differing if n in base]
    new = [n for n in differing if n not in base]
    if pretrained or adapts[0] != adapts[1]:
        where = f"'{pretrained[0]}' differs" if pretrained else "their batch-norm was adapted differently"
        raise RunError(
            f"The bases of the runs {first.id} and {other.id} did not start the same: {where}.",
            hint="Average runs that began with the same weights of the base.",
            run=other.id,
        )
    if new and not (_is_probed_linear(here.network, here.has_probe) and _has_probe(other)):
        raise RunError(
            f"What the flow adds started differently in the runs {first.id} and {other.id}: '{new[0]}' differs.",
            hint="Train with the same seed, or let a probe bring a linear head to the same place first.",
            run=other.id,
        )


def _has_probe(run: Run) -> bool:
    return run.plan.phases[0].name == "probe"


def _is_probed_linear(network: object, has_probe: bool) -> bool:
    """Whether a probe brought all that the flow adds from any start to one place, as it does with a linear layer."""
    from graftwork.components.head import Head
    from graftwork.engine.network import Network

    assert isinstance(network, Network)
    added = [s.module for s in network.steps if s.role == "new" and any(True for _ in s.module.parameters())]
    return has_probe and all(isinstance(m, Head) and not len(m.hidden) for m in added)

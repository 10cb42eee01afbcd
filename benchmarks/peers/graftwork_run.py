"""Peer: Graftwork through its ordinary Python call, with all it does: checks, proof, report."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks.peers.common import Answer, Stopwatch, Task, serve
from graftwork.documents.events import (
    DataReady,
    Event,
    ExtractionProgress,
    PhaseEnded,
    PhaseStarted,
    PlanMade,
)
from graftwork.project import Project

# What a run loads on first use: the other peers' clocks start after their imports too.
for name in ("engine.run", "export.report", "project.index"):
    import_module(f"graftwork.{name}")


class Listener:
    """Turns a run's events into seconds per step."""

    def __init__(self) -> None:
        self.clock = Stopwatch()
        self.seconds: dict[str, float] = {}
        self.rate = 0.0
        self.compute: dict[str, Any] = {}

    def __call__(self, event: Event) -> None:
        """Note when a step ended."""
        match event:
            case DataReady():
                self.note("read data")
            case PlanMade(plan=plan):
                self.note("open base, measure, plan")
                self.compute = plan.compute.model_dump()
            case ExtractionProgress():
                self.rate = event.images_per_second if event.done else self.rate
            case PhaseStarted():
                self.note("base pass")
            case PhaseEnded():
                self.note("train head")

    def note(self, step: str) -> None:
        """Add the seconds since the last step ended."""
        self.seconds[step] = self.seconds.get(step, 0.0) + self.clock.lap()


def work(task: Task) -> Answer:
    """Run ``head_only`` on the folder."""
    listener = Listener()
    project = Project(task.options["project"])
    run = project.transfer(
        task.data,
        strategy="head_only",
        epochs=task.epochs,
        batch=task.batch,
        seed=task.seed,
        on_event=listener,
    )
    listener.note("score, prove, report")
    steps, cost = listener.seconds, run.cost
    train, last = steps.get("train head", 0.0), steps["score, prove, report"]
    return Answer(
        setup_seconds=listener.clock.total() - train - last,
        train_seconds=train,
        test_seconds=last,
        accuracy=run.metrics["test"].accuracy.value,
        base_rate=listener.rate,
        details={
            "steps": steps,
            "compute": listener.compute,
            "base_images": cost.base_images if cost else None,
            "cache_hits": cost.cache_hits if cost else None,
            "proof_holds": bool(run.proof and run.proof.holds),
        },
    )


if __name__ == "__main__":
    serve(work)

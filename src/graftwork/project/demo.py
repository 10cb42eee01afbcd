"""The demo: one small task, three ways, so that anyone sees what transfer gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graftwork.project.execute import OnEvent, Stop
from graftwork.project.project import Project
from graftwork.project.run import Run

__all__ = ["DEMO", "Demo", "DemoResult", "run_demo"]


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo runs."""

    source: str = "sample:animals"
    base: str = "bundled:efficientnet_lite0"
    image_size: int = 64
    epochs: int = 10
    from_scratch_epochs: int = 10
    seed: int = 0
    strategies: tuple[str, ...] = ("from_scratch", "head_only", "some_layers")

    def options(self, strategy: str) -> dict[str, Any]:
        """Return the options of the run with that strategy."""
        return {
            "base": self.base,
            "strategy": strategy,
            "image_size": self.image_size,
            "epochs": self.from_scratch_epochs if strategy == "from_scratch" else self.epochs,
            "seed": self.seed,
            "name": f"demo-{strategy}",
        }


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The runs of the demo, by strategy."""

    runs: dict[str, Run]

    @property
    def majority_accuracy(self) -> float:
        """Test accuracy of always saying the commonest training class."""
        return next(iter(self.runs.values())).metrics.of_classes("test").majority_accuracy

    @property
    def best(self) -> str:
        """The transfer strategy that chose best on the validation images, never on the test images."""
        transfers = {s: run for s, run in self.runs.items() if s != "from_scratch"}
        return max(transfers, key=lambda s: transfers[s].metrics.of_classes("validation").accuracy.value)

    @property
    def gain_points(self) -> float:
        """Test accuracy of the best transfer above training from scratch, in percentage points."""
        best, scratch = self.runs[self.best], self.runs["from_scratch"]
        return 100 * (
            best.metrics.of_classes("test").accuracy.value - scratch.metrics.of_classes("test").accuracy.value
        )


DEMO = Demo()


def run_demo(
    project: Project,
    *,
    demo: Demo = DEMO,
    on_run: Callable[[str], None] | None = None,
    on_event: OnEvent | None = None,
    stop: Stop | None = None,
) -> DemoResult:
    """Run all strategies of the demo, in order.

    Args:
        project: where the runs go.
        demo: what to run.
        on_run: called with each strategy before it starts.
        on_event: called with each event of each run.
        stop: true ends the current run with the best so far, and the demo with it.
    """
    runs: dict[str, Run] = {}
    for strategy in demo.strategies:
        if on_run is not None:
            on_run(strategy)
        run = project.transfer(demo.source, on_event=on_event, stop=stop, **demo.options(strategy))
        runs[strategy] = run
        if run.status != "finished":
            break
    return DemoResult(runs)

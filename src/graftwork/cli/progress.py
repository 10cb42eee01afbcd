"""A run's events as people see them: bars with time left on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from graftwork.cli.show import classes_in_words, count, duration
from graftwork.documents.events import (
    DataReady,
    EpochEnded,
    Event,
    ExtractionProgress,
    Noted,
    PhaseEnded,
    PhaseStarted,
    PlanMade,
    RunResumed,
    RunStarted,
    StepEnded,
)

__all__ = ["ProgressView"]

_PLAIN_EPOCHS = 5
"""Epochs of a phase that are told where there is no terminal, beside its last one."""

_SHOWN_NOTES = 4


class ProgressView:
    """Shows events on standard error; called with each of them."""

    def __init__(self, stream: Console | None = None) -> None:
        self._console = stream or Console(file=sys.stderr, highlight=False)
        self._is_live = self._console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._is_live,
        )
        self._task: TaskID | None = None
        self._phase: PhaseStarted | None = None
        self._is_prepared = False

    def __enter__(self) -> ProgressView:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        match event:
            case ExtractionProgress():
                self._show_extraction(event)
            case PhaseStarted():
                self._start_phase(event)
            case StepEnded():
                self._show_step(event)
            case EpochEnded():
                self._show_epoch(event)
            case PhaseEnded():
                self._end_phase(event)
            case _:
                if line := _line(event):
                    self._print(line)

    def _print(self, line: str) -> None:
        self._console.print(escape(line), soft_wrap=True)

    def _replace_task(self, description: str, total: int) -> TaskID:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(description, total=total, facts="")
        return self._task

    def _show_extraction(self, event: ExtractionProgress) -> None:
        is_over = event.done >= event.total
        if is_over and self._is_prepared:  # the end may be told twice
            return
        self._is_prepared = is_over
        if self._task is None or self._phase is not None:
            self._phase = None
            self._replace_task("preparing", event.total)
        if self._task is not None:
            self._progress.update(
                self._task,
                completed=event.done,
                total=event.total,
                facts=f"{event.images_per_second:.0f} images/s, {count(event.found)} from the cache",
            )
        if is_over:
            speed = f", {event.images_per_second:.0f} a second" if event.total else ""
            self._print(f"prepared {count(event.total)} views{speed}; {count(event.found)} were in the cache")
            self._drop_task()

    def _drop_task(self) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None

    def _start_phase(self, event: PhaseStarted) -> None:
        self._phase = event
        self._replace_task(f"phase {event.phase}", event.epochs * max(1, event.steps_per_epoch))
        self._print(f"phase {event.phase}: {event.epochs} epochs of {event.steps_per_epoch} steps")

    def _show_step(self, event: StepEnded) -> None:
        if self._phase is None or self._task is None:
            return
        done = max(0, event.epoch - 1) * self._phase.steps_per_epoch + event.step
        facts = f"epoch {event.epoch}, loss {event.loss:.3f}, {event.images_per_second:.0f} images/s"
        self._progress.update(self._task, completed=done, facts=facts)

    def _show_epoch(self, event: EpochEnded) -> None:
        if self._phase is None or self._task is None:
            return
        steps = self._phase.steps_per_epoch
        self._progress.update(self._task, completed=event.epoch * max(1, steps))
        stride = 1 if self._is_live else max(1, self._phase.epochs // _PLAIN_EPOCHS)
        if event.epoch % stride == 0 or event.epoch == self._phase.epochs:
            self._print(_epoch_line(event, self._phase.epochs))

    def _end_phase(self, event: PhaseEnded) -> None:
        self._drop_task()
        early = ", stopped early" if event.stopped_early else ""
        self._print(f"phase {event.phase}: best epoch {event.best_epoch}{early}")


def _epoch_line(event: EpochEnded, epochs: int) -> str:
    scores: dict[str, float | None] = {
        "loss": event.train_loss,
        "validation loss": event.validation_loss,
        "accuracy": event.validation_accuracy,
        "balanced": event.validation_balanced_accuracy,
        **{name.replace("_", " "): value for name, value in event.validation_scores.items()},
    }
    shown = [f"{n} {v:.3f}" if v is not None else f"{n} –" for n, v in scores.items() if _is_shown(n, v)]
    mark = " (best)" if event.is_best else ""
    return f"  epoch {event.epoch}/{epochs}: {', '.join(shown)}, {duration(event.seconds)}{mark}"


def _is_shown(name: str, value: float | None) -> bool:
    return value is not None or name == "loss"


def _line(event: Event) -> str | None:
    """Return an event as one line, None for those that need none."""
    match event:
        case RunStarted():
            return f"run {event.run}"
        case RunResumed():
            return f"run {event.run} goes on at phase {event.phase}, epoch {event.epoch}, step {event.step}"
        case DataReady():
            images = ", ".join(f"{count(n)} {split}" for split, n in event.num_images.items())
            more = len(event.notes) - _SHOWN_NOTES
            hint = [f"… and {more} more notes: graftwork data check shows all"] if more > 0 else []
            first = f"images: {images}; {classes_in_words(event.classes)}"
            return "\n".join([first, *event.notes[:_SHOWN_NOTES], *hint])
        case PlanMade():
            plan = event.plan
            return (
                f"plan: {plan.strategy}, cut after '{plan.cut}', {count(plan.num_frozen)} parameters frozen, "
                f"{count(plan.num_trainable)} trainable, about {duration(plan.estimated_seconds)}"
            )
        case Noted():
            return f"{'warning' if event.level == 'warning' else 'note'}: {event.message}"
        case _:
            return None

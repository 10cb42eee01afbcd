from __future__ import annotations

import io

import pytest
from rich.console import Console

from graftwork.cli.progress import ProgressView, _epoch_line
from graftwork.documents.events import (
    EpochEnded,
    Event,
    ExtractionProgress,
    Noted,
    PhaseEnded,
    PhaseStarted,
    RunEnded,
    RunStarted,
    StepEnded,
)

EPOCHS = 40


def happenings() -> list[Event]:
    """Return what a run with 40 epochs tells."""
    found: list[Event] = [RunStarted(run="r1")]
    found += [ExtractionProgress(done=n, total=50, found=7, images_per_second=20.0) for n in (0, 25, 50, 50)]
    found.append(PhaseStarted(phase="main", epochs=EPOCHS, steps_per_epoch=2))
    for epoch in range(EPOCHS + 1):
        found.append(
            StepEnded(phase="main", epoch=epoch, step=1, loss=0.5, learning_rate=0.1, images_per_second=9.0)
        )
        found.append(
            EpochEnded(
                phase="main",
                epoch=epoch,
                train_loss=None if epoch == 0 else 0.5,
                validation_loss=0.25,
                validation_accuracy=0.875,
                validation_balanced_accuracy=0.75,
                learning_rate=0.1,
                seconds=1.0,
                is_best=epoch == 3,
            )
        )
    found.append(PhaseEnded(phase="main", best_epoch=3, stopped_early=True))
    found.append(Noted(level="warning", message="[odd] thing"))
    found.append(RunEnded(status="finished"))
    return found


def shown(*, terminal: bool) -> str:
    stream = io.StringIO()
    with ProgressView(Console(file=stream, force_terminal=terminal, width=200, highlight=False)) as view:
        for event in happenings():
            view(event)
    return stream.getvalue()


def test_without_a_terminal_few_plain_lines_tell_all_that_matters() -> None:
    text = shown(terminal=False)
    assert "\x1b" not in text
    lines = text.splitlines()
    assert len(lines) < 16
    assert "run r1" in text
    assert text.count("prepared") == 1
    assert "prepared 50 views, 20 a second; 7 were in the cache" in text
    assert (
        f"epoch {EPOCHS}/{EPOCHS}: loss 0.500, validation loss 0.250, accuracy 0.875, balanced 0.750" in text
    )
    assert "best epoch 3, stopped early" in text
    assert "warning: [odd] thing" in text


def test_on_a_terminal_every_epoch_has_its_line() -> None:
    text = shown(terminal=True)
    assert all(f"epoch {epoch}/{EPOCHS}:" in text for epoch in range(1, EPOCHS + 1))
    assert "loss 0.500" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_events_out_of_order_do_no_harm(terminal: bool) -> None:
    view = ProgressView(Console(file=io.StringIO(), force_terminal=terminal))
    with view:
        for event in reversed(happenings()):
            view(event)


def test_an_epoch_without_accuracy_shows_the_scores_that_it_has() -> None:
    event = EpochEnded(
        phase="main",
        epoch=2,
        train_loss=None,
        validation_loss=None,
        validation_accuracy=None,
        validation_balanced_accuracy=None,
        validation_scores={"mean_iou": 0.25},
        learning_rate=0.1,
        seconds=1.0,
        is_best=True,
    )
    assert _epoch_line(event, 9) == "  epoch 2/9: loss –, mean iou 0.250, 1.0 s (best)"

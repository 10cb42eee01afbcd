"""What the report says, checked by other routes than the one that it takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from graftwork.documents.events import EpochEnded, EventLine
from graftwork.documents.recipe import Recipe
from graftwork.documents.record import ClassScore, Interval, Scores
from graftwork.export.folder import read_run_folder
from graftwork.export.mistakes import worst_mistakes
from graftwork.export.report import render_report
from graftwork.export.report_parts import (
    compare_runs,
    count_classes,
    draw_curves,
    list_recipe,
    tint_confusion,
)
from graftwork.export.report_stages import list_stages, node_states


def append_event(folder: Path, **changes: Any) -> None:
    values: dict[str, Any] = {
        "phase": "main", "epoch": 3, "train_loss": 9.0, "validation_loss": 9.0, "validation_accuracy": 0.1,
        "validation_balanced_accuracy": 0.1, "learning_rate": 1e-4, "seconds": 1.0, "is_best": False,
    }  # fmt: skip
    line = EventLine(time=1e9, event=EpochEnded(**{**values, **changes})).model_dump_json()
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def test_half_a_line_of_a_killed_run_is_passed_over(write_run_folder: Callable[..., Path]) -> None:
    folder = write_run_folder()
    whole = read_run_folder(folder).events
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"time": 3.0, "event": {"kind": "epoch_en')
    assert read_run_folder(folder).events == whole


def test_epochs_done_again_after_a_resume_count_once_as_they_came_out_last(
    write_run_folder: Callable[..., Path],
) -> None:
    folder = write_run_folder()
    append_event(folder)
    main = read_run_folder(folder).epochs["main"]
    assert [e.epoch for e in main] == list(range(11))
    assert main[3].train_loss == 9.0


def test_curves_do_without_validation_images(write_run_folder: Callable[..., Path]) -> None:
    folder = write_run_folder()
    (folder / "events.jsonl").write_text("", encoding="utf-8")
    for epoch in (1, 2):
        append_event(folder, epoch=epoch, validation_loss=None, validation_accuracy=None,
                     validation_balanced_accuracy=None)  # fmt: skip
    (curves,) = draw_curves(read_run_folder(folder))
    charts = dict(curves.charts)
    assert "polyline" in charts["Loss"]
    assert charts["Validation accuracy"] == ""
    assert curves.remark == ""


def test_what_loss_terms_add_is_drawn_and_stands_in_the_table(write_run_folder: Callable[..., Path]) -> None:
    folder = write_run_folder()
    assert "Loss terms" not in render_report(read_run_folder(folder))
    for epoch in range(1, 5):
        append_event(folder, epoch=epoch, terms={"l2_sp": 0.125 * epoch, "<mine>": 0.25})
    run = read_run_folder(folder)
    probe, main = draw_curves(run)
    assert (probe.terms, dict(probe.charts)["Loss terms"]) == ((), "")
    lines = re.findall(r'<polyline class="(\w+)" points="([^"]+)"', dict(main.charts)["Loss terms"])
    assert [style for style, _ in lines] == [style for style, _ in main.terms]
    heights = [[float(p.split(",")[1]) for p in points.split()] for _, points in lines]
    gaps = np.diff(heights[0])  # grows by the same in each epoch, so by the same height upwards
    assert len(gaps) == 3
    assert np.allclose(gaps, gaps[0], atol=0.11)
    assert gaps[0] < 0
    assert len(set(heights[1])) == 1
    page = render_report(run)
    assert "<code>&lt;mine&gt;</code> adds" in page
    row = next(
        r for r in page.splitlines() if r.startswith('<tr><th scope="row" class="n">3</th>') and "0.375" in r
    )
    assert '<td class="n">0.375</td><td class="n">0.25</td>' in row


def test_worst_mistakes_are_the_surest_wrong_predictions_of_the_split(
    write_run_folder: Callable[..., Path], make: SimpleNamespace
) -> None:
    folder = write_run_folder()
    table = pd.read_parquet(folder / "predictions.parquet")
    table.loc[table.index[-20:], "split"] = "validation"
    table.to_parquet(folder / "predictions.parquet")
    predictions = read_run_folder(folder).predictions
    assert predictions is not None
    found = worst_mistakes(predictions, make.classes, split="test", limit=7)
    expected = sorted(
        (-row[f"p_{row['predicted']}"], row["key"]) for _, row in table.iterrows()
        if row["split"] == "test" and row["label"] != row["predicted"]
    )[:7]  # fmt: skip
    assert [(m.probability, m.key) for m in found] == [(pytest.approx(-p), key) for p, key in expected]
    assert all(m.label != m.predicted for m in found)
    assert all(m.picture is None for m in found)


def test_an_image_that_is_gone_costs_only_its_picture(
    write_run_folder: Callable[..., Path], make: SimpleNamespace
) -> None:
    predictions = read_run_folder(write_run_folder()).predictions
    assert predictions is not None

    def half_gone(key: str) -> Image.Image:
        if key.startswith("label0"):
            raise FileNotFoundError(key)
        return Image.new("RGBA", (3000, 20))

    found = worst_mistakes(predictions, make.classes, split="test", images=half_gone)
    assert {m.picture is None for m in found if m.key.startswith("label0")} == {True}
    assert {m.picture is None for m in found if not m.key.startswith("label0")} == {False}


def test_tints_never_exceed_a_third_and_leave_zeros_alone(make: SimpleNamespace) -> None:
    confusion = tint_confusion(make.record().metrics["test"])
    cells = [cell for row in confusion.rows for cell in row]
    assert max(c.tint for c in cells) <= 0.34
    assert all((c.tint == 0) == (c.count == 0) for c in cells)
    assert [c.is_diagonal for c in cells] == np.eye(4, dtype=bool).ravel().tolist()
    assert confusion.rows[2][0].tint == pytest.approx(0.34 * (3 / 40) / 0.25, abs=1e-3)


def test_many_classes_give_the_commonest_confusions_instead_of_a_matrix() -> None:
    n = 40
    counts = np.diag(np.full(n, 5))
    counts[3, 7], counts[8, 2], counts[0, 1] = 4, 9, 1
    share = Interval(value=0.9, low=0.8, high=0.95)
    scores = Scores(
        num_images=int(counts.sum()), accuracy=share, balanced_accuracy=share, macro_f1=share, log_loss=share,
        classes=tuple(ClassScore(name=f"c{i}", num_images=int(counts[i].sum()), precision=None, recall=None, f1=None)
                      for i in range(n)),
        confusion=tuple(map(tuple, counts.tolist())), majority_accuracy=0.1,
    )  # fmt: skip
    confusion = tint_confusion(scores)
    assert confusion.rows == ()
    assert [c[:3] for c in confusion.commonest] == [("c8", "c2", 9), ("c3", "c7", 4), ("c0", "c1", 1)]
    assert confusion.commonest[0][3] == pytest.approx(9 / 14)


def test_stages_split_into_frozen_then_trainable_with_one_boundary(
    write_run_folder: Callable[..., Path], make: SimpleNamespace
) -> None:
    run = read_run_folder(write_run_folder())
    rows = list_stages(run)
    plan = make.plan()
    assert sum(r.num_parameters for r in rows if r.state == "frozen") == plan.num_frozen
    assert sum(r.num_parameters for r in rows if r.state == "trainable") == plan.num_trainable
    assert [r.name for r in rows if r.is_boundary] == ["blocks.6"]
    assert rows[-1].state == "left out"
    assert max(r.share for r in rows) == 1.0
    assert next(r for r in rows if r.name == "head").learning_rate == 1e-3
    assert node_states(run) == {"backbone": "partly", "head": "trainable"}


def test_stages_come_from_the_plan_when_the_card_is_lacking(write_run_folder: Callable[..., Path]) -> None:
    rows = list_stages(read_run_folder(write_run_folder(card=None)))
    assert [r.name for r in rows][-2:] == ["pool", "head"]
    assert rows[0].state == "frozen"


def test_class_counts_add_up_to_the_splits(write_run_folder: Callable[..., Path]) -> None:
    run = read_run_folder(write_run_folder())
    counts = count_classes(run.classes, run.samples)
    totals = {s: sum(c[s] for _, c in counts) for s in ("train", "validation", "test")}
    assert run.record.data is not None
    assert totals == run.record.data.num_images


def test_changed_choices_come_first_and_all_are_there() -> None:
    rows = list_recipe(Recipe(epochs=3, learning_rate=0.01))
    assert {r.name for r in rows[:2]} == {"epochs", "learning_rate"}
    assert not any(r.is_changed for r in rows[2:])
    assert {r.name for r in rows} == set(Recipe.model_fields)
    assert next(r for r in rows if r.name == "probe_first").value == "yes"


def test_runs_are_compared_from_worst_to_best_and_only_on_the_same_images(make: SimpleNamespace) -> None:
    record = make.record()
    bad = {"test": make.scores([[30, 10, 10, 10], [5, 5, 5, 0], [10, 10, 10, 10], [10, 10, 10, 5]])}
    elsewhere = record.data.edit(digest="ff" * 32)
    others = [
        make.record(run="a", strategy="head_only"),
        make.record(run="b", strategy="from_scratch", metrics=bad, data=elsewhere),
        make.record(run="c", strategy="all_layers", metrics={}, status="failed"),
        record,
    ]
    comparison = compare_runs(record, others)
    assert comparison is not None
    assert [r.record.run for r in comparison.rows] == ["c", "b", record.run, "a"]
    assert [r.has_same_images for r in comparison.rows] == [True, False, True, True]
    assert comparison.gain is None  # the control was scored on other images
    assert compare_runs(record, [record]) is None


def test_a_loss_against_training_from_scratch_is_called_a_loss(make: SimpleNamespace) -> None:
    record = make.record(
        metrics={"test": make.scores([[50, 10, 0, 0], [0, 10, 5, 0], [0, 0, 30, 10], [0, 0, 5, 30]])}
    )
    comparison = compare_runs(record, [make.record(run="b", strategy="from_scratch")])
    assert comparison is not None
    assert comparison.gain is not None
    assert comparison.gain.startswith("Transfer lost 9.3 points")  # (134 - 120) / 150


def luminance(color: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(scheme: str) -> None:
    css = (files("graftwork.export") / "report.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    tokens = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if scheme == "light" else dark))
    pairs = [(text, surface) for text in ("text", "text2", "text3", "error", "accent", "warning")
             for surface in ("canvas", "s1", "s2", "s3")]  # fmt: skip
    pairs += [(name, f"{name}-fill") for name in ("frozen", "trainable", "error", "ok", "warning")]
    pairs += [("on-error", "error"), ("text", "error-fill"), ("text", "warning-fill"), ("text3", "frozen-fill"),
              ("text3", "trainable-fill"), ("text2", "frozen-fill")]  # fmt: skip
    ratios = {}
    for a, b in pairs:
        low, high = sorted((luminance(tokens[a]), luminance(tokens[b])))
        ratios[a, b] = (high + 0.05) / (low + 0.05)
    assert {pair: round(r, 2) for pair, r in ratios.items() if r < 4.5} == {}

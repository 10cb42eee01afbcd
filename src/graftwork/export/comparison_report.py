"""The report of runs side by side: one HTML file that needs nothing else to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from graftwork.documents.paired import PairedComparison
from graftwork.documents.record import AnyScores, RunRecord, Scores, main_score
from graftwork.export.charts import ICONS, Series, draw_lines
from graftwork.export.folder import RunFolder
from graftwork.export.pictures import Images, picture_of
from graftwork.export.report import read_text, template
from graftwork.export.wording import format_percent

__all__ = ["render_comparison"]

_MOST_PICTURES = 12
_STYLES = ("run0", "run1", "run2", "run3", "run4", "run5")


@dataclass(frozen=True)
class _Row:
    """One run."""

    record: RunRecord
    style: str
    score_name: str
    scores: AnyScores | None


@dataclass(frozen=True)
class _Pair:
    """The first run beside another one, image by image."""

    other: RunRecord
    found: PairedComparison
    sentence: str
    pictures: tuple[tuple[str, tuple[tuple[str, str | None], ...]], ...]
    """What a cell of the table means, and its first images with their pictures."""


def render_comparison(
    runs: Sequence[RunFolder],
    *,
    split: str,
    differences: Mapping[str, Sequence[Any]],
    pairs: Mapping[str, PairedComparison],
    notes: Sequence[str] = (),
    images: Images | None = None,
) -> str:
    """Return the report of runs side by side as HTML.

    Args:
        runs: two or more; the first one is what the others are held against.
        split: whose scores are shown.
        differences: choice → its value in each run, for choices that are not the same in all.
        pairs: by id of another run: the first run beside it, image by image.
        notes: what the reader must know.
        images: opens an image of the first run by its key.
    """
    rows = tuple(_row(run, split, _STYLES[i % len(_STYLES)]) for i, run in enumerate(runs))
    records = {run.record.run: run.record for run in runs}
    return template("comparison.html.jinja").render(
        css=Markup(read_text("report.css")),
        icons=ICONS,
        rows=rows,
        split=split,
        differences=differences,
        pairs=tuple(_pair(runs[0].record, records[run], found, images) for run, found in pairs.items()),
        losses=_curves(runs, "validation_loss", "Validation loss", is_percent=False),
        accuracies=_curves(runs, "validation_accuracy", "Validation accuracy", is_percent=True),
        recalls=_recalls(rows),
        notes=notes,
    )


def _row(run: RunFolder, split: str, style: str) -> _Row:
    scores = next((s for name, s in run.record.metrics.items() if name == split), None)
    name = main_score(scores)[0].replace("_", " ") if scores else ""
    return _Row(run.record, style, name, scores)


def _pair(first: RunRecord, other: RunRecord, found: PairedComparison, images: Images | None) -> _Pair:
    points = 100 * found.difference.value
    low, high = 100 * found.difference.low, 100 * found.difference.high
    verdict = (
        "more than chance would give" if found.p_value < 0.05 else "which chance alone could give as well"
    )
    sentence = (
        f"On {found.num_common:,} images that both were scored on, {first.name} is right on "
        f"{format_percent(found.accuracy_a.value)} and {other.name} on {format_percent(found.accuracy_b.value)}: "
        f"{points:+.1f} points (95 % interval {low:+.1f} to {high:+.1f}), {verdict} "
        f"(McNemar's exact test, p = {found.p_value:.2g})."
    )
    words = {"only_a": f"Only {first.name} is right", "only_b": f"Only {other.name} is right"}
    pictures = tuple(
        (words[cell.cell], tuple((key, picture_of(images, key)) for key in cell.keys[:_MOST_PICTURES]))
        for cell in found.cells
        if cell.cell in words and cell.keys
    )
    return _Pair(other, found, sentence, pictures)


def _curves(runs: Sequence[RunFolder], field: str, title: str, *, is_percent: bool) -> Markup:
    series = []
    for index, run in enumerate(runs):
        epochs = run.epochs.get("main") or next(iter(run.epochs.values()), ())
        points = [(float(e.epoch), getattr(e, field)) for e in epochs]
        known = tuple((x, float(y)) for x, y in points if y is not None)
        series.append(Series(run.record.name, _STYLES[index % len(_STYLES)], known))
    return draw_lines(f"{title} by epoch", series, is_percent=is_percent)


def _recalls(rows: Sequence[_Row]) -> tuple[tuple[str, tuple[float | None, ...]], ...]:
    """Return the recall of each class in each run; empty unless all runs are of the same classes."""
    found = [row.scores for row in rows if isinstance(row.scores, Scores)]
    names = {tuple(c.name for c in scores.classes) for scores in found}
    if len(found) != len(rows) or len(names) != 1:
        return ()
    return tuple(
        (name, tuple(s.classes[i].recall.value if s.classes[i].recall else None for s in found))  # type: ignore[union-attr]
        for i, name in enumerate(next(iter(names)))
    )

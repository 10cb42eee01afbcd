"""The parts of the report as values: what is said, in which order, before any HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from graftwork.documents.events import EpochEnded, PhaseEnded
from graftwork.documents.recipe import Recipe
from graftwork.documents.record import Interval, Proof, RunRecord, Scores, main_score, score_intervals
from graftwork.export.charts import Series, draw_lines
from graftwork.export.folder import RunFolder, SampleTable
from graftwork.export.wording import NARROW, format_count, format_interval, format_percent

__all__ = [
    "Cell", "Comparison", "Confusion", "Curves", "Headline", "ProofView", "RecipeRow",
    "compare_runs", "count_classes", "describe_proof", "draw_curves", "list_recipe", "list_scores",
    "pick_scores", "summarize", "tint_confusion",
]  # fmt: skip

MAX_TINT = 0.34
FULL_WRONG = 0.25
"""Share of a label's images in one wrong cell that gets the full tint."""
MAX_MATRIX = 24
"""More classes than this give a list of the commonest confusions instead of a matrix."""
MAX_CONFUSIONS = 20
_TERM_STYLES = ("run0", "run1", "run2", "run3", "run4", "run5")


def pick_scores(record: RunRecord) -> tuple[Literal["test", "validation"], Scores] | None:
    """Return the scores that the report leads with: test, else validation, else none."""
    splits: tuple[Literal["test", "validation"], ...] = ("test", "validation")
    for split in splits:
        scores = record.metrics.get(split)
        if isinstance(scores, Scores):
            return split, scores
    return None


def list_scores(record: RunRecord) -> tuple[tuple[str, str, Interval], ...]:
    """Return (split, name, value) of scores that are not of classes: numbers, tags, masks, anomalies."""
    return tuple(
        (split, name.replace("_", " "), value)
        for split, scores in record.metrics.items()
        if not isinstance(scores, Scores)
        for name, value in score_intervals(scores).items()
    )


@dataclass(frozen=True)
class Headline:
    """What came out, in one sentence, and what the reader must know about it."""

    sentence: str
    caution: str | None


def summarize(record: RunRecord) -> Headline:
    """Return the outcome against the majority class, with a caution where the data do not carry it."""
    picked = pick_scores(record)
    if picked is None:
        return _summarize_other(record)
    split, scores = picked
    accuracy = scores.accuracy
    sentence = (
        f"{format_percent(accuracy.value)} of {format_count(scores.num_images)} {split} images are labeled "
        f"correctly (95{NARROW}% interval {format_interval(accuracy)}); always naming the commonest class gives "
        f"{format_percent(scores.majority_accuracy)}."
    )
    if accuracy.low <= scores.majority_accuracy:
        return Headline(
            sentence,
            "The interval reaches down to the majority class: on this many images the model has not shown "
            "that it does better than a constant answer.",
        )
    if split == "validation":
        return Headline(
            sentence, "These images also chose the best epoch, so the figure leans to the good side."
        )
    return Headline(sentence, None)


_WITHOUT_SCORES = {
    "failed": "The run failed before any image was scored.",
    "stopped": "The run was stopped before any image was scored.",
    "paused": "The run is paused; no image was scored yet.",
    "starting": "The run has not begun yet; no image was scored.",
    "queued": "The run waits for another one; no image was scored yet.",
    "running": "The run is still going on; no image was scored yet.",
    "finished": "The run finished without validation or test images, so no image was scored.",
}


@dataclass(frozen=True)
class ProofView:
    """The proof in words."""

    holds: bool
    frozen: str
    trainable: str
    broken: tuple[str, ...]
    """Names of frozen tensors that changed and of trainable ones that did not move."""


def describe_proof(proof: Proof) -> ProofView:
    """Say what stayed and what moved."""
    values = (
        f"{format_count(proof.frozen_values)} frozen values in {format_count(proof.frozen_tensors)} tensors"
    )
    if not proof.frozen_tensors:
        frozen = "Nothing was frozen: all tensors were free to move."
    elif proof.frozen_unchanged:
        frozen = f"{values}: bit-identical before and after the run."
    else:
        frozen = f"{values}: {len(proof.changed_frozen) or 'some'} tensors changed although they were frozen."
    free = f"{format_count(proof.trainable_values)} trainable values"
    total = format_count(proof.trainable_tensors)
    if proof.moved_tensors == proof.trainable_tensors:
        trainable = f"{free}: all {total} tensors moved."
    else:
        trainable = f"{free}: only {format_count(proof.moved_tensors)} of {total} tensors moved."
    if proof.not_started:
        trainable += (
            f" {format_count(proof.not_started)} further tensors were to be trained by a phase that was stopped "
            "before it gave anything; they are as the run found them."
        )
    return ProofView(proof.holds, frozen, trainable, proof.changed_frozen + proof.unmoved)


@dataclass(frozen=True)
class Curves:
    """Charts of one phase and the numbers behind them."""

    phase: str
    remark: str
    charts: tuple[tuple[str, Markup], ...]
    epochs: tuple[EpochEnded, ...]
    terms: tuple[tuple[str, str], ...] = ()
    """CSS class and name of each loss term."""


def draw_curves(run: RunFolder) -> tuple[Curves, ...]:
    """Return the learning curves of each phase."""
    return tuple(_curves_of(phase, epochs, run.phase_ends.get(phase)) for phase, epochs in run.epochs.items())


def _curves_of(phase: str, epochs: tuple[EpochEnded, ...], end: PhaseEnded | None) -> Curves:
    names = dict.fromkeys(name for e in epochs for name in e.terms)
    terms = tuple((_TERM_STYLES[i % len(_TERM_STYLES)], name) for i, name in enumerate(names))
    best = end.best_epoch if end else next((e.epoch for e in reversed(epochs) if e.is_best), None)
    remark = "" if best is None else f"best weights after epoch {best}"
    if end and end.stopped_early:
        remark += ", stopped early"
    return Curves(phase, remark, _charts_of(phase, epochs, best, terms), epochs, terms)


def _charts_of(
    phase: str, epochs: tuple[EpochEnded, ...], best: int | None, terms: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, Markup], ...]:
    losses = (
        _series("training", "train", epochs, "train_loss"),
        _series("validation", "validation", epochs, "validation_loss"),
    )
    accuracy = _series("validation", "validation", epochs, "validation_accuracy")
    rate = _series("learning rate", "rate", epochs[epochs[0].epoch == 0 :], "learning_rate")
    added = [_term_series(name, style, epochs) for style, name in terms]
    over = f"over the epochs of the {phase} phase"
    return (
        ("Loss", draw_lines(f"Training and validation loss {over}", losses, mark=best, zero=True)),
        (
            "Validation accuracy",
            draw_lines(f"Validation accuracy {over}", [accuracy], mark=best, is_percent=True),
        ),
        ("Learning rate", draw_lines(f"Learning rate {over}", [rate], zero=True)),
        ("Loss terms", draw_lines(f"What each term adds to the loss {over}", added, mark=best, zero=True)),
    )


def _series(name: str, style: str, epochs: tuple[EpochEnded, ...], field: str) -> Series:
    values = ((float(e.epoch), getattr(e, field)) for e in epochs)
    return Series(name, style, tuple((x, float(y)) for x, y in values if y is not None))


def _term_series(name: str, style: str, epochs: tuple[EpochEnded, ...]) -> Series:
    return Series(name, style, tuple((float(e.epoch), e.terms[name]) for e in epochs if name in e.terms))


@dataclass(frozen=True)
class Cell:
    """One cell of the confusion matrix."""

    count: int
    is_diagonal: bool
    tint: float
    """Opacity of the color under the count, at most 0.34."""


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix, or only its commonest confusions when there are many classes."""

    names: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    commonest: tuple[tuple[str, str, int, float], ...]
    """Label, predicted label, count, share of the label's images."""


def tint_confusion(scores: Scores) -> Confusion:
    """Return the matrix with tints by the share of each label's images; 25 % in a wrong cell is full tint."""
    names = tuple(c.name for c in scores.classes)
    totals = [sum(row) or 1 for row in scores.confusion]
    pairs = [
        (names[i], names[j], count, count / totals[i])
        for i, row in enumerate(scores.confusion)
        for j, count in enumerate(row)
        if count and i != j
    ]
    commonest = tuple(sorted(pairs, key=lambda p: (-p[2], -p[3], p[0], p[1]))[:MAX_CONFUSIONS])
    if len(names) > MAX_MATRIX:
        return Confusion(names, (), commonest)
    rows = tuple(
        tuple(_cell(count, count / totals[i], is_diagonal=i == j) for j, count in enumerate(row))
        for i, row in enumerate(scores.confusion)
    )
    return Confusion(names, rows, commonest)


def _cell(count: int, share: float, *, is_diagonal: bool) -> Cell:
    strength = share if is_diagonal else min(1.0, share / FULL_WRONG)
    return Cell(count, is_diagonal, round(MAX_TINT * strength, 3))


def count_classes(
    classes: Sequence[str], samples: SampleTable | None
) -> tuple[tuple[str, dict[str, int]], ...]:
    """Return the images of each class by split; empty without a sample table."""
    if samples is None:
        return ()
    counts = Counter(zip(samples.labels, samples.splits, strict=True))
    splits = ("train", "validation", "test")
    return tuple((name, {s: counts[(i, s)] for s in splits}) for i, name in enumerate(classes))


@dataclass(frozen=True)
class RecipeRow:
    """One training choice."""

    name: str
    value: str
    default: str
    is_changed: bool
    description: str


def list_recipe(recipe: Recipe) -> tuple[RecipeRow, ...]:
    """Return all training choices, those that differ from the default first."""
    rows = []
    for name, field in type(recipe).model_fields.items():
        value, default = getattr(recipe, name), field.get_default(call_default_factory=True)
        texts = ["automatic" if v is None else "yes" if v is True else "no" if v is False else str(v)
                 for v in (value, default)]  # fmt: skip
        rows.append(RecipeRow(name, texts[0], texts[1], value != default, field.description or ""))
    return tuple(sorted(rows, key=lambda r: not r.is_changed))


def _summarize_other(record: RunRecord) -> Headline:
    for split in ("test", "validation"):
        scores = record.metrics.get(split)
        if scores is not None:
            name, value = main_score(scores)
            words = name.replace("_", " ")
            return Headline(
                f"{words[:1].upper()}{words[1:]} on {format_count(scores.num_images)} {split} images is "
                f"{value.value:.3f} (95{NARROW}% interval {value.low:.3f} to {value.high:.3f}).",
                None,
            )
    return Headline(_WITHOUT_SCORES[record.status], None)


@dataclass(frozen=True)
class ComparedRun:
    """One line of the comparison."""

    record: RunRecord
    scores: Scores | None
    is_this: bool
    has_same_images: bool
    """Whether it was scored on the same images in the same split; else its figures say little here."""


@dataclass(frozen=True)
class Comparison:
    """Runs side by side and what transfer gained."""

    split: str
    majority: float
    rows: tuple[ComparedRun, ...]
    gain: str | None


def compare_runs(record: RunRecord, others: Sequence[RunRecord]) -> Comparison | None:
    """Return the run beside ``others`` on the same split, worst first; None with nothing to compare."""
    picked = pick_scores(record)
    others = [o for o in others if o.run != record.run]
    if picked is None or not others:
        return None
    split, scores = picked
    digest = record.data.digest if record.data else None
    rows = [ComparedRun(record, scores, is_this=True, has_same_images=True)]
    for other in others:
        is_same = digest is not None and other.data is not None and other.data.digest == digest
        found = other.metrics.get(split)
        of_classes = found if isinstance(found, Scores) else None
        rows.append(ComparedRun(other, of_classes, is_this=False, has_same_images=is_same))
    rows.sort(key=lambda r: r.scores.accuracy.value if r.scores else -1.0)
    scratch = next(
        (r.scores for r in reversed(rows) if r.record.strategy == "from_scratch" and r.has_same_images), None
    )
    gain = None if scratch is None or record.strategy == "from_scratch" else _describe_gain(scores, scratch)
    return Comparison(split, scores.majority_accuracy, tuple(rows), gain)


def _describe_gain(scores: Scores, scratch: Scores) -> str:
    points = (scores.accuracy.value - scratch.accuracy.value) * 100
    is_apart = scores.accuracy.low > scratch.accuracy.high or scores.accuracy.high < scratch.accuracy.low
    return (
        f"Transfer {'gained' if points >= 0 else 'lost'} {abs(points):.1f} points of accuracy against training "
        f"from scratch; the 95{NARROW}% intervals {'do not overlap' if is_apart else 'overlap'}."
    )

"""What people see: tables on standard output, notes and errors on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graftwork.documents.plan import Plan, StagePlan
from graftwork.documents.record import AnyScores, Interval, Proof, Scores, score_intervals
from graftwork.errors import GraftworkError

__all__ = [
    "classes_in_words",
    "console",
    "count",
    "duration",
    "interval",
    "print_error",
    "proof_in_words",
    "say",
    "show_plan",
    "show_rows",
    "show_scores",
    "size",
]

_WIDTH_OF_FILES = 160


def console(stream: IO[str] | None = None) -> Console:
    """Return a console on ``stream`` (standard output if not given); files get wide lines."""
    stream = stream or sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _WIDTH_OF_FILES, highlight=False)


def say(message: str) -> None:
    """Tell the user something beside the result."""
    console(sys.stderr).print(escape(message), soft_wrap=True)


def print_error(error: GraftworkError) -> None:
    """Print an error in red, its further problems and its hint, on standard error."""
    target = console(sys.stderr)
    target.print(f"[red]Error:[/red] {escape(error.message)}", soft_wrap=True)
    if error.hint:
        target.print(escape(error.hint), soft_wrap=True)


def count(number: int) -> str:
    """Return a number with its thousands apart.

    >>> count(3413024)
    '3,413,024'
    """
    return f"{number:,}"


def size(number: int) -> str:
    """Return bytes in words.

    >>> size(1_500_000)
    '1.5 MB'
    """
    value = float(number)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def duration(seconds: float) -> str:
    """Return seconds in words.

    >>> duration(5.25), duration(75), duration(7300)
    ('5.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def classes_in_words(classes: Sequence[str]) -> str:
    """Return how many classes there are; a flow without any learns numbers.

    >>> classes_in_words(("flat", "tall")), classes_in_words(("flat",)), classes_in_words(())
    ('2 classes', '1 class', 'labels are numbers')
    """
    if not classes:
        return "labels are numbers"
    return f"{len(classes)} {'class' if len(classes) == 1 else 'classes'}"


def interval(value: Interval | None) -> str:
    """Return a measured value with its 95 % interval; a dash where there was nothing to measure."""
    if value is None or value.value != value.value:
        return "–"
    return f"{value.value:.3f} ({value.low:.3f}–{value.high:.3f})"


def proof_in_words(proof: Proof | None) -> str:
    """Say what stayed frozen and what moved."""
    if proof is None:
        return "–"
    frozen = f"{proof.frozen_tensors} frozen " + ("unchanged" if proof.frozen_unchanged else "CHANGED")
    moved = f"{proof.moved_tensors}/{proof.trainable_tensors} moved"
    if proof.not_started:
        moved += f", {proof.not_started} not begun"
    return f"{'holds' if proof.holds else 'FAILS'}: {frozen}, {moved}"


def show_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """Print a table; columns whose name starts with ``>`` are numbers and stand to the right."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        is_number = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape("–" if cell is None else str(cell)) for cell in row))
    console().print(table)


def show_scores(scores: Mapping[str, AnyScores]) -> None:
    """Print the scores of some splits, one row each."""
    of_classes = {split: s for split, s in scores.items() if isinstance(s, Scores)}
    if of_classes:
        _show_class_scores(of_classes)
    others = {split: s for split, s in scores.items() if not isinstance(s, Scores)}
    if others:
        # Not each split has each score: without odd images there is no recall of them.
        names = list(dict.fromkeys(name for s in others.values() for name in score_intervals(s)))
        show_rows(
            ["split", ">images", *(name.replace("_", " ") for name in names)],
            [
                (split, s.num_images, *(interval(score_intervals(s).get(name)) for name in names))
                for split, s in others.items()
            ],
        )


def _show_class_scores(scores: Mapping[str, Scores]) -> None:
    show_rows(
        ["split", ">images", "accuracy (95 %)", "balanced accuracy", "macro F1", "log loss", ">majority"],
        [
            (
                split,
                s.num_images,
                interval(s.accuracy),
                interval(s.balanced_accuracy),
                interval(s.macro_f1),
                interval(s.log_loss),
                f"{s.majority_accuracy:.3f}",
            )
            for split, s in scores.items()
        ],
    )


def show_classes(scores: Scores) -> None:
    """Print how each class did."""
    show_rows(
        ["class", ">images", "precision", "recall", ">F1"],
        [
            (
                c.name,
                c.num_images,
                interval(c.precision),
                interval(c.recall),
                None if c.f1 is None else f"{c.f1:.3f}",
            )
            for c in scores.classes
        ],
    )


def _node_rows(plan: Plan) -> list[tuple[str, str, str, float | None]]:
    """Return a row for each node with parameters whose stages are not shown by themselves."""
    rates = {g.name.removesuffix("/plain"): g.learning_rate for g in plan.phases[-1].groups}
    rows: list[tuple[str, str, str, float | None]] = []
    for node in plan.nodes:
        if not node.num_parameters or node.node == plan.main:
            continue
        kind = "new" if node.num_trainable == node.num_parameters else node.component
        state = "frozen" if not node.num_trainable else "trainable"
        if 0 < node.num_trainable < node.num_parameters:
            state = f"{count(node.num_trainable)} trainable"
        rows.append((f"{node.node} ({kind})", count(node.num_parameters), state, rates.get(node.node)))
    return rows or [("head (new)", count(plan.head_parameters), "trainable", None)]


def _state_of(stage: StagePlan) -> str:
    if stage.is_frozen or stage.moving == stage.num_parameters:
        return "frozen" if stage.is_frozen else "trainable"
    return f"{count(stage.moving)} {'added' if stage.num_added == stage.moving else 'trainable'}"


def show_plan(plan: Plan) -> None:
    """Print a plan: stages, phases, what is stored, and how long it may take."""
    target = console()
    target.print(
        f"[bold]{escape(plan.base)}[/bold], {plan.strategy}, cut after '{escape(plan.cut)}', "
        f"batch-norm {plan.batch_norm}, {plan.image_size} px"
    )
    images = ", ".join(f"{count(n)} {split}" for split, n in plan.num_images.items())
    target.print(f"{classes_in_words(plan.classes)}; images: {images}")
    show_rows(
        ["stage", ">parameters", "state", ">learning rate"],
        [(s.name, count(s.num_parameters), _state_of(s), s.learning_rate) for s in plan.stages]
        + _node_rows(plan),
    )
    target.print(f"{count(plan.num_frozen)} parameters frozen, {count(plan.num_trainable)} trainable")
    for node in plan.nodes:
        if node.frozen_layers:
            names = ", ".join(map(escape, node.frozen_layers[:6])) + (
                "…" if len(node.frozen_layers) > 6 else ""
            )
            target.print(f"frozen inside stages of '{escape(node.node)}' that move: {names}", soft_wrap=True)
    for phase in plan.phases:
        origin = "stored features" if phase.from_cache else "images"
        groups = ", ".join(
            f"{escape(g.name)} ({len(g.tensors)} tensors) at {g.learning_rate:g}" for g in phase.groups
        )
        target.print(f"phase {phase.name}: {phase.epochs} epochs from {origin}; {groups}")
    stored = f"{count(plan.cache.rows)} rows, {size(plan.cache.bytes)}" if plan.cache.is_used else "not used"
    target.print(f"feature cache: {stored} ({escape(plan.cache.reason)})")
    compute = plan.compute
    target.print(
        f"computed on {compute.device}, {compute.precision}, {compute.memory_format}; {escape(compute.reason)}"
    )
    for note in plan.notes:
        target.print(f"note: {escape(note)}")
    target.print(f"estimated time: {duration(plan.estimated_seconds)}")

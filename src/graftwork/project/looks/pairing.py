"""Two runs on the images that both were scored on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from graftwork.documents.paired import Cell, PairedCell, PairedComparison, PairedRow, PairedRows
from graftwork.errors import RunError, UsageError
from graftwork.project.predictions import rows_by_key
from graftwork.project.run import Run
from graftwork.project.stored import PredictionTable, open_predictions
from graftwork.project.using import read_samples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CELLS", "compare_images", "images_of_cell"]

CELLS: tuple[Cell, ...] = ("both_right", "only_a", "only_b", "both_wrong")
_NUM_KEYS = 100
SplitName = Literal["validation", "test"]


@dataclass(frozen=True)
class _Common:
    """Rows of the images that both runs were scored on, in the order of run A's keys."""

    a: PredictionTable
    b: PredictionTable
    rows_a: NDArray[np.int64]
    rows_b: NDArray[np.int64]
    num_only_a: int
    num_only_b: int
    num_relabelled: int

    def cell(self, cell: Cell) -> NDArray[np.bool_]:
        """Return which images are in a cell, (n,)."""
        right_a, right_b = ~self.a.is_wrong[self.rows_a], ~self.b.is_wrong[self.rows_b]
        wanted: NDArray[np.bool_] = {
            "both_right": right_a & right_b,
            "only_a": right_a & ~right_b,
            "only_b": ~right_a & right_b,
            "both_wrong": ~right_a & ~right_b,
        }[cell]
        return wanted


def compare_images(run_a: Run, run_b: Run, *, split: SplitName = "test") -> PairedComparison:
    """Compare two runs image by image on the images that both were scored on.

    Images are the same when their bytes are. An image that has another label in the other run is left out.

    Args:
        run_a, run_b: of classes or tags; tags are right when all of them are.
        split: 'test' or 'validation'.

    Raises:
        UsageError: runs whose answers are not right or wrong, or of different kinds.
        RunError: no stored predictions, or no common image.
    """
    from graftwork.engine.metrics.classes import wilson
    from graftwork.insight.evaluation.paired import compare_answers

    common = _common(run_a, run_b, split)
    right_a, right_b = ~common.a.is_wrong[common.rows_a], ~common.b.is_wrong[common.rows_b]
    paired = compare_answers(right_a, right_b)
    num_learned = _num_learned(run_a, run_b, common)
    return PairedComparison(
        run_a=run_a.id,
        run_b=run_b.id,
        split=split,
        num_common=paired.num_images,
        num_only_a=common.num_only_a,
        num_only_b=common.num_only_b,
        num_learned=num_learned,
        accuracy_a=wilson(int(right_a.sum()), len(right_a)),
        accuracy_b=wilson(int(right_b.sum()), len(right_b)),
        difference=paired.difference,
        p_value=paired.p_value,
        cells=tuple(_cell(common, cell) for cell in CELLS),
        notes=_notes(common, split, num_learned),
    )


def _cell(common: _Common, cell: Cell) -> PairedCell:
    rows = common.rows_a[common.cell(cell)]
    keys = tuple(common.a.keys[i] for i in rows[:_NUM_KEYS])
    return PairedCell(cell=cell, num_images=len(rows), keys=keys)


def images_of_cell(
    run_a: Run,
    run_b: Run,
    cell: Cell,
    *,
    split: SplitName = "test",
    offset: int = 0,
    limit: int = 100,
) -> PairedRows:
    """Return what both runs say about the images of a cell, a page at a time.

    Raises:
        UsageError, RunError: as ``compare_images`` says.
    """
    common = _common(run_a, run_b, split)
    chosen = common.cell(cell)
    page = slice(max(0, offset), max(0, offset) + max(0, limit))
    of_a, of_b = common.rows_a[chosen], common.rows_b[chosen]
    pairs = zip(rows_by_key(common.a, of_a[page]), rows_by_key(common.b, of_b[page]), strict=True)
    return PairedRows(total=len(of_a), rows=tuple(PairedRow(a=a, b=b) for a, b in pairs))


def _common(run_a: Run, run_b: Run, split: SplitName) -> _Common:
    import numpy as np

    if run_a.id == run_b.id:
        raise UsageError("A run cannot be compared with itself.", hint="Name two runs.")
    a, b = open_predictions(run_a), open_predictions(run_b)
    for run, table in ((run_a, a), (run_b, b)):
        if table.kind not in ("category", "tags"):
            raise UsageError(
                f"Run {run.id} gives a {table.kind}; image by image, answers that are right or wrong are wanted.",
                hint="Compare its scores with graftwork runs compare.",
            )
    if a.kind != b.kind:
        raise UsageError(f"One run gives a class and the other one tags ({a.kind}, {b.kind}).")
    rows_a, rows_b = a.rows_of(split), b.rows_of(split)
    pairs = _pairs(a, rows_a, b, rows_b)
    if not pairs:
        raise RunError(
            f"Runs {run_a.id} and {run_b.id} have no {split} image in common: {len(rows_a)} and {len(rows_b)} "
            "images, all different.",
            hint="Train both with the same data, seed and split.",
        )
    agreed = [(i, j) for i, j in pairs if _truth(a, i) == _truth(b, j)]
    if not agreed:
        raise RunError(
            f"The {len(pairs)} common images of the runs have different labels in each.",
            hint="Compare runs of the same task.",
        )
    first, second = (np.array(column, dtype=np.int64) for column in zip(*agreed, strict=True))
    return _Common(
        a, b, first, second, len(rows_a) - len(pairs), len(rows_b) - len(pairs), len(pairs) - len(agreed)
    )


def _pairs(
    a: PredictionTable, rows_a: NDArray[np.int64], b: PredictionTable, rows_b: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """Return rows of the same images: the same bytes under the same key, else under any one."""
    exact = {(b.digests[j], b.keys[j]): int(j) for j in rows_b}
    found = {int(i): exact[k] for i in rows_a if (k := (a.digests[i], a.keys[i])) in exact}
    taken = set(found.values())
    left: dict[str, list[int]] = {}
    for j in rows_b:
        if int(j) not in taken and b.digests[j]:
            left.setdefault(b.digests[j], []).append(int(j))
    for i in rows_a:
        if int(i) not in found and left.get(a.digests[i]):
            found[int(i)] = left[a.digests[i]].pop(0)
    return [(int(i), found[int(i)]) for i in sorted(rows_a, key=lambda i: a.keys[i]) if int(i) in found]


def _truth(table: PredictionTable, row: int) -> frozenset[str]:
    """Return the class of an image, or its tags, by name."""
    if table.kind == "category":
        return frozenset([table.names[int(table.labels[row])]])
    return frozenset(name for name, has in zip(table.names, table.labels[row], strict=True) if has)


def _num_learned(run_a: Run, run_b: Run, common: _Common) -> int:
    """Return how many of the images that are not common the other run was trained on."""
    learned = [
        {row.get("digest") for row in read_samples(run) if row["split"] == "train"} for run in (run_b, run_a)
    ]
    num = 0
    for table, used, known in (
        (common.a, set(common.rows_a.tolist()), learned[0]),
        (common.b, set(common.rows_b.tolist()), learned[1]),
    ):
        split = table.splits[next(iter(used))]
        num += sum(int(i) not in used and table.digests[i] in known for i in table.rows_of(str(split)))
    return num


def _notes(common: _Common, split: SplitName, num_learned: int) -> tuple[str, ...]:
    notes = []
    if common.num_only_a or common.num_only_b:
        notes.append(
            f"The runs were not scored on the same {split} images: compared are the {len(common.rows_a)} that "
            f"both have; A has {common.num_only_a} more and B {common.num_only_b}."
        )
    if num_learned:
        notes.append(f"{num_learned} of the others were among the training images of the other run.")
    if common.num_relabelled:
        notes.append(f"{common.num_relabelled} images have another label in the other run and are left out.")
    if common.a.kind == "tags":
        notes.append("An image is right when all of its tags are.")
    return tuple(notes)

"""The report of a run with what looks inside find, and the report of runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from graftwork.documents.files import storing, write_atomically
from graftwork.documents.record import Scores
from graftwork.errors import (
    GraftworkError,
    RunError,
    RunInterrupted,
    StorageError,
    UnknownName,
    UsageError,
    did_you_mean,
)
from graftwork.project.looks.inspection import Inspection
from graftwork.project.run import Run
from graftwork.project.sources import image_by_key

if TYPE_CHECKING:
    from PIL.Image import Image

    from graftwork.documents.paired import PairedComparison
    from graftwork.project.bench_state import BenchState
    from graftwork.project.project import Project

__all__ = ["LOOKS", "Look", "comparison_report", "comparison_task", "full_report", "report_task"]

Look = Literal["evaluation", "saliency", "drift", "depth", "data", "map"]
LOOKS: tuple[Look, ...] = get_args(Look)


def full_report(inside: Inspection, looks: Sequence[str] | None = None) -> Path:
    """Take looks inside a run and write its report with them; return the report's path.

    A look that the run's data or kind does not allow is left out, and that is told. What is kept already is
    not computed again. A learning curve is shown where one was measured.

    Args:
        inside: of a run.
        looks: those wanted; None: all of ``LOOKS``.

    Raises:
        UnknownName: no such look.
        RunError: not of a run, or it ended before its record was written.
        StorageError: the report cannot be written.
    """
    from graftwork.export.report import write_report

    wanted = LOOKS if looks is None else _known(looks)
    run = _run_of(inside)
    for look in wanted:
        if look == "saliency":
            continue
        inside.check_stop()
        inside.tell(f"Looking at {look} …")
        _take(inside, look)
    inside.tell("Writing the report …")
    saliency = _saliency(inside) if "saliency" in wanted else None
    images = image_by_key(run, inside.workspace)
    with storing("The report", run.path):
        return write_report(run.path, images=images, saliency=saliency, compare=inside.project.peers(run))


def report_task(state: BenchState, run_id: str, looks: Sequence[str] | None = None) -> str:
    """Write the report of a run with looks inside, and return its path."""
    return str(full_report(state.inspection(run_id), looks))


def comparison_task(state: BenchState, run_ids: Sequence[str]) -> str:
    """Write a report of runs side by side, and return its path."""
    return str(comparison_report(state.project, run_ids))


def _known(looks: Sequence[str]) -> tuple[str, ...]:
    for look in looks:
        if look not in LOOKS:
            raise UnknownName(f"There is no look '{look}' for the report.", hint=did_you_mean(look, LOOKS))
    return tuple(looks)


def _run_of(inside: Inspection) -> Run:
    if inside.run is None:
        raise RunError(
            f"The flow '{inside.flow.name}' was not trained; a report is of a run.", hint="Train it first."
        )
    return inside.run


def _take(inside: Inspection, look: str) -> None:
    """Take one look so that the run keeps it; what does not fit the run is told and left out."""
    try:
        _take_or_raise(inside, look)
    except (RunInterrupted, StorageError):
        raise
    except GraftworkError as error:
        inside.tell(f"No {look} in the report: {error.message}")


def _take_or_raise(inside: Inspection, look: str) -> None:
    match look:
        case "evaluation":
            from graftwork.project.looks.evaluating import evaluation

            splits = inside.run.record.metrics if inside.run else {}
            evaluation(inside, split="test" if "test" in splits else "validation")
        case "drift":
            from graftwork.project.looks.drift import drift_of

            drift_of(inside)
        case "depth":
            from graftwork.project.looks.depth import probe_by_depth

            probe_by_depth(inside)
        case "data":
            from graftwork.project.looks.data_quality import look_at_data

            look_at_data(inside)
        case "map":
            from graftwork.project.looks.embedding import embedding_map

            embedding_map(inside)


def _saliency(inside: Inspection) -> Callable[[str], Image] | None:
    """Return a function from an image's key to the image under its saliency map; none for other runs than of classes."""
    run = inside.run
    if run is None or not any(isinstance(s, Scores) for s in run.record.metrics.values()):
        return None
    from PIL import Image

    from graftwork.project.looks.saliency import saliency

    def draw(key: str) -> Image.Image:
        return Image.fromarray(saliency(inside, key, only_keys=True).blended())

    return draw


def comparison_report(project: Project, run_ids: Sequence[str]) -> Path:
    """Write a report of runs side by side and return its path, ``reports/compare-IDS.html`` in the project.

    Args:
        project: the runs' project.
        run_ids: two or more; the first one is what the others are held against.

    Raises:
        RunNotFound: no such run.
        UsageError: fewer than two runs, or the same one twice.
        StorageError: the report cannot be written.
    """
    from graftwork.export.comparison_report import render_comparison
    from graftwork.export.folder import read_run_folder

    found = project.compare(run_ids)
    runs = [project.find(record.run) for record in found.records]
    if len({run.id for run in runs}) < len(runs):
        raise UsageError("A run is named twice.", hint="Name different runs.")
    folders = [read_run_folder(run.path) for run in runs]
    split = "test" if all("test" in f.record.metrics for f in folders) else "validation"
    pairs, notes = _pairs(runs, split)
    if not found.same_test_images:
        notes.insert(
            0, "The runs were not scored on the same images in the same split; mind what is compared."
        )
    page = render_comparison(
        folders,
        split=split,
        differences=found.differences,
        pairs=pairs,
        notes=notes,
        images=image_by_key(runs[0], project.workspace),
    )
    path = project.root / "reports" / f"compare-{'-'.join(run.id[-4:] for run in runs)}.html"
    with storing("The report", path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, page)
    return path


def _pairs(runs: Sequence[Run], split: str) -> tuple[dict[str, PairedComparison], list[str]]:
    """Return the first run beside each other one, image by image, and why some are missing."""
    from graftwork.project.looks.pairing import compare_images

    pairs, notes = {}, []
    for other in runs[1:]:
        try:
            pairs[other.id] = compare_images(
                runs[0], other, split="test" if split == "test" else "validation"
            )
        except GraftworkError as error:
            notes.append(f"{runs[0].id} and {other.id} are not compared image by image: {error.message}")
    return pairs, notes

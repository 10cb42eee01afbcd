"""The report of a run: one HTML file that needs nothing else to be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from graftwork.documents.record import RunRecord, main_score
from graftwork.export import report_parts as parts
from graftwork.export import wording
from graftwork.export.charts import ICONS, draw_flow, draw_interval
from graftwork.export.folder import RunFolder, read_run_folder
from graftwork.export.mistakes import Mistake, worst_mistakes
from graftwork.export.pictures import Images
from graftwork.export.report_looks import show_looks
from graftwork.export.report_stages import list_stages, node_states

__all__ = ["read_text", "render_report", "template", "write_report"]

REPORT_NAME = "report.html"
MAX_TENSORS_NAMED = 20
MAX_NOTES = 6
"""Notes on the data that are seen at once; the rest can be opened."""


def write_report(
    folder: Path,
    *,
    images: Images | None = None,
    saliency: Images | None = None,
    compare: Sequence[RunRecord] = (),
) -> Path:
    """Write ``report.html`` into the run folder and return its path.

    Reads only the files of the folder; parts that a failed or stopped run lacks are left out, and the
    report says so. The page holds no script and no outside address.

    Args:
        folder: a run folder.
        images: opens an image of the run by its key, for pictures of the worst mistakes.
        saliency: gives the same under a map of where the evidence for the predicted label lies.
        compare: records of other runs on the same data, such as the controls.

    Raises:
        ExportError: no record in the folder, or a file of it cannot be read.
        FlowError: a document of a newer format.
    """
    path = folder / REPORT_NAME
    scratch = path.with_suffix(".html.part")
    scratch.write_text(
        render_report(read_run_folder(folder), images=images, saliency=saliency, compare=compare),
        encoding="utf-8",
    )
    os.replace(scratch, path)
    return path


def render_report(
    run: RunFolder,
    *,
    images: Images | None = None,
    saliency: Images | None = None,
    compare: Sequence[RunRecord] = (),
) -> str:
    """Return the report of ``run`` as HTML; see ``write_report``."""
    record = run.record
    picked = parts.pick_scores(record)
    split, scores = picked if picked else (None, None)
    return template("report.html.jinja").render(
        css=Markup(read_text("report.css")),
        icons=ICONS,
        run=run,
        record=record,
        plan=run.plan,
        headline=parts.summarize(record),
        split=split,
        scores=scores,
        other_scores=parts.list_scores(record),
        proof=parts.describe_proof(record.proof) if record.proof else None,
        max_tensors=MAX_TENSORS_NAMED,
        max_notes=MAX_NOTES,
        comparison=parts.compare_runs(record, compare),
        confusion=parts.tint_confusion(scores) if scores else None,
        mistakes=_mistakes(run, split, images, saliency),
        looks=show_looks(run.looks, cut=record.cut, images=images),
        curves=parts.draw_curves(run),
        flow_picture=draw_flow(run.flow, node_states(run)) if run.flow else None,
        stages=list_stages(run),
        class_counts=parts.count_classes(run.classes, run.samples),
        recipe=parts.list_recipe(run.flow.recipe) if run.flow else (),
    )


def _mistakes(
    run: RunFolder, split: str | None, images: Images | None, saliency: Images | None
) -> tuple[Mistake, ...]:
    if run.predictions is None or split is None or not run.classes:
        return ()
    return worst_mistakes(run.predictions, run.classes, split=split, images=images, saliency=saliency)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("graftwork.export", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = {
        "count": wording.format_count,
        "number": wording.format_number,
        "percent": wording.format_percent,
        "probability": wording.format_probability,
        "interval": wording.format_interval,
        "size": wording.format_bytes,
        "duration": wording.format_duration,
        "words": wording.format_words,
        "moment": wording.format_moment,
        "whisker": draw_interval,
        "main_score": main_score,
    }
    environment.filters.update(filters)
    return environment


def template(name: str) -> Template:
    """Return a template of this folder, with the filters of the report."""
    return _environment().get_template(name)


def read_text(name: str) -> str:
    """Return a text file of this folder."""
    return (files("graftwork.export") / name).read_text(encoding="utf-8")

"""Exports of a run, checked against the run on its own images."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.files import storing
from graftwork.errors import ExportError
from graftwork.project.run import Run
from graftwork.project.sources import images_of_run
from graftwork.project.using import read_samples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.engine.trained import TrainedModel
    from graftwork.engine.workspace import Workspace

__all__ = ["export_run"]


_SAMPLES = 64


def export_run(
    run: Run, model: TrainedModel, *, to: str, destination: str | Path | None, workspace: Workspace
) -> Any:
    """Write ``model`` in the format ``to``, compare it with the run on real images, and return the report.

    Raises:
        UnknownName: no such format.
        ExportError: the export gives other predictions than the run.
        DataError: the run's images are not there any more.
    """
    from graftwork.export.registry import find_export

    write = find_export(to)
    if model.objective.wants != "category" or not model.network.reads_images_alone:
        what = (
            "more than images" if model.objective.wants == "category" else f"'{model.objective.wants}' labels"
        )
        raise ExportError(
            f"Run {run.id} is a model for {what}; exports are written for classes from images alone so far.",
            hint="Use it from Python: graftwork.Project(...).load(RUN).",
            run=run.id,
        )
    # an export computes in float32, so that is what it is compared with
    exact = copy.copy(model)
    exact.compute = model.compute.edit(precision="float32")
    samples = _canvases(run, model, workspace)
    path = Path(destination).expanduser().resolve() if destination else run.path / "exports" / f"model.{to}"
    if not path.suffix:
        path = path / f"model.{to}"
    with storing("The export", path.parent):
        return write(
            model.scored_network(),
            port=model.port,
            classes=model.classes,
            destination=path,
            samples=samples,
            reference=exact.scored_logits(samples),
            run=run.id,
        )


def _canvases(run: Run, model: TrainedModel, workspace: Workspace) -> NDArray[np.uint8]:
    """Return up to 64 of the run's test images, spread over all of them, as the network takes them."""
    import numpy as np

    from graftwork.data import read_canvas

    images = images_of_run(run, workspace)
    tested = {row["key"] for row in read_samples(run) if row["split"] == "test"}
    found = [i for i, sample in enumerate(images.samples) if sample.key in tested]
    found = found or list(range(len(images.samples)))
    chosen = found[:: max(1, len(found) // _SAMPLES)][:_SAMPLES]
    return np.stack([read_canvas(images, i, model.transform) for i in chosen])

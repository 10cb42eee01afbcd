"""A run on other data than its own: scored, and kept so that it can be looked at like its own test images."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from graftwork.documents.evaluation import OtherData
from graftwork.documents.files import write_atomically
from graftwork.documents.record import AnyScores
from graftwork.errors import StorageError
from graftwork.graph.contracts import ImagesSettings
from graftwork.project.options import read_as
from graftwork.project.run import Run
from graftwork.project.sources import Source, images_settings_of, source_text
from graftwork.project.stored import folder_of
from graftwork.project.using import Scored, evaluate_run

if TYPE_CHECKING:
    import pandas as pd

    from graftwork.engine.trained import TrainedModel
    from graftwork.engine.workspace import Workspace

__all__ = ["evaluate_on", "other_data", "other_settings", "scores_on", "settings_like"]

_FACTS, _SETTINGS = "other.json", "images.json"


def settings_like(run: Run, source: str, columns: Mapping[str, Any]) -> ImagesSettings:
    """Return settings of images that are labelled like a run's own: the same kind, the columns as given.

    Columns that are not given are the run's where its source is a table too, else found by their names.

    Raises:
        UsageError: a column that is no setting of images.
    """
    own = images_settings_of(run.flow)
    given = {name: value for name, value in columns.items() if value}
    kept = own.model_dump(exclude={"source", "exclude", "relabel"}) if _is_table(own.source, source) else {}
    return read_as(ImagesSettings, {**kept, **given, "label_kind": own.label_kind, "source": source})


def _is_table(*sources: str) -> bool:
    return all(Path(source).suffix.lower() in (".csv", ".tsv", ".parquet") for source in sources)


def scores_on(
    run: Run,
    model: TrainedModel,
    source: Source | None,
    columns: Mapping[str, Any],
    *,
    workspace: Workspace,
    on_note: Callable[[str], None],
) -> AnyScores:
    """Return the scores of a run on a source, kept as ``evaluate_on`` does, or on its own test images.

    Raises:
        DataError: no labelled image to score.
    """
    if source is None:
        return evaluate_run(run, model, None, workspace=workspace, on_note=on_note).scores
    settings = settings_like(run, source_text(source, workspace.index), columns)
    return evaluate_on(run, model, settings, workspace=workspace, on_note=on_note).scores


def evaluate_on(
    run: Run,
    model: TrainedModel,
    settings: ImagesSettings,
    *,
    workspace: Workspace,
    on_note: Callable[[str], None],
) -> OtherData:
    """Score a run on other labelled images and keep what it said of each, in ``inspections/on-ID``.

    The same data again takes the place of what was kept.

    Raises:
        DataError: no labelled image to score.
    """
    notes: list[str] = []
    scored = evaluate_run(run, model, settings, workspace=workspace, on_note=notes.append)
    for note in notes:
        on_note(note)
    identity = settings.model_dump_json()
    found = OtherData(
        id=hashlib.sha256(identity.encode()).hexdigest()[:12],
        source=settings.source,
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        scores=scored.scores,
        notes=tuple(notes),
    )
    try:
        _keep(run.path / "inspections" / f"on-{found.id}", scored, identity, found)
    except StorageError as error:
        on_note(f"The predictions are not kept: {error.message}")
    return found


def _keep(folder: Path, scored: Scored, identity: str, found: OtherData) -> None:
    if scored.images.label_kind != "mask":  # pixels are not kept: they would be as large as the images
        _write_table(folder / "predictions.parquet", _predictions(scored))
    _write_table(folder / "samples.parquet", _samples(scored))
    write_atomically(folder / _SETTINGS, identity)
    write_atomically(folder / _FACTS, found.model_dump_json(indent=1))


def _predictions(scored: Scored) -> pd.DataFrame:
    import pandas as pd

    samples = [scored.images.samples[i] for i in scored.indices]
    table = pd.DataFrame({"key": [s.key for s in samples], "split": "test"})
    table["label"] = list(scored.labels) if scored.labels.ndim == 2 else scored.labels
    values = scored.predicted.reshape(len(samples), -1)
    columns = [f"p_{i}" for i in range(values.shape[1])]
    return pd.concat([table, pd.DataFrame(values, columns=columns)], axis=1)


def _samples(scored: Scored) -> pd.DataFrame:
    import pandas as pd

    samples = [scored.images.samples[i] for i in scored.indices]
    rows = [(s.key, s.group, s.digest) for s in samples]
    return pd.DataFrame(rows, columns=["key", "group", "digest"])


def _write_table(path: Path, table: pd.DataFrame) -> None:
    content = BytesIO()
    table.to_parquet(content, index=False)
    write_atomically(path, content.getvalue())


def other_data(run: Run) -> tuple[OtherData, ...]:
    """Return the evaluations of a run on other data, the newest first; what does not read is left out."""
    found = []
    for path in (run.path / "inspections").glob(f"on-*/{_FACTS}"):
        try:
            found.append(OtherData.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            continue
    return tuple(sorted(found, key=lambda one: one.created, reverse=True))


def other_settings(run: Run, on: str) -> ImagesSettings:
    """Return the settings of the images that a run was evaluated on.

    Raises:
        UnknownName: no such evaluation.
    """
    return ImagesSettings.model_validate_json((folder_of(run, on) / _SETTINGS).read_bytes())

"""What a trained run is used for: scores on images, predictions for new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from graftwork.documents.record import AnyScores, ScoreKind
from graftwork.errors import DataError, RunError
from graftwork.graph.contracts import ImagesSettings
from graftwork.project.run import Run
from graftwork.project.sources import images_of_run, open_source

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from graftwork.data import ImageSet
    from graftwork.engine.trained import TrainedModel
    from graftwork.engine.workspace import Workspace

__all__ = ["Prediction", "Scored", "evaluate_run", "predict_images", "read_samples"]

_BATCH = 64
_IMAGE_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm", ".jfif"}
)

OnNote = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a run says about one image."""

    image: str
    label: str | None = None
    probability: float | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    """By class or tag; of masks, the share of the pixels by class."""
    values: dict[str, float] = field(default_factory=dict)
    """Predicted numbers by name, or the score of an anomaly."""
    problem: str | None = None
    """Why there is no label: the image cannot be read."""


@dataclass(frozen=True)
class Scored:
    """What a run said about labelled images, and its scores."""

    images: ImageSet
    indices: list[int]
    labels: NDArray[Any]
    """As predictions are stored: class numbers also where the scores ask what is odd."""
    predicted: NDArray[Any]
    scores: AnyScores


def evaluate_run(
    run: Run, model: TrainedModel, source: ImagesSettings | None, *, workspace: Workspace, on_note: OnNote
) -> Scored:
    """Score a trained run on its own test images, or on the images of ``source``.

    Raises:
        DataError: no labelled image to score.
    """
    from graftwork.components.objectives import Anomaly
    from graftwork.engine.objectives import normal_class, score_odd, score_split

    table = read_samples(run)
    if source is None:
        images = images_of_run(run, workspace)
        indices = _indices_of_test(images, table, on_note)
    else:
        images = open_source(source, workspace.index, classes=model.classes)
        indices = _indices_of_new(images, table, on_note)
    if not indices:
        raise DataError(
            f"{images.source} holds no labelled image to score.",
            hint="Name a folder with a sub-folder per class.",
        )
    learned = _training_labels(run, model, table, workspace)
    labels = model.labels(images, indices)
    if isinstance(model.objective, Anomaly):
        normal = normal_class(model.objective, learned, model.classes)
        predicted, maps = model.predict_places(images, indices)
        scores = score_odd(model.objective, predicted, labels, maps, normal=normal, seed=run.record.seed)
    else:
        predicted = model.predict_images(images, indices)
        scores = score_split(
            cast("ScoreKind", model.objective.wants),
            predicted,
            labels,
            train_labels=learned,
            classes=model.names,
            seed=run.record.seed,
        )
    return Scored(images, indices, labels, predicted, scores)


def _training_labels(
    run: Run, model: TrainedModel, table: list[dict[str, Any]], workspace: Workspace
) -> NDArray[Any]:
    """Return the training labels of a run, for controls; classes are in its table, others with its images."""
    import numpy as np

    if run.record.data is None or run.record.data.label_kind == "category":
        known = [row["label"] for row in table if row["split"] == "train"]
        return np.asarray(known or [0], dtype=np.int64)
    images = images_of_run(run, workspace)
    return model.labels(images, images.of_split("train"))


def read_samples(run: Run) -> list[dict[str, Any]]:
    """Return the rows of a run's ``samples.parquet``: key, label, split, group, digest."""
    import pyarrow.parquet as pq

    path = run.path / "samples.parquet"
    if not path.is_file():
        raise RunError(f"The run {run.id} has no {path.name}: it ended before its data was read.", run=run.id)
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def _indices_of_test(images: ImageSet, table: list[dict[str, Any]], on_note: OnNote) -> list[int]:
    wanted = {row["key"]: row["digest"] for row in table if row["split"] == "test"}
    indices = [i for i, sample in enumerate(images.samples) if sample.key in wanted]
    if missing := len(wanted) - len(indices):
        on_note(f"{missing} of the run's {len(wanted)} test images are not there any more.")
    changed = sum(images.samples[i].digest != wanted[images.samples[i].key] for i in indices)
    if changed:
        on_note(f"{changed} test images have changed since the run.")
    return indices


def _indices_of_new(images: ImageSet, table: list[dict[str, Any]], on_note: OnNote) -> list[int]:
    labelled = [i for i, sample in enumerate(images.samples) if sample.label is not None]
    indices = [i for i in labelled if images.samples[i].split == "test"] or labelled
    if len(indices) < len(labelled):
        on_note(f"Scored are the {len(indices)} images of its own test split.")
    learned = {row["digest"] for row in table if row["split"] != "test"}
    known = sum(images.samples[i].digest in learned for i in indices)
    if known:
        on_note(
            f"{known} of these {len(indices)} images were used to train or choose the run; "
            "the scores flatter it."
        )
    return indices


def predict_images(model: TrainedModel, images: Iterable[Any]) -> Iterator[Prediction]:
    """Give a prediction for each image, in order; folders stand for all images below them.

    Args:
        model: a trained model.
        images: paths of images or folders, or PIL images.

    Raises:
        DataError: a path that does not exist, or a folder without images.
    """
    waiting = _expand(images)
    number = 0
    while batch := list(islice(waiting, _BATCH)):
        opened = [_open(item) for item in batch]
        good = [picture for picture in opened if not isinstance(picture, str)]
        rows = iter(model.predict_pil(good)) if good else iter(())
        for item, picture in zip(batch, opened, strict=True):
            name = str(item) if isinstance(item, Path) else f"image {number}"
            number += 1
            if isinstance(picture, str):
                yield Prediction(name, problem=picture)
            else:
                yield _prediction(name, model, next(rows))


def _prediction(name: str, model: TrainedModel, row: NDArray[Any]) -> Prediction:
    kind = model.objective.wants
    if kind == "mask":  # of each pixel; what is told here is what there is most of
        row = _shares(row)
    names = model.names if kind != "none" else ("score",)
    values = {n: float(v) for n, v in zip(names, row.reshape(-1), strict=True)}
    if kind in ("number", "none"):
        return Prediction(name, ", ".join(f"{n} {v:.4g}" for n, v in values.items()), values=values)
    if kind == "tags":
        return Prediction(name, ";".join(n for n, p in values.items() if p >= 0.5), probabilities=values)
    best = max(values, key=values.__getitem__)
    return Prediction(name, best, values[best], values)


def _shares(probabilities: NDArray[Any]) -> NDArray[Any]:
    """Return the share of pixels of each class, (k,), from probabilities (k, h, w)."""
    import numpy as np

    counts = np.bincount(probabilities.argmax(0).ravel(), minlength=len(probabilities))
    shares: NDArray[Any] = counts / counts.sum()
    return shares


def _open(item: Any) -> Image | str:
    """Return the decoded picture, or why there is none."""
    from PIL import Image, ImageOps

    if not isinstance(item, Path):
        return item  # type: ignore[no-any-return]
    try:
        with Image.open(item) as picture:
            return ImageOps.exif_transpose(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return unreadable_in_words(error)


def _expand(images: Iterable[Any]) -> Iterator[Any]:
    for item in images:
        if not isinstance(item, (str, Path)):
            yield item
            continue
        path = Path(item).expanduser()
        if path.is_dir():
            yield from _images_below(path)
        elif path.is_file():
            yield path
        else:
            raise DataError(f"There is no image {path}.", hint="Check the path.", path=str(path))


def _images_below(folder: Path) -> list[Path]:
    found = sorted(
        p
        for p in folder.rglob("*")
        if p.suffix.lower() in _IMAGE_ENDINGS
        and p.is_file()
        and not any(part.startswith(".") for part in p.relative_to(folder).parts)
    )
    if not found:
        raise DataError(f"The folder {folder} holds no images.", hint="Name images or a folder of images.")
    return found


def unreadable_in_words(error: Exception) -> str:
    """Return why something is no image, without words of libraries that say nothing to people."""
    from PIL import UnidentifiedImageError

    reason = "it is of no known format" if isinstance(error, UnidentifiedImageError) else str(error)
    return f"cannot be read as an image ({reason})"

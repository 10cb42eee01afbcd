"""Transfer as a scikit-learn classifier on arrays of images.

A thin skin: ``fit`` builds the flow that ``gw.transfer`` builds and runs it; nothing is trained here.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageOps
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    check_non_negative,
    column_or_1d,
    validate_data,
)

from graftwork.documents.flow import Flow, dump_flow
from graftwork.documents.recipe import Augmentation, BatchNormMode, Strategy
from graftwork.errors import DataError
from graftwork.graph.contracts import BackboneSettings
from graftwork.project import Project
from graftwork.project.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graftwork.engine.trained import TrainedModel
    from graftwork.engine.workspace import Workspace

__all__ = ["ImageInputError", "TransferClassifier"]

_KEPT = ("flow.yaml", "plan.json", "record.json", "weights.safetensors")
_CHUNK = 256
"""Images that are prepared at a time; bounds the memory of a prediction."""
_measured: dict[str, bytes] = {}
"""What runs in temporary projects measured of this machine, so that each fit does not measure anew."""


class ImageInputError(DataError, ValueError):
    """Images or labels that cannot be learned from; a ``ValueError`` too, as scikit-learn wants."""


class TransferClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A new head on a pretrained base, with scikit-learn's ``fit`` and ``predict``.

    Images are an array (n, h, w) of grey or (n, h, w, c) with 1, 3 (RGB) or 4 (RGBA) channels, or a list of
    Pillow images, which may differ in size. Rows (n, h·w·c) are taken only when ``image_shape`` says what
    they hold. All go to 8 bits and then through the base's own transform.

    What numbers mean is never guessed from their values: uint8 and other whole numbers are 0 to 255, uint16
    is 0 to 65535, fractions are 0 to 1, unless ``pixel_max`` says otherwise.

    Args:
        base: base id, ``host:name``.
        strategy: how much of the base is retrained.
        cut: stages up to this one are frozen; None: the strategy decides.
        image_size: side in pixels that the base gets; None: the base's own.
        batch_norm: what happens to batch-norm statistics.
        epochs, batch, learning_rate, augment, class_weights: as in the recipe.
        validation: share of the images given to ``fit`` that choose the best epoch; 0: the last one counts.
        image_shape: (h, w) or (h, w, c) of images that come as rows; one number may be -1, as in
            ``numpy.reshape``.
        pixel_max: the number that means full brightness; 0 is black.
        options: any further option of ``gw.transfer``, such as ``{"dropout": 0.2}``.
        random_state: start of all random draws.
        project: a project or its folder, where runs are kept and stored features are shared between
            fits; None: a temporary one for each fit, deleted at its end.

    Attributes:
        classes_: the labels, sorted.
        run_: the run, when ``project`` is given; else None.
        record_: what was done: scores on the validation images, proof, cost.
        n_features_in_: length of a row, only with ``image_shape``.

    >>> TransferClassifier(epochs=3)
    TransferClassifier(epochs=3)
    """

    def __init__(
        self,
        base: str = "bundled:efficientnet_lite0",
        *,
        strategy: Strategy = "head_only",
        cut: str | None = None,
        image_size: int | None = None,
        batch_norm: BatchNormMode = "held",
        epochs: int = 20,
        batch: int = 64,
        learning_rate: float | None = None,
        augment: Augmentation = "none",
        class_weights: str = "none",
        validation: float = 0.1,
        image_shape: tuple[int, ...] | None = None,
        pixel_max: float | None = None,
        options: Mapping[str, Any] | None = None,
        random_state: int | np.random.RandomState | None = None,
        project: Project | str | Path | None = None,
    ) -> None:
        self.base = base
        self.strategy = strategy
        self.cut = cut
        self.image_size = image_size
        self.batch_norm = batch_norm
        self.epochs = epochs
        self.batch = batch
        self.learning_rate = learning_rate
        self.augment = augment
        self.class_weights = class_weights
        self.validation = validation
        self.image_shape = image_shape
        self.pixel_max = pixel_max
        self.options = options
        self.random_state = random_state
        self.project = project

    def fit(self, X: Any, y: ArrayLike) -> Self:  # noqa: N803
        """Train a run on all images but the validation share; no test images are set aside.

        Raises:
            ImageInputError, ValueError: images or labels that cannot be learned from.
            GraftworkError: base, cut or an option that is not possible.
            KeyboardInterrupt: ctrl-C; nothing is fitted.
        """
        images, labels = self._read(X, reset=True), _check_labels(self, y)
        check_consistent_length(images, labels)
        classes, codes = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ImageInputError(
                f"y holds 1 class only ({classes[0]!s}); at least two are wanted.", hint="Add another class."
            )
        names = [str(label) for label in classes]
        with _home(self.project) as home:
            run = self._run(home, images, np.array(names)[codes])
            self._model = _Kept(run, names)
            self.run_ = None if self.project is None else run
            self.record_ = run.record
        self.classes_ = classes
        return self

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return the most probable label of each image, shape (n,)."""
        logits = self._logits(X)
        labels: NDArray[Any] = self.classes_[logits.argmax(axis=1)]
        return labels

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return probabilities in the order of ``classes_``, shape (n, k)."""
        probabilities: NDArray[np.float64] = softmax(self._logits(X), axis=1)
        return probabilities

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return natural logarithms of the probabilities, shape (n, k)."""
        logs: NDArray[np.float64] = log_softmax(self._logits(X), axis=1)
        return logs

    def decision_function(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return logits, shape (n, k); with two classes the second's lead over the first, shape (n,)."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def _logits(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        check_is_fitted(self, "classes_")
        return self._model.logits(self._read(X, reset=False))

    def _run(self, home: Project, images: _Images, labels: NDArray[np.str_]) -> Run:
        """Run the flow of ``gw.transfer`` and return the finished run."""
        source, columns = _source(images, labels, home.root / "data")
        chosen = {
            name: getattr(self, name)
            for name in (*BackboneSettings.model_fields, "epochs", "batch", "learning_rate", "augment")
            if hasattr(self, name)
        }
        chosen |= {"class_weights": self.class_weights, "validation": self.validation, "test": 0.0}
        try:
            run = home.transfer(source, **{**chosen, "seed": self._seed(), **columns, **(self.options or {})})
        except DataError as error:
            raise ImageInputError(error.message, hint=error.hint, **error.fields) from error
        if run.status in ("stopped", "paused"):
            raise KeyboardInterrupt(run.record.message)
        return run

    def _seed(self) -> int:
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31))

    def _read(self, X: Any, *, reset: bool) -> _Images:  # noqa: N803
        """Return what was given as 8-bit images: one array, or a list when sizes differ."""
        if isinstance(X, Sequence) and len(X) and isinstance(X[0], Image.Image):
            return _read_pictures(X)
        are_rows = self.image_shape is not None
        pixels = validate_data(self, X, reset=reset, ensure_2d=are_rows, allow_nd=not are_rows)
        check_non_negative(pixels, "images given to TransferClassifier")
        if self.image_shape is not None:
            pixels = _unfold(pixels, self.image_shape)
        elif pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[3] not in (1, 3, 4)):
            raise ImageInputError(
                f"TransferClassifier wants images (n, h, w), (n, h, w, 3) or (n, h, w, 4), got {pixels.shape}.",
                hint="Reshape your data; if each row is an image, set image_shape=(h, w) or (h, w, c).",
            )
        return _to_bytes(pixels[..., 0] if pixels.shape[3:] == (1,) else pixels, self.pixel_max)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = self.image_shape is not None
        tags.input_tags.three_d_array = self.image_shape is None
        tags.input_tags.positive_only = True
        return tags


_Images = NDArray[np.uint8] | list[NDArray[np.uint8]]


class _Kept:
    """A run's files in memory, and the model they give; pickled without the model.

    Args:
        run: a finished run.
        names: its classes in the order of the columns that are wanted.
    """

    def __init__(self, run: Run, names: list[str]) -> None:
        self._id = run.id
        self._files = {name: (run.path / name).read_bytes() for name in _KEPT}
        self._files["flow.yaml"] = dump_flow(_portable(run)).encode()
        own = list(run.plan.classes)
        self._columns = [own.index(name) for name in names]
        self._model: TrainedModel | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None}

    def logits(self, images: _Images) -> NDArray[np.float64]:
        """Return logits (n, k), columns as wanted."""
        self._model = model = self._model or self._open()
        parts = [np.empty((0, len(self._columns)))]
        for start in range(0, len(images), _CHUNK):
            pictures = [Image.fromarray(pixels) for pixels in images[start : start + _CHUNK]]
            canvases = np.stack([model.transform.canvas(picture) for picture in pictures])
            parts.append(model.logits_canvases(canvases).astype(np.float64)[:, self._columns])
        return np.concatenate(parts)

    def _open(self) -> TrainedModel:
        from graftwork.engine.trained import load_run

        with tempfile.TemporaryDirectory(prefix="graftwork-") as name:
            folder = Path(name) / self._id
            folder.mkdir()
            for file, content in self._files.items():
                (folder / file).write_bytes(content)
            return load_run(folder, workspace=_workspace(Path(name)))


def _workspace(root: Path) -> Workspace:
    from graftwork.engine.workspace import Workspace

    return Workspace(cache=root / "cache", runs=root, index=root / "data")


def _backbone(flow: Flow) -> BackboneSettings:
    return BackboneSettings.model_validate(flow.of_component("backbone")[0].settings)


def _portable(run: Run) -> Flow:
    """Return the run's flow on the bare architecture: all weights are in the run, no other file is wanted."""
    flow, card = run.flow, run.record.card
    if card is None:  # pragma: no cover  a finished run has one
        return flow
    settings = _backbone(flow)
    size = settings.image_size
    if size is None and settings.base.removeprefix("random:").startswith("run:"):
        size = min(card.port.height, card.port.width)
    changes = {"base": f"random:{card.architecture}", **({"image_size": size} if size else {})}
    nodes = tuple(
        node.edit(settings={**node.settings, **changes}) if node.component == "backbone" else node
        for node in flow.nodes
    )
    return flow.edit(nodes=nodes)


class _Scratch(Project):
    """A project that is deleted before anyone could read a report."""

    def write_report(self, run: Run, **_: Any) -> None:
        """Write none."""


@contextmanager
def _home(project: Project | str | Path | None) -> Iterator[Project]:
    """Give the project to run in; a temporary one starts with what earlier ones measured of the machine."""
    if project is not None:
        yield project if isinstance(project, Project) else Project(project)
        return
    with tempfile.TemporaryDirectory(prefix="graftwork-", ignore_cleanup_errors=True) as name:
        home = _Scratch(name)
        memory = home.root / "cache" / "compute.json"
        if "compute" in _measured:
            memory.write_bytes(_measured["compute"])
        yield home
        if memory.is_file():
            _measured["compute"] = memory.read_bytes()


def _check_labels(estimator: TransferClassifier, y: Any) -> NDArray[Any]:
    if y is None:
        raise ImageInputError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None.",
            hint="Give one label for each image.",
        )
    labels: NDArray[Any] = column_or_1d(y, warn=True)
    check_classification_targets(labels)
    return labels


def _unfold(rows: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        return rows.reshape(len(rows), *_image_shape(shape))
    except (TypeError, ValueError) as error:
        raise ImageInputError(
            f"Rows of {rows.shape[1]} numbers do not unfold to image_shape={shape}.",
            hint="Set image_shape to (h, w) or (h, w, c) with h·w·c numbers.",
        ) from error


def _image_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        raise ValueError(f"no shape of an image: {shape}")
    return shape


def _to_bytes(pixels: NDArray[Any], full: float | None) -> NDArray[np.uint8]:
    """Return pixels as uint8; ``full`` means 255, or what the kind of number means."""
    if full is None:
        if pixels.dtype == np.uint8:
            return pixels
        deep = 65535.0 if pixels.dtype == np.uint16 else 255.0
        full = deep if np.issubdtype(pixels.dtype, np.integer) else 1.0
    high = float(pixels.max()) if pixels.size else 0.0
    if not full > 0 or high > full:
        raise ImageInputError(
            f"Pixels are {pixels.dtype} up to {high:g}, more than the {full:g} that means full brightness.",
            hint="Set pixel_max to the number that does, for instance pixel_max=255.",
        )
    return np.rint(pixels * (255.0 / full)).astype(np.uint8)


def _read_pictures(pictures: Sequence[Image.Image]) -> _Images:
    from graftwork.data.decode import to_rgb

    odd = next((p for p in pictures if not isinstance(p, Image.Image)), None)
    if odd is not None:
        raise ImageInputError(
            f"A list of Pillow images is wanted throughout, it also holds {type(odd).__name__}."
        )
    arrays = [np.asarray(to_rgb(ImageOps.exif_transpose(picture))) for picture in pictures]
    return np.stack(arrays) if len({a.shape for a in arrays}) == 1 else arrays


def _source(images: _Images, labels: NDArray[np.str_], folder: Path) -> tuple[Any, dict[str, str]]:
    """Return what a flow can name, and its columns: the arrays, or a table of files when sizes differ."""
    if isinstance(images, np.ndarray):
        return (images, labels), {}
    import pandas as pd

    digest = hashlib.sha256("\n".join(labels).encode())
    for pixels in images:
        digest.update(f"{pixels.shape}".encode() + pixels.tobytes())
    place = folder / f"images-{digest.hexdigest()[:16]}"
    place.mkdir(parents=True, exist_ok=True)
    names = [f"{number:06}.png" for number in range(len(images))]
    for name, pixels in zip(names, images, strict=True):
        Image.fromarray(pixels).save(place / name, compress_level=1)
    table = place / "images.parquet"
    pd.DataFrame({"image": names, "label": labels.tolist()}).to_parquet(table, index=False)
    return table, {"image_column": "image", "label_column": "label"}

"""The map of a run: its images as points, near each other where the network sees them alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graftwork.documents.embedding import (
    EmbeddingMap,
    MapDomain,
    MapMethod,
    MapPoints,
    MapSide,
    MapWeights,
)
from graftwork.errors import DataError, RunError
from graftwork.project.looks.map_subject import Domain, label_word, name_of, open_beside, readers_of
from graftwork.project.predictions import Verdict, verdicts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.documents.record import Interval
    from graftwork.insight.embedding import Projected
    from graftwork.insight.map_features import FeatureReader
    from graftwork.project.looks.inspection import Inspection

__all__ = ["MapChoice", "embedding_map", "subject_facts"]

MapChoice = Literal["both", "pretrained", "trained"]

_BOTH: tuple[MapWeights, ...] = ("pretrained", "trained")
_SPLITS = ("train", "validation", "test")
_MEASURED = 2000
_NEIGHBORS = 15
_LEAST_MEASURED = 5
_DIGITS = 6


@dataclass(frozen=True)
class _Shown:
    """The images on the map in order: of each its domain and its position there."""

    domains: tuple[Domain, ...]
    of: NDArray[np.int64]
    at: NDArray[np.int64]
    labels: tuple[str | None, ...]
    splits: tuple[str | None, ...]

    def only(self, rows: NDArray[np.integer[Any]]) -> _Shown:
        chosen = rows.tolist()
        labels = tuple(self.labels[i] for i in chosen)
        return _Shown(
            self.domains, self.of[rows], self.at[rows], labels, tuple(self.splits[i] for i in chosen)
        )


def embedding_map(
    inside: Inspection,
    *,
    method: MapMethod = "pca",
    at: str = "base",
    weights: MapChoice = "both",
    beside: str | Path | None = None,
    most: int | None = None,
) -> EmbeddingMap:
    """Return the images of a run or flow as points on a plane; asked again, it is read from its file.

    Features come from the feature cache, or from one pass that is stored there. Both sides are computed from
    all images that are shown, and the trained side is laid over the pretrained one.

    Args:
        inside: the subject.
        method: 'pca' at once, or 'umap' where it is installed.
        at: where features are taken: 'base', its end; 'head', before the last part; or a stage.
        weights: the pretrained or the trained ones, or both.
        beside: further images, labelled or not, that are shown as another domain.
        most: images that are shown at most, 50,000 if not given; of more a stratified sample.

    Raises:
        RunError, BaseNotUsable: no weights at all can be had.
        DataError: images that are not there any more, or too few for UMAP.
        MissingExtra: UMAP is not installed.
        UnknownName: no such place.
    """
    from graftwork.insight.embedding import MOST_IMAGES

    most = min(MOST_IMAGES, most or MOST_IMAGES)
    other = None if beside is None else open_beside(inside, beside)
    facts = {
        **subject_facts(inside),
        "method": method,
        "at": at,
        "weights": weights,
        "most": most,
        "beside": None if other is None else [other.images.source, other.images.digest()],
    }
    wanted = _BOTH if weights == "both" else (weights,)
    if inside.run is None:
        wanted = ("pretrained",) if weights == "both" else wanted
    return inside.kept(EmbeddingMap, "map", facts, lambda: _make(inside, method, at, wanted, other, most))


def subject_facts(inside: Inspection) -> dict[str, Any]:
    """Return what tells a subject apart from an earlier state of it."""
    run = inside.run
    if run is not None:
        proof = run.record.proof
        weights = None if proof is None else proof.weights_digest
        return {"version": 1, "weights_digest": weights, "data": inside.data_digest}
    flow = inside.flow.model_dump(mode="json", exclude={"layout"})
    return {"version": 1, "flow": flow, "data": inside.data_digest}


def _make(
    inside: Inspection,
    method: MapMethod,
    at: str,
    wanted: tuple[MapWeights, ...],
    beside: Domain | None,
    most: int,
) -> EmbeddingMap:
    import numpy as np

    notes: list[str] = []
    seed = inside.flow.recipe.seed
    everything = _listed(inside, beside)
    shown = everything.only(_sample(everything, most, seed))
    readers = readers_of(inside, at, wanted, notes)
    is_unmoved = len({reader.key for reader in readers.values()}) < len(readers)
    if is_unmoved:
        readers = {"trained": readers["trained"]}
    features = {name: _features(inside, reader, shown) for name, reader in readers.items()}
    finite = np.logical_and.reduce([np.isfinite(x).all(1) for x in features.values()])
    if not finite.all():
        notes.append(f"{int((~finite).sum())} images whose features are not numbers are left out.")
        features = {name: x[finite] for name, x in features.items()}
        shown = shown.only(np.flatnonzero(finite))
    if not len(shown.of):
        raise DataError("There is no image to show.", hint="Every image's features are not numbers.")
    sides, disparity = _sides(inside, method, features, shown, seed)
    return EmbeddingMap(
        run=None if inside.run is None else inside.run.id,
        flow=inside.flow.name,
        method=method,
        place=next(iter(readers.values())).place.name,
        num_features=next(iter(features.values())).shape[1],
        seed=seed,
        num_images=len(everything.of),
        num_shown=len(shown.of),
        **_columns(inside, shown, notes),
        sides=sides,
        is_unmoved=is_unmoved,
        disparity=disparity,
        num_measured=min(_MEASURED, len(shown.of)),
        num_neighbors=_num_neighbors(len(shown.of)),
        same_class_by_chance=_chance(shown, seed),
        notes=tuple(notes),
    )


def _listed(inside: Inspection, beside: Domain | None) -> _Shown:
    import numpy as np

    own = Domain(name_of(inside.images.source), inside.images)
    domains = (own,) if beside is None else (own, beside)
    sizes = [len(domain.images) for domain in domains]
    return _Shown(
        domains,
        np.repeat(np.arange(len(domains)), sizes),
        np.concatenate([np.arange(size) for size in sizes]),
        tuple(label_word(d.images, i) for d in domains for i in range(len(d.images))),
        tuple(s.split if d is own else None for d in domains for s in d.images.samples),
    )


def _sample(shown: _Shown, most: int, seed: int) -> NDArray[np.int64]:
    import numpy as np

    from graftwork.insight.folds import evenly

    numbers: dict[object, int] = {}
    strata = zip(shown.of.tolist(), shown.splits, shown.labels, strict=True)
    kinds = np.array([numbers.setdefault(s, len(numbers)) for s in strata], dtype=np.int64)
    return evenly(kinds, most, seed=seed)


def _features(inside: Inspection, reader: FeatureReader, shown: _Shown) -> NDArray[np.float32]:
    """Return the features of all images that are shown, (n, d)."""
    import numpy as np

    inside.check_stop()
    parts = [
        reader.of_images(domain.images, shown.at[shown.of == i].tolist(), tell=inside.tell, stop=inside.stop)
        for i, domain in enumerate(shown.domains)
    ]
    out = np.empty((len(shown.of), parts[0].shape[1]), dtype=np.float32)
    for i, part in enumerate(parts):
        out[shown.of == i] = part
    return out


def _sides(
    inside: Inspection,
    method: MapMethod,
    features: dict[MapWeights, NDArray[np.float32]],
    shown: _Shown,
    seed: int,
) -> tuple[tuple[MapSide, ...], float | None]:
    """Return the sides, the second laid over the first, and how unlike they are."""
    from graftwork.insight.embedding import procrustes

    sides: list[MapSide] = []
    first: NDArray[np.float64] | None = None
    disparity = None
    for weights, values in features.items():
        inside.check_stop()
        found = _project(method, values, seed)
        points = found.points
        if first is None:
            first = points
        else:
            points, disparity = procrustes(points, first)
        inside.check_stop()
        trust, in_features, on_map = _measures(values, points, shown, seed)
        sides.append(
            MapSide(
                weights=weights,
                x=_rounded(points[:, 0]),
                y=_rounded(points[:, 1]),
                explained=(float(found.explained[0]), float(found.explained[1])) if method == "pca" else None,
                trustworthiness=trust,
                same_class=in_features,
                same_class_on_map=on_map,
            )
        )
    return tuple(sides), disparity


def _project(method: MapMethod, features: NDArray[np.float32], seed: int) -> Projected:
    import numpy as np

    from graftwork.insight.embedding import Projected, pca, umap_points

    if method == "pca":
        return pca(features)
    return Projected(umap_points(features, seed=seed), np.zeros(2))


def _num_neighbors(n: int) -> int:
    return max(1, min(_NEIGHBORS, (n - 1) // 2))


def _measures(
    features: NDArray[np.float32], points: NDArray[np.float64], shown: _Shown, seed: int
) -> tuple[Interval | None, Interval | None, Interval | None]:
    """Return trustworthiness, and the share of neighbors of the same class in the features and on the map."""
    from graftwork.engine.metrics.bootstrap import mean_interval
    from graftwork.insight.neighbors import (
        agreement,
        nearest,
        nearest_on_plane,
        trust_of_points,
    )

    rows = _sample(shown, _MEASURED, seed)
    trust = None
    if len(rows) >= _LEAST_MEASURED:
        k = _num_neighbors(len(rows))
        trust = mean_interval(trust_of_points(features[rows], points[rows], k), seed)
    bank = _bank(shown)
    asked = _asked(shown, seed)
    if len(bank) < 2 or not len(asked):
        return trust, None, None
    numbers = _label_numbers(shown)
    found = []
    for search, values in ((nearest, features), (nearest_on_plane, points)):
        near = search(values[asked], values[bank], _num_neighbors(len(bank)))
        found.append(mean_interval(agreement(numbers[asked], numbers[bank], near), seed))
    return trust, found[0], found[1]


def _bank(shown: _Shown) -> NDArray[np.int64]:
    """Return the rows of labelled training images of the run itself."""
    import numpy as np

    is_train = np.array([s == "train" for s in shown.splits])
    return np.flatnonzero(is_train & (shown.of == 0) & _has_label(shown))


def _asked(shown: _Shown, seed: int) -> NDArray[np.int64]:
    """Return the rows of labelled validation and test images, a sample of many: training fits the others."""
    import numpy as np

    is_held = [s in ("validation", "test") for s in shown.splits]
    rows = np.flatnonzero(np.array(is_held) & (shown.of == 0) & _has_label(shown))
    return rows[_sample(shown.only(rows), _MEASURED, seed)]


def _has_label(shown: _Shown) -> NDArray[np.bool_]:
    import numpy as np

    return np.array([label is not None for label in shown.labels])


def _label_numbers(shown: _Shown) -> NDArray[np.int64]:
    import numpy as np

    names = {name: i for i, name in enumerate(dict.fromkeys(shown.labels))}
    return np.array([names[name] for name in shown.labels], dtype=np.int64)


def _chance(shown: _Shown, seed: int) -> float | None:
    """Return the share of neighbors of the same class if they were drawn among the training images."""
    import numpy as np

    bank, asked = _bank(shown), _asked(shown, seed)
    if len(bank) < 2 or not len(asked):
        return None
    numbers = _label_numbers(shown)
    shares = np.bincount(numbers[bank], minlength=int(numbers.max()) + 1) / len(bank)
    return float(shares[numbers[asked]].mean())


def _columns(inside: Inspection, shown: _Shown, notes: list[str]) -> dict[str, Any]:
    """Return what is known of the images, by column."""
    said = _verdicts(inside, notes)
    samples = [shown.domains[d].images.samples[i] for d, i in zip(shown.of, shown.at, strict=True)]
    nothing = Verdict(None, None, None)
    rows = [said.get(s.key, nothing) if d == 0 else nothing for d, s in zip(shown.of, samples, strict=True)]
    classes = [*inside.images.classes] if inside.images.label_kind == "category" else []
    names = dict.fromkeys(n for n in (*classes, *shown.labels, *(v.predicted for v in rows)) if n is not None)
    number = {name: i for i, name in enumerate(names)}
    points = MapPoints(
        keys=tuple(s.key for s in samples),
        digests=tuple(s.digest for s in samples),
        domain=tuple(shown.of.tolist()),
        split=tuple(-1 if s is None else _SPLITS.index(s) for s in shown.splits),
        label=tuple(-1 if name is None else number[name] for name in shown.labels),
        predicted=tuple(-1 if v.predicted is None else number[v.predicted] for v in rows),
        confidence=tuple(v.confidence for v in rows),
        is_wrong=tuple(v.is_wrong for v in rows),
    )
    domains = tuple(
        MapDomain(name=d.name, source=d.images.source, num_images=int((shown.of == i).sum()))
        for i, d in enumerate(shown.domains)
    )
    return {"points": points, "labels": tuple(names), "splits": _SPLITS, "domains": domains}


def _verdicts(inside: Inspection, notes: list[str]) -> dict[str, Verdict]:
    if inside.run is None:
        return {}
    if inside.images.label_kind == "mask":
        notes.append("A mask is not one label for an image: colors tell the split and the source alone.")
        return {}
    try:
        return verdicts(inside.run)
    except RunError as error:
        notes.append(error.message)
        return {}


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Return numbers with as many digits as a screen can show, so that the document stays small."""
    import numpy as np

    most = float(np.abs(values).max(initial=0.0))
    places = _DIGITS - (int(np.ceil(np.log10(most))) if most > 0 else 0)
    return tuple(np.round(values, places).tolist())

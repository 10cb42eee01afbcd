"""What the base says of a flow's data, as documents: suspects, look-alikes, outliers, and the effect of a fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graftwork.data.check import check_images
from graftwork.data.duplicates import Links
from graftwork.documents.data_quality import (
    ClassDoubt,
    DataQuality,
    LabelSuspect,
    LookAlike,
    NearImage,
    Outlier,
)
from graftwork.engine.metrics.classes import wilson
from graftwork.engine.settings import read_settings
from graftwork.errors import DataError
from graftwork.insight.neighbors import Neighbors, nearest_of_others
from graftwork.insight.quality.features import FeatureTable
from graftwork.insight.quality.fixes import fixes_of
from graftwork.insight.quality.look_alikes import NUM_NEIGHBORS, find_look_alikes
from graftwork.insight.quality.out_of_fold import OutOfFold, out_of_fold
from graftwork.insight.quality.outliers import Outliers, find_outliers
from graftwork.insight.quality.suspects import Suspects, find_suspects
from graftwork.project.data_view import OpenedData, open_view

if TYPE_CHECKING:
    from graftwork.data import ImageSet
    from graftwork.graph.contracts import ImagesSettings
    from graftwork.project.looks.inspection import Inspection

__all__ = ["QualityLook", "look_at_data"]

_MOST_SUSPECTS = 500
_MOST_GROUPS = 500
_MOST_OUTLIERS = 100
_NUM_SHOWN = 5


def look_at_data(inspection: Inspection, *, opened: OpenedData | None = None) -> DataQuality:
    """Return what the pretrained base says of the data of a run or a flow; kept, and not computed twice.

    Args:
        inspection: of the run or the flow.
        opened: its data, opened to be looked at, when it is at hand.

    Raises:
        DataError: the images are not there any more, or the base gives no usable features.
        FlowError: the flow has no base that opens into stages.
        RunInterrupted: it was stopped; features so far are kept.
    """
    look = QualityLook(inspection, opened)
    return inspection.kept(DataQuality, "data", look.facts, look.make)


class QualityLook:
    """The parts of one look at data; each is made when first wanted.

    Args:
        inspection: of the run or the flow.
        opened: its data, when it is at hand.
        settings: of the images node, where they are not those of the flow.
    """

    def __init__(
        self,
        inspection: Inspection,
        opened: OpenedData | None = None,
        *,
        settings: ImagesSettings | None = None,
    ) -> None:
        self.inspection = inspection
        self.settings: ImagesSettings = settings or read_settings(inspection.flow).images
        self.seed = inspection.flow.recipe.seed
        self._opened = opened

    @cached_property
    def opened(self) -> OpenedData:
        """The data with its copies: those that a split leaves out are looked at too."""
        if self._opened is not None:
            return self._opened
        return open_view(
            self.settings,
            self.seed,
            self.inspection.workspace,
            watch=lambda *_: self.inspection.check_stop(),
        )

    @property
    def images(self) -> ImageSet:
        """All images that are used or could be, corrected."""
        return self.opened.images

    @cached_property
    def table(self) -> FeatureTable:
        """Where features come from."""
        inspection = self.inspection
        inspection.require_base()
        return FeatureTable(
            inspection.prepared, inspection.workspace.cache, stop=inspection.stop, tell=inspection.tell
        )

    @property
    def facts(self) -> dict[str, Any]:
        """All that the findings depend on."""
        return {
            "images": self.images.digest(),
            "groups": [s.group for s in self.images.samples if s.group is not None],
            "features": self.table.key,
            "seed": self.seed,
            "exclude": list(self.settings.exclude),
            "relabel": dict(self.settings.relabel),
        }

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """Features of all images; an image without usable ones is an error."""
        found = self.table.of(self.images)
        broken = np.flatnonzero(~np.isfinite(found).all(1))
        if len(broken):
            raise DataError(
                f"The base gives features that are not numbers for {len(broken)} of {len(found)} images, "
                f"such as {self.images.samples[broken[0]].key}.",
                hint="Look at these images, or set precision: float32 in the recipe.",
            )
        return found

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """The same number for copies of one image."""
        links = Links(len(self.images))
        for a, b in self.opened.duplicates.pairs():
            links.join(a, b)
        return np.array([links.root(i) for i in range(len(self.images))], np.int64)

    @cached_property
    def bound(self) -> NDArray[np.int64]:
        """The same number for images that must stay in one fold: copies, and groups that the user named."""
        links, first = Links(len(self.images)), dict[str, int]()
        for i, root in enumerate(self.groups.tolist()):
            links.join(i, root)
            group = self.images.samples[i].group
            if group is not None:
                links.join(i, first.setdefault(group, i))
        return np.array([links.root(i) for i in range(len(self.images))], np.int64)

    def make(self) -> DataQuality:
        """Return the findings."""
        step = self.inspection.check_stop
        neighbors = nearest_of_others(self.features, self.groups, NUM_NEIGHBORS, step=step)
        outliers = find_outliers(self.features, self.groups, seed=self.seed, step=step)
        judged = self._judged()
        words = _Words(self.images, neighbors)
        groups = self._look_alikes(neighbors)
        lone = [words.outlier(outliers, int(i)) for i in outliers.indices[:_MOST_OUTLIERS]]
        made = DataQuality(
            source=self.images.source,
            digest=self.images.digest(),
            base=self.table.base_id,
            stage=self.table.stage,
            label_kind=self.images.label_kind,
            num_images=len(self.images),
            num_judged=judged.num_judged,
            accuracy=judged.accuracy,
            strength=judged.strength,
            classes=judged.classes,
            suspects=tuple(judged.suspects(words))[:_MOST_SUSPECTS],
            num_suspects=len(judged.found.indices) if judged.found else 0,
            num_confident=int(judged.found.is_confident.sum()) if judged.found else 0,
            look_alikes=tuple(groups[:_MOST_GROUPS]),
            num_look_alikes=len(groups),
            look_alike_share=find_look_alikes(neighbors).threshold,
            outliers=tuple(lone),
            num_outliers=len(outliers.indices),
            imbalance=check_images(self.images, self.opened.duplicates).imbalance,
            fixes=(),
            notes=tuple(self._notes(judged, outliers)),
        )
        return made.edit(fixes=fixes_of(made, self.images, self.settings))

    def _judged(self) -> _Judged:
        images = self.images
        labels = images.labels(range(len(images)))
        if images.label_kind != "category":
            return _Judged(images, None, None, np.zeros(0, np.int64))
        rows = np.flatnonzero(labels >= 0)
        said = out_of_fold(
            self.features[rows],
            labels[rows],
            self.bound[rows],
            num_classes=len(images.classes),
            seed=self.seed,
            step=self.inspection.check_stop,
        )
        return _Judged(images, said, find_suspects(labels[rows], said), rows)

    def _look_alikes(self, neighbors: Neighbors) -> list[LookAlike]:
        copies: dict[int, list[int]] = {}
        for i, root in enumerate(self.groups.tolist()):
            copies.setdefault(root, []).append(i)
        samples = self.images.samples
        found = []
        for members in copies.values():
            if len(members) > 1:
                is_exact = len({samples[i].digest for i in members}) == 1
                found.append(self._group("exact" if is_exact else "hash", members))
        pairs = find_look_alikes(neighbors)
        for pair, distance in zip(pairs.pairs.tolist(), pairs.distances.tolist(), strict=True):
            found.append(self._group("feature", pair, 1.0 - distance))
        return sorted(found, key=lambda g: (not g.is_conflict, not g.crosses_splits))

    def _group(self, how: Any, members: Sequence[int], similarity: float | None = None) -> LookAlike:
        samples = [self.images.samples[i] for i in members]
        splits = tuple(s.split for s in samples)
        crosses = len(set(splits) - {None}) > 1
        is_conflict = len({s.truth for s in samples}) > 1
        what = {
            "exact": "The same file.",
            "hash": "A resized, recompressed, mirrored or turned copy.",
            "feature": "Far nearer to each other than to any other image, as the base sees them.",
        }[how]
        more = (" Their labels contradict each other." if is_conflict else "") + (
            " They lie in different splits." if crosses else ""
        )
        return LookAlike(
            how=how,
            keys=tuple(s.key for s in samples),
            labels=tuple(self.images.label_words(i) for i in members),
            splits=splits,
            similarity=similarity,
            crosses_splits=crosses,
            is_conflict=is_conflict,
            reason=what + more,
        )

    def _notes(self, judged: _Judged, outliers: Outliers) -> list[str]:
        notes = []
        if self.images.label_kind != "category":
            notes.append("Doubtful labels are looked for where each image has one class; not here.")
        elif judged.num_judged < len(judged.rows):
            left = len(judged.rows) - judged.num_judged
            notes.append(f"{left} images cannot be judged: their class has too few that are not copies.")
        if not len(outliers.distances):
            notes.append("Fewer than 20 images that are not copies: too few to say what is unusual.")
        if self.table.is_untrained:
            notes.append("The base is untrained: what it finds alike or doubtful means little.")
        return notes


@dataclass(frozen=True)
class _Judged:
    """What probes say of labels: of the images at ``rows``."""

    images: ImageSet
    said: OutOfFold | None
    found: Suspects | None
    rows: NDArray[np.int64]

    @property
    def num_judged(self) -> int:
        return int(self.said.is_judged.sum()) if self.said else 0

    @property
    def strength(self) -> float | None:
        return self.said.strength if self.said else None

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        labels: NDArray[np.int64] = self.images.labels(self.rows)
        return labels

    @property
    def accuracy(self) -> Any:
        if self.said is None or not self.num_judged:
            return None
        right = self.said.probabilities.argmax(1) == self.labels
        return wilson(int(right[self.said.is_judged].sum()), self.num_judged)

    @property
    def classes(self) -> tuple[ClassDoubt, ...]:
        if self.said is None or self.found is None:
            return ()
        doubted = self.labels[self.found.indices]
        return tuple(
            ClassDoubt(
                name=name,
                num_images=int((self.labels == c).sum()),
                num_judged=int((self.labels[self.said.is_judged] == c).sum()),
                confidence=None if np.isnan(t) else float(t),
                num_suspects=int((doubted == c).sum()),
            )
            for c, (name, t) in enumerate(zip(self.images.classes, self.found.thresholds, strict=True))
        )

    def suspects(self, words: _Words) -> list[LabelSuspect]:
        if self.said is None or self.found is None:
            return []
        found = self.found
        return [
            words.suspect(
                int(self.rows[i]), int(new), float(margin), self.said.probabilities[i], found.thresholds
            ).edit(is_confident=bool(sure))
            for i, new, margin, sure in zip(
                found.indices, found.suggested, found.margins, found.is_confident, strict=True
            )
        ]


class _Words:
    """Findings in words, each with the nearest images."""

    def __init__(self, images: ImageSet, neighbors: Neighbors) -> None:
        self._images, self._neighbors = images, neighbors

    def suspect(
        self,
        index: int,
        new: int,
        margin: float,
        said: NDArray[np.float64],
        thresholds: NDArray[np.float64],
    ) -> LabelSuspect:
        sample, classes = self._images.samples[index], self._images.classes
        assert sample.label is not None
        own, suggested = classes[sample.label], classes[new]
        near = self._near(index)
        agree = sum(n.label == (suggested,) for n in near)
        return LabelSuspect(
            key=sample.key,
            label=own,
            suggested=suggested,
            split=sample.split,
            label_probability=float(said[sample.label]),
            suggested_probability=float(said[new]),
            is_confident=False,
            margin=margin,
            reason=f"A probe that did not see it says {suggested} with {_percent(said[new])} and {own} "
            f"with {_percent(said[sample.label])}; images labeled {own} usually get "
            f"{_percent(thresholds[sample.label])}. "
            f"{agree} of its {len(near)} nearest images are labeled {suggested}.",
            neighbors=near,
        )

    def outlier(self, outliers: Outliers, index: int) -> Outlier:
        sample = self._images.samples[index]
        usual = float(np.median(outliers.distances))
        distance = float(outliers.distances[index])
        return Outlier(
            key=sample.key,
            label=self._images.label_words(index),
            split=sample.split,
            distance=distance,
            score=float(outliers.scores[index]),
            reason=f"It lies {distance / max(usual, 1e-12):.1f} times as far from the others as is usual.",
            neighbors=self._near(index),
        )

    def _near(self, index: int) -> tuple[NearImage, ...]:
        near = zip(self._neighbors.positions[index], self._neighbors.distances[index], strict=True)
        return tuple(
            NearImage(
                key=self._images.samples[j].key,
                label=self._images.label_words(int(j)),
                split=self._images.samples[j].split,
                similarity=1.0 - float(gap),
            )
            for j, gap in list(near)[:_NUM_SHOWN]
            if j >= 0
        )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"

"""From two domains to a report: features, methods, scores, validators, maps."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graftwork.documents.adaptation import AdaptationReport
from graftwork.errors import FlowError, UsageError
from graftwork.project.looks.inspection import Inspection
from graftwork.project.sources import Source, source_text
from graftwork.project.transferring.adapt_methods import AdaptWay, methods_asked
from graftwork.project.transferring.domains import Target, open_target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.data import ImageSet
    from graftwork.documents.embedding import MapWeights
    from graftwork.insight.adaptation.shallow import StoredDomains
    from graftwork.insight.map_features import FeatureReader
    from graftwork.project.transferring.outcome import Outcome

__all__ = ["AdaptChoices", "Pair", "adapt", "digest_of_truth"]

_RULES = 1  # another way to adapt or to score is another number: what was kept is made anew


@dataclass(frozen=True)
class AdaptChoices:
    """How to adapt.

    Args:
        method: 'auto', a name, or several with commas between.
        at: where features are taken: 'base' for the end of the base, or a stage.
        names: class of the source by class of the target, where they are called otherwise.
        max_images: of each domain, spread evenly; None: all.
        weight: of the adaptation's loss; None: the method's usual one.
    """

    method: str = "auto"
    at: str = "base"
    names: Mapping[str, str] | None = None
    max_images: int | None = None
    weight: float | None = None


class Pair:
    """Two domains while they are looked at; features are read when first wanted.

    Args:
        inside: the flow, or the run, on the source.
        target: as a flow names it.
        choices: how to adapt.
        needs_shared: whether domains that share no class are refused.
    """

    def __init__(
        self, inside: Inspection, target: str, choices: AdaptChoices, *, needs_shared: bool = True
    ) -> None:
        self.inside, self.choices, self.name = inside, choices, target
        self.images: ImageSet = inside.images
        if self.images.label_kind != "category":
            raise FlowError(
                "Adaptation is for classes: one label per image.", hint="Name a source with class folders."
            )
        self.classes = self.images.classes
        self.target: Target = open_target(
            target,
            inside.workspace.index,
            classes=self.classes,
            names=choices.names,
            needs_shared=needs_shared,
        )
        self.chosen = _spread(len(self.target.images), choices.max_images)
        self.train = [self.images.of_split("train")[i] for i in self._of_source("train")]
        self.held_out = [
            self.images.of_split(name)[i] for name in ("validation", "test") for i in self._of_source(name)
        ]

    def _of_source(self, split: Any) -> list[int]:
        return _spread(len(self.images.of_split(split)), self.choices.max_images)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Classes of the source's training images."""
        return self.images.labels(self.train)

    @property
    def held_out_labels(self) -> NDArray[np.int64]:
        """Classes of the source's held-out images."""
        return self.images.labels(self.held_out)

    def reader(self) -> FeatureReader:
        """Return what reads the pretrained features, or those of the run."""
        from graftwork.project.looks.map_subject import readers_of

        weights: MapWeights = "trained" if self.inside.run is not None else "pretrained"
        return readers_of(self.inside, self.choices.at, [weights], [])[weights]

    def features(self, reader: FeatureReader) -> StoredDomains:
        """Return the stored features of both domains."""
        from graftwork.insight.adaptation.shallow import StoredDomains

        inside = self.inside
        told: dict[str, Any] = {"tell": inside.tell, "stop": inside.stop}
        return StoredDomains(
            source=reader.of_images(self.images, self.train, **told),
            labels=self.labels,
            held_out=reader.of_images(self.images, self.held_out, **told),
            target=reader.of_images(self.target.images, self.chosen, **told),
            num_classes=len(self.classes),
        )


def _spread(count: int, most: int | None) -> list[int]:
    """Return positions, evenly spread where there are more than wanted."""
    if most is None or count <= most:
        return list(range(count))
    return [i * count // most for i in range(most)]


def adapt(inside: Inspection, target: Source, choices: AdaptChoices) -> AdaptationReport:
    """Return what methods give on a pair of domains; kept by content.

    Args:
        inside: a flow, or a run, on the source.
        target: images of the target, as ``transfer`` takes a source; labels are used to score alone.
        choices: how to adapt.

    Raises:
        UnknownName: no such method or stage.
        FlowError: labels that are no classes.
        DataError: a target of too few images, or of classes that the source does not have.
        UsageError: choices that contradict each other.
        RunInterrupted: it was stopped.
    """
    ways = methods_asked(choices.method)
    if not ways:
        raise UsageError("No method was named.", hint="Take --method auto.")
    pair = Pair(inside, source_text(target, inside.project.root / "data"), choices)
    reader = pair.reader()
    facts = {
        "flow": inside.flow.model_dump(mode="json", exclude={"layout", "name"}),
        "features": reader.key,
        "data": inside.data_digest,
        "target": pair.target.images.digest(),
        "truth": digest_of_truth(pair.target),
        "choices": {**vars(choices), "names": dict(choices.names or {})},
        "rules": _RULES,
    }
    return inside.kept(AdaptationReport, "adaptation", facts, lambda: _made(pair, reader, ways))


def digest_of_truth(target: Target) -> str | None:
    """Return a digest of a target's labels, which what is kept depends on; None without any."""
    if target.truth is None:
        return None
    return hashlib.sha256(target.truth.labels.tobytes()).hexdigest()


def _made(pair: Pair, reader: FeatureReader, ways: tuple[AdaptWay, ...]) -> AdaptationReport:
    from graftwork.insight.adaptation.shallow import reduced
    from graftwork.project.transferring.adapt_report import ReportMaker

    began = time.perf_counter()
    stored = pair.features(reader)
    domains = reduced(stored)
    maker = ReportMaker(pair, stored, domains, reader.place.name)
    maker.begin(shallow_outcome(domains, "source_only"))
    for way in ways:
        pair.inside.check_stop()
        pair.inside.tell(f"{way.title} …")
        maker.add(way, _outcome(pair, domains, way))
    return maker.report(is_auto=pair.choices.method == "auto", seconds=time.perf_counter() - began)


def shallow_outcome(domains: StoredDomains, method: str) -> Outcome:
    """Return what a method on stored features says."""
    from graftwork.insight.adaptation.shallow import adapt_features
    from graftwork.project.transferring.outcome import Outcome

    found = adapt_features(domains, method)
    return Outcome(
        method,
        found.target_probabilities,
        found.held_out_probabilities,
        found.source,
        found.target,
        found.seconds,
        notes=found.notes,
    )


_MAKERS: dict[str, str] = {
    "training": "graftwork.project.transferring.adapt_training:adapt_by_training",
    "tuning": "graftwork.project.transferring.adapt_tuning:adapt_by_tuning",
}


def _outcome(pair: Pair, domains: StoredDomains, way: AdaptWay) -> Outcome:
    if way.way == "features":
        return shallow_outcome(domains, way.name)
    from importlib import import_module

    module, _, name = _MAKERS[way.way].partition(":")
    make: Callable[[Pair, str], Outcome] = getattr(import_module(module), name)
    return make(pair, way.name)

"""From two domains to weights of the source's images."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from graftwork.documents.files import write_atomically
from graftwork.documents.weighing import BoostedScore, WeighedImage, Weighing, WeighMethod
from graftwork.errors import DataError, UnknownName, did_you_mean
from graftwork.project.looks.inspection import Inspection
from graftwork.project.sources import Source, source_text
from graftwork.project.transferring.adapt import AdaptChoices, Pair, digest_of_truth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.insight.adaptation.shallow import StoredDomains

__all__ = ["weigh", "weights_table", "write_weights"]

_RULES = 1
_SATURATED = 1.9
_NO_GAP = 0.4


def weigh(
    inside: Inspection, target: Source, method: str, choices: AdaptChoices, *, num: int | None = None
) -> Weighing:
    """Return how much each training image of a source counts for a target; kept by content.

    Args:
        inside: a flow, or a run, on the source.
        target: images of the target; labels are needed by 'tradaboost' alone.
        method: as ``WeighMethod`` names it.
        choices: ``at`` and ``names``; the rest does not matter.
        num: images that 'select' takes; a fifth if not given.

    Raises:
        UnknownName: no such method or stage.
        DataError: a target of too few images, or without the labels that a method wants.
        RunInterrupted: it was stopped.
    """
    if method not in get_args(WeighMethod):
        raise UnknownName(
            f"No way to weigh images is called '{method}'.", hint=did_you_mean(method, get_args(WeighMethod))
        )
    needs_labels = method == "tradaboost"
    pair = Pair(inside, source_text(target, inside.project.root / "data"), choices, needs_shared=needs_labels)
    if needs_labels and pair.target.truth is None:
        raise DataError(
            "TrAdaBoost learns from labelled target images, and the target has no labels.",
            hint="Take domain_classifier, kmm or another method that needs none.",
        )
    reader = pair.reader()
    facts = {
        "features": reader.key,
        "seed": inside.flow.recipe.seed,
        "data": inside.data_digest,
        "target": pair.target.images.digest(),
        "truth": digest_of_truth(pair.target) if needs_labels else None,
        "method": method,
        "num": num,
        "rules": _RULES,
    }

    def make() -> Weighing:
        return _made(pair, reader, method, num)

    return inside.kept(Weighing, "weighing", facts, make)


def _made(pair: Pair, reader: object, method: str, num: int | None) -> Weighing:
    import numpy as np

    from graftwork.insight.adaptation.shallow import reduced
    from graftwork.insight.instances.weighing import mean_distance
    from graftwork.insight.map_features import FeatureReader
    from graftwork.insight.similarity.domain_gap import proxy_a_distance
    from graftwork.methods.instances.weights import effective_number

    assert isinstance(reader, FeatureReader)
    began = time.perf_counter()
    stored = pair.features(reader)
    domains = reduced(stored)
    seed = pair.inside.flow.recipe.seed
    weights, scores = _weights(pair, domains, method, num)
    order = np.argsort(-weights, kind="stable")
    samples = [pair.images.samples[i] for i in pair.train]
    report = Weighing.model_validate(
        {
            "source": pair.images.source,
            "target": pair.name,
            "base": pair.inside.prepared.plan.base,
            "method": method,
            "images": tuple(
                WeighedImage(
                    key=samples[i].key,
                    digest=samples[i].digest,
                    label=None if (label := samples[i].label) is None else pair.classes[label],
                    weight=round(float(weights[i]), 6),
                )
                for i in order
            ),
            "num_target": len(pair.chosen),
            "effective_number": effective_number(weights),
            "distance_before": mean_distance(domains.source, domains.target),
            "distance_after": mean_distance(domains.source, domains.target, weights),
            "a_distance": proxy_a_distance(stored.source, stored.target, seed=seed),
            "boosted": scores,
            "words": "",
            "seconds": round(time.perf_counter() - began, 2),
        }
    )
    return report.edit(words=_words(report), notes=tuple(_notes(report)))


def _weights(
    pair: Pair, domains: StoredDomains, method: str, num: int | None
) -> tuple[NDArray[np.float64], tuple[BoostedScore, ...]]:
    from graftwork.insight.instances.weighing import boosted, weigh_images

    seed = pair.inside.flow.recipe.seed
    if method != "tradaboost":
        return weigh_images(domains.source, domains.target, method, num=num, seed=seed), ()
    assert pair.target.truth is not None
    truth = pair.target.truth.labels[pair.chosen]
    known = truth >= 0
    found = boosted(
        domains.source, domains.labels, domains.target[known], truth[known], domains.num_classes, seed=seed
    )
    return found.weights, found.scores


def _words(report: Weighing) -> str:
    fall = 1 - report.distance_after / report.distance_before if report.distance_before else 0.0
    moved = (
        f"the source's mean comes {100 * fall:.0f} % nearer to the target's"
        if fall > 0
        else "the source's mean does not come nearer to the target's"
    )
    return f"{len(report.images)} images count like {report.effective_number:.0f} equal ones; {moved}."


def _notes(report: Weighing) -> Iterator[str]:
    if report.a_distance >= _SATURATED:
        yield (
            f"The domains hardly overlap (A-distance {report.a_distance:.2f}): no source image is likely in the target, and weights "
            "say little. Take features from an earlier stage with --at, or adapt instead."
        )
    if report.a_distance < _NO_GAP:
        yield f"The domains can hardly be told apart (A-distance {report.a_distance:.2f}): weights are near 1 and not needed."
    if report.effective_number < max(20.0, 0.1 * len(report.images)):
        yield f"Training would stand on about {report.effective_number:.0f} images: expect noise."
    for score in report.boosted:
        if score.verdict == "harmful":
            yield f"'{score.name}' is worse than the labelled target images alone: these source images harm."


def weights_table(report: Weighing) -> str:
    """Return the weights as CSV with the columns key and weight, as training reads them."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["key", "weight"])
    writer.writerows([image.key, f"{image.weight:g}"] for image in report.images)
    return text.getvalue()


def write_weights(report: Weighing, path: Path) -> None:
    """Write the table of weights.

    Raises:
        StorageError: the file cannot be written.
    """
    write_atomically(path, weights_table(report).encode())

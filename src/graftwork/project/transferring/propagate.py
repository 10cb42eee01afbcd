"""From labelled images and others to labels for these, with what their confidence is worth."""

from __future__ import annotations

import csv
import hashlib
import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graftwork.documents.files import write_atomically
from graftwork.documents.propagation import (
    AcceptedLabel,
    AcceptedTable,
    ConfidenceLevel,
    PassedLabel,
    Propagation,
)
from graftwork.documents.record import Interval
from graftwork.errors import DataError
from graftwork.project.looks.inspection import Inspection
from graftwork.project.sources import Source, source_text
from graftwork.project.transferring.adapt import AdaptChoices, Pair, digest_of_truth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.insight.relations.propagation import Checked

__all__ = ["accepted_table", "propagate", "write_accepted", "write_labels"]

_RULES = 1
_LEVELS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)


def propagate(inside: Inspection, unlabelled: Source, choices: AdaptChoices) -> Propagation:
    """Return labels for images without any, by their nearness to labelled ones; kept by content.

    Args:
        inside: a flow, or a run, on the labelled images; all of them pass labels on.
        unlabelled: images; labels that lie there are used to check alone.
        choices: ``at``; the rest does not matter.

    Raises:
        DataError: too few images, or labelled images of one class alone.
        RunInterrupted: it was stopped.
    """
    pair = Pair(inside, source_text(unlabelled, inside.project.root / "data"), choices, needs_shared=False)
    reader = pair.reader()
    facts = {
        "features": reader.key,
        "data": inside.data_digest,
        "images": pair.target.images.digest(),
        "truth": digest_of_truth(pair.target),
        "seed": inside.flow.recipe.seed,
        "rules": _RULES,
    }
    return inside.kept(Propagation, "propagation", facts, lambda: _made(pair, reader))


def _made(pair: Pair, reader: object) -> Propagation:
    import numpy as np

    from graftwork.insight.map_features import FeatureReader
    from graftwork.insight.relations.propagation import check_spreading, neighbor_graph, spread_labels

    assert isinstance(reader, FeatureReader)
    began, inside = time.perf_counter(), pair.inside
    known = [*pair.train, *pair.held_out]
    labels = pair.images.labels(known)
    if len(np.unique(labels)) < 2:
        raise DataError("The labelled images are of one class alone.", hint="Label images of another class.")
    rows = np.concatenate(
        [
            reader.of_images(images, indices, tell=inside.tell, stop=inside.stop)
            for images, indices in ((pair.images, known), (pair.target.images, pair.chosen))
        ]
    )
    graph = neighbor_graph(rows)
    start = np.r_[labels, np.full(len(pair.chosen), -1)]
    found = spread_labels(graph, start, len(pair.classes))
    checked = check_spreading(graph, start, len(pair.classes), seed=inside.flow.recipe.seed)
    said = found.labels[len(known) :], found.confidence[len(known) :]
    report = Propagation(
        source=pair.images.source,
        unlabelled=pair.name,
        base=inside.prepared.plan.base,
        at=reader.place.name,
        classes=pair.classes,
        num_labelled=len(known),
        images=_passed(pair, *said),
        levels=_levels(checked, said[1]),
        accuracy=_accuracy(pair, said[0]),
        words="",
        seconds=round(time.perf_counter() - began, 2),
    )
    return report.edit(words=_words(report), notes=tuple(_notes(report, checked)))


def _passed(
    pair: Pair, labels: NDArray[np.int64], confidence: NDArray[np.float64]
) -> tuple[PassedLabel, ...]:
    samples = [pair.target.images.samples[i] for i in pair.chosen]
    order = sorted(range(len(samples)), key=lambda i: (-confidence[i], samples[i].key))
    return tuple(
        PassedLabel(
            key=samples[i].key,
            digest=samples[i].digest,
            label=pair.classes[labels[i]] if labels[i] >= 0 else None,
            confidence=round(float(confidence[i]), 4),
        )
        for i in order
    )


def _levels(checked: Checked | None, confidence: NDArray[np.float64]) -> tuple[ConfidenceLevel, ...]:
    from graftwork.engine.metrics.classes import wilson

    if checked is None:
        return ()
    found = []
    for level in _LEVELS:
        sure = checked.confidence >= level
        found.append(
            ConfidenceLevel(
                at_least=level,
                accuracy=wilson(int(checked.is_right[sure].sum()), int(sure.sum())) if sure.any() else None,
                coverage=float(sure.mean()),
                num_images=int((confidence >= level).sum()),
            )
        )
    return tuple(found)


def _accuracy(pair: Pair, labels: NDArray[np.int64]) -> Interval | None:
    from graftwork.engine.metrics.classes import wilson

    truth = pair.target.truth
    if truth is None or not (truth.labels[pair.chosen] >= 0).any():
        return None
    known = truth.labels[pair.chosen]
    scored = known >= 0
    return wilson(int((labels[scored] == known[scored]).sum()), int(scored.sum()))


def _words(report: Propagation) -> str:
    sure = next((level for level in report.levels if level.at_least == 0.9), None)
    total = len(report.images)
    if sure is None:
        return f"{total} images get a label; how far to trust it cannot be measured with a single labelled image of a class."
    worth = (
        "nothing was so sure"
        if sure.accuracy is None
        else f"{100 * sure.accuracy.value:.0f} % of hidden labels were right"
    )
    return f"{sure.num_images} of {total} images get a label with a confidence of .9 or more; where it was so sure, {worth}."


def _notes(report: Propagation, checked: Checked | None) -> Iterator[str]:
    lost = sum(image.label is None for image in report.images)
    if lost:
        yield f"No labelled image reaches {lost} images: they get no label."
    if report.levels and report.levels[0].accuracy is not None and report.levels[0].accuracy.value < 0.6:
        yield "Neighbors seldom share their label here: take features from another stage with --at, or label by hand."
    if checked is not None and len(checked.is_right) < 30:
        yield f"Checked on {len(checked.is_right)} hidden labels alone: the levels are coarse."


def accepted_table(report: Propagation, root: Path, least: float) -> str:
    """Return accepted labels as a table that training reads: path, label, confidence.

    Args:
        report: with the labels.
        root: folder that the images' names are below.
        least: confidence that is enough.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "label", "confidence"])
    for image in report.images:
        if image.label is not None and image.confidence >= least:
            writer.writerow([str(root / image.key), image.label, f"{image.confidence:g}"])
    return text.getvalue()


def write_accepted(report: Propagation, path: Path, least: float) -> int:
    """Write the accepted labels as a table beside the images of a folder, and return how many there are.

    Raises:
        DataError: the images lie in no folder, or none is sure enough.
        StorageError: the file cannot be written.
    """
    root = Path(report.unlabelled)
    if not root.is_dir():
        raise DataError(
            f"{report.unlabelled} is no folder: a table cannot name its images.",
            hint="Take a folder of images.",
        )
    text = accepted_table(report, root, least)
    count = text.count("\n") - 1
    if not count:
        raise DataError(
            f"No label has a confidence of {least:g} or more.", hint="Accept less, or label more images."
        )
    write_atomically(path, text.encode())
    return count


def write_labels(
    inside: Inspection, unlabelled: Path, accepted: Sequence[AcceptedLabel], folder: Path
) -> AcceptedTable:
    """Write labels that were accepted as a table, with the labelled images beside them where these lie in a folder too.

    Args:
        inside: on the labelled images.
        unlabelled: folder that the accepted images lie below.
        accepted: images by their names there, each with its label.
        folder: that the table is written into, named by its content.

    Raises:
        DataError: nothing was accepted, the images lie in no folder, or one is not there.
    """
    if not accepted or not unlabelled.is_dir():
        raise DataError(
            "No label was accepted."
            if not accepted
            else f"{unlabelled} is no folder: a table cannot name its images.",
            hint="Accept some labels." if not accepted else "Take a folder of images.",
        )
    rows = [(unlabelled / one.key, one.label) for one in accepted]
    images, root = inside.images, Path(inside.images.source)
    own = []
    if root.is_dir():
        own = [(root / s.key, images.classes[s.label]) for s in images.samples if s.label is not None]
        own = [(path, label) for path, label in own if path.is_file()]
    if gone := [path for path, _ in rows if not path.is_file()]:
        raise DataError(f"{gone[0]} is not there.", hint="Pass the labels on again.")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "label"])
    writer.writerows((str(path), label) for path, label in (*own, *rows))
    content = text.getvalue().encode()
    file = folder / f"labels-{hashlib.sha256(content).hexdigest()[:16]}.csv"
    write_atomically(file, content)
    return AcceptedTable(file=str(file), num_accepted=len(rows), num_labelled=len(own))

"""One row of a ranking: a base is opened, looks at the images once, and is measured."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graftwork.documents.ranking import RankedBase
from graftwork.errors import GraftworkError, NoSourceHead, RunInterrupted
from graftwork.project.choosing.rank_flows import CONTROL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.project.looks.depth import ProbedImages
    from graftwork.project.looks.inspection import Inspection

__all__ = ["group_numbers", "rank_base"]

_RULES = 1  # another way to measure is another number: what was kept is made anew
_UNTRAINED = "The old classifier of an untrained base knows nothing."


def rank_base(inside: Inspection, probed: ProbedImages, base: str) -> RankedBase:
    """Return what is measured of a base, from its file where nothing changed since.

    A base that does not open, or fails on the way, gives a row that says why.

    Args:
        inside: the flow on that base.
        probed: the images, chosen once for all bases.
        base: its id.

    Raises:
        RunInterrupted: it was stopped; features that were computed stay.
    """
    try:
        return _kept(inside, probed, base)
    except RunInterrupted:
        raise
    except GraftworkError as error:
        problem = " ".join(filter(None, [error.message, error.hint]))
    except Exception as error:  # noqa: BLE001 a library that fails on one base must not end the others
        problem = f"{type(error).__name__}: {error}".splitlines()[0]
    return RankedBase(base=base, is_control=base.startswith(CONTROL), problem=problem)


def _kept(inside: Inspection, probed: ProbedImages, base: str) -> RankedBase:
    from graftwork.engine.extract import feature_key
    from graftwork.engine.sources import Augmenter
    from graftwork.engine.stage_features import stage_wires

    began = time.perf_counter()
    node = inside.require_base()
    prepared = inside.prepared
    wire = list(stage_wires(prepared.network, node).values())[-1]
    plain = Augmenter("none", 0, prepared.transform.size)
    facts = {
        "base": base,
        "features": feature_key(prepared.network, wire, prepared.transform, plain, prepared.plan.compute),
        "head": _head_digest(inside, node),
        "data": inside.data_digest,
        "kind": probed.kind,
        "images": len(probed.indices),
        "seed": inside.flow.recipe.seed,
        "rules": _RULES,
    }
    return inside.kept(RankedBase, "rank", facts, lambda: _made(inside, probed, base, node, wire, began))


def _head_digest(inside: Inspection, node: str) -> str | None:
    from graftwork.bases.digest import digest_tensors

    classifier = inside.prepared.network.bases[node].base.classifier
    return None if classifier is None else digest_tensors(dict(classifier.state_dict()))


def _made(
    inside: Inspection, probed: ProbedImages, base: str, node: str, wire: str, began: float
) -> RankedBase:
    from graftwork.insight.transferability.measured import measure_features

    features, said, why_no_head = _looked(inside, probed, base, node, wire)
    found = measure_features(
        features,
        probed.labels,
        group_numbers(inside, probed.indices),
        probed.folds,
        probed.kind,
        seed=inside.flow.recipe.seed,
        step=inside.check_stop,
    )
    scores, why_not = dict(found.scores), dict(found.why_not)
    if said is not None:
        from graftwork.insight.transferability.source_labels import leep, nce

        scores["leep"] = leep(said, probed.labels)
        scores["nce"] = nce(said.argmax(1), probed.labels)
    else:
        why_not["leep"] = why_not["nce"] = why_no_head
    card, rate = inside.prepared.network.bases[node].base.card, inside.prepared.plan.compute.images_per_second
    size = inside.prepared.transform.size
    return RankedBase(
        base=base,
        title=card.title,
        is_control=base.startswith(CONTROL),
        num_features=features.shape[1],
        num_parameters=card.num_parameters,
        num_bytes=card.num_bytes,
        image_size=min(size),
        milliseconds=None if not rate else 1000.0 / rate,
        seconds=time.perf_counter() - began,
        scores=scores,
        intervals=dict(found.intervals),
        why_not=why_not,
        notes=(*found.notes, *_own_images(inside, base)),
    )


def _looked(
    inside: Inspection, probed: ProbedImages, base: str, node: str, wire: str
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None, str]:
    """Return features, and probabilities of the source classes or why there are none; one pass over the images."""
    from graftwork.engine.source_classes import with_source_classes
    from graftwork.engine.stage_features import WireFeatures

    network, wires, why = inside.prepared.network, [wire], ""
    if probed.kind != "category":
        why = "It is defined for one class per image."
    elif base.startswith(CONTROL):
        why = _UNTRAINED
    else:
        try:
            network, said_wire = with_source_classes(network, node)
            wires.append(said_wire)
        except NoSourceHead as error:
            why = error.message
    compute = inside.prepared.plan.compute
    features = WireFeatures(network, wires, inside.prepared.transform, compute, inside.workspace.cache)
    features.fill(inside.images, probed.indices, stop=inside.stop, tell=inside.tell)
    inside.check_stop()
    found = [features.of(name, inside.images, probed.indices) for name in wires]
    return found[0], found[1] if len(found) > 1 else None, why


def _own_images(inside: Inspection, base: str) -> tuple[str, ...]:
    """Return a warning where the base is a run that was trained on these very images."""
    host, _, name = base.partition(":")
    if host != "run":
        return ()
    data = inside.project.find(name).record.data
    if data is None or data.digest != inside.data_digest:
        return ()
    return (
        "It was trained on these very images: its features know the labels, and no measure here is fair.",
    )


def group_numbers(inside: Inspection, indices: Sequence[int]) -> NDArray[np.int64]:
    """Return the same number for images that belong together: of one group, or copies."""
    import numpy as np

    marks = [inside.images.samples[i].group or inside.images.samples[i].digest for i in indices]
    numbers: Any = np.unique(marks, return_inverse=True)[1]
    return np.asarray(numbers, dtype=np.int64).reshape(-1)

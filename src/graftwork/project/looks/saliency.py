"""Why a run says what it says of an image, kept with the run."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.saliency import (
    ClassScore,
    Completeness,
    SaliencyDocument,
    SanityDocument,
    SanityStep,
)
from graftwork.errors import FlowError, UnknownName, did_you_mean
from graftwork.project.looks.one_image import OneImage, find_image, pixel_digest, values_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.components.objectives import Objective
    from graftwork.engine.trained import TrainedModel
    from graftwork.insight.saliency.explain import Explanation, Method
    from graftwork.insight.saliency.sanity import Sanity
    from graftwork.project.bench_state import BenchState
    from graftwork.project.looks.inspection import Inspection

__all__ = ["Saliency", "heat_of", "inspect_saliency", "saliency"]

_MOST_SCORES = 50
_STRONGEST = 0.85
_INCOMPLETE = 0.05


@dataclass(frozen=True)
class Saliency:
    """The document, and the image as the network sees it, uint8 (h, w, 3)."""

    document: SaliencyDocument
    canvas: NDArray[np.uint8]

    @property
    def heat(self) -> NDArray[np.uint8]:
        """The map, (h, w), 255 is the strongest evidence."""
        return heat_of(self.document)

    def overlay(self) -> NDArray[np.uint8]:
        """Return the map as colors (h, w, 4); where there is no evidence it is transparent."""
        import numpy as np

        from graftwork.engine.preview.pictures import heat_map

        heat = self.heat
        colors = heat_map(heat.astype(np.float32), (0.0, 255.0))
        return np.concatenate([colors, heat[..., None]], axis=2)

    def blended(self) -> NDArray[np.uint8]:
        """Return the image under its map, (h, w, 3)."""
        import numpy as np

        over = self.overlay().astype(np.float32)
        share = _STRONGEST * over[..., 3:] / 255.0
        mixed: NDArray[np.uint8] = np.round(self.canvas * (1 - share) + over[..., :3] * share).astype(
            np.uint8
        )
        return mixed


def saliency(
    inside: Inspection,
    image: str | Path | bytes,
    *,
    method: Method | None = None,
    of: str | None = None,
    stage: str | None = None,
    sanity: bool = False,
    name: str = "image",
    only_keys: bool = False,
) -> Saliency:
    """Return where in an image the evidence for a class lies.

    Args:
        inside: a run.
        image: key of one of the run's images, path of a file, or the content of one.
        method: None takes what fits the network.
        of: class, tag or number; None takes what the run predicts.
        stage: of Grad-CAM; None takes the last that says where.
        sanity: whether to check that the picture changes when weights are shuffled.
        name: of content that was sent.
        only_keys: whether text never means a file.

    Raises:
        RunError: no trained weights.
        UnknownName: no such image or class.
        FlowError: the method does not fit the network, or the run says itself which places are odd.
    """
    model = inside.trained
    _refuse_heat_maps(model.objective)
    model.network.eval()
    found = find_image(inside, image, name=name, only_keys=only_keys)
    canvas = found.canvas(model.transform)
    values = values_of(inside, model.built, [found], model.transform, model.compute)
    read = _read(model, values)
    asked = _Asked(found, canvas, values, read, _target(of, read), method, stage, sanity)
    facts = {
        "weights": _weights_stamp(inside),
        "image": [found.name, pixel_digest(canvas)],
        "choices": [method, read.names[asked.target], stage, sanity],
        "columns": {w: v.tolist() for w, v in values.items() if w != model.network.image_wire},
    }
    made = inside.kept(SaliencyDocument, "saliency", facts, lambda: _explained(inside, model, asked))
    return Saliency(made.edit(split=found.split, label=found.label), canvas)


def _refuse_heat_maps(objective: Objective) -> None:
    from graftwork.components.objectives import Anomaly

    if isinstance(objective, Anomaly) and objective.has_places:
        raise FlowError(
            "This run says itself which places of an image are odd, by a heat map: there is no evidence to look for.",
            hint="See it with graftwork inspect places RUN; of other images with graftwork predict RUN IMAGE --out DIR.",
        )


def heat_of(document: SaliencyDocument) -> NDArray[np.uint8]:
    """Return the map of a document, (h, w), 255 is the strongest evidence."""
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(document.heat))) as picture:
        return np.asarray(picture.convert("L"))


def inspect_saliency(
    state: BenchState, subject: Any, image: str | bytes, choices: dict[str, Any], name: str = "image"
) -> tuple[SaliencyDocument, bytes, bytes]:
    """Return the document with the image and the map as PNG files, for a page."""
    from graftwork.engine.preview.pictures import png

    found = saliency(state.inspection(subject), image, name=name, only_keys=True, **choices)
    return found.document, png(found.canvas), png(found.overlay())


@dataclass(frozen=True)
class _Read:
    """What the network says: names of its outputs, a score for each, and what follows from them."""

    names: tuple[str, ...]
    scores: tuple[ClassScore, ...]
    predicted: str | None
    best: int


@dataclass(frozen=True)
class _Asked:
    """What is to be explained."""

    image: OneImage
    canvas: NDArray[np.uint8]
    values: dict[str, Any]
    read: _Read
    target: int
    method: Method | None
    stage: str | None
    sanity: bool


def _read(model: TrainedModel, values: dict[str, Any]) -> _Read:
    import torch

    from graftwork.engine.compute import deterministic

    network = model.network
    with deterministic(model.compute), torch.no_grad():
        output = network.run(values, [network.output_wire])[network.output_wire].float()
        read = model.objective.predict(output)[0].cpu()
        logits = output[0].reshape(len(output[0]), -1).mean(1).cpu() if output.ndim > 1 else output.cpu()
    kind = model.objective.wants
    if kind == "none":
        score = float(read.reshape(-1)[0])
        return _Read(("score",), (ClassScore(name="score", score=score),), None, 0)
    names = model.names
    if kind == "number":
        numbers = read.reshape(-1).tolist()
        scores = tuple(ClassScore(name=n, score=v) for n, v in zip(names, numbers, strict=True))
        return _Read(names, scores, None, 0)
    if kind == "mask":
        shares = torch.bincount(read.argmax(0).reshape(-1), minlength=len(names)).float()
        read = shares / shares.sum()
        best = int(read[1:].argmax()) + 1 if len(read) > 1 and float(read[1:].sum()) > 0 else 0
        return _Read(names, _scores(names, logits, read), names[int(read.argmax())], best)
    read = read.reshape(-1)
    if len(logits) == 1 and len(names) == 2:
        logits = torch.cat([-logits, logits])
    best = int(read.argmax())
    chosen = [n for n, p in zip(names, read.tolist(), strict=True) if p >= 0.5]
    predicted = ";".join(chosen) if kind == "tags" else names[best]
    return _Read(names, _scores(names, logits, read), predicted, best)


def _scores(names: tuple[str, ...], logits: Any, shares: Any) -> tuple[ClassScore, ...]:
    made = [
        ClassScore(name=n, score=float(z), probability=float(p))
        for n, z, p in zip(names, logits.tolist(), shares.tolist(), strict=True)
    ]
    return tuple(sorted(made, key=lambda s: -(s.probability or 0.0))[:_MOST_SCORES])


def _target(of: str | None, read: _Read) -> int:
    if of is None:
        return read.best
    if of not in read.names:
        hint = did_you_mean(of, read.names) or f"Known: {', '.join(read.names[:12])}."
        raise UnknownName(f"The run says nothing about '{of}'.", hint=hint)
    return read.names.index(of)


def _weights_stamp(inside: Inspection) -> int:
    assert inside.run is not None
    return (inside.run.path / "weights.safetensors").stat().st_mtime_ns


def _explained(inside: Inspection, model: TrainedModel, asked: _Asked) -> SaliencyDocument:
    from graftwork.engine.compute import deterministic
    from graftwork.insight.saliency.explain import explain
    from graftwork.insight.saliency.question import Question
    from graftwork.insight.saliency.sanity import sanity_check

    assert inside.run is not None
    question = Question(model.network, model.objective, asked.values, asked.target)
    with deterministic(model.compute):
        found = explain(question, asked.method, stage=asked.stage, between=inside.check_stop)
        checked = None
        if asked.sanity and not found.is_empty:
            checked = _checked(sanity_check(question, found, between=inside.check_stop))
    rows, columns = found.raw.shape
    return SaliencyDocument(
        run=inside.run.id,
        image=asked.image.name,
        digest=pixel_digest(asked.canvas),
        predicted=asked.read.predicted,
        of=asked.read.names[asked.target],
        scores=asked.read.scores,
        method=found.method,
        stage=found.stage,
        grid=(rows, columns),
        size=(asked.canvas.shape[0], asked.canvas.shape[1]),
        heat=_packed(found),
        peak=found.peak,
        is_empty=found.is_empty,
        completeness=_completeness(found),
        sanity=checked,
        notes=_notes(found),
    )


def _packed(found: Explanation) -> str:
    import numpy as np
    from PIL import Image

    heat = np.nan_to_num(found.heat.clip(0.0), posinf=0.0)
    top = float(heat.max())
    levels = np.round(heat / top * 255.0 if top > 0 else heat).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _completeness(found: Explanation) -> Completeness | None:
    if found.integrated is None:
        return None
    own = found.integrated
    return Completeness(total=own.total, difference=own.difference, gap=own.gap, num_steps=own.num_steps)


def _checked(found: Sanity) -> SanityDocument:
    steps = tuple(SanityStep(what=s.what, correlation=s.mean, draws=s.correlations) for s in found.steps)
    first, last = steps[0].correlation, steps[-1].correlation
    if found.passes:
        end = (
            "nothing of it is left"
            if last is None
            else f"its rank correlation with the real one is {last:.2f}"
        )
        verdict = (
            f"The picture depends on what the network learned: with all weights shuffled {end}"
            + ("" if first is None or len(steps) < 2 else f", with the head alone {first:.2f}")
            + "."
        )
    else:
        verdict = (
            f"The picture stays much the same when all weights are shuffled (rank correlation {last:.2f}). "
            "It shows the image rather than what the network learned: do not read it as a reason."
        )
    return SanityDocument(passes=found.passes, verdict=verdict, steps=steps)


def _notes(found: Explanation) -> tuple[str, ...]:
    notes = []
    if found.is_empty:
        notes.append("Nothing in the image speaks for this at the place that was looked at.")
    if found.integrated is not None and found.integrated.gap > _INCOMPLETE:
        own = found.integrated
        notes.append(
            f"What the pixels add misses {100 * own.gap:.0f} % of the score's difference after {own.num_steps} steps."
        )
    if found.extra:
        notes.append(
            "Grad-CAM leaves out the class token, through which this base tells classes: it often misses here. "
            "Prefer attention or integrated_gradients."
        )
    if found.method == "grad_cam" and min(found.raw.shape) < 4:
        rows, columns = found.raw.shape
        notes.append(f"The stage has {rows} × {columns} places only: the map says roughly where.")
    return tuple(notes)

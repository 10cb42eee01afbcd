"""Export to ONNX, with the normalization inside the graph, checked against the run before it is kept."""

from __future__ import annotations

import copy
import json
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from graftwork.data.transform import Transform
from graftwork.documents.card import InputPort
from graftwork.documents.document import Document, VersionedDocument
from graftwork.errors import ExportError

__all__ = ["OnnxCard", "OnnxReport", "describe_preprocessing", "export_onnx"]

INPUT_NAME = "images"
OUTPUT_NAMES = ("logits", "probabilities")
TOLERANCE = 1e-3
"""Largest difference to the run that is accepted, relative to max(1, |logit|)."""
BATCH = 32


class OnnxCard(VersionedDocument):
    """What someone needs to use the model without Graftwork; lies beside it as ``NAME.json``."""

    newest_format: ClassVar[int] = 1

    run: str
    classes: tuple[str, ...]
    port: InputPort
    preprocessing: str
    input: str = "images: uint8 (n, height, width, 3), RGB"
    outputs: tuple[str, ...] = (
        "logits: float32 (n, classes)",
        "probabilities: float32 (n, classes), softmax of the logits",
    )

    def as_metadata(self) -> dict[str, str]:
        """Return the card as ONNX ``metadata_props``: text under ``graftwork.<field>``, values as JSON."""
        content = self.model_dump(mode="json")
        return {
            f"graftwork.{k}": v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)
            for k, v in content.items()
        }


class OnnxReport(Document):
    """What was written and how far it agrees with the run."""

    path: str
    card_path: str
    bytes: int = Field(description="Size of the model, with its weights.")
    opset: int
    num_images: int = Field(description="Images on which the export was compared with the run.")
    num_agreeing: int = Field(description="Images with the same predicted label in both.")
    max_difference: float = Field(description="Largest absolute difference between two logits.")
    max_relative_difference: float = Field(description="The same over max(1, |logit of the run|).")
    preprocessing: str

    def __str__(self) -> str:
        return (
            f"{self.path} ({self.bytes / 1e6:.1f} MB, opset {self.opset}): "
            f"{self.num_agreeing} of {self.num_images} predictions agree, "
            f"largest logit difference {self.max_difference:.1e}."
        )


class _ImagesToLogits(nn.Module):
    """uint8 (n, h, w, 3) RGB → (logits, probabilities), normalized as data normalizes."""

    def __init__(self, network: nn.Module, transform: Transform) -> None:
        super().__init__()
        self.network = network
        self.transform = transform

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.network(self.transform.normalize(images))
        return logits, torch.softmax(logits, dim=1)


def describe_preprocessing(port: InputPort) -> str:
    """Say in sentences what must be done to a picture before the exported graph takes it."""
    antialias = "with" if port.antialias else "without"
    height, width = Transform.for_port(port).wide_size
    rule = f"its short side is {height} pixels" if height == width else f"it just covers {height} × {width}"
    low, high = port.value_range
    order = "grey" if port.channels == 1 else port.channel_order.upper()
    return (
        f"Decode as RGB in upright orientation (EXIF applied, transparency over white); resize, keeping the "
        f"aspect ratio, until {rule} ({port.interpolation}, {antialias} antialiasing); crop the center to "
        f"{port.height} × {port.width}; pass uint8 (n, {port.height}, {port.width}, 3). Inside the graph: channel "
        f"order {order}, values scaled to {low:g}…{high:g}, mean {_listed(port.mean)} subtracted, divided by "
        f"standard deviation {_listed(port.std)}."
    )


def export_onnx(
    network: nn.Module,
    *,
    port: InputPort,
    classes: Sequence[str],
    destination: Path,
    samples: Tensor | NDArray[np.uint8],
    reference: NDArray[np.floating[Any]],
    run: str = "",
    tolerance: float = TOLERANCE,
) -> OnnxReport:
    """Write ``network`` as ONNX with normalization inside and compare it with the run on real images.

    The graph takes ``images`` uint8 (n, h, w, 3) RGB for any n, already resized and cropped to the port,
    and gives ``logits`` and ``probabilities``, float32 (n, classes). It computes in float32, also for a
    network that was trained in bfloat16. Nothing is left behind when the check fails; a file of that name
    is replaced when it succeeds. ``network`` itself is not changed.

    Args:
        network: takes normalized float32 (n, 3, h, w), gives logits (n, classes).
        port: the input port of the network's base.
        classes: names in the order of the logits.
        destination: the ``.onnx`` file; the card goes beside it as ``.json``.
        samples: uint8 (n, h, w, 3) RGB, n >= 1, real images at the port's size.
        reference: logits of the run for ``samples``, (n, classes), computed in float32.
        run: id of the run, written into the file.
        tolerance: largest difference accepted, relative to max(1, |logit|).

    Raises:
        PortMismatch: a port with neither one nor three channels.
        ExportError: wrong shapes, a network that cannot be exported, or other predictions than the run's.
    """
    images = np.ascontiguousarray(samples.numpy(force=True) if isinstance(samples, Tensor) else samples)
    transform = Transform.for_port(port)
    _check_inputs(images, reference, port, classes)
    card = OnnxCard(run=run, classes=tuple(classes), port=port, preprocessing=describe_preprocessing(port))
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".export-") as scratch:
        model_path = Path(scratch) / destination.name
        opset = _write_model(_ImagesToLogits(_in_float32(network), transform).eval(), card, model_path)
        card_path = model_path.with_suffix(".json")
        card_path.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
        report = OnnxReport(
            path=str(destination),
            card_path=str(destination.with_suffix(".json")),
            bytes=sum(f.stat().st_size for f in Path(scratch).iterdir() if f != card_path),
            opset=opset,
            preprocessing=card.preprocessing,
            **_compare(_run_model(model_path, images), reference, tolerance),
        )
        for file in Path(scratch).iterdir():
            os.replace(file, destination.parent / file.name)
    return report


def _check_inputs(
    images: NDArray[np.uint8], reference: NDArray[Any], port: InputPort, classes: Sequence[str]
) -> None:
    wanted = (port.height, port.width, 3)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != wanted or not len(images):
        raise ExportError(
            f"The export's sample images are {images.dtype} {images.shape}; "
            f"wanted uint8 (n, {', '.join(map(str, wanted))}) with n >= 1.",
            hint="Pass images resized and cropped to the port.",
        )
    if reference.shape != (len(images), len(classes)):
        raise ExportError(
            f"The run's logits have shape {reference.shape}; "
            f"wanted ({len(images)}, {len(classes)}): a row for each image, a column for each class."
        )


def _in_float32(network: nn.Module) -> nn.Module:
    return copy.deepcopy(network).to(device="cpu", dtype=torch.float32).eval()


def _write_model(model: nn.Module, card: OnnxCard, path: Path) -> int:
    """Write the graph with its metadata and return its opset."""
    example = torch.zeros(2, card.port.height, card.port.width, 3, dtype=torch.uint8)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks of the tracer on its own work; the check below decides
            program = torch.onnx.export(
                model,
                (example,),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
                input_names=[INPUT_NAME],
                output_names=list(OUTPUT_NAMES),
                verbose=False,
            )
        assert program is not None  # only the old exporter gives None
        program.model.metadata_props.update(card.as_metadata())
        program.save(path)
    except Exception as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ExportError(
            f"This network cannot be written as ONNX: {first_line}",
            hint="Its layers must have fixed shapes apart from the batch; the cause is in the traceback.",
        ) from error
    return int(program.model.opset_imports[""])


def _run_model(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        parts = [session.run(["logits"], {INPUT_NAME: part})[0] for part in _batches(images)]
    except Exception as error:
        raise ExportError(f"ONNX Runtime cannot run the exported model: {error}") from error
    logits: NDArray[np.float32] = np.concatenate(parts)
    return logits


def _batches(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Give the first image alone, so that each export shows that its batch size is free; then the rest."""
    yield images[:1]
    for start in range(1, len(images), BATCH):
        yield images[start : start + BATCH]


def _compare(logits: NDArray[np.float32], reference: NDArray[Any], tolerance: float) -> dict[str, Any]:
    difference = np.abs(logits - reference)
    largest = float(difference.max())
    relative = float((difference / np.maximum(1.0, np.abs(reference))).max())
    num_agreeing = int((logits.argmax(1) == reference.argmax(1)).sum())
    if not relative <= tolerance:  # so that NaN fails too
        raise ExportError(
            f"The exported model differs from the run: largest logit difference {largest:.3g} "
            f"({relative:.3g} relative), at most {tolerance:.3g} is accepted; "
            f"{num_agreeing} of {len(logits)} predictions agree.",
            hint="Nothing was written. Check that the reference is in float32 and for the same images.",
            max_difference=largest,
            max_relative_difference=relative,
        )
    return {
        "num_images": len(logits),
        "num_agreeing": num_agreeing,
        "max_difference": largest,
        "max_relative_difference": relative,
    }


def _listed(values: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{v:g}" for v in values) + ")"

"""Build a Custom node: run the user's code, open the model in it, respect what it froze."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from graftwork.bases.assemble import assemble
from graftwork.bases.base import Base
from graftwork.bases.keras_guest.graph import blueprint_of_keras
from graftwork.bases.loading import digest_file
from graftwork.bases.registry import Blueprint
from graftwork.components.custom.call import CustomNode, KerasPart, blame_stages
from graftwork.components.custom.code import Code, Found, blaming, kept_random_state, read_code, run_code
from graftwork.components.custom.freezing import flags_of_keras, flags_of_torch
from graftwork.components.custom.keras import KerasIntent, read_intent
from graftwork.components.registry import Site, builds
from graftwork.documents.card import InputPort, Origin
from graftwork.errors import BaseNotUsable, CustomCodeError
from graftwork.graph.custom import CustomSettings, pixel_range

__all__ = ["Custom", "build_custom", "example_inputs"]

_EXAMPLES = 2


@dataclass(frozen=True)
class Custom:
    """What the code of a node became.

    Args:
        module: takes the inputs in order, gives one tensor or a tuple in the order of the outputs.
        base: the model opened into stages, when the code is one model from one image to one output;
            it shares its parameters with ``module``.
        trainable: whether the code, then 'freeze' and 'unfreeze', let a layer or parameter train; by the
            original name in ``base.module``, or in ``module`` when there is no base.
        held: layers that stay in inference mode also when they train (``base(x, training=False)``).
        preview: the code's own preview, from the outputs by name to an image array or a dict of them.
        is_deterministic: whether two calls in evaluation mode gave the same bits.
        value_range: of the pixels that an image input wants.
        digest: SHA-256 over code, options, ports and weights file, and what else the code can see.
        notes: what the user should know.
    """

    module: nn.Module
    base: Base | None
    trainable: Mapping[str, bool]
    held: tuple[str, ...]
    preview: Callable[[Any], Any] | None
    is_deterministic: bool
    value_range: tuple[float, float]
    digest: str
    notes: tuple[str, ...] = field(default=())


def build_custom(settings: CustomSettings, site: Site, *, root: Path | None = None) -> Custom:
    """Run the code of a node and return what it became, in evaluation mode.

    New weights depend on the seed and the node alone; weights that the code loads stay as loaded. Global
    random states are as before afterwards. **This runs the user's code**: ask for trust first.

    Args:
        settings: of the node.
        site: its id, what comes in, the seed.
        root: folder that 'file' and 'weights' are relative to; None: the working folder.

    Raises:
        CustomCodeError: the code does not run, or gives something else than the outputs promise.
        MissingExtra: it imports a library that is not installed.
    """
    root = root or Path.cwd()
    code = read_code(site.node, settings.code, settings.file, root)
    weights = _find_weights(settings, site.node, root)
    digest = _digest(code, settings, weights, site)
    value_range = pixel_range(settings, code.text)
    inputs = example_inputs(settings, site, value_range)
    names = {
        "settings": dict(settings.options),
        "weights": None if weights is None else str(weights),
        "num_classes": site.num_classes,
        "seed": _seed_of(site),
    }
    with kept_random_state():
        _seed_all(_seed_of(site))
        found = run_code(code, names, time_limit=settings.time_limit)
        node, intent = _place(code, found, settings, inputs)
        base, notes = _open(code, found, settings, inputs, value_range, digest, weights)
        if base is not None:
            blame_stages(base, code, settings.time_limit)
            node = CustomNode(code, base.module, settings.inputs, settings.outputs, settings.time_limit)
        is_deterministic = _repeats(node.eval(), inputs)
    model = base.module if base is not None else node
    if intent is not None:
        trainable, held = flags_of_keras(model, intent, settings, site.node)
    else:
        trainable, held = flags_of_torch(model, settings, site.node), ()
    return Custom(
        module=node.eval(),
        base=base,
        trainable=trainable,
        held=held,
        preview=None if found.preview is None else _Preview(code, found.preview, settings.time_limit),
        is_deterministic=is_deterministic,
        value_range=value_range,
        digest=digest,
        notes=(*notes, *(intent.notes() if intent else ())),
    )


@dataclass(frozen=True)
class _Preview:
    """The code's own preview, its errors blamed on the node."""

    code: Code
    function: Callable[[Any], Any]
    time_limit: float

    def __call__(self, outputs: Mapping[str, Tensor]) -> Any:
        shapes = {n: tuple(t.shape) for n, t in outputs.items()}
        with blaming(self.code, shapes, time_limit=self.time_limit):
            shown = self.function(outputs)
        values = shown.values() if isinstance(shown, dict) else [shown]
        wrong = next((v for v in values if not isinstance(v, np.ndarray | Tensor)), None)
        if wrong is not None:
            raise CustomCodeError(
                f"preview of node '{self.code.node}' gave {type(wrong).__name__}; wanted an image array (h, w) or "
                "(h, w, 3), or a dict of them.",
                hint="Return a NumPy array or a tensor.",
                node=self.code.node,
            )
        return shown


@builds("custom")
def build(settings: CustomSettings, site: Site) -> nn.Module:
    """Return the module of a node whose files lie in the working folder."""
    return build_custom(settings, site).module


def example_inputs(
    settings: CustomSettings, site: Site, value_range: tuple[float, float]
) -> tuple[Tensor, ...]:
    """Return two examples for each input, of the shapes that come in; the same ones at each call."""
    draw = torch.Generator().manual_seed(0)
    low, high = value_range
    found = []
    for port in settings.inputs:
        if port.name not in site.shapes:
            raise CustomCodeError(
                f"Node '{site.node}' wants {port.kind} at '{port.name}' but nothing is connected.",
                hint="Connect an output of that kind.",
                node=site.node,
            )
        shape = (_EXAMPLES, *site.shapes[port.name][1:])
        if port.kind == "image":
            found.append(torch.rand(shape, generator=draw) * (high - low) + low)
        elif port.kind in ("labels", "category", "mask", "text"):
            one_hot = port.kind == "labels" and len(shape) == 2
            found.append(torch.zeros(shape, dtype=torch.float32 if one_hot else torch.int64))
        else:
            found.append(torch.randn(shape, generator=draw))
    return tuple(found)


def _place(
    code: Code, found: Found, settings: CustomSettings, inputs: tuple[Tensor, ...]
) -> tuple[CustomNode, KerasIntent | None]:
    """Return the node around the code's part; a first call makes the weights that wait for shapes."""
    part = found.part
    if found.is_keras:
        _check_sizes(code, part, settings, inputs)
        if not part.built:
            with blaming(code, _shapes(settings, inputs), time_limit=settings.time_limit), torch.no_grad():
                _build_keras(part, settings, inputs)
        part = KerasPart(part)
    node = CustomNode(code, part, settings.inputs, settings.outputs, settings.time_limit).eval()
    with torch.no_grad():
        node(*inputs)
    return node, read_intent(found.part, found.held) if found.is_keras else None


def _check_sizes(code: Code, model: Any, settings: CustomSettings, inputs: tuple[Tensor, ...]) -> None:
    """Refuse images of another size than a Keras model with one input was built for."""
    wanted = getattr(model, "input_shape", None) if model.built else None
    if not (isinstance(wanted, tuple) and len(wanted) == 4 and inputs[0].ndim == 4):
        return
    batch, channels, height, width = inputs[0].shape
    if all(a in (None, b) for a, b in zip(wanted, (batch, height, width, channels), strict=True)):
        return
    size = " × ".join("any" if n is None else str(n) for n in wanted[1:])
    raise CustomCodeError(
        f"The Keras model of node '{code.node}' is built for images {size} but gets {height} × {width} × {channels} "
        f"at '{settings.inputs[0].name}'.",
        hint=f"Put a resize to {wanted[1]} × {wanted[2]} before the node, or build the model for the other size.",
        node=code.node,
        shapes={n: list(shape) for n, shape in _shapes(settings, inputs).items()},
    )


def _build_keras(layer: Any, settings: CustomSettings, inputs: tuple[Tensor, ...]) -> None:
    values = [t.permute(0, 2, 3, 1) if t.ndim == 4 else t for t in inputs]
    names = [p.name for p in settings.inputs]
    if len(values) > 1 or names[0] in layer._call_signature.parameters:
        layer(**dict(zip(names, values, strict=True)))
    else:
        layer(values[0])


def _shapes(settings: CustomSettings, inputs: tuple[Tensor, ...]) -> dict[str, tuple[int, ...]]:
    return {p.name: tuple(t.shape) for p, t in zip(settings.inputs, inputs, strict=True)}


def _open(
    code: Code,
    found: Found,
    settings: CustomSettings,
    inputs: tuple[Tensor, ...],
    value_range: tuple[float, float],
    digest: str,
    weights: Path | None,
) -> tuple[Base | None, tuple[str, ...]]:
    """Return the model as a base, when it is one from one image to one output, and why not."""
    is_one = len(settings.inputs) == len(settings.outputs) == 1 and settings.inputs[0].kind == "image"
    if not (found.is_model and is_one and inputs[0].ndim == 4):
        return None, ()
    channels, height, width = inputs[0].shape[1:]
    port = InputPort(
        height=height,
        width=width,
        channels=channels,
        value_range=value_range,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
    )
    name, origin = f"custom:{code.node}", _origin(weights)
    architecture = f"{name}@{digest[:16]}"  # stored features of other code must not be taken for these
    try:
        with blaming(code, _shapes(settings, inputs), time_limit=settings.time_limit):
            if found.is_keras:
                blueprint = blueprint_of_keras(
                    found.part,
                    title=code.node,
                    architecture=architecture,
                    port=port,
                    origin=origin,
                    classifier=(),
                )
            else:
                state = frozenset(found.part.state_dict())
                blueprint = Blueprint(
                    found.part, code.node, architecture, port, origin, loaded=state, classifier_names=()
                )
            return assemble(name, blueprint), ()
    except BaseNotUsable as error:
        return None, (f"The model does not open into stages: {error.message}",)


def _origin(weights: Path | None) -> Origin:
    if weights is None:
        return Origin(source="custom code", note="Weights as the code made or fetched them.")
    return Origin(
        source=f"custom code with file:{weights}",
        digest=digest_file(weights),
        size_bytes=weights.stat().st_size,
        note="What of the file was used is up to the code.",
    )


@torch.no_grad()
def _repeats(node: nn.Module, inputs: tuple[Tensor, ...]) -> bool:
    def run() -> tuple[Tensor, ...]:
        given = node(*(t.clone() for t in inputs))
        return tuple(t.clone() for t in (given if isinstance(given, tuple) else (given,)))

    return all(torch.equal(a, b) for a, b in zip(run(), run(), strict=True))


def _find_weights(settings: CustomSettings, node: str, root: Path) -> Path | None:
    if settings.weights is None:
        return None
    path = (root / Path(settings.weights).expanduser()).resolve()
    if not path.is_file():
        raise CustomCodeError(
            f"Node '{node}' wants the weights file {path}, which is not there.",
            hint="Put the file there, or change the node's setting 'weights'.",
            node=node,
        )
    return path


def _seed_of(site: Site) -> int:
    content = f"{site.seed}:{site.node}".encode()
    return int.from_bytes(hashlib.sha256(content).digest()[:4], "big")


def _seed_all(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)


def _digest(code: Code, settings: CustomSettings, weights: Path | None, site: Site) -> str:
    """Return a digest of all that decides what the code computes, apart from the weights it draws."""
    ports = [p.model_dump(mode="json") for p in (*settings.inputs, *settings.outputs)]
    seed = _seed_of(site) if "seed" in code.text else None
    content = json.dumps([code.text, settings.options, ports, site.num_classes, seed], sort_keys=True)
    digest = hashlib.sha256(content.encode())
    if weights is not None:
        with weights.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()

"""One line about a node: the settings that matter, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

from graftwork.documents.document import Document

__all__ = ["summarize"]

_MOST = 3


def summarize(component: str, settings: Document) -> str:
    """Return the settings of a node that matter, in words; nothing when there are none.

    Args:
        component: name of the component.
        settings: valid settings of it.
    """
    found = _SUMMARIES.get(component, _changed)(settings)
    return ", ".join(part for part in found if part)


def _changed(settings: Document) -> Iterator[str]:
    """Give the settings that are not as they come, a few of them."""
    fields = type(settings).model_fields
    changed = {
        name: value
        for name, value in settings
        if fields[name].is_required() or value != fields[name].get_default(call_default_factory=True)
    }
    for name, value in list(changed.items())[:_MOST]:
        yield f"{name.replace('_', ' ')} {value}"


def _short(source: str) -> str:
    return source if source.startswith("sample:") else PurePath(source).name or source


def _images(settings: Any) -> Iterator[str]:
    yield _short(settings.source)
    if settings.label_kind != "category":
        yield {"number": "numbers", "tags": "tags", "mask": "masks"}[settings.label_kind]
    if settings.size is not None:
        yield f"{settings.size} × {settings.size}"
    if settings.train_share < 1:
        yield f"{_percent(settings.train_share)} of the training images"


def _backbone(settings: Any) -> Iterator[str]:
    yield settings.base.rpartition(":")[2]
    yield settings.strategy.replace("_", " ")
    if settings.cut is not None:
        yield f"cut after {settings.cut}" if settings.cut != "input" else "nothing frozen"
    if settings.last_stage is not None:
        yield f"up to {settings.last_stage}"
    if settings.num_skips:
        yield f"{settings.num_skips} skips"


def _head(settings: Any) -> Iterator[str]:
    yield f"hidden {_list(settings.hidden)}" if settings.hidden else "linear"
    yield f"dropout {_percent(settings.dropout)}" if settings.dropout else ""


def _crop(settings: Any) -> Iterator[str]:
    yield f"{settings.height} × {settings.width}"
    yield "center" if settings.place == "center" else f"from {settings.top}, {settings.left}"


def _pad(settings: Any) -> Iterator[str]:
    sides = (settings.top, settings.bottom, settings.left, settings.right)
    yield (
        f"{sides[0]} on each side"
        if len(set(sides)) == 1
        else "{} above, {} below, {} left, {} right".format(*sides)
    )
    yield "" if settings.fill == "constant" else settings.fill


def _rescale(settings: Any) -> Iterator[str]:
    sign = "+" if settings.offset > 0 else "−"
    yield f"× {settings.scale:g}" + (f" {sign} {abs(settings.offset):g}" if settings.offset else "")


def _normalize(settings: Any) -> Iterator[str]:
    yield f"mean {_list(settings.mean)}" if settings.preset == "own" else settings.preset


def _units(settings: Any) -> Iterator[str]:
    yield "a unit for each class" if settings.units is None else _count(settings.units, "unit")
    yield _activation(settings.activation)


def _convolution(settings: Any) -> Iterator[str]:
    yield "" if settings.type == "standard" else settings.type
    yield "" if settings.type == "depthwise" else _count(settings.filters, "filter")
    yield _window(settings.kernel)
    yield "" if settings.stride == 1 else f"stride {_window(settings.stride)}"
    yield _activation(settings.activation)


def _pooling(settings: Any) -> Iterator[str]:
    yield f"{settings.scope} {settings.how}"
    yield "" if settings.scope == "global" else _window(settings.kernel)


def _recurrent(settings: Any) -> Iterator[str]:
    yield settings.type
    yield _count(settings.units, "unit")
    yield "both ways" if settings.bidirectional else ""
    yield "whole sequence" if settings.return_sequence else ""


def _attention(settings: Any) -> Iterator[str]:
    yield _count(settings.heads, "head")
    yield f"dropout {_percent(settings.dropout)}" if settings.dropout else ""


def _decoder(settings: Any) -> Iterator[str]:
    yield f"{_list(settings.filters)} filters"
    yield _count(settings.skips, "skip") if settings.skips else ""


def _objective(settings: Any) -> Iterator[str]:
    yield settings.loss.replace("_", " ")
    yield "" if settings.weight == 1 else f"weight {settings.weight:g}"


def _anomaly(settings: Any) -> Iterator[str]:
    yield settings.distance
    yield f"normal is {settings.normal_class}" if settings.normal_class else ""


def _custom(settings: Any) -> Iterator[str]:
    lines = len(settings.code.splitlines())
    yield settings.file or (f"{_count(lines, 'line')} of Python" if lines else "no code yet")


def _adaptation(settings: Any) -> Iterator[str]:
    yield settings.method.replace("_", " ")
    yield f"weight {settings.weight:g}" if settings.weight is not None else ""


def _nothing(_: Any) -> Iterator[str]:
    return iter(())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)


def _activation(name: str) -> str:
    return "" if name == "none" else name.replace("_", " ")


def _list(values: Any) -> str:
    return ", ".join(f"{v:g}" for v in values)


def _window(size: int | tuple[int, ...]) -> str:
    return " × ".join(map(str, size if isinstance(size, tuple) else (size, size)))


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


_Summary = Callable[[Any], Iterator[str]]
_SUMMARIES: dict[str, _Summary] = {
    "images": _images,
    "target_images": lambda s: iter([_short(s.source)]),
    "adaptation": _adaptation,
    "backbone": _backbone,
    "head": _head,
    "resize": lambda s: iter([f"{s.height} × {s.width}"]),
    "crop": _crop,
    "pad": _pad,
    "normalize": _normalize,
    "rescale": _rescale,
    "grayscale": lambda s: iter([_count(s.channels, "channel")]),
    "one_hot": lambda s: iter([f"{s.num_classes} classes" if s.num_classes else "classes of the data"]),
    "dense": _units,
    "batch_norm": _nothing,
    "layer_norm": _nothing,
    "dropout": lambda s: iter([_percent(s.rate), "whole channels" if s.whole_channels else ""]),
    "activation": lambda s: iter([_activation(s.function) or "none"]),
    "argmax": lambda s: iter(["one a place" if s.kind == "mask" else ""]),
    "convolution": _convolution,
    "pooling": _pooling,
    "embedding": lambda s: iter([f"{s.num_categories} categories", f"{s.width} wide"]),
    "recurrent": _recurrent,
    "attention": _attention,
    "reshape": lambda s: iter([_list(s.shape).replace(", ", " × ")]),
    "permute": lambda s: iter([_list(s.order)]),
    "unet_decoder": _decoder,
    "patch_features": lambda s: iter([f"{s.neighborhood} × {s.neighborhood} places"]),
    "merge": lambda s: iter([f"{s.how}"]),
    "switch": lambda s: iter([f"{s.choice} goes through"]),
    "classification": _objective,
    "binary": _objective,
    "multi_label": _objective,
    "regression": _objective,
    "segmentation": _objective,
    "anomaly": _anomaly,
    "custom": _custom,
}

"""The module of a Custom node: gives the code its named inputs and checks what comes back."""

from __future__ import annotations

import contextlib
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from graftwork.bases.base import Base
from graftwork.bases.keras_guest.backend import is_functional
from graftwork.bases.keras_guest.layers import KerasLayer
from graftwork.components.custom.code import Code, blaming
from graftwork.errors import CustomCodeError
from graftwork.graph.custom import CustomPort
from graftwork.graph.ports import bind, show_shape

__all__ = ["CustomNode", "KerasPart", "blame_stages", "call_by_name"]


class CustomNode(nn.Module):
    """Run the user's code as a node.

    Args:
        code: what errors are blamed on.
        part: a module, or a plain function.
        inputs: the node's inputs, in order.
        outputs: the node's outputs, in order.
        time_limit: seconds that one call may take; a worker's parent sees to it.

    Takes one tensor for each input and gives one tensor, or a tuple in the order of the outputs.

    Raises:
        CustomCodeError: the code raised, or gave something else than its outputs promise.
    """

    def __init__(
        self,
        code: Code,
        part: nn.Module | Callable[..., Any],
        inputs: Sequence[CustomPort],
        outputs: Sequence[CustomPort],
        time_limit: float | None = None,
    ) -> None:
        super().__init__()
        self.code, self.part, self.time_limit = code, part, time_limit
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)

    def forward(self, *tensors: Tensor) -> Tensor | tuple[Tensor, ...]:
        names = [p.name for p in self.inputs]
        shapes = {n: tuple(t.shape) for n, t in zip(names, tensors, strict=True)}
        with blaming(self.code, shapes, time_limit=self.time_limit):
            given = call_by_name(self.part, dict(zip(names, tensors, strict=True)))
        found = self._by_port(given, shapes)
        for port, tensor in zip(self.outputs, found, strict=True):
            self._check(port, tensor, len(tensors[0]), shapes)
        return found[0] if len(found) == 1 else found

    def extra_repr(self) -> str:
        return f"{', '.join(p.name for p in self.inputs)} → {', '.join(p.name for p in self.outputs)}"

    def _by_port(self, given: Any, shapes: Mapping[str, tuple[int, ...]]) -> tuple[Tensor, ...]:
        names = [p.name for p in self.outputs]
        if isinstance(given, Mapping):
            missing = [n for n in names if n not in given]
            if missing:
                raise self._wrong(f"gave a dict of {', '.join(map(str, given)) or 'nothing'}", shapes)
            return tuple(given[n] for n in names)
        values = tuple(given) if isinstance(given, tuple | list) else (given,)
        if len(values) != len(names):
            raise self._wrong(f"gave {len(values)} value{'s' * (len(values) != 1)}", shapes)
        return values

    def _check(
        self, port: CustomPort, tensor: Any, batch: int, shapes: Mapping[str, tuple[int, ...]]
    ) -> None:
        if not isinstance(tensor, Tensor):
            raise self._wrong(f"gave {type(tensor).__name__} for '{port.name}', which is no tensor", shapes)
        shape = tuple(tensor.shape)
        if not shape or shape[0] != batch:
            raise self._wrong(f"gave {shape} for '{port.name}', but the batch holds {batch}", shapes)
        if bind(shape, port.shape) is None:
            raise self._wrong(f"gave {shape} for '{port.name}'", shapes)

    def _wrong(self, got: str, shapes: Mapping[str, tuple[int, ...]]) -> CustomCodeError:
        wanted = ", ".join(f"'{p.name}' {show_shape(p.shape)}" for p in self.outputs)
        came = ", ".join(f"{n} {s}" for n, s in shapes.items())
        several = len(self.outputs) > 1
        return CustomCodeError(
            f"The code of node '{self.code.node}' {got}; wanted: {wanted}. It got {came}.",
            hint="Return a dict with these names, or a tuple in this order."
            if several
            else "Return one tensor of that shape, batch first, or change the node's outputs.",
            node=self.code.node,
            shapes={n: list(s) for n, s in shapes.items()},
        )


def blame_stages(base: Base, code: Code, time_limit: float | None) -> None:
    """Have each stage of an opened model run as the code of its node does: watched, its errors blamed on it.

    The stages keep their names and parameters; only what happens around a call is added.
    """
    for stage in base.stages:
        _blame(stage.module, code, time_limit, stage.name)


def _blame(module: nn.Module, code: Code, time_limit: float | None, stage: str) -> None:
    kind = type(module)
    if not issubclass(kind, _BlamedStage):
        about = {"code": code, "time_limit": time_limit, "stage": stage, "plain": kind}
        module.__class__ = type(kind.__name__, (_BlamedStage, kind), {**about, "__module__": kind.__module__})


class _BlamedStage(nn.Module):
    """A stage of the user's model."""

    code: ClassVar[Code]
    time_limit: ClassVar[float | None]
    stage: ClassVar[str]
    plain: ClassVar[Any]

    def forward(self, x: Tensor) -> Any:
        with blaming(self.code, {f"stage {self.stage}": tuple(x.shape)}, time_limit=self.time_limit):
            return super().forward(x)

    def __deepcopy__(self, memo: dict[int, Any]) -> nn.Module:
        """Copy as the plain stage: traced modules make a class for each copy and must not meet ours there."""
        own = type(self)
        self.__class__ = self.plain
        try:
            made = copy.deepcopy(self, memo)
        finally:
            self.__class__ = own
        _blame(made, own.code, own.time_limit, own.stage)
        return made


class KerasPart(KerasLayer):
    """A Keras model or layer with several inputs or outputs, or with calls of its own making.

    Maps come in and go out as (b, c, h, w); Keras sees (b, h, w, c). What Keras holds in inference mode
    (``trainable = False`` of batch normalization, ``training=False`` in a call) stays in it.
    """

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        args = tuple(_channels_last(a) for a in args)
        kwargs = {name: _channels_last(a) for name, a in kwargs.items()}
        return _channels_first(self.call_keras(args, kwargs))

    @contextlib.contextmanager
    def awake(self) -> Iterator[None]:
        """Leave the flags as they are."""
        yield


def call_by_name(part: Any, tensors: Mapping[str, Tensor]) -> Any:
    """Call a part with tensors: by name where it knows these names, else in order."""
    layer = part.borrowed.value if isinstance(part, KerasPart) else None
    if layer is not None and is_functional(layer):
        return part(_arrange(layer, tensors))
    function = layer.call if layer is not None else getattr(part, "forward", part)
    if set(tensors) <= _parameters(function):
        return part(**tensors)
    return part(*tensors.values())


def _arrange(model: Any, tensors: Mapping[str, Tensor]) -> Any:
    """Return the inputs of a functional Keras model as it wants them: one, a list, or a dict."""
    wanted = model._inputs_struct
    if isinstance(wanted, dict):
        names = list(wanted)
        values = [tensors[n] for n in names] if set(names) == set(tensors) else list(tensors.values())
        return dict(zip(names, values, strict=True))
    names = [t._keras_history.operation.name for t in model.inputs]
    values = [tensors[n] for n in names] if set(names) == set(tensors) else list(tensors.values())
    return values if len(values) > 1 else values[0]


def _parameters(function: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # some functions written in C have no signature
        return set()


def _channels_last(value: Any) -> Any:
    if isinstance(value, list):
        return [_channels_last(v) for v in value]
    if isinstance(value, dict):
        return {n: _channels_last(v) for n, v in value.items()}
    return value.permute(0, 2, 3, 1) if isinstance(value, Tensor) and value.ndim == 4 else value


def _channels_first(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {n: _channels_first(v) for n, v in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_channels_first(v) for v in value)
    if isinstance(value, Tensor) and value.ndim == 4:
        return value.permute(0, 3, 1, 2).contiguous()
    return value

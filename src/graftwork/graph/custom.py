"""The contract of the Custom component: the user's code as a node, its ports as its settings say."""

from __future__ import annotations

from collections.abc import Mapping
from keyword import iskeyword
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, field_validator

from graftwork.documents.document import Document
from graftwork.documents.flow import Flow, Node
from graftwork.graph.contract import Contract, Ports
from graftwork.graph.custom_code import look_at_code
from graftwork.graph.ports import Dim, Kind, Misfit, Port, Wire, bind

__all__ = ["CUSTOM", "CustomPort", "CustomSettings", "custom_nodes", "pixel_range"]

KERAS_RANGE, TORCH_RANGE = (0.0, 255.0), (0.0, 1.0)


class CustomPort(Document):
    """A named input or output of custom code."""

    name: str = Field(description="As the code calls it; a Python name.")
    kind: Kind = Field(description="What travels there.")
    shape: tuple[Dim, ...] = Field(
        ("...",), description="Sizes, batch first; a word stands for a size that is not known yet."
    )

    @field_validator("name")
    @classmethod
    def _is_python(cls, value: str) -> str:
        if not value.isidentifier() or iskeyword(value):
            raise ValueError(f"'{value}' is no Python name, so code could not speak of it")
        return value


_IMAGE = CustomPort(name="image", kind="image", shape=("b", "c", "h", "w"))
_FEATURES = CustomPort(name="features", kind="features")


class CustomSettings(Document):
    """The user's code, its ports, and how far it is trusted with time and memory."""

    code: str = Field("", description="Python: a script that leaves a model, build, forward or Component.")
    file: str | None = Field(
        None, description="File with the code, in the place of 'code'; inside the project."
    )
    inputs: Annotated[tuple[CustomPort, ...], Field(min_length=1)] = Field(
        (_IMAGE,), description="Named inputs, in order."
    )
    outputs: Annotated[tuple[CustomPort, ...], Field(min_length=1)] = Field(
        (_FEATURES,), description="Named outputs, in order."
    )
    options: dict[str, JsonValue] = Field(
        default_factory=dict, description="Settings of its own; the code gets them as 'settings'."
    )
    freeze: tuple[str, ...] = Field((), description="Layers or parameters to freeze, as patterns with *.")
    unfreeze: tuple[str, ...] = Field((), description="Layers or parameters to unfreeze, as patterns with *.")
    value_range: Literal["auto"] | tuple[float, float] = Field(
        "auto", description="Range of the pixels that the code gets. 'auto': 0 to 255 for Keras, else 0 to 1."
    )
    weights: str | None = Field(None, description="Weights file that the code gets as 'weights'.")
    time_limit: Annotated[float, Field(gt=0)] = Field(60.0, description="Seconds that one call may take.")
    memory_limit: Annotated[int, Field(ge=1)] = Field(
        4096, description="MB that the worker may hold beyond what it starts with."
    )

    @field_validator("inputs", "outputs")
    @classmethod
    def _names_differ(cls, ports: tuple[CustomPort, ...]) -> tuple[CustomPort, ...]:
        names = [p.name for p in ports]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"two ports are named {', '.join(twice)}")
        return ports

    @field_validator("file")
    @classmethod
    def _stays_inside(cls, value: str | None) -> str | None:
        if value is not None and (PurePath(value).is_absolute() or ".." in PurePath(value).parts):
            raise ValueError("the file lies outside of the project; give a path inside it")
        return value

    @field_validator("value_range")
    @classmethod
    def _has_width(
        cls, value: Literal["auto"] | tuple[float, float]
    ) -> Literal["auto"] | tuple[float, float]:
        if value != "auto" and not value[0] < value[1]:
            raise ValueError("the range must go from a lower to a higher value")
        return value


def pixel_range(settings: CustomSettings, code: str | None = None) -> tuple[float, float]:
    """Return the range of pixel values that an image input of the code gets.

    Args:
        settings: of the node.
        code: text of the code, when it lies in a file; reading it decides what 'auto' means.
    """
    if settings.value_range != "auto":
        return settings.value_range
    return KERAS_RANGE if look_at_code(code or settings.code).is_keras else TORCH_RANGE


def custom_nodes(flow: Flow) -> tuple[Node, ...]:
    """Return the nodes of a flow that run the user's code; what is bypassed does not run."""
    return tuple(node for node in flow.of_component("custom") if not node.is_bypassed)


def _ports(settings: Any) -> Ports:
    def made(ports: tuple[CustomPort, ...]) -> tuple[Port, ...]:
        return tuple(Port(name=p.name, kind=p.kind, shape=p.shape) for p in ports)

    return made(settings.inputs), made(settings.outputs)


def _infer(settings: Any, inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    _refuse_code(settings)
    bound: dict[str, Dim] = {}
    for port in settings.inputs:
        wire = inputs.get(port.name)
        found = bind(wire.shape, port.shape) if wire is not None else {}
        for word, size in (found or {}).items():
            known = bound.setdefault(word, size)
            if word != "b" and isinstance(known, int) and isinstance(size, int) and known != size:
                raise Misfit(f"size '{word}' is {known} at one input and {size} at this one.", port=port.name)
    return {
        p.name: Wire(kind=p.kind, shape=tuple(bound.get(d, d) if isinstance(d, str) else d for d in p.shape))
        for p in settings.outputs
    }


def _refuse_code(settings: CustomSettings) -> None:
    if bool(settings.code.strip()) == bool(settings.file):
        raise Misfit(
            "has both 'code' and 'file'." if settings.file else "has no code.",
            setting="code",
            hint="Write the Python code into 'code', or name its file in 'file'.",
        )
    fault = look_at_code(settings.code).fault
    if fault is not None:
        where = f"line {fault.line}: " if fault.line else ""
        raise Misfit(f"{where}{fault.message}.", setting="code", hint=fault.hint, line=fault.line)


CUSTOM = (
    Contract(
        name="custom",
        group="custom",
        title="Custom",
        summary="Your own Python as a node, torch or Keras; a model in it opens into its layers.",
        inputs=_ports(CustomSettings())[0],
        outputs=_ports(CustomSettings())[1],
        settings=CustomSettings,
        ports_of=_ports,
        infer=_infer,
    ),
)

"""What a component says about itself, in words: for the command line, the reference and the studio."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from graftwork.documents.document import Document
from graftwork.documents.wording import type_in_words
from graftwork.graph.contract import Contract, Group
from graftwork.graph.ports import Dim, Misfit, Port, Wire, bind, show_shape

__all__ = ["ComponentCard", "SettingCard", "ShapeExample", "describe", "kinds_of", "type_in_words"]

_SHAPES: tuple[tuple[Dim, ...], ...] = (
    ("b",),
    ("b", 1280),
    ("b", 49, 64),
    ("b", 3, 300, 400),
    ("b", 64, 7, 7),
    ("b", 16, 8, 7, 7),
)


class SettingCard(Document):
    """One setting of a component."""

    name: str
    type: str = Field(description="What it may be, in words.")
    default: str = Field(description="In words; 'required' when there is none.")
    is_required: bool
    description: str


class ShapeExample(Document):
    """What comes out for what comes in, with the default settings."""

    given: str
    gives: str


class ComponentCard(Document):
    """Everything a component says about itself."""

    name: str
    title: str
    summary: str
    group: Group
    inputs: tuple[Port, ...] = Field(description="With the default settings.")
    outputs: tuple[Port, ...] = Field(description="With the default settings.")
    ports_depend_on_settings: bool
    settings: tuple[SettingCard, ...]
    examples: tuple[ShapeExample, ...] = Field(
        description="Shapes, where one input and no base decides them."
    )
    settings_schema: dict[str, Any] = Field(description="JSON schema of the settings.")


def describe(contract: Contract) -> ComponentCard:
    """Return what a component says about itself."""
    schema = contract.settings.model_json_schema()
    properties = schema.get("properties", {})
    return ComponentCard(
        name=contract.name,
        title=contract.title,
        summary=contract.summary,
        group=contract.group,
        inputs=contract.inputs,
        outputs=contract.outputs,
        ports_depend_on_settings=contract.ports_of is not None,
        settings=tuple(
            _setting(name, field, properties[name]) for name, field in contract.settings.model_fields.items()
        ),
        examples=_examples(contract),
        settings_schema=schema,
    )


def kinds_of(port: Port) -> str:
    """Return what a port takes or gives, in words.

    >>> kinds_of(Port(name="logits", kind="logits", also=("features",)))
    'logits or features'
    """
    return " or ".join((port.kind, *port.also))


def _setting(name: str, field: FieldInfo, schema: dict[str, Any]) -> SettingCard:
    return SettingCard(
        name=name,
        type=type_in_words(schema),
        default="required" if field.is_required() else _value(field.get_default(call_default_factory=True)),
        is_required=field.is_required(),
        description=(field.description or "").strip(),
    )


def _value(value: Any) -> str:
    if value is None or value in ((), [], {}, ""):
        return "empty"
    if isinstance(value, BaseModel):
        return str(value.model_dump(mode="json", exclude_defaults=True))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(_value, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _examples(contract: Contract) -> tuple[ShapeExample, ...]:
    """Return the shapes that a component with one input and no required settings makes of some usual ones."""
    required = any(field.is_required() for field in contract.settings.model_fields.values())
    if required or contract.infer is None or len(contract.inputs) != 1 or len(contract.outputs) != 1:
        return ()
    (port,), (output,) = contract.inputs, contract.outputs
    settings = contract.settings()
    found = []
    for shape in _SHAPES:
        if bind(shape, port.shape) is None or (port.kind == "image" and shape[1] != 3):
            continue
        try:
            wires = contract.wires(settings, {port.name: Wire(kind=port.kind, shape=shape)})
        except Misfit:
            continue
        found.append(ShapeExample(given=show_shape(shape), gives=show_shape(wires[output.name].shape)))
    return tuple(found)

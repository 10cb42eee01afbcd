"""The flow: nodes, edges, recipe, groups, layout. The one file that studio, command line and Python share."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, ClassVar

import yaml
from pydantic import Field, JsonValue, field_validator, model_validator

from graftwork.documents.document import Document, VersionedDocument
from graftwork.documents.recipe import Recipe
from graftwork.documents.yaml_faults import yaml_fault
from graftwork.errors import FlowError

__all__ = [
    "Edge",
    "Endpoint",
    "Flow",
    "Group",
    "Node",
    "digest_flow",
    "dump_flow",
    "load_flow",
    "read_flow",
    "write_flow",
]

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_\-]*$")]


class Node(Document):
    """An instance of a component."""

    id: Identifier
    component: str = Field(description="Name of the component, as `graftwork components` lists it.")
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    title: str = Field("", description="What people call it. Empty: what its component is called.")
    is_bypassed: bool = Field(
        False, description="Whether what comes in goes straight on, as if the node were a wire."
    )


class Endpoint(Document):
    """One socket: a node and one of its ports. Written as ``node.port``."""

    node: Identifier
    port: Identifier

    def __str__(self) -> str:
        return f"{self.node}.{self.port}"


class Edge(Document):
    """A wire from an output port to an input port. Written as ``[a.out, b.in]``."""

    source: Endpoint
    target: Endpoint

    @model_validator(mode="before")
    @classmethod
    def _from_pair(cls, value: Any) -> Any:
        if isinstance(value, list | tuple) and len(value) == 2:
            return {"source": value[0], "target": value[1]}
        if not isinstance(value, dict | cls):
            raise ValueError(f"{value!r} is no wire: write it as [a.out, b.in]")
        return value

    @field_validator("source", "target", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            node, dot, port = value.partition(".")
            if not dot:
                raise ValueError(f"'{value}' is no endpoint: write it as node.port")
            return {"node": node, "port": port}
        return value


class Group(Document):
    """Nodes that are drawn in one frame; says nothing about what is computed."""

    id: Identifier
    title: str = Field("", description="What people call it. Empty: its id.")
    nodes: tuple[Identifier, ...] = Field((), description="Ids of the nodes in it.")
    is_collapsed: bool = Field(False, description="Whether it is drawn as one box.")
    color: str = Field("", description="Name of a color of the palette. Empty: plain.")


class Flow(VersionedDocument):
    """The saved graph."""

    newest_format: ClassVar[int] = 1

    name: str = "flow"
    title: str = Field("", description="One line for people.")
    description: str = Field("", description="What the flow is for, in a paragraph.")
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    recipe: Recipe = Recipe()
    groups: tuple[Group, ...] = Field((), description="Frames around nodes on the canvas.")
    layout: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="Place of each node on the canvas, in pixels."
    )

    def node(self, node_id: str) -> Node:
        """Return the node of that id.

        Raises:
            FlowError: no such node.
        """
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise FlowError(f"The flow '{self.name}' has no node '{node_id}'.", node=node_id)

    def of_component(self, component: str) -> tuple[Node, ...]:
        """Return all nodes of one component, in order."""
        return tuple(n for n in self.nodes if n.component == component)

    def with_settings(self, node_id: str, **changes: JsonValue) -> Flow:
        """Return a flow in which one node's settings are changed."""
        changed = self.node(node_id)
        new = changed.edit(settings={**changed.settings, **changes})
        return self.edit(nodes=tuple(new if n.id == node_id else n for n in self.nodes))


def dump_flow(flow: Flow) -> str:
    """Return ``flow`` as YAML; ``load_flow`` gives the equal flow back."""
    content = flow.model_dump(mode="json", exclude={"recipe", "edges"})
    for field in ("title", "description", "groups"):
        if not content[field]:
            del content[field]
    for part, unset in (("nodes", _UNSET_OF_NODE), ("groups", _UNSET_OF_GROUP)):
        for item in content.get(part, ()):
            for field in unset:
                if not item[field]:
                    del item[field]
    content["edges"] = [[str(e.source), str(e.target)] for e in flow.edges]
    content["recipe"] = flow.recipe.model_dump(mode="json", exclude_defaults=True)
    return yaml.dump(content, Dumper=_FlowDumper, sort_keys=False, allow_unicode=True, width=110)


# Fields that are not written while they are empty.
_UNSET_OF_NODE = ("title", "is_bypassed")
_UNSET_OF_GROUP = ("title", "is_collapsed", "color")
_OTHER_LINE_ENDS = ("\r", "\x85", "\u2028", "\u2029")


class _FlowDumper(yaml.SafeDumper):
    """Writes text of several lines, such as code, as it stands."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if any(mark in text for mark in _OTHER_LINE_ENDS):  # a reader would take these for "\n"
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_FlowDumper.add_representer(str, _represent_text)


def load_flow(text: str, *, name: str = "the flow") -> Flow:
    """Read a flow from YAML (or JSON, which is YAML).

    Raises:
        FlowError: not YAML, a newer format, or fields that do not validate; all are named.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        fault = yaml_fault(error, text)
        raise FlowError(
            f"{name} is not readable as YAML: {fault.message}.",
            hint=fault.hint,
            line=fault.line,
            column=fault.column,
        ) from error
    except (ValueError, OverflowError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise FlowError(f"{name} is not readable as YAML: {reason}.", hint="Correct the text.") from error
    if not isinstance(content, dict):
        raise FlowError(f"{name} holds no flow: a mapping with nodes and edges is wanted.")
    return Flow.parse(content, name=name)


def digest_flow(flow: Flow) -> str:
    """Return the SHA-256 of a flow as it is written, titles and layout included."""
    return hashlib.sha256(dump_flow(flow).encode()).hexdigest()


def write_flow(flow: Flow, path: Path) -> None:
    """Write ``flow`` to ``path`` as YAML."""
    path.write_text(dump_flow(flow), encoding="utf-8")


def read_flow(path: Path) -> Flow:
    """Read the flow in the file ``path``.

    Raises:
        FlowError: no such file, or not a flow.
    """
    if not path.is_file():
        raise FlowError(f"There is no flow file {path}.", hint="Name a .yaml file written by graftwork.")
    return load_flow(path.read_text(encoding="utf-8"), name=str(path))

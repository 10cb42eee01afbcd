"""Flows to start from: one file each, filled in with the user's data, weights and base."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from graftwork.documents.flow import Flow, Node, load_flow
from graftwork.errors import UnknownName, UsageError, did_you_mean
from graftwork.graph.contracts import BackboneSettings

__all__ = ["Template", "fill_template", "get_template", "list_templates", "untrained_bases"]

FOLDER = "template_files"
_UNTRAINED = "random:"


@dataclass(frozen=True)
class Template:
    """A flow to start from.

    Args:
        name: what ``graftwork new --template`` calls it.
        flow: with samples, untrained bases or words in the places that are to be filled in.
    """

    name: str
    flow: Flow

    @property
    def title(self) -> str:
        """One line for people."""
        return self.flow.title

    @property
    def description(self) -> str:
        """What it is for."""
        return self.flow.description

    @property
    def wants_data(self) -> bool:
        """Whether it needs images of the user: no sample fits it."""
        return not _source(self.flow).startswith("sample:")

    @property
    def wants_base(self) -> bool:
        """Whether it needs a run of the user."""
        return any(node.settings.get("base") == "run:ID" for node in self.flow.nodes)


@cache
def list_templates() -> tuple[Template, ...]:
    """Return all templates, the standard transfer first, the others by name."""
    found = []
    for file in files("graftwork.project").joinpath(FOLDER).iterdir():
        if file.name.endswith(".yaml"):
            flow = load_flow(file.read_text(encoding="utf-8"), name=f"The template {file.name}")
            found.append(Template(file.name.removesuffix(".yaml"), flow))
    return tuple(sorted(found, key=lambda t: (t.name != "transfer", t.name)))


def get_template(name: str) -> Template:
    """Return the template called ``name``.

    Raises:
        UnknownName: there is none; the hint guesses.
    """
    known = {template.name: template for template in list_templates()}
    if name not in known:
        raise UnknownName(f"There is no template '{name}'.", hint=did_you_mean(name, list(known)))
    return known[name]


def fill_template(
    template: Template,
    *,
    name: str | None = None,
    data: str | None = None,
    weights: Path | None = None,
    base: str | None = None,
) -> Flow:
    """Return the template's flow with the user's choices in it.

    Args:
        template: where to start.
        name: name of the flow; the template's if not given.
        data: source of the images.
        weights: file for the untrained bases and for custom code that asks for one.
        base: base id for all backbones.

    Raises:
        UsageError: nothing in the template takes weights or a base, or there is no such file.
    """
    flow = template.flow if name is None else template.flow.edit(name=name)
    if data is not None:
        for node in flow.of_component("images"):
            flow = flow.with_settings(node.id, source=data)
    if base is not None:
        flow = _with_base(flow, base)
    return flow if weights is None else _with_weights(flow, weights)


def untrained_bases(flow: Flow) -> tuple[str, ...]:
    """Return the nodes whose base starts untrained: ``random:``, or custom code without its weights file."""
    return tuple(
        node.id
        for node in flow.nodes
        if str(node.settings.get("base", "")).startswith(_UNTRAINED)
        or (_takes_weights(node) and node.settings["weights"] is None)
    )


def _source(flow: Flow) -> str:
    return str(flow.of_component("images")[0].settings["source"])


def _takes_weights(node: Node) -> bool:
    return node.component == "custom" and "weights" in node.settings


def _with_base(flow: Flow, base: str) -> Flow:
    nodes = flow.of_component("backbone")
    if not nodes:
        raise UsageError(
            f"The flow '{flow.name}' has no backbone to put the base '{base}' into.",
            hint="Leave --base out, or name a file with --weights.",
        )
    for node in nodes:
        flow = flow.with_settings(node.id, base=base)
        if "last_stage" in node.settings:  # a stage of the template's base
            flow = flow.with_settings(node.id, last_stage=None)
    return flow


def _with_weights(flow: Flow, weights: Path) -> Flow:
    path = weights.expanduser().resolve()
    if not path.is_file():
        raise UsageError(f"There is no weights file {path}.", hint="Name a file with --weights.")
    filled = flow
    for node in flow.nodes:
        base = str(node.settings.get("base", BackboneSettings().base))
        if _takes_weights(node):
            filled = filled.with_settings(node.id, weights=str(path))
        elif node.component == "backbone" and base.startswith(_UNTRAINED):
            filled = filled.with_settings(node.id, base=f"file:{path}@{base.removeprefix(_UNTRAINED)}")
    if filled == flow:
        raise UsageError(
            f"Nothing in the flow '{flow.name}' takes a weights file.",
            hint=f"Name the base instead: --base file:{path}@ARCHITECTURE, such as @timm:resnet18.",
        )
    return filled

"""Auto-settings: what a flow should say, given what is known of its data and its bases.

Nothing is changed silently: ``propose`` lists, ``apply`` does what was accepted.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, JsonValue

from graftwork.documents.card import InputPort
from graftwork.documents.document import Document
from graftwork.documents.flow import Flow, Node
from graftwork.graph.bypass import without_bypassed
from graftwork.graph.check import check
from graftwork.graph.contracts import LabelKind
from graftwork.graph.sizes import feature_axis, is_open
from graftwork.graph.topology import incoming
from graftwork.graph.wires import infer_wires

__all__ = ["Facts", "Proposal", "apply", "propose"]

_WANTS: dict[str, LabelKind] = {
    "classification": "category",
    "binary": "category",
    "multi_label": "tags",
    "regression": "number",
    "segmentation": "mask",
}
_KEEPS_WIDTH = ("dropout", "activation", "batch_norm", "layer_norm", "softmax", "switch")
_KEEPS_SIZE = ("normalize", "rescale", "grayscale", "switch")
_READS_SKIPS = ("unet_decoder", "patch_features")
_WIDTH_SETTING = {"dense": "units", "unet_decoder": "num_classes"}


class Facts(Document):
    """What is known beside the flow; each fact may be missing."""

    num_classes: int | None = Field(None, ge=1, description="Classes, tags or numbers of the data.")
    label_kind: LabelKind | None = Field(None, description="What the labels of the data are.")
    ports: dict[str, InputPort] = Field(
        default_factory=dict, description="Node of a backbone → its input port."
    )
    num_features: dict[str, int] = Field(
        default_factory=dict, description="Node of a backbone → width of its features."
    )


class Proposal(Document):
    """A setting that should have another value, and why."""

    node: str
    setting: str
    value: JsonValue
    reason: str

    def __str__(self) -> str:
        return f"Node '{self.node}': set {self.setting} to {self.value}. {self.reason}"


def propose(flow: Flow, facts: Facts | None = None) -> tuple[Proposal, ...]:
    """Return the settings that should change, at most one value for each; none when all fits.

    Applying them leaves nothing to propose. The flow may have problems.

    Args:
        flow: any flow.
        facts: what is known of its data and bases.
    """
    facts, flow = facts or Facts(), _with_whole_wires(without_bypassed(flow))
    found: dict[tuple[str, str], Proposal] = {}
    for rule in (_label_kinds, _widths, _one_hot, _sizes, _heads, _skips):
        for proposal in rule(flow, facts):
            found.setdefault((proposal.node, proposal.setting), proposal)
    return tuple(found.values())


def apply(flow: Flow, proposals: tuple[Proposal, ...]) -> Flow:
    """Return the flow with these settings.

    Raises:
        FlowError: a proposal for a node that is not there.
    """
    for proposal in proposals:
        flow = flow.with_settings(proposal.node, **{proposal.setting: proposal.value})
    return flow


def _with_whole_wires(flow: Flow) -> Flow:
    """Return the flow without wires that end at nothing."""
    ids = {node.id for node in flow.nodes}
    whole = tuple(e for e in flow.edges if {e.source.node, e.target.node} <= ids)
    return flow if len(whole) == len(flow.edges) else flow.edit(edges=whole)


def _label_kinds(flow: Flow, facts: Facts) -> Iterator[Proposal]:
    for images in flow.of_component("images"):
        now = images.settings.get("label_kind", "category")
        if facts.label_kind is not None:
            wanted, reason = facts.label_kind, f"The labels of the data are of kind '{facts.label_kind}'."
        else:
            readers = [flow.node(e.target.node).component for e in flow.edges if _is_labels(e.source, images)]
            kinds = {_WANTS[c] for c in readers if c in _WANTS}
            if len(kinds) != 1:
                continue
            wanted = kinds.pop()
            reason = f"The objective reads labels of kind '{wanted}'."
        if now != wanted:
            yield Proposal(node=images.id, setting="label_kind", value=wanted, reason=reason)


def _is_labels(end: object, images: Node) -> bool:
    return str(end) == f"{images.id}.labels"


def _widths(flow: Flow, facts: Facts) -> Iterator[Proposal]:
    """The layer before an objective has as many outputs as the objective reads."""
    for objective in flow.nodes:
        wanted, reason = _wanted_width(flow, objective, facts)
        if wanted is None:
            continue
        for source in _sources(flow, objective.id, "logits", _KEEPS_WIDTH):
            node = flow.node(source)
            setting = _WIDTH_SETTING.get(node.component)
            now = node.settings.get(setting) if setting else None
            if setting and now is not None and now != wanted:
                yield Proposal(node=source, setting=setting, value=wanted, reason=reason)


def _wanted_width(flow: Flow, objective: Node, facts: Facts) -> tuple[int | None, str]:
    component, count = objective.component, facts.num_classes
    if component == "binary":
        return 1, "The objective 'binary' reads one logit."
    if component in ("classification", "segmentation"):
        return count, f"The data has {count} classes."
    if component == "multi_label":
        return count, f"The data has {count} tags."
    if component == "regression":
        columns = [n.settings.get("label_columns") for n in flow.of_component("images")]
        named = [len(c) for c in columns if isinstance(c, (list, tuple)) and c]
        count = named[0] if named else count
        return count, f"The data has {count} numbers per image."
    return None, ""


def _one_hot(flow: Flow, facts: Facts) -> Iterator[Proposal]:
    for node in flow.of_component("one_hot"):
        now = node.settings.get("num_classes")
        if now is not None and facts.num_classes is not None and now != facts.num_classes:
            yield Proposal(
                node=node.id,
                setting="num_classes",
                value=facts.num_classes,
                reason=f"The data has {facts.num_classes} classes.",
            )


def _sizes(flow: Flow, facts: Facts) -> Iterator[Proposal]:
    """A resize before a backbone gives what the base wants."""
    for backbone in flow.of_component("backbone"):
        side, port = backbone.settings.get("image_size"), facts.ports.get(backbone.id)
        if isinstance(side, int):
            wanted = {"height": side, "width": side}
            reason = f"The backbone '{backbone.id}' is set to images of {side} pixels."
        elif port is not None:
            wanted = {"height": port.height, "width": port.width}
            reason = f"The base of '{backbone.id}' was trained on {port.height}×{port.width} pixels."
        else:
            continue
        for source in _sources(flow, backbone.id, "image", _KEEPS_SIZE):
            node = flow.node(source)
            if node.component != "resize":
                continue
            for setting, value in wanted.items():
                if node.settings.get(setting, 224) != value:
                    yield Proposal(node=source, setting=setting, value=value, reason=reason)


def _heads(flow: Flow, facts: Facts) -> Iterator[Proposal]:
    """The heads of an attention divide its features."""
    for node in flow.of_component("attention"):
        width, heads = _width_before(flow, node.id, facts), node.settings.get("heads", 4)
        if width is not None and isinstance(heads, int) and heads > 0 and width % heads:
            best = max(n for n in range(1, heads + 1) if width % n == 0)
            reason = f"{width} features do not divide among {heads} heads."
            yield Proposal(node=node.id, setting="heads", value=best, reason=reason)


def _skips(flow: Flow, facts: Facts) -> Iterator[Proposal]:
    """A backbone hands on as many larger maps as what stands on it reads."""
    del facts
    wanted: dict[str, int] = {}
    for reader in flow.nodes:
        count = reader.settings.get("skips")
        if reader.component not in _READS_SKIPS or not isinstance(count, int):
            continue
        for backbone in _sources(flow, reader.id, "features", _KEEPS_SIZE):
            if flow.node(backbone).component == "backbone":
                wanted[backbone] = max(count, wanted.get(backbone, 0))
    for backbone, count in wanted.items():
        settings = flow.node(backbone).settings
        if settings.get("skip_stages") or settings.get("skips", 0) == count:
            continue
        now = settings.get("skips", 0)
        if not settings.get("skip_stages") and isinstance(now, int) and now < count:
            reason = f"What stands on '{backbone}' reads {count} larger maps."
            yield Proposal(node=backbone, setting="skips", value=count, reason=reason)


def _width_before(flow: Flow, node_id: str, facts: Facts) -> int | None:
    for edge in incoming(flow, node_id):
        if edge.source.node in facts.num_features:
            return facts.num_features[edge.source.node]
        if any(p.level == "error" and p.node != node_id for p in check(flow)):
            return None
        wire = infer_wires(flow)[0].get(str(edge.source))
        if wire is None or is_open(wire.shape):
            return None
        width = wire.shape[feature_axis(wire.shape)]
        return width if isinstance(width, int) else None
    return None


def _sources(
    flow: Flow, node_id: str, port: str | None, passing: tuple[str, ...], seen: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Give the nodes before a port, looking through components that keep what matters."""
    ids = {node.id for node in flow.nodes}
    for edge in incoming(flow, node_id):
        source = edge.source.node
        if (port is not None and edge.target.port != port) or source in seen or source not in ids:
            continue
        node = flow.node(source)
        if node.component not in passing:
            yield source
            continue
        through = str(node.settings.get("choice", "a")) if node.component == "switch" else None
        yield from _sources(flow, source, through, passing, seen | {source})

"""The cut table as a task of the bench: the network stays open while a boundary is dragged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graftwork.documents.cuts import CutTable
from graftwork.documents.flow import Flow, dump_flow
from graftwork.graph.check import checked
from graftwork.graph.custom import custom_nodes
from graftwork.project.trust import require_trust

if TYPE_CHECKING:
    from graftwork.engine.prepare import Prepared
    from graftwork.project.bench_state import BenchState

__all__ = ["cut_table_task"]

_KEPT = "cut_table"
_FREE = ("cut", "strategy")


def cut_table_task(state: BenchState, flow: Flow, node: str) -> CutTable:
    """Return what a plan would say for each cut of the base in a backbone node.

    Args:
        state: of the child; the last network stays open in it.
        flow: what is edited.
        node: id of a backbone.

    Raises:
        NotTrusted: the flow has custom code from a folder that the user does not trust.
        UnknownName, FlowError: no such backbone, or problems of the flow; all are listed.
        GraftworkError: what stands in the way of any plan.
    """
    from graftwork.engine.cut_table import refuse_other_nodes, table_of
    from graftwork.engine.settings import read_settings

    require_trust(checked(flow), state.root)
    settings = read_settings(flow)
    refuse_other_nodes(settings, node)
    key = _key_of(settings.flow, node, settings.images.source)
    kept = state.kept.get(_KEPT)
    if kept is None or kept[0] != key:
        state.kept.pop(_KEPT, None)  # first, so that two networks are never open at once
        kept = (key, _opened(state, flow))
        if not _may_change(settings.flow):
            state.kept[_KEPT] = kept
    return table_of(kept[1], flow, node, state.workspace)


def _opened(state: BenchState, flow: Flow) -> Prepared:
    from graftwork.engine.prepare import open_data, prepare
    from graftwork.engine.settings import read_settings

    settings = read_settings(flow)
    images = open_data(
        settings.images, flow.recipe.seed, state.workspace, need_all_classes=settings.needs_all_classes
    )
    return prepare(flow, images, state.workspace, compute=None)


def _key_of(flow: Flow, node: str, source: str) -> str:
    """Return what tells an open network of another one: all but cut and strategy of the node."""
    from graftwork.engine.preview.samples import source_state

    found = flow.node(node)
    is_new = found.settings.get("strategy") == "from_scratch"
    plain = found.edit(title="", settings={k: v for k, v in found.settings.items() if k not in _FREE})
    rest = flow.edit(
        nodes=tuple(plain if n.id == node else n.edit(title="") for n in flow.nodes),
        groups=(),
        layout={},
        title="",
        description="",
    )
    return repr((dump_flow(rest), node, is_new, source_state(source)))


def _may_change(flow: Flow) -> bool:
    """Whether a network may be another one next time though its flow is the same: files of code and of bases."""
    bases = [str(n.settings.get("base", "")) for n in flow.of_component("backbone")]
    return bool(custom_nodes(flow)) or any("file:" in base for base in bases)

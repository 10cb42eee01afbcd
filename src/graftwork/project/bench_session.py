"""The preview session of a bench: it also gives the built nodes and opened bases that it keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch

from graftwork.bases import Base
from graftwork.documents.flow import Flow, Node
from graftwork.engine.compute import deterministic
from graftwork.engine.node_building import NodeParts
from graftwork.engine.preview.scope import find_node, side_into, upstream, wires_of
from graftwork.engine.preview.session import PreviewSession
from graftwork.graph.contracts import BackboneSettings

__all__ = ["BenchSession"]

Stop = Callable[[], bool]
_SAMPLES = 4  # as many as a preview takes, so that what it computed serves here too


@final
class BenchSession(PreviewSession):
    """Previews, and the nodes behind them, each built once."""

    def parts_of(self, flow: Flow, node_id: str, *, stop: Stop | None = None) -> NodeParts:
        """Return a node as the flow builds it: neither data nor objective.

        Raises:
            UnknownName: no such node.
            FlowError: problems in what the node stands on.
            RunInterrupted: ``stop`` said so.
        """
        with self._lock:
            target = find_node(flow, node_id)
            bench, _, _ = self._set_up(flow, target, None, _SAMPLES, None, None)
            bench.stop = stop or bench.stop
            with deterministic(bench.compute), torch.random.fork_rng(devices=[]), torch.no_grad():
                return bench._parts(target)

    def base_in(self, flow: Flow, node: Node) -> Base:
        """Return the base of a backbone node; the data is not needed for it.

        Raises:
            FlowError: problems in what the node stands on.
            BaseNotUsable: it does not open.
        """
        sub = upstream(flow, node.id)
        side = side_into(flow, node, wires_of(sub))
        return self.open(BackboneSettings.model_validate(node.settings), side, flow.recipe.seed)

    def open(self, settings: BackboneSettings, side: int | None, seed: int) -> Base:
        """Return an opened base, or the one that is kept."""
        with self._lock:
            return self._bases.open(settings, side, seed, None, owner="")

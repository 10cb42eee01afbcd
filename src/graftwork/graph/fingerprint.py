"""Fingerprint of a node: covers everything that its output stands on."""

from __future__ import annotations

import hashlib
import json

from graftwork.documents.flow import Flow
from graftwork.graph.topology import incoming

__all__ = ["fingerprint"]


def fingerprint(flow: Flow, node_id: str) -> str:
    """Return a hex digest that changes when the node, its settings, or anything upstream changes.

    Layout and names of nodes do not count: two flows that compute the same give the same.
    """
    node = flow.node(node_id)
    inputs = sorted(
        (e.target.port, e.source.port, fingerprint(flow, e.source.node)) for e in incoming(flow, node_id)
    )
    content = json.dumps([node.component, node.settings, inputs], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]

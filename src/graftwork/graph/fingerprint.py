"""Fingerprint of a node: covers everything that its output stands on."""

from __future__ import annotations

import hashlib
import json

from graftwork.documents.flow import Flow
from graftwork.graph.bypass import passing_through, without_bypassed
from graftwork.graph.topology import incoming

__all__ = ["fingerprint"]


def fingerprint(flow: Flow, node_id: str) -> str:
    """Return a hex digest that changes when the node, its settings, or anything upstream changes.

    Layout, names, titles and groups of nodes do not count: two flows that compute the same give the same. What
    a bypassed node hands on has the fingerprint of where it comes from.
    """
    running, end = without_bypassed(flow), passing_through(flow, node_id)
    if end is None and flow.node(node_id) not in running.nodes:
        return hashlib.sha256(b"nothing").hexdigest()[:32]
    return _fingerprint(running, node_id if end is None else end.node)


def _fingerprint(flow: Flow, node_id: str) -> str:
    node = flow.node(node_id)
    inputs = sorted(
        (e.target.port, e.source.port, _fingerprint(flow, e.source.node)) for e in incoming(flow, node_id)
    )
    content = json.dumps([node.component, node.settings, inputs], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]

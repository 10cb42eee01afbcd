"""What is stored at the freeze boundary, how many bytes it takes, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from graftwork.documents.plan import CachePlan, ComputePlan
from graftwork.documents.recipe import Recipe
from graftwork.engine.network import Network
from graftwork.engine.phases import PhaseFacts

__all__ = ["plan_cache"]

_DTYPE_BYTES = {"float32": 4, "bfloat16": 2}


def plan_cache(
    network: Network,
    facts: Sequence[PhaseFacts],
    recipe: Recipe,
    counts: Mapping[str, int],
    compute: ComputePlan,
    shapes: Mapping[str, tuple[int, ...]],
    limit: int,
) -> CachePlan:
    """Return what is stored at the boundaries of the phases.

    Args:
        network: as its main phase is frozen.
        facts: of the phases.
        recipe: augmentation and whether features are stored at all.
        counts: images per split, and of a target.
        compute: number format.
        shapes: at each wire, without the batch.
        limit: bytes that stored values may take.
    """
    boundaries = {f.boundary.name: f.boundary for f in facts if not f.boundary.is_input}
    if recipe.feature_cache == "off":
        return CachePlan(is_used=False, reason="The recipe says so (feature_cache: off).")
    if not boundaries:
        return CachePlan(is_used=False, reason=_why_not_held(network))
    views = recipe.cached_views if recipe.augment != "none" else 1
    rows = (counts["train"] + counts.get("target", 0)) * views + counts["validation"] + counts["test"]
    bases = _DTYPE_BYTES[compute.precision]
    width = {w: bases if s.role == "base" else 4 for s in network.steps for w in s.outputs}
    row_bytes = {name: sum(prod(shapes[w]) * width[w] for w in b.wires) for name, b in boundaries.items()}
    kept = [name for name, size in row_bytes.items() if size * rows <= limit]
    size = sum(row_bytes[name] for name in kept) * rows
    if not kept:
        return CachePlan(
            is_used=False,
            reason=f"{min(row_bytes.values()) * rows:,} bytes would pass the cache's limit of {limit:,}.",
        )
    why = "All before the boundary is frozen and repeats in each epoch"
    if views > 1:
        why += f"; random augmentation is kept as {views} fixed views of each training image"
    if len(kept) < len(boundaries):
        last = list(boundaries)[-1]
        why += f"; outputs at '{last}' would pass the limit of {limit:,} bytes and are computed anew"
    return CachePlan(is_used=True, reason=why + ".", cuts=tuple(kept), views=views, bytes=size, rows=rows)


def _why_not_held(network: Network) -> str:
    random = [s.node for s in network.steps if s.is_random and network.image_wire in s.inputs]
    if random:
        return (
            f"Node '{random[0]}' gives other values each time it sees the same image: "
            "its outputs cannot be stored."
        )
    return "Nothing is frozen, so nothing repeats."

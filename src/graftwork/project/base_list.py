"""The bases to choose from, searched; for the studio."""

from __future__ import annotations

from typing import Any

__all__ = ["search_bases"]


def search_bases(state: Any, text: str, host: str | None, limit: int) -> list[dict[str, Any]]:
    """Return bases whose id or title holds all words of ``text``; those on this machine first.

    Args:
        state: of the bench; ``state.workspace.runs`` holds the runs that can be bases.
        text: words, in any case.
        host: only bases of this host.
        limit: how many at most.
    """
    from graftwork.bases.opening import list_bases

    words = text.lower().split()
    known = state.kept.setdefault("bases", {})
    if host not in known:
        known[host] = list_bases(host)
    found = [b for b in known[host] if all(w in f"{b.id} {b.title}".lower() for w in words)]
    found.sort(key=lambda b: (not b.available_offline, b.id))
    return [
        {
            "id": b.id,
            "host": b.id.partition(":")[0],
            "title": b.title,
            "num_parameters": b.num_parameters,
            "available_offline": b.available_offline,
            "license": b.license,
        }
        for b in found[:limit]
    ]

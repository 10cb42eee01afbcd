"""How a new flow begins: from a template, from images, from a run, or from a given flow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.flow import Flow
from graftwork.errors import UsageError
from graftwork.graph.recommend import recommended_flow
from graftwork.project.sources import source_text
from graftwork.project.templates import fill_template, get_template

if TYPE_CHECKING:
    from graftwork.project.project import Project

__all__ = ["start_flow"]


def start_flow(
    project: Project,
    *,
    template: str | None = None,
    source: str | None = None,
    settings: Mapping[str, Any] | None = None,
    run: str | None = None,
    flow: Flow | None = None,
) -> Flow:
    """Return the flow to start from; it is not saved.

    Args:
        project: whose runs may be taken up.
        template: name of a template; ``source`` then fills in its images.
        source: images; without a template the recommended flow for their labels.
        settings: further settings of the images node, as the source's card proposes them.
        run: id of a run whose flow is taken up again.
        flow: a flow as it is.

    Raises:
        UsageError: nothing to start from.
        UnknownName, RunNotFound: no such template or run.
    """
    if flow is not None:
        return flow
    if run is not None:
        return project.find(run).flow
    text = None if source is None else source_text(source, project.root / "data")
    chosen = {k: v for k, v in (settings or {}).items() if k != "source"}
    if template is not None:
        found = fill_template(get_template(template), data=text)
    elif text is not None:
        kind = chosen.get("label_kind", "category")
        columns = chosen.get("label_columns") or ()
        found = recommended_flow(text, kind, len(columns) or None)
        found = found.edit(name=_name_of(text))
    else:
        raise UsageError(
            "A flow starts from a template, from images or from a run.", hint="Name one of them."
        )
    for node in found.of_component("images"):
        found = found.with_settings(node.id, **chosen)
    return found


def _name_of(source: str) -> str:
    """Return a flow's name from its source."""
    return source.removeprefix("sample:") if source.startswith("sample:") else Path(source).stem or "flow"

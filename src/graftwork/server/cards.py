"""From projects, flows and runs to the cards that lists show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from graftwork.documents.events import EventLine
from graftwork.documents.record import Interval
from graftwork.errors import GraftworkError
from graftwork.project.flow_files import FlowFile
from graftwork.project.progress import RunProgress
from graftwork.project.run import Run
from graftwork.project.trust import is_trusted
from graftwork.server.documents import FlowCard, ProjectCard, RunCard, RunView, SourceUse
from graftwork.server.state import project_id

__all__ = ["flow_card", "project_card", "run_card", "run_view", "source_uses"]

_LOG_BYTES = 16_000
T = TypeVar("T")


def project_card(root: Path, opened: float | None) -> ProjectCard:
    """Return a project as a card, without opening it."""
    return ProjectCard(
        id=project_id(root),
        name=root.name,
        path=str(root),
        opened=opened,
        num_flows=sum(1 for _ in (root / "flows").glob("*.yaml")),
        num_runs=sum(1 for p in (root / "runs").glob("*") if p.is_dir()),
        is_trusted=is_trusted(root),
    )


def flow_card(file: FlowFile, num_runs: Mapping[str, int]) -> FlowCard:
    """Return a flow as a card.

    Args:
        file: of the flow.
        num_runs: of the project's runs, by the name of their flow.
    """
    flow = file.flow
    return FlowCard(
        name=file.name,
        title=flow.title if flow else "",
        modified=file.modified,
        source=_setting(file, "source"),
        base=_setting(file, "base"),
        num_nodes=len(flow.nodes) if flow else 0,
        num_runs=num_runs.get(flow.name if flow else file.name, 0),
        problem="; ".join(file.problems) or None,
    )


def _setting(file: FlowFile, name: str) -> str | None:
    nodes = file.flow.nodes if file.flow else ()
    return next((str(n.settings[name]) for n in nodes if name in n.settings), None)


def source_uses(flows: Iterable[FlowFile], rows: Sequence[dict[str, Any]]) -> tuple[SourceUse, ...]:
    """Return the data sources of all flows and runs, each with the flows that read it."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in flows:
        source = _setting(file, "source")
        if source:
            found[source].append(file.name)
    for row in rows:
        if row["source"]:
            found[row["source"]] += []
    return tuple(
        SourceUse(source=s, title=s.removeprefix("sample:") if ":" in s else Path(s).name, flows=tuple(names))
        for s, names in sorted(found.items())
    )


def run_card(row: dict[str, Any]) -> RunCard:
    """Return a row of the index as a card."""
    values = [row.get(f"score_{part}") for part in ("value", "low", "high")]
    score = None if None in values else Interval(value=values[0], low=values[1], high=values[2])
    same = ("id", "name", "status", "created", "base", "strategy", "cut", "seed", "source", "seconds")
    more = ("base_images", "proof_holds", "note", "message", "score_name", "score_split")
    return RunCard(
        **{name: row.get(name) for name in (*same, *more)}, num_classes=row.get("classes"), score=score
    )


def run_view(run: Run) -> RunView:
    """Return a run as its folder shows it; what is not there yet, or does not read, is left out."""
    from graftwork.project.index import shown_row

    lines: list[EventLine] = list(run.events())
    progress = RunProgress()
    for line in lines:
        progress.add(line)
    exports = run.path / "exports"
    return RunView(
        card=run_card(shown_row(run)),
        record=_or_none(lambda: run.record),
        plan=_or_none(lambda: run.plan),
        flow=_or_none(lambda: run.flow),
        progress=progress.document() if lines else None,
        has_report=run.report is not None,
        exports=tuple(sorted(p.name for p in exports.glob("*") if p.is_file())),
        log=_log(run.path / "process.log"),
    )


def _or_none(get: Callable[[], T]) -> T | None:
    try:
        return get()
    except GraftworkError:
        return None


def _log(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LOG_BYTES))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""

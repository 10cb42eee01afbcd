"""What the server keeps while it runs: open projects, opened folders, pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path
from threading import Lock

from graftwork.documents.events import ExtractionProgress
from graftwork.errors import UnknownName
from graftwork.project import Project
from graftwork.project.bench import Bench
from graftwork.project.flow_files import FlowFiles
from graftwork.project.recent import recent_projects, remember_project
from graftwork.project.statuses import RunStatuses
from graftwork.project.thumbnails import Thumbnails
from graftwork.server.pictures import Pictures
from graftwork.server.roots import Roots, place

__all__ = ["OpenProject", "Studio", "project_id"]


def project_id(root: Path) -> str:
    """Return a project's id in addresses: its folder's name, and a hash of its path."""
    name = "".join(c if c.isalnum() else "-" for c in root.name).strip("-") or "project"
    return f"{name}-{hashlib.sha256(str(root).encode()).hexdigest()[:8]}"


class OpenProject:
    """A project that the server has open.

    Args:
        project: which one.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.id = project_id(project.root)
        self.bench = Bench(project.root)
        self.flows = FlowFiles(project.root / "flows")
        self.pictures = Pictures()
        self.statuses = RunStatuses(project)
        self.thumbnails = Thumbnails(project.workspace)
        self.extraction: ExtractionProgress | None = None  # while a look passes images through a base

    @property
    def is_there(self) -> bool:
        """Whether the project's folder is still where it was."""
        return (self.project.root / "project.yaml").is_file()


class Studio:
    """The open projects and folders.

    Args:
        roots: folders below which files may be read, beside the projects.
        current: the project that the page shows first.
        is_local: whether only this machine reaches the server.
        is_warm: whether a project's bench is started when the project is opened, so that the first preview
            does not wait for it.
    """

    def __init__(
        self, roots: Roots, current: Path | None = None, *, is_local: bool = True, is_warm: bool = False
    ) -> None:
        self.roots, self.is_local, self._is_warm = roots, is_local, is_warm
        self._open: dict[str, OpenProject] = {}
        self._lock = Lock()
        self.current = None if current is None else self.open(current, create=True).id

    def open(self, root: str | Path, *, create: bool = False) -> OpenProject:
        """Open a project, or make one, and remember it.

        Raises:
            StorageError: there is none, or none can be made.
        """
        path = place(root)
        with self._lock:
            found = self._open.get(project_id(path))
            if found is not None and not found.is_there:
                self._open.pop(found.id).bench.close()
                found = None
            if found is None:
                found = OpenProject(Project(path, create=create))
                self._open[found.id] = found
                if self._is_warm:
                    found.bench.start()
        self.roots.open(path)
        remember_project(path)
        return found

    def get(self, name: str) -> OpenProject:
        """Return an open project by its id; one that was opened lately is opened again.

        Raises:
            UnknownName: none of that id, or its folder is gone: nothing is written where it was.
        """
        found = self._open.get(name)
        if found is not None and found.is_there:
            return found
        if found is not None:
            raise UnknownName(
                f"The folder of this project, {found.project.root}, is not there any more.",
                hint="Bring it back, or open another project on the start page.",
            )
        for path in recent_projects():
            if project_id(path) == name:
                return self.open(path)
        raise UnknownName(f"No project '{name}' is open.", hint="Open its folder on the start page.")

    def opened(self) -> tuple[OpenProject, ...]:
        """Return all open projects."""
        return tuple(self._open.values())

    def close(self) -> None:
        """End what the projects have running for previews; runs go on."""
        for opened in self.opened():
            opened.bench.close()

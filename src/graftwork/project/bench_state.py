"""What the child of a bench keeps between its tasks, and how it does one."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.errors import UnknownName, did_you_mean
from graftwork.graph.custom import custom_nodes
from graftwork.project.bench_trust import code_that_runs
from graftwork.project.sources import sources_of
from graftwork.project.trust import require_trust

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.data import ImageSet
    from graftwork.documents.flow import Flow
    from graftwork.engine.preview.session import PreviewSession
    from graftwork.engine.trained import TrainedModel
    from graftwork.engine.workspace import Workspace
    from graftwork.graph.contracts import ImagesSettings
    from graftwork.project.looks.inspection import Inspection
    from graftwork.project.project import Project

__all__ = ["BenchState", "perform"]

_MAX_MODELS = 2
_PNG_BYTES = 64 * 2**20


class BenchState:
    """What tasks share: each gets it as its first argument.

    Args:
        root: folder of the project.

    Attributes:
        kept: for tasks to keep what they like, under keys of their own.
        stop: whether the caller of the present task wants its end; ask it between steps.
        tell: sends a value to the caller of the present task.
    """

    def __init__(self, root: Path) -> None:
        from graftwork.components.custom.own_modules import OwnModules
        from graftwork.engine.preview.memory import Memory
        from graftwork.engine.preview.session import PreviewSession
        from graftwork.project.project import Project

        self.root = root
        self.project: Project = Project(root, create=False, on_note=self._note)
        self.workspace: Workspace = self.project.workspace
        self.session: PreviewSession = PreviewSession(self.workspace)
        self.own_modules = OwnModules(root)
        self.kept: dict[str, Any] = {}
        self.stop: Callable[[], bool] = _never
        self.tell: Callable[[Any], None] = _nobody
        self._models: dict[str, TrainedModel] = {}
        self._inspections: dict[str, Inspection] = {}
        self._pngs = Memory(_PNG_BYTES)

    def refresh(self) -> None:
        """Forget the user's own modules when one was edited, and all that was built with them."""
        from graftwork.engine.preview.session import PreviewSession

        if self.own_modules.forget_edited():
            self.session = PreviewSession(self.workspace)
            self.kept.clear()
            self._models.clear()
            self._inspections.clear()

    def png(self, picture: NDArray[np.uint8]) -> bytes:
        """Return a picture (h, w, 3) as a PNG file; the same pixels are not packed twice."""
        from graftwork.engine.preview.pictures import png

        key = hashlib.blake2b(repr(picture.shape).encode() + picture.tobytes()).hexdigest()
        found: bytes | None = self._pngs.get(key)
        if found is None:
            found = png(picture)
            self._pngs.put(key, found, len(found))
        return found

    def model(self, run_id: str) -> TrainedModel:
        """Return the trained model of a run, loaded once as long as its weights stay.

        Raises:
            RunError: the run has no weights.
            NotTrusted: it has custom code from a folder that the user does not trust.
        """
        run = self.project.find(run_id)
        require_trust(run.flow, self.root)
        weights = run.path / "weights.safetensors"
        key = f"{run.id}:{weights.stat().st_mtime_ns if weights.is_file() else None}"
        if key not in self._models:
            model = self.project.load(run.id)
            while len(self._models) >= _MAX_MODELS:
                del self._models[next(iter(self._models))]
            self._models[key] = model
        return self._models[key]

    def inspection(self, subject: Flow | str) -> Inspection:
        """Return the look into a flow, or into the run of that id; what it made stays as long as the subject does.

        Raises:
            RunNotFound: no such run.
            FlowError, NotTrusted: as ``Inspection`` says.
        """
        from graftwork.project.looks.inspection import Inspection

        if isinstance(subject, str):
            run = self.project.find(subject)
            weights = run.path / "weights.safetensors"
            written = weights.stat().st_mtime_ns if weights.is_file() else None
            key = f"{run.id}:{written}:{self._data_of(run.flow)}"
            model = self.model(run.id) if weights.is_file() else None
            made = Inspection(self.project, run, model=model)
        else:
            text = subject.model_dump_json(exclude={"layout"}) + self._data_of(subject)
            key = hashlib.sha256(text.encode()).hexdigest()
            made = Inspection(self.project, subject)
        if key not in self._inspections:
            while len(self._inspections) >= _MAX_MODELS:
                del self._inspections[next(iter(self._inspections))]
            self._inspections[key] = made
        found = self._inspections[key]
        found.stop, found.tell = self.stop, self.tell
        return found

    def _data_of(self, flow: Flow) -> str:
        """Return what changes when files that a flow reads come, go or change at the top of their folders."""
        from graftwork.engine.preview.samples import source_state

        return "|".join(source_state(str(path)) for path in sources_of(flow, self.root))

    def images(self, settings: ImagesSettings, seed: int) -> ImageSet:
        """Return an opened and split data set; the same one as long as settings and files stay."""
        from graftwork.project.data_tasks import opened_data

        return opened_data(self, settings, seed).images

    def _note(self, text: str) -> None:
        self.tell(text)


def perform(
    root: Path,
    task: str,
    args: Sequence[Any],
    *,
    on_event: Callable[[Any], None],
    stop: Callable[[], bool],
) -> Any:
    """Do a task of ``bench_tasks.TASKS`` in this process and return what it returns.

    Raises:
        UnknownName: no task of that name.
        NotTrusted: it would run code from a folder that the user does not trust.
    """
    function = _function_of(task)
    code = code_that_runs(task, tuple(args), root)
    if code is not None:
        require_trust(code, root)
    state = _state_of(root)
    state.stop, state.tell = stop, on_event
    if code is not None and custom_nodes(code):
        state.refresh()
    try:
        with _put_back(), state.own_modules.noting():
            return function(state, *args)
    finally:
        state.stop, state.tell = _never, _nobody


_states: dict[Path, BenchState] = {}  # of this process: one, as a child serves one project


def _state_of(root: Path) -> BenchState:
    if root not in _states:
        _states[root] = BenchState(root)
    return _states[root]


def _function_of(task: str) -> Callable[..., Any]:
    from graftwork.project.bench_tasks import TASKS

    if task not in TASKS:
        raise UnknownName(f"The bench has no task '{task}'.", hint=did_you_mean(task, list(TASKS)))
    module, _, name = TASKS[task].partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


@contextlib.contextmanager
def _put_back() -> Iterator[None]:
    """Put back at the end what the user's code may have set for the whole process."""
    import torch

    folder, path = Path.cwd(), list(sys.path)
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    threads, grad = torch.get_num_threads(), torch.is_grad_enabled()
    try:
        yield
    finally:
        os.chdir(folder)
        sys.path[:] = path
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        if torch.get_default_device() != device:
            torch.set_default_device(None)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


def _never() -> bool:
    return False


def _nobody(_: Any) -> None:
    """Where events go when nobody listens."""

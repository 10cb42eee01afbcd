"""What all looks into a run or a flow share: its images, its network, and results that are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from graftwork.documents.document import VersionedDocument
from graftwork.documents.files import write_atomically
from graftwork.documents.flow import Flow, read_flow
from graftwork.errors import DataError, FlowError, RunError, RunInterrupted, RunNotFound
from graftwork.graph.check import checked
from graftwork.project.previewing import named_flow
from graftwork.project.run import Run
from graftwork.project.sources import images_of_flow
from graftwork.project.trust import require_trust

if TYPE_CHECKING:
    from graftwork.data import ImageSet
    from graftwork.engine.prepare import Prepared
    from graftwork.engine.trained import TrainedModel
    from graftwork.engine.workspace import Workspace
    from graftwork.project.project import Project

__all__ = ["Inspection", "find_subject"]

D = TypeVar("D", bound=VersionedDocument)
Tell = Callable[[Any], None]
Stop = Callable[[], bool]


def find_subject(project: Project, name: str) -> Flow | Run:
    """Return the run of that id, beginning of an id or name; if there is none, the flow file or saved flow.

    Raises:
        RunNotFound: neither, or several runs.
        FlowError: a flow file that does not read.
    """
    try:
        return project.find(name)
    except RunNotFound as missing:
        try:
            path = named_flow(name, project.root / "flows")
        except FlowError:
            raise missing from None
        return read_flow(path)


@dataclass
class Inspection:
    """A run, or a flow that was not trained, with what looks into it need; each part is made when first wanted.

    Args:
        project: where it lies.
        subject: the run; or the flow, of which only pretrained weights and data are known.
        model: of the run, when it is loaded already.
        tell: told of progress and of what the user should know.
        stop: asked between steps; true ends the work.

    Raises:
        FlowError: the flow has problems; all are listed.
        NotTrusted: it has custom code from a folder that the user does not trust.
    """

    project: Project
    subject: Flow | Run
    model: TrainedModel | None = None
    tell: Tell = print
    stop: Stop = lambda: False

    def __post_init__(self) -> None:
        require_trust(checked(self.flow), self.project.root)

    @property
    def run(self) -> Run | None:
        """The run, None of a flow that was not trained."""
        return self.subject if isinstance(self.subject, Run) else None

    @cached_property
    def flow(self) -> Flow:
        """The flow, of the run or itself."""
        return self.subject.flow if isinstance(self.subject, Run) else self.subject

    @property
    def workspace(self) -> Workspace:
        """The project's folders."""
        return self.project.workspace

    @cached_property
    def images(self) -> ImageSet:
        """The images that the flow reads, split as the run had them.

        Raises:
            DataError: they are not there any more.
        """
        return images_of_flow(self.flow, self.workspace)

    @cached_property
    def data_digest(self) -> str | None:
        """SHA-256 of the images as they lie there now; where they are gone, as the run had them."""
        try:
            return self.images.digest()
        except DataError:
            data = None if self.run is None else self.run.record.data
            if data is None:
                raise
            return data.digest

    @cached_property
    def trained(self) -> TrainedModel:
        """The run's network with its trained weights.

        Raises:
            RunError: the run has none, or this is a flow that was not trained.
        """
        if self.model is not None:
            return self.model
        if self.run is None:
            raise RunError(
                f"The flow '{self.flow.name}' was not trained.",
                hint="Name a run of it; graftwork runs list shows them.",
            )
        return self.project.load(self.run.id)

    @cached_property
    def prepared(self) -> Prepared:
        """The flow with its data, its plan, and its network as training starts: pretrained bases, new parts as seeded.

        The number format is the run's; of a flow, the one that a run would choose, so that stored features
        are shared with training.

        Raises:
            FlowError, PlanError, DataError: as a run would.
        """
        from graftwork.engine.prepare import prepare

        compute = None if self.run is None else self.run.plan.compute
        found = prepare(self.flow, self.images, self.workspace, compute=compute)
        found.network.eval()
        return found

    def require_base(self) -> str:
        """Return the node of the main base.

        Raises:
            FlowError: the flow has no base that opens into stages.
        """
        bases = self.prepared.network.bases
        if not bases:
            raise FlowError(
                f"The flow '{self.flow.name}' has no base that opens into stages.",
                hint="This look wants a backbone, or custom code that is one model.",
            )
        return next(iter(bases))

    def check_stop(self) -> None:
        """Raise when the work is not wanted any more.

        Raises:
            RunInterrupted: ``stop`` said so.
        """
        if self.stop():
            raise RunInterrupted("Stopped.", hint="Ask for it again when it is wanted.")

    def kept(self, kind: type[D], name: str, facts: dict[str, Any], make: Callable[[], D]) -> D:
        """Return a result from its file, or make and keep it.

        Results of a run lie in its folder, ``inspections/NAME-KEY.json``, those of a flow in the project's
        cache; another fact is another file.

        Args:
            kind: of the document.
            name: of the look, such as 'depth'.
            facts: all that the result depends on apart from the run itself: choices, digests; of a flow,
                the flow and the data too.
            make: makes it.
        """
        text = json.dumps(facts, sort_keys=True, default=str)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        home = self.run.path if self.run is not None else self.workspace.cache
        path = home / "inspections" / f"{name}-{key}.json"
        if path.is_file():
            try:
                return kind.parse(json.loads(path.read_text(encoding="utf-8")), name=str(path))
            except (FlowError, ValueError):
                self.tell(f"{path.name} does not read any more; it is made anew.")
        made = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, made.model_dump_json())
        return made

"""What a project offers of transfer beyond retraining; each method leaves the work to its own module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from graftwork.documents.adaptation import AdaptationReport
    from graftwork.documents.flow import Flow
    from graftwork.documents.gap import Gap
    from graftwork.documents.prior import SettingsPrior
    from graftwork.documents.propagation import Propagation
    from graftwork.documents.weighing import Weighing
    from graftwork.project.looks.inspection import Inspection
    from graftwork.project.project import Project
    from graftwork.project.run import Run
    from graftwork.project.sources import Source

__all__ = ["Transferring"]


class Transferring:
    """The part of a project that transfers between domains, by instances, by hyperparameters, by relations."""

    def adapt(
        self,
        source: Source | Flow | Run,
        target: Source,
        *,
        method: str = "auto",
        at: str = "base",
        names: Mapping[str, str] | None = None,
        max_images: int | None = None,
        weight: float | None = None,
        tell: Callable[[Any], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> AdaptationReport:
        """Adapt to a target without labels, and say what it gave beside the source-only line and the oracle line.

        The target's labels, where it has any, are read to score the result and by nothing else.

        Args:
            source: labelled images as ``transfer`` takes them, a flow on them, or a finished run.
            target: images of the other domain.
            method: 'auto' tries all that take seconds on stored features, and says which one a label-free validator
                takes; or one method, or several with commas between.
            at: 'base', a stage, or 'head' of a run: where features are taken.
            names: class of the source by class of the target, where they are called otherwise.
            max_images: of each domain, spread evenly.
            weight: of the adaptation's loss in methods that train.
            tell: told of progress.
            stop: true ends the work.
            options: those of ``transfer``, for a source that is images.

        Raises:
            UnknownName: no such method or stage.
            DataError: a target of too few images, or whose classes are none of the source's.
            FlowError, PlanError: as ``project.transferring.adapt.adapt`` says.
            UsageError: options beside a flow or a run.
            RunInterrupted: it was stopped.
        """
        from graftwork.project.transferring.adapt import AdaptChoices, adapt

        choices = AdaptChoices(method, at, names, max_images, weight)
        return adapt(self._inside(source, options, tell, stop), target, choices)

    def gap(
        self,
        source: Source | Flow | Run,
        target: Source,
        *,
        names: Mapping[str, str] | None = None,
        max_images: int | None = 500,
        tell: Callable[[Any], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> Gap:
        """Return how far apart two domains are, which kind of shift that seems to be, and which methods suit.

        Args:
            source: labelled images as ``transfer`` takes them, a flow on them, or a finished run, whose weights then look.
            target: images of the other domain; labels are not needed, and tell more.
            names: class of the source by class of the target, where they are called otherwise.
            max_images: of each domain, spread evenly; None: all.
            tell: told of progress.
            stop: true ends the work.
            options: those of ``transfer``, for a source that is images.

        Raises:
            DataError, FlowError, UsageError, RunInterrupted: as ``adapt``.
        """
        from graftwork.project.transferring.adapt import AdaptChoices
        from graftwork.project.transferring.gap import gap

        choices = AdaptChoices(names=names, max_images=max_images)
        return gap(self._inside(source, options, tell, stop), target, choices)

    def weigh(
        self,
        source: Source | Flow | Run,
        target: Source,
        *,
        method: str = "domain_classifier",
        num: int | None = None,
        at: str = "base",
        names: Mapping[str, str] | None = None,
        tell: Callable[[Any], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> Weighing:
        """Return how much each training image of a source counts for a target.

        Args:
            source: labelled images as ``transfer`` takes them, a flow on them, or a finished run.
            target: images of the target; 'tradaboost' alone needs labels.
            method: 'domain_classifier', 'kmm', 'ulsif', 'rulsif', 'kliep', 'select' or 'tradaboost'.
            num: images that 'select' takes.
            at: 'base', or a stage: where features are taken.
            names: class of the source by class of the target, where they are called otherwise.
            tell: told of progress.
            stop: true ends the work.
            options: those of ``transfer``, for a source that is images.

        Raises:
            UnknownName, DataError, FlowError, UsageError, RunInterrupted: as ``project.transferring.weigh.weigh`` says.
        """
        from graftwork.project.transferring.adapt import AdaptChoices
        from graftwork.project.transferring.weigh import weigh

        choices = AdaptChoices(at=at, names=names)
        return weigh(self._inside(source, options, tell, stop), target, method, choices, num=num)

    def propagate(
        self,
        source: Source | Flow | Run,
        unlabelled: Source,
        *,
        at: str = "base",
        tell: Callable[[Any], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> Propagation:
        """Pass labels on to images that have none, by their nearness, and say what each confidence is worth.

        Args:
            source: labelled images as ``transfer`` takes them, a flow on them, or a finished run.
            unlabelled: images; labels that lie there are used to check alone.
            at: 'base', or a stage: where features are taken.
            tell: told of progress.
            stop: true ends the work.
            options: those of ``transfer``, for a source that is images.

        Raises:
            DataError, FlowError, UnknownName, UsageError, RunInterrupted: as ``adapt``.
        """
        from graftwork.project.transferring.adapt import AdaptChoices
        from graftwork.project.transferring.propagate import propagate

        return propagate(self._inside(source, options, tell, stop), unlabelled, AdaptChoices(at=at))

    def prior(self, *others: str) -> SettingsPrior:
        """Return what past searches say of good settings: those of this project, and of others.

        Args:
            others: priors that were exported, or folders of projects.

        Raises:
            UsageError: one of them cannot be read.
        """
        from graftwork.project.transferring.prior import gather_prior, merged, read_prior

        return merged([gather_prior(cast("Project", self)), *(read_prior(path) for path in others)])

    def _inside(
        self,
        source: Source | Flow | Run,
        options: dict[str, Any],
        tell: Callable[[Any], None],
        stop: Callable[[], bool],
    ) -> Inspection:
        """Return the look into what labelled images, a flow or a run stand for."""
        from graftwork.errors import UsageError
        from graftwork.project.looks.inspection import Inspection
        from graftwork.project.run import Run

        home = cast("Project", self)
        if isinstance(source, Run):
            if options:
                raise UsageError(
                    f"A run has its choices in it; {', '.join(sorted(options))} cannot be added.",
                    hint="Name the images instead of the run.",
                )
            return Inspection(home, source, tell=tell, stop=stop)
        return Inspection(home, home._flow_of(source, options), tell=tell, stop=stop)

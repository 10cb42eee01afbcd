"""What a project offers to whoever has to choose; each method leaves the work to its own module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from graftwork.documents.advice import Advice
    from graftwork.documents.flow import Flow
    from graftwork.documents.race import Race, RaceState
    from graftwork.documents.ranking import Ranking
    from graftwork.project.project import Project
    from graftwork.project.sources import Source

__all__ = ["Choosing"]


class Choosing:
    """The part of a project that helps to choose, with evidence."""

    if TYPE_CHECKING:

        def make_flow(self, source: Source, *, name: str | None = None, **options: Any) -> Flow:
            """Return the flow that the options describe."""

        def inspect(self, subject: str | Flow) -> Any:
            """Return a look into a flow."""

    def advise(self, source: Source | Flow, *, trained_on: str | None = None, **options: Any) -> Advice:
        """Return how much of a base to retrain for some data, with the reasons and the costs.

        Args:
            source: folder, table, array file, ``sample:NAME``, a pair of arrays; or a flow.
            trained_on: images that the base was trained on, or a run that was, where it is known.
            options: ``base`` and the other options of ``transfer``; none beside a flow.

        Raises:
            FlowError: an untrained base, or labels that are not classes.
            DataError: fewer than two classes.
            UsageError: options beside a flow.
        """
        from graftwork.project.choosing.advise import advise_on

        return advise_on(self.inspect(self._flow_of(source, options)), source=trained_on)

    def _flow_of(self, source: Source | Flow, options: dict[str, Any]) -> Flow:
        from graftwork.documents.flow import Flow
        from graftwork.errors import UsageError

        if not isinstance(source, Flow):
            return self.make_flow(source, **options)
        if options:
            raise UsageError(
                f"A flow has its choices in it; {', '.join(sorted(options))} cannot be added.",
                hint="Change them in the flow.",
            )
        return source

    def rank(
        self,
        source: Source | Flow,
        bases: Sequence[str] | None = None,
        *,
        check: bool = False,
        **options: Any,
    ) -> Ranking:
        """Rank bases for some images before any training, and hold the ranking against runs on the same images.

        Args:
            source: images, as ``transfer`` takes them, or a flow that reads them.
            bases: base ids; those that are there without a download, if not given.
            check: train the head on each base that has no such run yet, so that the ranking can be checked.
            options: ``by``, ``max_images``, ``stop``, ``tell`` of ``rank_bases``; and of images, ``seed``,
                ``epochs``, ``image_size`` as ``transfer`` takes them.

        Raises:
            GraftworkError: as ``project.choosing.rank.rank_bases`` says.
        """
        from graftwork.project.choosing.ranking_of import rank_source

        return rank_source(cast("Project", self), source, bases, check=check, **options)

    def race(
        self,
        source: Source | Flow | None = None,
        *,
        resume: str | None = None,
        told: Callable[[RaceState], object] | None = None,
        stop: Callable[[], bool] | None = None,
        **options: Any,
    ) -> Race:
        """Train all strategies side by side on the same data, and say which one to take.

        What is frozen is computed once for all, and each lane is bit for bit the run that it would be alone.

        Args:
            source: as ``transfer`` takes it, or a flow whose base, data and recipe the lanes take.
            resume: id of a race to go on with, instead of a new one.
            told: called with the state, about twice a second.
            stop: true ends the sitting; the race can go on from there.
            options: ``strategies``, ``seeds``, ``halving``, ``budget_minutes``, and for a source the options of
                ``transfer`` but ``strategy`` and ``cut``.

        Raises:
            UsageError: neither source nor race, both, a flow without a backbone, options that contradict each other,
                or a budget that is too small.
            RunInterrupted: it was stopped.
            RunError: the race to go on with is at work, or its images changed.
        """
        from graftwork.project.choosing.race_opening import race

        return race(self, source, resume=resume, told=told, stop=stop, **options)  # type: ignore[arg-type]

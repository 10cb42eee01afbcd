"""What a project offers to whoever has to choose; each method leaves the work to its own module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from graftwork.documents.advice import Advice
    from graftwork.documents.flow import Flow
    from graftwork.documents.mix_curve import MixCurve
    from graftwork.documents.race import Race, RaceState
    from graftwork.documents.ranking import Ranking
    from graftwork.documents.rate_test import RateTest
    from graftwork.documents.tuning import Search, SearchChoices, SearchState
    from graftwork.project.choosing.mix import MixedRun
    from graftwork.project.choosing.soup import SoupKind
    from graftwork.project.execute import OnEvent
    from graftwork.project.project import Project
    from graftwork.project.run import Run
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

    def tune(
        self,
        source: Source | Flow | None = None,
        *,
        choices: SearchChoices | None = None,
        resume: str | None = None,
        told: Callable[[SearchState], object] | None = None,
        stop: Callable[[], bool] | None = None,
        **options: Any,
    ) -> Search:
        """Search the settings with the highest validation score, and say which to take.

        The flow as it stands is the first round, so what is found is never worse on the validation images; the test
        images wait for the chosen one.

        Args:
            source: as ``transfer`` takes it, or a flow.
            choices: what is searched, how long, and how.
            resume: id of a search to go on with, instead of a new one.
            told: called with the state, about twice a second.
            stop: true ends the sitting; the search can go on from there, as if it had not been ended.
            options: for a source, those of ``transfer``; with ``resume``, ``rounds`` and ``minutes``, over all sittings.

        Raises:
            UsageError: neither source nor search, both, a flow without a backbone, nothing to search, or too few minutes.
            UnknownName: a dimension that there is not.
            RunInterrupted: it was stopped.
            RunError: the search to go on with is at work, or its images changed.
        """
        from graftwork.project.choosing.tune import tune

        limits = options if source is None else {}
        flow = None if source is None else self._flow_of(source, options)
        asked = stop or (lambda: False)
        return tune(
            cast("Project", self), flow, resume=resume, told=told, stop=asked, choices=choices, **limits
        )

    def find_rate(
        self, source: Source | Flow, *, choices: Mapping[str, Any] | None = None, **options: Any
    ) -> RateTest:
        """Return a learning-rate range test: the loss of a short training whose rate rises, and what it suggests.

        Nothing of that training stays.

        Args:
            source: as ``transfer`` takes it, or a flow.
            choices: ``phase``, ``lowest``, ``highest``, ``updates`` of ``RateChoices``.
            options: of ``transfer``; none beside a flow.

        Raises:
            UsageError: options beside a flow, or choices that contradict each other.
            FlowError, DataError, PlanError: as a run would.
        """
        from graftwork.documents.rate_test import RateChoices
        from graftwork.project.choosing.find_rate import find_rate
        from graftwork.project.options import read_as

        wanted = read_as(RateChoices, choices or {})
        return find_rate(self.inspect(self._flow_of(source, options)), wanted)

    def mix(
        self, run_id: str, *, t: float | None = None, steps: int = 11, on_event: OnEvent | None = None
    ) -> MixedRun:
        """Score the weights between where a run's main phase began and where it ended, and make one of them a run.

        Args:
            run_id: id, its beginning, or name.
            t: 0 is the start, 1 the run; None: the one of ``steps`` that scores best on validation.
            steps: evenly spaced places that are measured.
            on_event: called with each event of the new run.

        Raises:
            UsageError: t or steps out of range.
            RunError: no weights, nothing to choose by, or a start that cannot be made again.
        """
        from graftwork.project.choosing.mix import make_mix

        home = cast("Project", self)
        return make_mix(home, home.find(run_id), t=t, steps=steps, on_event=on_event)

    def mix_curve(self, run_id: str, *, steps: int = 11) -> MixCurve:
        """Return the scores that ``mix`` chooses by, and make no run; they are kept with the run.

        Raises:
            UsageError, RunError: as ``mix``.
        """
        from graftwork.project.choosing.mix import measure_mix

        home = cast("Project", self)
        return measure_mix(home, home.find(run_id), steps=steps)

    def soup(
        self, run_ids: Sequence[str], *, kind: SoupKind = "greedy", on_event: OnEvent | None = None
    ) -> Run:
        """Average the weights of runs that began in the same place, and make the mean a run.

        Args:
            run_ids: ids, their beginnings, or names.
            kind: 'greedy' keeps, from the best downwards, what does not lower the validation score; 'uniform' all.
            on_event: called with each event of the new run.

        Raises:
            UsageError: no run.
            RunError: runs that cannot be averaged; both sides are named.
        """
        from graftwork.project.choosing.soup import make_soup

        home = cast("Project", self)
        return make_soup(home, [home.find(name) for name in run_ids], kind=kind, on_event=on_event)

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

"""The rounds of a search, kept by Optuna in the search's folder; the only module that knows Optuna.

One study with one objective, the validation score. Parameters and time are facts of a round, not objectives: a
measured time would make the next suggestion depend on what else the machine does, and Optuna prunes studies of one
objective alone. The front is computed from the rounds.
"""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graftwork.documents.prior import SettingsPrior
from graftwork.documents.tuning import Dimension, Round, RoundOrigin, SearchChoices
from graftwork.errors import StorageError
from graftwork.project.choosing.tune_space import Space
from graftwork.project.execute import cut_unfinished_line

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

__all__ = ["SCORE_NAME", "Begun", "RoundStore", "importance_of", "make_sampler", "rounds_of"]

JOURNAL = "optuna.journal"
_NAME = "search"
_FACTS, _ORIGIN, SCORE_NAME = "round", "origin", "score_name"
_RANDOM_ROUNDS = 8
"""Finished rounds before suggestions rest on them: fewer tell little of so many dimensions."""
_PRUNE_AFTER_ROUNDS, _PRUNE_FROM_TENTH, _PRUNE_AMONG = 5, 3, 3


def make_sampler(choices: SearchChoices, number: int) -> BaseSampler:
    """Return what suggests a round: a function of the seed, the round's number and the rounds before.

    With a state of its own per round, a search that was stopped goes on as if it had not been.

    Args:
        choices: of the search.
        number: of the round.
    """
    from optuna.samplers import RandomSampler, TPESampler

    digest = hashlib.sha256(f"{choices.seed}/{number}".encode()).digest()
    seed = int.from_bytes(digest[:4], "little")
    if choices.sampler == "random":
        return RandomSampler(seed=seed)
    with _quiet():
        return TPESampler(
            seed=seed, n_startup_trials=_RANDOM_ROUNDS, multivariate=True, group=True, constant_liar=False
        )


def _make_pruner(choices: SearchChoices) -> BasePruner:
    """Return the rule that ends rounds: below the median of the others at the same tenth of their training."""
    from optuna.pruners import MedianPruner, NopPruner

    if not choices.prune:
        return NopPruner()
    return MedianPruner(_PRUNE_AFTER_ROUNDS, _PRUNE_FROM_TENTH, n_min_trials=_PRUNE_AMONG)


class _HeldAlready:
    """The lock of the journal: whoever opens it holds the search's folder, so there is nobody else."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return None


@dataclass
class Begun:
    """A round that is open.

    Args:
        number: from 0.
        origin: why it is tried.
        params: what was suggested.
        is_resumed: whether an earlier sitting began it.
    """

    number: int
    origin: RoundOrigin
    params: dict[str, Any]
    is_resumed: bool
    _handle: Trial
    _reported: set[int]

    def report(self, tenth: int, score: float) -> None:
        """Tell the best score so far at a tenth of the main phase."""
        if tenth not in self._reported:
            self._reported.add(tenth)
            self._handle.report(score, tenth)

    def lags(self) -> bool:
        """Whether the pruner would end it."""
        return bool(self._reported and self._handle.should_prune())


class RoundStore:
    """The rounds of one search.

    Args:
        folder: of the search; this process holds its lock.
        space: what is searched.
        choices: how.
        prior: past tasks that rounds are drawn from.
        measures: of the images, which past tasks are near to.

    Raises:
        StorageError: the journal cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        space: Space,
        choices: SearchChoices,
        prior: SettingsPrior | None = None,
        measures: Mapping[str, float] | None = None,
    ) -> None:
        self._space, self._choices, self._prior, self._measures = space, choices, prior, measures
        self.study = open_study(folder, choices)
        for frozen in self.study.get_trials(deepcopy=False, states=_states("RUNNING")):
            if (facts := frozen.user_attrs.get(_FACTS)) is not None:  # killed before its end was told
                self._tell(frozen.number, Round.model_validate(facts))

    def plan_first(self, starts: Sequence[tuple[RoundOrigin, Mapping[str, Any]]]) -> None:
        """Put the rounds in line that are tried before any is suggested; only once."""
        if self.study.get_trials(deepcopy=False):
            return
        for origin, params in starts:
            self.study.enqueue_trial(self._as_stored(params), user_attrs={_ORIGIN: origin})

    def _as_stored(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return params as the study has them: of ordered values their places."""
        ordered = {d.name: d.values for d in self._space.dimensions if d.kind == "ordered"}
        return {k: ordered[k].index(v) if k in ordered else v for k, v in params.items()}

    def _as_meant(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        ordered = {d.name: d.values for d in self._space.dimensions if d.kind == "ordered"}
        return {k: ordered[k][v] if k in ordered else v for k, v in stored.items()}

    def begin(self) -> Begun:
        """Return the round that is to be trained next: one that was interrupted, else a new one."""
        for frozen in self.study.get_trials(deepcopy=False, states=_states("RUNNING")):
            if (again := self._again(frozen)) is not None:
                return again
        number = self._num_ended()
        self.study.sampler = make_sampler(self._choices, number)
        self._draw_from_prior(number)
        with _quiet():
            handle = self.study.ask()
            params = self._suggest(handle)
        origin: RoundOrigin = handle.user_attrs.get(_ORIGIN, "suggested")
        return Begun(number, origin, params, False, handle, set())

    def _draw_from_prior(self, number: int) -> None:
        """Put a round in line that is drawn from past tasks, with the chance that own rounds leave them.

        A function of the search's seed and the round's number, so that a search that goes on draws the same.
        """
        if self._prior is None or self.study.get_trials(deepcopy=False, states=_states("WAITING")):
            return
        import numpy as np

        from graftwork.insight.settings_prior import draw_settings, prior_share, task_weights

        own = sum(
            t.user_attrs.get(_ORIGIN, "suggested") in ("prior", "suggested")
            for t in self.study.get_trials(deepcopy=False)
            if _FACTS in t.user_attrs
        )
        generator = np.random.default_rng([self._choices.seed, number, 1])
        if generator.random() >= prior_share(own):
            return
        tasks = self._prior.tasks
        drawn = draw_settings(tasks, task_weights(tasks, self._measures), self._space.dimensions, generator)
        params: dict[str, Any] = {}
        for dimension in self._space.dimensions:
            if self._space.has(dimension, {**drawn, **params}):
                params[dimension.name] = drawn[dimension.name]
        self.study.enqueue_trial(self._as_stored(params), user_attrs={_ORIGIN: "prior"})

    def _num_ended(self) -> int:
        return sum(_FACTS in t.user_attrs for t in self.study.get_trials(deepcopy=False))

    def _again(self, frozen: FrozenTrial) -> Begun | None:
        """Take up a round that a killed process left.

        One that was killed before all was suggested is dropped without a number, and suggested again from the same
        state; those that were put in line keep what was put there.
        """
        from optuna.trial import Trial

        params = self._as_meant(frozen.params)
        wanted = {d.name for d in self._space.dimensions if self._space.has(d, params)}
        if not wanted <= set(params) and _ORIGIN not in frozen.user_attrs:
            self.study.tell(frozen.number, state=_states("FAIL")[0])
            return None
        with _quiet():
            handle = Trial(self.study, frozen._trial_id)
            params = self._suggest(handle)
        origin = frozen.user_attrs.get(_ORIGIN, "suggested")
        return Begun(self._num_ended(), origin, params, True, handle, set(frozen.intermediate_values))

    def _suggest(self, handle: Trial) -> dict[str, Any]:
        params: dict[str, Any] = {}
        for d in self._space.dimensions:
            if self._space.has(d, params):
                params[d.name] = _suggested(handle, d)
        return params

    def end(self, begun: Begun, done: Round) -> None:
        """Write down how a round ended."""
        begun._handle.set_user_attr(_FACTS, done.model_dump(mode="json"))
        self._tell(begun._handle.number, done)

    def _tell(self, number: int, done: Round) -> None:
        with _quiet():
            if done.status == "finished" and done.score is not None:
                self.study.tell(number, done.score.value)
            else:
                self.study.tell(number, state=_states("PRUNED" if done.status == "pruned" else "FAIL")[0])

    def name_score(self, name: str) -> None:
        """Remember what the score is called; the first round that has one says so."""
        if SCORE_NAME not in self.study.user_attrs:
            self.study.set_user_attr(SCORE_NAME, name)


def open_study(folder: Path, choices: SearchChoices) -> Study:
    """Open the study in the folder of a search, or make it.

    Raises:
        StorageError: it cannot be read.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = folder / JOURNAL
    cut_unfinished_line(path)
    try:
        with _quiet():
            backend = JournalFileBackend(str(path), lock_obj=_HeldAlready())  # type: ignore[arg-type]
            return optuna.create_study(
                storage=JournalStorage(backend),
                study_name=_NAME,
                direction="maximize",
                sampler=make_sampler(choices, 0),
                pruner=_make_pruner(choices),
                load_if_exists=True,
            )
    except (ValueError, KeyError) as error:
        raise StorageError(
            f"The rounds of the search in {folder} cannot be read: {error}.",
            hint="Restore the file, or begin a new search.",
            path=str(path),
        ) from error


def rounds_of(study: Study) -> tuple[Round, ...]:
    """Return the rounds of a study that ended, by number."""
    facts = [t.user_attrs.get(_FACTS) for t in study.get_trials(deepcopy=False) if t.state.is_finished()]
    return tuple(Round.model_validate(found) for found in facts if found is not None)


def _suggested(handle: Trial, dimension: Dimension) -> Any:
    if dimension.kind == "choice":
        return handle.suggest_categorical(dimension.name, dimension.values)
    if dimension.kind == "ordered":
        return dimension.values[handle.suggest_int(dimension.name, 0, len(dimension.values) - 1)]
    assert dimension.low is not None
    assert dimension.high is not None
    if dimension.kind == "count":
        return handle.suggest_int(
            dimension.name, int(dimension.low), int(dimension.high), log=dimension.is_log
        )
    return handle.suggest_float(dimension.name, dimension.low, dimension.high, log=dimension.is_log)


def _states(*names: str) -> Any:
    from optuna.trial import TrialState

    return tuple(TrialState[name] for name in names)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Optuna tells programmers, such as that groups are experimental, from users."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def importance_of(study: Study, names: Sequence[str], wanted: Sequence[str]) -> dict[str, float]:
    """Return the share of the score's variance that dimensions explain: fANOVA over a forest of 64 trees.

    Args:
        study: of a search.
        names: dimensions that are looked at together; rounds that lack one of them do not count.
        wanted: those of them that are told.

    Source: Hutter, Hoos & Leyton-Brown 2014, "An Efficient Approach for Assessing Hyperparameter Importance", ICML.
    """
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    with _quiet():
        found = get_param_importances(
            study, evaluator=FanovaImportanceEvaluator(seed=0), params=list(names), normalize=False
        )
    total = sum(found.values())
    return {name: found[name] / total for name in wanted if name in found and total > 0}

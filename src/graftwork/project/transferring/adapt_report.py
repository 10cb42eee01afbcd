"""How outcomes of methods become a report: scored where labels are known, validated where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graftwork.documents.adaptation import (
    AdaptationReport,
    AdaptedMethod,
    ClassEffect,
    DomainMap,
    DomainPoint,
    TargetTruth,
    ValidatorCheck,
)
from graftwork.project.transferring.adapt_methods import AdaptWay
from graftwork.project.transferring.adapt_words import NO_GAP, notes_on, words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from graftwork.insight.adaptation.shallow import StoredDomains
    from graftwork.project.transferring.adapt import Pair
    from graftwork.project.transferring.outcome import Outcome

__all__ = ["ReportMaker"]

_MOST_POINTS = 600
_CHOSEN_BY = "reverse"
_SOURCE_ONLY = AdaptWay(
    "source_only", "Source only", "features", "A head that learned from the source alone."
)


class ReportMaker:
    """A report while it grows. The target's labels are read here and nowhere before.

    Args:
        pair: both domains.
        stored: their features.
        domains: the same, reduced, as shallow methods saw them.
        at: where these were taken.
    """

    def __init__(self, pair: Pair, stored: StoredDomains, domains: StoredDomains, at: str) -> None:
        from graftwork.insight.adaptation.validators import weights_of
        from graftwork.insight.similarity.domain_gap import proxy_a_distance

        self.pair, self.domains, self.at = pair, domains, at
        self.num_classes = len(pair.classes)
        self.seed = pair.inside.flow.recipe.seed
        self.weights = weights_of(domains, seed=self.seed)
        self.a_distance = proxy_a_distance(stored.source, stored.target, seed=self.seed)
        truth = pair.target.truth
        self.labels = None if truth is None else truth.labels[pair.chosen]
        self.scored = None if self.labels is None else self.labels >= 0
        self.methods: list[AdaptedMethod] = []
        self.outcomes: dict[str, Outcome] = {}

    def begin(self, outcome: Outcome) -> None:
        """Take the line that all else is held against."""
        self.before = outcome.target_probabilities.argmax(1)
        self.outcomes["source_only"] = outcome
        self.source_only = self._method(_SOURCE_ONLY, outcome)

    def add(self, way: AdaptWay, outcome: Outcome) -> None:
        """Score and validate what a method gave."""
        self.outcomes[way.name] = outcome
        self.methods.append(self._method(way, outcome))

    def _method(self, way: AdaptWay, outcome: Outcome) -> AdaptedMethod:
        from graftwork.engine.metrics.classes import balanced_accuracy, confusion_matrix, wilson
        from graftwork.insight.adaptation.gain import paired_gain, target_accuracy, verdict_of
        from graftwork.insight.adaptation.validators import find_collapse

        said = outcome.target_probabilities.argmax(1)
        was = self.before if outcome.before is None else outcome.before.argmax(1)
        accuracy = plain = gain = line = None
        if self.labels is not None and self.scored is not None and self.scored.any():
            labels, now, before = (x[self.scored] for x in (self.labels, said, was))
            accuracy = target_accuracy(labels, now, self.num_classes, seed=self.seed)
            plain = wilson(int((labels == now).sum()), len(labels))
            line = target_accuracy(labels, before, self.num_classes, seed=self.seed)
            if way is not _SOURCE_ONLY:
                gain = paired_gain(labels, now, before, self.num_classes, seed=self.seed)
        held = self.pair.held_out_labels
        matrix = confusion_matrix(held, outcome.validation_probabilities.argmax(1), self.num_classes)
        collapse = find_collapse(outcome.target_probabilities)
        return AdaptedMethod(
            method=way.name,
            title=way.title,
            target_accuracy=accuracy,
            plain_accuracy=plain,
            source_only=line,
            gain=gain,
            verdict=verdict_of(gain),
            source_accuracy=float(balanced_accuracy(matrix)) if len(held) else None,
            per_class=self._per_class(said, was),
            validators=self._validators(outcome),
            is_collapsed=collapse.is_collapsed,
            never_said=tuple(self.pair.classes[i] for i in collapse.never_said),
            seconds=round(outcome.seconds, 3),
            run=outcome.run,
            notes=outcome.notes,
        )

    def _per_class(self, said: NDArray[np.int64], was: NDArray[np.int64]) -> tuple[ClassEffect, ...]:
        import numpy as np

        from graftwork.insight.adaptation.gain import recalls

        if self.labels is None or self.scored is None:
            return ()
        labels = self.labels[self.scored]
        before, after = (recalls(labels, x[self.scored], self.num_classes) for x in (was, said))
        counts = np.bincount(labels, minlength=self.num_classes)
        return tuple(
            ClassEffect(name=name, num_images=int(counts[i]), before=float(before[i]), after=float(after[i]))
            for i, name in enumerate(self.pair.classes)
            if counts[i]
        )

    def _validators(self, outcome: Outcome) -> dict[str, float | None]:
        import math

        from graftwork.insight.adaptation.shallow import Adapted
        from graftwork.insight.adaptation.validators import importance_weighted, information, reverse

        seen = Adapted(
            outcome.target_probabilities,
            outcome.validation_probabilities,
            outcome.source_features,
            outcome.target_features,
        )
        found = {
            "reverse": reverse(self.domains, seen),
            "information": information(outcome.target_probabilities),
            "importance_weighted": importance_weighted(
                outcome.validation_probabilities, self.pair.held_out_labels, self.weights
            ),
        }
        return {name: value if math.isfinite(value) else None for name, value in found.items()}

    # -- the whole --------------------------------------------------------------------------------------

    def report(self, *, is_auto: bool, seconds: float) -> AdaptationReport:
        """Return the report."""
        pair = self.pair
        chosen = self._choose() if is_auto else None
        shown = chosen if chosen not in (None, "source_only") else self._likeliest()
        report = AdaptationReport(
            source=pair.images.source,
            target=pair.name,
            base=pair.inside.prepared.plan.base,
            at=self.at,
            classes=pair.classes,
            num_source=len(pair.train),
            num_held_out=len(pair.held_out),
            num_target=len(pair.chosen),
            a_distance=round(self.a_distance, 4),
            truth=self._truth(),
            source_only=self.source_only,
            oracle=self._oracle(),
            methods=tuple(self.methods),
            chosen=chosen,
            chosen_by=None if not is_auto else "A-distance" if self.a_distance < NO_GAP else _CHOSEN_BY,
            num_copies=self._copies(),
            checks=self._checks(),
            maps=tuple(self._map(name) for name in ("source_only", shown) if name is not None),
            words="",
            seconds=round(seconds, 3),
        )
        return report.edit(words=words_of(report), notes=notes_on(report))

    def _likeliest(self) -> str | None:
        """Return the method that the validator prefers, whatever else is said of it."""
        values = {m.method: m.validators[_CHOSEN_BY] or 0.0 for m in self.methods}
        return max(values, key=lambda name: values[name]) if values else None

    def _copies(self) -> int:
        pair = self.pair
        known = {pair.images.samples[i].digest for i in pair.train}
        return sum(pair.target.images.samples[i].digest in known for i in pair.chosen)

    def _choose(self) -> str | None:
        """Return the method that the validator prefers among those that did not collapse; none where there is no gap."""
        if self.a_distance < NO_GAP:
            return _SOURCE_ONLY.name
        usable = [m for m in (self.source_only, *self.methods) if not m.is_collapsed]
        values = [(m.validators[_CHOSEN_BY], m.method) for m in usable]
        known = [(value, name) for value, name in values if value is not None]
        return max(known, key=lambda pair: pair[0])[1] if known else None

    def _truth(self) -> TargetTruth | None:
        truth = self.pair.target.truth
        if truth is None or self.scored is None:
            return None
        return TargetTruth(
            num_labelled=int(self.scored.sum()), unseen=dict(truth.unseen), absent=truth.absent
        )

    def _oracle(self) -> object:
        from graftwork.insight.adaptation.gain import oracle_accuracy

        if self.labels is None or self.scored is None:
            return None
        rows = self.domains.target[self.scored]
        return oracle_accuracy(rows, self.labels[self.scored], self.num_classes, seed=self.seed)

    def _checks(self) -> tuple[ValidatorCheck, ...]:
        import math

        from graftwork.insight.adaptation.gain import check_validator
        from graftwork.insight.adaptation.validators import VALIDATORS

        lines = [self.source_only, *self.methods]
        scores = {m.method: m.target_accuracy.value for m in lines if m.target_accuracy is not None}
        if len(scores) < len(lines) or len(lines) < 3:
            return ()
        found = []
        for name in VALIDATORS:
            values = {m.method: v if (v := m.validators[name]) is not None else math.nan for m in lines}
            if check := check_validator(name, values, scores):
                found.append(check)
        return tuple(found)

    def _map(self, method: str) -> DomainMap:
        import numpy as np
        from sklearn.decomposition import PCA

        outcome, pair = self.outcomes[method], self.pair
        rows = (outcome.source_features, outcome.target_features)
        shown = [
            [i * len(x) // min(len(x), _MOST_POINTS) for i in range(min(len(x), _MOST_POINTS))] for x in rows
        ]
        picked = [np.asarray(x, dtype=np.float64)[at] for x, at in zip(rows, shown, strict=True)]
        both = np.concatenate(picked)
        places = PCA(min(2, *both.shape), random_state=0).fit_transform(both)
        places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
        said = outcome.target_probabilities.argmax(1)
        labels = pair.labels
        named = [
            *(("source", pair.images.samples[pair.train[i]].key, pair.classes[labels[i]]) for i in shown[0]),
            *(
                ("target", pair.target.images.samples[pair.chosen[i]].key, pair.classes[said[i]])
                for i in shown[1]
            ),
        ]
        return DomainMap(
            method=method,
            points=tuple(
                DomainPoint(domain=domain, key=key, label=label, x=round(float(x), 4), y=round(float(y), 4))
                for (domain, key, label), (x, y) in zip(named, places, strict=True)
            ),
        )

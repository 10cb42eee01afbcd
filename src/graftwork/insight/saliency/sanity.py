"""Does saliency depend on what the network learned? It must change when the weights are shuffled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from graftwork.engine.network import Network
from graftwork.errors import FlowError
from graftwork.insight.saliency.explain import Explanation, explain
from graftwork.insight.saliency.question import Question

__all__ = ["SHUFFLED_BELOW", "Sanity", "ShuffledStep", "sanity_check", "shuffled"]

SHUFFLED_BELOW = 0.5
"""A rank correlation under this, in size, counts as another picture."""
_NUM_GROUPS = 4
_QUICK_STEPS = 16


@dataclass(frozen=True)
class ShuffledStep:
    """Saliency after some weights were shuffled.

    Args:
        what: all that is shuffled by now: 'head', then stages from the top.
        correlations: rank correlation with the real saliency for each draw; None where nothing was left to compare.
    """

    what: str
    correlations: tuple[float | None, ...]

    @property
    def mean(self) -> float | None:
        """Mean over the draws that can be compared."""
        known = [c for c in self.correlations if c is not None]
        return sum(known) / len(known) if known else None


@dataclass(frozen=True)
class Sanity:
    """How saliency changes while weights are shuffled from the head down to the first stage."""

    steps: tuple[ShuffledStep, ...]

    @property
    def passes(self) -> bool:
        """Whether the picture is another one once all weights are shuffled."""
        last = self.steps[-1].mean
        return last is None or abs(last) < SHUFFLED_BELOW


def sanity_check(
    question: Question,
    real: Explanation,
    *,
    draws: int | None = None,
    seed: int = 0,
    between: Callable[[], None] = lambda: None,
) -> Sanity:
    """Return the rank correlation of saliency with that of ever more shuffled weights.

    First the head's weights are shuffled, then those of the base's stages too, from the top, in up to four
    groups. Shuffling keeps the values of each tensor and takes away their order, which is all that was learned.
    The network is put back afterwards, bit for bit.

    Args:
        question: which score of which image.
        real: its saliency.
        draws: how many shuffles; None takes 3, of integrated gradients 1.
        seed: of the first shuffle.
        between: called before each explanation; it may raise to end the work.

    Source: Adebayo et al. 2018, "Sanity checks for saliency maps", arXiv:1810.03292, section 3.1 (cascading
    randomization, Spearman rank correlation).
    """
    is_slow = real.method == "integrated_gradients"
    count = draws if draws is not None else (1 if is_slow else 3)
    found: dict[str, list[float | None]] = {}
    for draw in range(count):
        for what, _ in shuffled(question.network, seed=seed + draw):
            between()
            found.setdefault(what, []).append(_correlation(question, real, between))
    return Sanity(tuple(ShuffledStep(what, tuple(values)) for what, values in found.items()))


def shuffled(network: Network, *, seed: int) -> Iterator[tuple[str, None]]:
    """Yield what is shuffled by now, ever more of it; the weights are as before when the iteration ends.

    Args:
        network: changed in its place between two steps of the iteration.
        seed: of the orders.

    Source: Adebayo et al. 2018, "Sanity checks for saliency maps", arXiv:1810.03292, section 3.1.
    """
    draw = torch.Generator().manual_seed(seed)
    groups = _groups(network)
    with _put_back([p for _, parameters in groups for p in parameters]):
        for what, parameters in groups:
            with torch.no_grad():
                for parameter in parameters:
                    order = torch.randperm(parameter.numel(), generator=draw).to(parameter.device)
                    parameter.copy_(parameter.reshape(-1)[order].view(parameter.shape))
            yield what, None


def _groups(network: Network) -> list[tuple[str, list[nn.Parameter]]]:
    """Return the parameters that are shuffled together: the new parts, then stages from the top."""
    seen: set[int] = set()

    def parameters(modules: Sequence[nn.Module]) -> list[nn.Parameter]:
        # Some layers are used twice; each is shuffled once.
        own = [p for m in modules for p in m.parameters() if p.is_floating_point() and id(p) not in seen]
        unique = list({id(p): p for p in own}.values())
        seen.update(map(id, unique))
        return unique

    groups: list[tuple[str, list[nn.Parameter]]] = []
    new = parameters([s.module for s in network.steps if s.role == "new"])
    if new:
        groups.append(("head", new))
    base = [s for s in network.steps if s.role == "base"][::-1]
    base = [s for s in base if any(True for _ in s.module.parameters())]
    for part in np.array_split(np.arange(len(base)), min(_NUM_GROUPS, len(base))) if base else ():
        steps = [base[i] for i in part]
        names = steps[0].name if len(steps) == 1 else f"{steps[0].name} to {steps[-1].name}"
        found = parameters([s.module for s in steps])
        if found:
            groups.append((f"and {names}" if groups else names, found))
    if not groups:
        raise FlowError("The network has no weights that could be shuffled.")
    return groups


@contextmanager
def _put_back(parameters: Sequence[Tensor]) -> Iterator[None]:
    before = [p.detach().clone() for p in parameters]
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, values in zip(parameters, before, strict=True):
                parameter.copy_(values)


def _correlation(question: Question, real: Explanation, between: Callable[[], None]) -> float | None:
    """Return Spearman's rank correlation of the real map with that of the network as it is now."""
    try:
        now = explain(
            question,
            real.method,
            stage=real.stage,
            num_steps=_QUICK_STEPS,
            most_steps=_QUICK_STEPS,
            between=between,
        )
    except FlowError:
        return None  # the score does not depend on that stage any more
    one, two = real.raw.ravel(), now.raw.ravel()
    if not np.isfinite(two).all() or np.ptp(one) == 0 or np.ptp(two) == 0:
        return None
    return float(spearmanr(one, two).statistic)

"""Seconds that a training takes, from one measured forward rate and each stage's share of the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from graftwork.documents.card import StageCard
from graftwork.documents.plan import INPUT_CUT, CachePlan, ComputePlan, Phase
from graftwork.engine.gradual import epochs_of_steps
from graftwork.engine.network import Network

__all__ = ["epoch_seconds", "estimate_seconds", "extract_seconds", "free_share"]

# A training step over a forward pass, measured with EfficientNet-Lite0 on a CPU: bfloat16 speeds forwards more.
_STEP_FACTOR = {"float32": 3.6, "bfloat16": 5.7}
_HEAD_SECONDS_PER_IMAGE = 4e-6
_UNKNOWN_RATE = 20.0


def extract_seconds(cache: CachePlan, compute: ComputePlan) -> float:
    """Return the seconds in which stored values are computed once."""
    return cache.rows / (compute.images_per_second or _UNKNOWN_RATE)


def epoch_seconds(
    network: Network,
    phase: Phase,
    counts: Mapping[str, int],
    compute: ComputePlan,
    waiting: Mapping[str, str] | None = None,
) -> float:
    """Return the seconds of one epoch of a phase, its validation included.

    Args:
        network: its bases.
        phase: with its cuts.
        counts: images per split.
        compute: with the measured rate.
        waiting: up to which cut stages still wait for their turn, per base; None: none do.
    """
    rate = compute.images_per_second or _UNKNOWN_RATE
    behind = free_share(network, phase.cuts)
    free = min(behind, free_share(network, waiting)) if waiting else behind
    computed = behind if phase.from_cache else 1.0
    per_train = (computed - free + free * _STEP_FACTOR[compute.precision]) / rate + _HEAD_SECONDS_PER_IMAGE
    per_validation = computed / rate
    # as many target images as source images go through a step
    trained = counts["train"] * (2 if network.crossing is not None and phase.name == "main" else 1)
    return trained * per_train + counts["validation"] * per_validation


def estimate_seconds(
    network: Network,
    phases: Sequence[Phase],
    cache: CachePlan,
    counts: Mapping[str, int],
    compute: ComputePlan,
) -> float:
    """Return the seconds of the whole training."""
    seconds = extract_seconds(cache, compute)
    for phase in phases:
        for step, epochs in epochs_of_steps(phase):
            waiting = step.not_yet if step else None
            seconds += epochs * epoch_seconds(network, phase, counts, compute, waiting)
    return seconds


def _stage_work(stage: StageCard) -> float:
    """Return a stage's multiplications up to a factor: its parameters at each place of its output."""
    shape = stage.output_shape
    places = prod(shape[1:]) if len(shape) == 3 else (shape[0] if len(shape) == 2 else 1)
    return float(max(1, stage.num_parameters) * places)


def free_share(network: Network, cuts: Mapping[str, str]) -> float:
    """Return the share of the bases' work that lies after their cuts; all of it without a base."""
    work = free = 0.0
    for node, placed in network.bases.items():
        each = [_stage_work(card) for card in placed.base.card.stages]
        work += sum(each)
        free += sum(each[placed.position(cuts.get(node, INPUT_CUT)) :])
    return free / work if work else 1.0

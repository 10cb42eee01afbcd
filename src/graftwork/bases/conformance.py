"""The laws that each base keeps, as functions that raise AssertionError; for tests of hosts and plugins."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from graftwork.bases.base import INPUT, Base
from graftwork.bases.digest import digest_tensors

__all__ = [
    "LAWS",
    "check_base",
    "cuts_keep_the_prediction",
    "layers_add_up",
    "mode_changes_keep_the_state",
    "mode_reaches_dropout",
    "port_is_finite",
    "shapes_are_as_declared",
    "stages_cover_the_base_once",
    "stages_leave_their_input_alone",
    "stages_share_the_module_s_tensors",
]


def example(base: Base) -> Tensor:
    """Return two noise images of the base's port, shape (2, c, h, w)."""
    port = base.card.port
    source = torch.Generator().manual_seed(1)
    return torch.randn((2, port.channels, port.height, port.width), generator=source)


@torch.no_grad()
def cuts_keep_the_prediction(base: Base) -> None:
    """``rest(features(x, cut), cut) == module(x)``, bit for bit, at each legal cut and at the input."""
    x = example(base)
    whole = base.module(x)
    for cut in (INPUT, *base.card.legal_cuts):
        same = torch.equal(base.rest(base.features(x, cut), cut), whole)
        assert same, f"{base.card.id}: cutting after '{cut}' changes the prediction"


@torch.no_grad()
def shapes_are_as_declared(base: Base) -> None:
    """Each stage gives one tensor of the shape that the card declares, whatever the batch size."""
    h = example(base)[:1]
    for stage, card in zip(base.stages, base.card.stages, strict=True):
        h = stage.module(h)
        assert stage.name == card.name, f"{base.card.id}: card of '{card.name}' stands for '{stage.name}'"
        assert isinstance(h, Tensor), f"{base.card.id}: '{stage.name}' gives {type(h).__name__}"
        assert tuple(h.shape) == (1, *card.output_shape), (
            f"{base.card.id}: '{stage.name}' gives {tuple(h.shape[1:])}, the card says {card.output_shape}"
        )


@torch.no_grad()
def stages_leave_their_input_alone(base: Base) -> None:
    """No stage writes into the features it is given: stored ones would rot."""
    h = example(base)
    for stage in base.stages:
        before = h.clone()
        after = stage.module(h)
        assert torch.equal(h, before), f"{base.card.id}: '{stage.name}' changes its input"
        h = after


def stages_cover_the_base_once(base: Base) -> None:
    """Each saved tensor is in exactly one stage, or belongs to the old classifier."""
    state = base.module.state_dict()
    found = [name for stage in base.stage_names() for name in base.tensors_of(stage)]
    assert len(found) == len(set(found)), f"{base.card.id}: two stages hold the same tensor"
    classifier = set(base.classifier.state_dict()) if base.classifier is not None else set()
    both = classifier & set(found)
    assert not both, f"{base.card.id}: {sorted(both)[:3]} is in a stage and in the old classifier"
    # A tensor that two layers share has two names; one of them is enough.
    own = base.module.state_dict(keep_vars=True)
    shared = {id(own[n]) for n in found}
    lost = {
        n
        for n in set(state) - set(found) - classifier - set(base.card.load.left_out)
        if id(own[n]) not in shared
    }
    assert not lost, f"{base.card.id}: {sorted(lost)[:3]} is in no stage"
    total = sum(p.numel() for s in base.stages for p in s.module.parameters())
    assert base.card.num_parameters == total, f"{base.card.id}: the card counts other parameters"


def stages_share_the_module_s_tensors(base: Base) -> None:
    """Stages hold the module's own tensors under their original names, not copies."""
    own: dict[str, Tensor] = base.module.state_dict(keep_vars=True)
    for stage in base.stage_names():
        for name, tensor in base.tensors_of(stage).items():
            assert own[name] is tensor, f"{base.card.id}: '{name}' in '{stage}' is a copy"


@torch.no_grad()
def mode_changes_keep_the_state(base: Base) -> None:
    """Going to training mode and back changes no tensor and no prediction."""
    x = example(base)
    before, whole = digest_tensors(base.module.state_dict()), base.module(x)
    parts = [base.module, *(stage.module for stage in base.stages)]
    for mode in (True, False):
        for part in parts:
            part.train(mode)
    assert digest_tensors(base.module.state_dict()) == before, (
        f"{base.card.id}: a change of mode changes tensors"
    )
    assert torch.equal(base.module(x), whole), f"{base.card.id}: a change of mode changes the prediction"


def mode_reaches_dropout(base: Base) -> None:
    """A stage in training mode has all its mode-dependent parts in training mode, and back."""
    for stage in base.stages:
        for mode in (True, False):
            stage.module.train(mode)
            late = [
                n for n, m in stage.module.named_modules() if type(m) is not nn.Module and m.training != mode
            ]
            assert not late, f"{base.card.id}: {late[:3]} in '{stage.name}' ignore the mode"


def port_is_finite(base: Base) -> None:
    """The port has one mean and one positive standard deviation a channel, all finite."""
    port = base.card.port
    assert len(port.mean) == len(port.std) == port.channels, f"{base.card.id}: not one mean and std a channel"
    assert all(math.isfinite(v) for v in (*port.mean, *port.std)), f"{base.card.id}: the port is not finite"
    assert min(port.std) > 0, f"{base.card.id}: a standard deviation is not positive"
    low, high = port.value_range
    assert low < high, f"{base.card.id}: the value range is empty"


def check_base(base: Base) -> None:
    """Check all laws; raise AssertionError with the first that does not hold."""
    for law in LAWS:
        law(base)


def layers_add_up(base: Base) -> None:
    """The parameters of the layers on a stage's card are those of the stage."""
    for card in base.card.stages:
        total = sum(layer.num_parameters for layer in card.layers)
        assert total == card.num_parameters, (
            f"{base.card.id}: layers of '{card.name}' have {total:,} parameters, the stage {card.num_parameters:,}"
        )


LAWS = (
    layers_add_up,
    port_is_finite,
    stages_cover_the_base_once,
    stages_share_the_module_s_tensors,
    shapes_are_as_declared,
    cuts_keep_the_prediction,
    stages_leave_their_input_alone,
    mode_reaches_dropout,
    mode_changes_keep_the_state,
)

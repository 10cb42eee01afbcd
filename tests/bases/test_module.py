"""Any module as a base: a generator, a discriminator, the encoder of an autoencoder."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from graftwork.bases import open_module
from graftwork.bases.conformance import check_base
from graftwork.documents.card import InputPort
from graftwork.errors import BaseNotUsable, ImageSizeError

torch.set_num_threads(1)
NOISE = InputPort(height=1, width=1, channels=12)


def generator() -> nn.Module:
    """A DCGAN generator for images of 16 pixels."""
    return nn.Sequential(
        nn.ConvTranspose2d(12, 8, 4, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(4, 3, 4, stride=2, padding=1, bias=False),
        nn.Tanh(),
    )


class Discriminator(nn.Module):
    """One logit for each image: real or made."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(3, 4, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(4, 8, 4, stride=2, padding=1),
            nn.BatchNorm2d(8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8, 1, 4),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x).view(-1, 1)  # type: ignore[no-any-return]


class Encoder(nn.Module):
    """The first half of an autoencoder of gray images."""

    def __init__(self, last: str = "squeeze") -> None:
        super().__init__()
        self.last = last
        self.conv1 = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.add_module(last, nn.Linear(8 * 7 * 7, 5))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.conv2(torch.relu(self.conv1(x))))
        return self.get_submodule(self.last)(x.flatten(1))  # type: ignore[no-any-return]


GRAY = InputPort(height=28, width=28, channels=1, mean=(0.5,), std=(0.5,))


def test_a_generator_takes_noise_and_keeps_the_laws() -> None:
    base = open_module(generator(), name="custom:generator", port=NOISE)
    assert [s.output_shape for s in base.card.stages] == [(8, 4, 4), (4, 8, 8), (3, 16, 16)]
    assert base.classifier is None
    assert base.card.port.mean == (0.0,) * 12
    check_base(base)


def test_a_discriminator_opens_and_its_last_layer_can_be_cut_off() -> None:
    port = InputPort(height=16, width=16)
    base = open_module(Discriminator(), name="custom:discriminator", port=port)
    assert base.card.stages[-1].output_shape == (1,)
    check_base(base)
    cut = open_module(Discriminator(), name="custom:d", port=port, classifier_names=("main.5",))
    assert cut.card.stages[-1].output_shape == (8, 4, 4)
    assert cut.classifier is not None
    check_base(cut)


def test_an_encoder_keeps_its_code() -> None:
    base = open_module(Encoder(), name="custom:encoder", port=GRAY)
    assert base.card.stages[-1].output_shape == (5,)
    assert base.card.load.missing == ()
    check_base(base)


def test_a_usual_classifier_is_found_by_its_name() -> None:
    base = open_module(Encoder("fc"), name="custom:net", port=GRAY)
    assert base.card.load.left_out == ("fc.weight", "fc.bias")
    assert open_module(Encoder("fc"), name="custom:net", port=GRAY, classifier_names=()).classifier is None


@pytest.mark.parametrize("name", ["code", "graph"])
def test_names_that_a_graph_takes_for_itself(name: str) -> None:
    base = open_module(Encoder(name), name="custom:encoder", port=GRAY)
    assert base.stage_names() == ("whole",)
    check_base(base)


def test_what_does_not_fit_the_port() -> None:
    with pytest.raises(ImageSizeError, match="1×1"):
        open_module(Discriminator(), name="custom:d", port=InputPort(height=1, width=1))
    with pytest.raises(BaseNotUsable, match="12 channels"):
        open_module(generator(), name="custom:g", port=NOISE.edit(mean=(0.1, 0.2, 0.3)))


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


def test_two_outputs_are_refused() -> None:
    with pytest.raises(BaseNotUsable, match="tuple"):
        open_module(Pair(), name="custom:pair", port=InputPort(height=4, width=4))


class Doubled(nn.Module):
    """A convolution whose code asks for the numbers, so that no symbol passes through it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if float(x.abs().sum()) >= 0 else x


class Untraceable(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Module()
        self.body.layers = nn.ModuleList([nn.Conv2d(3, 4, 3), Doubled(4), Doubled(4)])
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        if float(x.abs().sum()) < 0:
            return x
        for layer in self.body.layers:  # type: ignore[union-attr]
            x = layer(x)
        return self.fc(x.mean([-2, -1]))  # type: ignore[no-any-return]


def test_a_model_whose_code_cannot_be_traced_is_cut_by_what_runs_after_what() -> None:
    base = open_module(Untraceable(), name="custom:net", port=InputPort(height=8, width=8))
    assert base.stage_names() == ("body.layers.0", "body.layers.1", "body.layers.2", "pool")
    assert base.card.traced
    assert base.card.load.left_out == ("fc.weight", "fc.bias")
    check_base(base)


class Sharing(nn.Module):
    """Two blocks with one layer in common, under two names."""

    def __init__(self) -> None:
        super().__init__()
        common = nn.Conv2d(4, 4, 3, 1, 1)
        self.stem = nn.Conv2d(3, 4, 3, 2, 1)
        self.first = nn.Sequential(common, nn.ReLU())
        self.second = nn.Sequential(common, nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(self.stem(x)))


def test_a_layer_in_two_places_is_one_layer() -> None:
    base = open_module(Sharing(), name="sharing", port=InputPort(height=16, width=16), classifier_names=())
    check_base(base)
    names = [n for stage in base.stage_names() for n in base.tensors_of(stage)]
    assert len(names) == 4


def test_a_saved_shared_layer_is_not_undone_by_its_other_name() -> None:
    from graftwork.bases.from_run import fill_from_run
    from graftwork.bases.registry import Blueprint

    trained, fresh = Sharing(), Sharing()
    base = open_module(trained, name="sharing", port=InputPort(height=16, width=16), classifier_names=())
    saved = {
        f"base.{n}": t.detach().clone()
        for stage in base.stage_names()
        for n, t in base.tensors_of(stage).items()
    }
    blueprint = Blueprint(fresh, "sharing", "sharing", base.card.port, base.card.origin)
    fill_from_run(blueprint, saved, "some-run")
    assert torch.equal(fresh.first[0].weight, trained.first[0].weight)
    assert torch.equal(fresh.stem.bias, trained.stem.bias)

"""Saliency finds planted evidence, is complete, agrees with another library, and depends on the weights."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn

from graftwork.components.objectives import build_objective
from graftwork.engine.network import Network
from graftwork.errors import FlowError, UsageError
from graftwork.graph.objectives import BinarySettings, ClassificationSettings, RegressionSettings
from graftwork.insight.saliency.explain import METHODS, Method, choose_method, explain
from graftwork.insight.saliency.grad_cam import grad_cam
from graftwork.insight.saliency.integrated import blank, integrated_gradients
from graftwork.insight.saliency.question import Question
from graftwork.insight.saliency.sanity import sanity_check, shuffled

from .planted import BLUE, IMAGE, RED, SIZE, convnet, is_hit, network_on, planted, question

COUNT = 40


def hit_rate(network: Network, method: Method) -> float:
    """Return the share of images with the peak in the patch, red ones and blue ones."""
    hits = 0
    for number in range(COUNT):
        tag = (RED, BLUE)[number % 2]
        image, patch = planted(2 * 10**6 + number, tag + 1)
        hits += is_hit(explain(question(network, image, tag), method).peak, patch)
    return hits / COUNT


@pytest.mark.parametrize("method", ["grad_cam", "integrated_gradients"])
def test_the_evidence_is_found_in_a_convnet(seeing_convnet: Network, method: Method) -> None:
    assert hit_rate(seeing_convnet, method) >= 0.9


@pytest.mark.parametrize("method", ["attention", "integrated_gradients"])
def test_the_evidence_is_found_in_a_transformer(seeing_transformer: Network, method: Method) -> None:
    assert hit_rate(seeing_transformer, method) >= 0.9


def test_what_fits_a_network_is_chosen(seeing_convnet: Network, seeing_transformer: Network) -> None:
    image, _ = planted(1, 1)
    assert choose_method(question(seeing_convnet, image, RED)) == "grad_cam"
    assert choose_method(question(seeing_transformer, image, RED)) == "attention"


def test_the_map_has_the_size_of_the_image(seeing_transformer: Network) -> None:
    image, _ = planted(1, 1)
    for method in METHODS:
        found = explain(question(seeing_transformer, image, RED), method)
        assert found.heat.shape == (SIZE, SIZE)
        assert found.heat.min() >= 0
        assert not found.is_empty


def test_grad_cam_is_that_of_captum() -> None:
    """Another implementation, on a network without layers that write into their input."""
    torch.manual_seed(3)
    module = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.Tanh(), nn.Conv2d(6, 5, 3, 2, 1), nn.Tanh())
    network = network_on(module).eval()
    image, _ = planted(5, 1)
    for stage, layer in zip(network.base.stage_names(), (1, 3), strict=True):
        ours = grad_cam(question(network, image, RED), stage).map
        theirs = LayerGradCam(network, module[layer]).attribute(
            image[None].requires_grad_(), target=RED, relu_attributions=True
        )
        assert torch.allclose(ours, theirs[0, 0].detach(), atol=1e-7)


def test_integrated_gradients_are_complete(seeing_convnet: Network, seeing_transformer: Network) -> None:
    """The attributions sum up to the logit's difference, which is computed here by two plain passes."""
    for network in (seeing_convnet, seeing_transformer):
        image, _ = planted(7, 2)
        found = integrated_gradients(question(network, image, BLUE))
        with torch.no_grad():
            plain = network(torch.cat([image[None], torch.full_like(image, float(image.mean()))[None]]))[
                :, BLUE
            ]
        assert found.difference == pytest.approx(float(plain[0] - plain[1]), abs=1e-4)
        assert found.total == pytest.approx(found.difference, rel=0.05)
        assert float(found.attributions.sum()) == pytest.approx(found.total, rel=1e-4)
        assert found.gap <= 0.05


def test_integrated_gradients_of_a_line_are_its_terms() -> None:
    """Of a linear network each pixel adds weight x (pixel - blank), whatever the number of steps."""
    module = nn.Sequential(nn.Conv2d(3, 2, 1, bias=False))
    network = network_on(module).eval()
    image, _ = planted(3, 1)
    found = integrated_gradients(question(network, image, RED), num_steps=4)
    per_channel = network.parts[-1].linear.weight[RED] @ module[0].weight[:, :, 0, 0]
    wanted = ((image - blank(image[None])[0]) * per_channel[:, None, None]).sum(0) / SIZE**2
    assert torch.allclose(found.attributions, wanted.detach(), atol=1e-7)


def test_more_steps_are_taken_until_the_sum_is_complete(seeing_convnet: Network) -> None:
    image, _ = planted(7, 1)
    asked = question(seeing_convnet, image, RED)
    assert integrated_gradients(asked, num_steps=1, most_steps=1).num_steps == 1
    assert integrated_gradients(asked, num_steps=1, tolerance=1e-4).num_steps > 1


def test_a_stage_is_obeyed_and_a_wrong_one_named(seeing_convnet: Network) -> None:
    image, _ = planted(1, 1)
    asked = question(seeing_convnet, image, RED)
    names = seeing_convnet.base.stage_names()
    assert explain(asked, "grad_cam", stage=names[0]).raw.shape == (32, 32)
    assert explain(asked, "grad_cam").stage == names[-1]
    with pytest.raises(UsageError, match="no stage of the base"):
        explain(asked, "grad_cam", stage="nothing")
    with pytest.raises(UsageError, match="for the method grad_cam"):
        explain(asked, "integrated_gradients", stage=names[0])


def test_attention_that_is_not_there_is_refused(seeing_convnet: Network) -> None:
    image, _ = planted(1, 1)
    with pytest.raises(FlowError, match="cannot be followed"):
        explain(question(seeing_convnet, image, RED), "attention")


def test_shuffled_weights_give_another_picture_and_come_back(
    seeing_convnet: Network, seeing_transformer: Network
) -> None:
    methods: list[tuple[Network, Method]] = [
        (seeing_convnet, "grad_cam"), (seeing_convnet, "integrated_gradients"), (seeing_transformer, "attention"),
    ]  # fmt: skip
    for network, method in methods:
        before = {name: value.clone() for name, value in network.state_dict().items()}
        image, _ = planted(11, 1)
        asked = question(network, image, RED)
        found = sanity_check(asked, explain(asked, method), seed=1)
        assert found.passes, [(s.what, s.mean) for s in found.steps]
        assert found.steps[0].what == "head"
        assert len(found.steps) == 1 + min(
            4, sum(1 for s in network.base.stages if list(s.module.parameters()))
        )
        assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_picture_of_the_image_alone_fails_the_check() -> None:
    """A base without weights of its own shows its input; shuffling one positive weight cannot change that."""
    module = nn.Sequential(nn.AvgPool2d(4), nn.Conv2d(3, 3, 1, groups=3, bias=False))
    nn.init.ones_(module[1].weight)
    network = network_on(module).eval()
    nn.init.ones_(network.parts[-1].linear.weight)
    image, _ = planted(2, 1)
    asked = question(network, image, RED)
    found = sanity_check(asked, explain(asked, "grad_cam"))
    assert not found.passes
    assert found.steps[-1].mean == pytest.approx(1.0)


def test_shuffling_keeps_the_values_and_goes_from_the_top(seeing_convnet: Network) -> None:
    before = {name: p.detach().clone() for name, p in seeing_convnet.named_parameters()}
    moved: list[set[str]] = []
    for _ in shuffled(seeing_convnet, seed=0):
        now = dict(seeing_convnet.named_parameters())
        assert all(torch.equal(now[n].flatten().sort()[0], before[n].flatten().sort()[0]) for n in before)
        moved.append({n for n in before if not torch.equal(now[n], before[n])})
    assert all(a < b for a, b in itertools.pairwise(moved))


def test_the_other_kinds_of_answers_are_explained() -> None:
    """One logit z speaks for the second class and its negative for the first; numbers speak for themselves."""
    torch.manual_seed(0)
    image, _ = planted(1, 1)
    one, two = network_on(convnet(), 1).eval(), network_on(convnet(), 2).eval()
    binary = build_objective("binary", BinarySettings())
    yes, no = (
        integrated_gradients(Question(one, binary, {IMAGE: image[None]}, target)).attributions
        for target in (1, 0)
    )
    assert torch.allclose(yes, -no, atol=1e-7)
    for name, settings, network in (
        ("classification", ClassificationSettings(), two),
        ("regression", RegressionSettings(), one),
    ):
        asked = Question(network, build_objective(name, settings), {IMAGE: image[None]}, 0)
        output = asked.output(asked.values).detach()
        assert float(asked.scores(output)) == pytest.approx(float(output[0, 0]))
        assert np.isfinite(explain(asked, "grad_cam").heat).all()


def test_a_class_that_is_not_there_is_refused(seeing_convnet: Network) -> None:
    image, _ = planted(1, 1)
    with pytest.raises(FlowError, match="none of index 7"):
        explain(question(seeing_convnet, image, 7), "grad_cam")


def test_an_image_without_content_gives_an_empty_map_not_an_error(seeing_convnet: Network) -> None:
    found = explain(question(seeing_convnet, torch.zeros(3, SIZE, SIZE), RED), "integrated_gradients")
    assert found.is_empty
    broken = explain(
        question(seeing_convnet, torch.full((3, SIZE, SIZE), float("nan")), RED),
        "integrated_gradients",
        num_steps=2,
        most_steps=2,
    )
    assert broken.is_empty

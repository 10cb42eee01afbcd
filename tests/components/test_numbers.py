"""Numbers of single components, found by another road: plain numpy loops or by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graftwork.components import catalog  # noqa: F401
from graftwork.components.attention import SelfAttention
from graftwork.components.convolution import same_margins
from graftwork.components.merge import Merge
from graftwork.components.preprocess import Crop, Grayscale, Normalize, OneHot, Pad, Resize
from graftwork.components.recurrent import Embedding, Recurrent
from graftwork.components.registry import Site, build_component
from graftwork.components.unet import UNetDecoder
from graftwork.errors import DataError
from graftwork.graph.contracts import CONTRACTS


def build(component: str, came: torch.Tensor, **settings: object) -> torch.nn.Module:
    """Return a component built for what comes in."""
    contract = CONTRACTS.get(component)
    site = Site("it", {contract.inputs[0].name: tuple(came.shape)}, num_classes=3, seed=0)
    return build_component(component, contract.settings.model_validate(settings), site).eval()


def draw(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1)) - 0.3


def padded(maps: np.ndarray, kernel: int, stride: int, value: float) -> np.ndarray:
    """Pad (c, h, w) as 'same' wants it; the greater part stands after."""
    margins = [(0, 0)]
    for size in maps.shape[1:]:
        total = max((int(np.ceil(size / stride)) - 1) * stride + kernel - size, 0)
        margins.append((total // 2, total - total // 2))
    return np.pad(maps, margins, constant_values=value)


def windows(maps: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    """Return (rows, columns, c, kernel, kernel)."""
    rows = range(0, maps.shape[1] - kernel + 1, stride)
    columns = range(0, maps.shape[2] - kernel + 1, stride)
    return np.array([[maps[:, r : r + kernel, c : c + kernel] for c in columns] for r in rows])


@pytest.mark.parametrize("how", ["average", "max"])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (3, 1), (2, 3)])
def test_same_pooling_is_that_of_numpy_and_ignores_what_pads(how, kernel, stride):
    maps = draw(1, 2, 7, 6)
    found = build("pooling", maps, how=how, scope="local", kernel=kernel, stride=stride, padding="same")(maps)
    cut = windows(padded(maps[0].numpy().astype(float), kernel, stride, np.nan), kernel, stride)
    wanted = (np.nanmean if how == "average" else np.nanmax)(cut, axis=(3, 4))
    np.testing.assert_allclose(found[0].numpy(), wanted.transpose(2, 0, 1), rtol=1e-5)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (2, 2), (4, 3)])
def test_same_convolution_is_that_of_numpy(kernel, stride):
    maps = draw(1, 2, 8, 7)
    module = build("convolution", maps, filters=3, kernel=kernel, stride=stride)
    weight, bias = (p.detach().numpy() for p in module.parameters())
    cut = windows(padded(maps[0].numpy(), kernel, stride, 0.0), kernel, stride)
    wanted = np.einsum("rscij,ocij->ors", cut, weight) + bias[:, None, None]
    np.testing.assert_allclose(module(maps).detach()[0].numpy(), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (2, 2), (4, 1), (2, 3)])
def test_transposed_convolution_is_the_transpose(kernel, stride, padding):
    """<conv(x), y> = <x, transposed(y)> for equal weights, the definition of a transpose."""
    small = draw(1, 3, 4, 5)
    up = build(
        "convolution",
        small,
        type="transposed",
        filters=2,
        kernel=kernel,
        stride=stride,
        padding=padding,
        bias=False,
    )
    large = draw(1, 2, *up(small).shape[2:])
    down = build("convolution", large, filters=3, kernel=kernel, stride=stride, padding=padding, bias=False)
    (weight,) = up.parameters()
    with torch.no_grad():
        next(down.parameters()).copy_(weight)
        left, right = (down(large) * small).sum(), (large * up(small)).sum()
    torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-4)


def test_places_that_no_window_reaches_hold_the_bias_as_in_keras():
    maps = draw(1, 2, 2, 2)
    module = build("convolution", maps, type="transposed", filters=1, kernel=1, stride=2)
    (bias,) = module.module.convolution.bias.tolist()
    found = module(maps).detach()
    assert found.shape == (1, 1, 4, 4)
    assert found[0, 0, 1].tolist() == pytest.approx([bias] * 4)


def test_separable_is_depthwise_then_a_mix_of_channels():
    maps = draw(1, 4, 6, 6)
    module = build("convolution", maps, type="separable", filters=5, depth_multiplier=2)
    sizes = [tuple(p.shape) for p in module.parameters()]
    # Keras: depthwise kernel without bias, pointwise kernel with bias
    assert sizes == [(8, 1, 3, 3), (5, 8, 1, 1), (5,)]


def test_torch_pads_stride_two_otherwise_than_same():
    """The trap that separates torchvision's MobileNetV2 from that of Keras."""
    assert same_margins(224, 3, 2) == (0, 1)
    assert same_margins(225, 3, 2) == (1, 1)


def test_batch_norm_of_tokens_counts_images_and_tokens():
    tokens = draw(4, 5, 3) * 7
    module = build("batch_norm", tokens, affine=False, epsilon=1e-3).train()
    values = tokens.numpy().reshape(-1, 3)
    wanted = (values - values.mean(0)) / np.sqrt(values.var(0) + 1e-3)
    np.testing.assert_allclose(module(tokens).numpy().reshape(-1, 3), wanted, rtol=1e-3, atol=1e-4)


def test_layer_norm_of_maps_counts_channels_alone():
    maps = draw(2, 6, 3, 3)
    values = maps.numpy()
    wanted = (values - values.mean(1, keepdims=True)) / np.sqrt(values.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(build("layer_norm", maps)(maps).detach().numpy(), wanted, rtol=1e-3, atol=1e-4)


def test_dense_on_maps_works_at_each_place():
    maps = draw(2, 4, 3, 2)
    module = build("dense", maps, units=5)
    weight, bias = (p.detach().numpy() for p in module.parameters())
    wanted = np.einsum("bchw,oc->bohw", maps.numpy(), weight) + bias[None, :, None, None]
    np.testing.assert_allclose(module(maps).detach().numpy(), wanted, rtol=1e-4, atol=1e-5)


def test_presets_of_normalize():
    white = torch.ones(1, 3, 1, 1)
    found = build("normalize", white)(white).flatten().tolist()
    assert found == pytest.approx([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225])
    large = torch.tensor([0.0, 127.5, 255.0]).reshape(1, 3, 1, 1)
    found = build("normalize", large, preset="tf", pixel_max=255.0)(large).flatten().tolist()
    assert found == pytest.approx([-1.0, 0.0, 1.0])
    assert Normalize([0.5], [0.25])(white).unique().tolist() == [2.0]


def test_grays_weigh_the_colors():
    red, green, blue = (torch.eye(3)[i].reshape(1, 3, 1, 1) for i in range(3))
    found = [float(Grayscale(1)(c)) for c in (red, green, blue)]
    assert found == pytest.approx([0.299, 0.587, 0.114])
    assert Grayscale()(red).shape == (1, 3, 1, 1)


def test_crop_takes_the_middle_or_the_box():
    image = torch.arange(25.0).reshape(1, 1, 5, 5)
    assert Crop(1, 3)(image).flatten().tolist() == [11, 12, 13]
    assert Crop(2, 1, top=3, left=0)(image).flatten().tolist() == [15, 20]


def test_pad_puts_each_margin_on_its_side():
    image = torch.tensor([[[[1.0, 2.0]]]])
    assert Pad(top=1, right=1, value=9.0)(image).tolist() == [[[[9, 9, 9], [1, 2, 9]]]]
    assert Pad(left=1, fill="edge")(image).flatten().tolist() == [1, 1, 2]
    assert Pad(left=1, fill="reflect")(image).flatten().tolist() == [2, 1, 2]


def test_resize_without_antialias_lets_stripes_through():
    stripes = torch.tensor([0.0, 1.0] * 8).reshape(1, 1, 1, 16).expand(1, 1, 16, 16).contiguous()
    smooth = Resize(4, 4)(stripes)
    rough = Resize(4, 4, interpolation="nearest")(stripes)
    assert float((smooth - 0.5).abs().max()) < 0.2
    assert float((rough - 0.5).abs().min()) == 0.5


def test_one_hot_rows_and_numbers_that_are_no_class():
    assert OneHot(3)(torch.tensor([2, 0])).tolist() == [[0, 0, 1], [1, 0, 0]]
    with pytest.raises(DataError, match="labels from 0 to 5") as caught:
        OneHot(3)(torch.tensor([0, 5]))
    assert caught.value.hint == "Set num_classes to 6 or more."


def test_embedding_names_numbers_that_are_no_category():
    with pytest.raises(DataError, match="from 1 to 4"):
        Embedding(4, 2)(torch.tensor([1, 4]))


def test_last_answer_of_the_backward_reading_is_at_the_first_token():
    module = Recurrent(3, 2, cell="gru", bidirectional=True).eval()
    tokens = draw(1, 4, 3)
    with torch.no_grad():
        answers = module.cells(tokens)[0]
        assert module(tokens).tolist() == [[*answers[0, -1, :2].tolist(), *answers[0, 0, 2:].tolist()]]


def test_attention_with_one_head_by_hand():
    module = SelfAttention(4, 1).eval()
    tokens = draw(1, 5, 4)
    inner = module.attention
    w, b = inner.in_proj_weight.detach().numpy(), inner.in_proj_bias.detach().numpy()
    query, key, value = np.split(tokens[0].numpy() @ w.T + b, 3, axis=1)
    looks = np.exp(query @ key.T / np.sqrt(4))
    looks /= looks.sum(1, keepdims=True)
    wanted = looks @ value @ inner.out_proj.weight.detach().numpy().T + inner.out_proj.bias.detach().numpy()
    np.testing.assert_allclose(module(tokens).detach()[0].numpy(), wanted, rtol=1e-4, atol=1e-5)


def test_attention_does_not_know_the_order_of_places():
    module, maps = SelfAttention(4, 2).eval(), draw(1, 4, 3, 3)
    turned = module(maps.flip(2, 3)).flip(2, 3)
    torch.testing.assert_close(turned, module(maps), rtol=1e-4, atol=1e-5)


def test_merge_goes_from_left_to_right():
    a, b, c = (torch.full((1, 2), v) for v in (12.0, 3.0, 2.0))
    assert Merge("subtract")(a, b, c).tolist() == [[7, 7]]
    assert Merge("divide")(a, b, c).tolist() == [[2, 2]]
    assert Merge("concatenate")(a, b).tolist() == [[12, 12, 3, 3]]


def test_merge_spreads_channels_over_places():
    maps = torch.ones(1, 2, 2, 2)
    found = Merge("multiply")(torch.tensor([[2.0, 3.0]]), maps)
    assert found[0, :, 1, 1].tolist() == [2, 3]


def test_skips_reach_the_logits():
    module = UNetDecoder(4, 2, filters=(3,), skips=(2,)).eval()
    maps, skip = draw(1, 4, 3, 3), draw(1, 2, 7, 6)
    assert module(maps, skip).shape == (1, 2, 7, 6)
    assert not torch.equal(module(maps, skip), module(maps, skip + 1))

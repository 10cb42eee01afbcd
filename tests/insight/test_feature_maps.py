"""Feature maps: every stage from one pass, statistics by hand, attention by its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from graftwork.engine.network import Network
from graftwork.engine.preview.tokens import TokenGrid, on_grid, token_grid
from graftwork.errors import GraftworkError
from graftwork.insight.attention import AttentionReader, global_attention
from graftwork.insight.feature_maps import channel_change, channel_stats, feature_maps

from .planted import IMAGE, convnet, network_on, planted, transformer


def images(count: int = 3) -> Tensor:
    return torch.stack([planted(i, i % 3)[0] for i in range(count)])


def test_each_stage_gives_what_the_base_says() -> None:
    """Stage by stage, against the base's own way to a cut; a stage that writes into its input changes nothing."""
    for module in (convnet(), transformer()):
        network = network_on(module).eval()
        x = images()
        found = feature_maps(network, {IMAGE: x})
        assert [one.stage for one in found] == list(network.base.stage_names())
        for one in found:
            with torch.no_grad():
                wanted = network.base.features(x.clone(), one.stage)
            assert one.shape == tuple(wanted.shape[1:])
            maps = wanted if wanted.ndim != 3 else wanted[:, 1:].transpose(1, 2).reshape(3, -1, 8, 8)
            assert np.allclose(one.values, maps.reshape(one.values.shape), atol=1e-5)


def test_the_base_is_passed_once() -> None:
    network, calls = network_on(convnet()).eval(), []
    for step in network.steps:
        step.module.register_forward_hook(lambda *_, name=step.name: calls.append(name))
    feature_maps(network, {IMAGE: images(2)})
    assert calls == list(network.base.stage_names())


def test_statistics_are_those_of_a_loop() -> None:
    values = torch.randn(3, 4, 5, 6).relu()
    values[:, 2] = 0.0
    values[1, 3, 0, 0] = torch.nan
    found = channel_stats(values)
    for channel in range(4):
        own = values[:, channel].numpy().astype(np.float64)
        own = own[np.isfinite(own)]
        assert found.mean[channel] == pytest.approx(own.mean())
        assert found.std[channel] == pytest.approx(own.std())
        assert found.zero_share[channel] == pytest.approx((values[:, channel] == 0).double().mean().item())
    assert list(found.is_dead) == [False, False, True, False]
    assert found.num_images == 3


def test_a_channel_is_dead_only_when_no_image_wakes_it() -> None:
    values = torch.zeros(4, 2, 3, 3)
    values[3, 1, 0, 0] = 1.0
    assert list(channel_stats(values).is_dead) == [True, False]
    assert list(channel_stats(values[:3]).is_dead) == [True, True]


def test_of_a_single_value_no_channel_is_called_dead() -> None:
    assert not channel_stats(torch.zeros(1, 5, 1, 1)).is_dead.any()


def test_channels_come_by_how_much_they_vary() -> None:
    network = network_on(convnet()).eval()
    for one in feature_maps(network, {IMAGE: images()}):
        if one.kind == "maps":
            spread = one.stats.std[list(one.order)]
            assert (np.diff(spread) <= 1e-6).all()


def test_change_is_relative_and_zero_where_nothing_moved() -> None:
    network = network_on(convnet()).eval()
    before = feature_maps(network, {IMAGE: images()})
    with torch.no_grad():
        last = next(m for m in network.base.stages[-1].module.modules() if isinstance(m, nn.BatchNorm2d))
        last.weight.mul_(3.0)
        last.bias.mul_(3.0)
    after = feature_maps(network, {IMAGE: images()})
    assert (channel_change(before[0], after[0]) == 0).all()
    moved = channel_change(before[-1], after[-1])
    assert np.allclose(moved[moved > 0], 2.0, atol=1e-5)  # relu(3x) - relu(x) = 2 relu(x)
    with pytest.raises(GraftworkError, match="before training"):
        channel_change(before[0], after[-1])


class Attends(nn.Module):
    """Three ways to attend over the same tokens."""

    def __init__(self, way: str) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.way, self.mix = way, nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        if self.way == "module":
            return self.mix(x, x, x, need_weights=False)[0]
        q, k, v = (
            part.reshape(2, 5, 2, 4).transpose(1, 2)
            for part in (x @ self.mix.in_proj_weight.T + self.mix.in_proj_bias).chunk(3, -1)
        )
        if self.way == "fused":
            mixed = nn.functional.scaled_dot_product_attention(q, k, v)
        else:
            mixed = (q @ k.transpose(-2, -1) / 2.0).softmax(-1) @ v
        return self.mix.out_proj(mixed.transpose(1, 2).reshape(2, 5, 8))


@pytest.mark.parametrize("way", ["module", "fused", "plain"])
def test_attention_is_read_whoever_computes_it(way: str) -> None:
    """The same layer in three ways of torch: the output does not change, the probabilities are those of the module."""
    module = Attends(way).eval()
    x = torch.randn(2, 5, 8, requires_grad=True)
    with torch.no_grad():
        wanted = module.mix(x, x, x, average_attn_weights=False)[1]
        plain = module(x)
    with AttentionReader() as reader:
        output = module(x)
    assert torch.allclose(output, plain, atol=1e-6)
    kept = global_attention(reader.found, 5, 2)
    assert kept is not None
    assert torch.allclose(kept[0].reshape(2, 2, 5, 5), wanted, atol=1e-6)
    (slope,) = torch.autograd.grad(output.square().sum(), kept[0])
    assert float(slope.abs().sum()) > 0


def test_masks_and_shared_keys_are_those_of_torch() -> None:
    q, k, v = torch.randn(2, 4, 6, 8), torch.randn(2, 2, 6, 8), torch.randn(2, 2, 6, 8)
    mask = torch.rand(6, 6) > 0.3
    mask.fill_diagonal_(True)
    for options in (
        {"is_causal": True},
        {"attn_mask": mask},
        {"attn_mask": torch.randn(6, 6)},
        {"scale": 0.2},
    ):
        wanted = nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True, **options)
        with AttentionReader() as reader:
            found = nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True, **options)
        assert torch.allclose(found, wanted, atol=1e-6)
        assert torch.allclose(reader.found[0].sum(-1), torch.ones(2, 4, 6), atol=1e-6)


def test_attention_in_windows_is_not_taken_for_attention_between_all() -> None:
    assert global_attention([torch.ones(8, 3, 49, 49)], 196, 2) is None
    assert global_attention([], 5, 1) is None


def test_the_class_token_looks_at_places() -> None:
    network: Network = network_on(transformer()).eval()
    blocks = [one for one in feature_maps(network, {IMAGE: images(2)}) if one.stage.startswith("blocks")]
    for one in blocks:
        assert one.extra is not None
        assert one.extra.shape == (2, 1, 48)
        assert [a.shape for a in one.attention] == [(2, 3, 8, 8)]
        assert (one.attention[0].sum((2, 3)) < 1).all()  # the rest is its look at itself


@pytest.mark.parametrize(
    ("count", "size", "grid"),
    [
        (196, None, TokenGrid(0, 14, 14)),
        (197, (224, 224), TokenGrid(1, 14, 14)),
        (198, (224, 224), TokenGrid(2, 14, 14)),
        (201, (224, 224), TokenGrid(5, 14, 14)),
        (99, (112, 224), TokenGrid(1, 7, 14)),
        (3, None, None),
        (7, None, None),
    ],
)
def test_tokens_lie_on_their_grid(count: int, size: tuple[int, int] | None, grid: TokenGrid | None) -> None:
    assert token_grid(count, size) == grid


def test_maps_with_channels_last_are_turned() -> None:
    values = torch.randn(2, 7, 7, 12)
    found = on_grid(values)
    assert found is not None
    assert torch.equal(found[0], values.permute(0, 3, 1, 2))

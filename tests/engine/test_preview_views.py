"""Views of tensors of every kind, their statistics, and the pictures drawn from them."""

from __future__ import annotations

import io
from itertools import count

import numpy as np
import pytest
import torch
from PIL import Image

from graftwork.components.objectives import build_objective
from graftwork.data import ImageSet, Sample
from graftwork.engine.preview.memory import Memory, OutputFiles
from graftwork.engine.preview.pictures import color_of_class, color_table, heat_map, mask_picture, png, sheet
from graftwork.engine.preview.samples import choose_samples
from graftwork.engine.preview.scores import PreviewObjective, objective_views, score_views
from graftwork.engine.preview.views import Look, look_at, stats_of
from graftwork.graph.contracts import CONTRACTS

CLASSES = ("cat", "dog", "owl")


def image_set(kind: str = "category", labels: tuple[int, ...] = (0, 1, 2), **more) -> ImageSet:
    samples = tuple(
        Sample(key=f"{i}", label=label, split="validation", group=None, digest=f"{i}")
        for i, label in enumerate(labels)
    )
    return ImageSet("made up", samples, CLASSES, (), 0, 0, reader=None, label_kind=kind, **more)


def objective(name: str, **settings) -> PreviewObjective:
    contract = CONTRACTS.get(name)
    return PreviewObjective(
        build_objective(name, contract.settings.model_validate(settings)).eval(), is_fitted=True
    )


def test_lightness_of_the_colors_rises_evenly():
    """By the relative luminance of WCAG, which is derived apart from L*a*b*."""
    c = color_table() / 255.0
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    lightness = 116.0 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16.0
    steps = np.diff(lightness)
    assert steps.min() > -0.2
    assert np.abs(lightness - np.linspace(10.0, 95.0, 256)).max() < 1.5


def test_a_heat_map_goes_from_dark_to_pale_and_marks_what_is_not_finite():
    picture = heat_map(np.array([[0.0, 1.0], [np.nan, np.inf]]))
    assert (picture[0, 0] == color_table()[0]).all()
    assert (picture[0, 1] == color_table()[255]).all()
    assert (picture[1] == (255, 0, 255)).all()
    assert (heat_map(np.full((2, 2), 7.0)) == color_table()[0]).all()
    assert (heat_map(np.full((2, 2), np.nan)) == (255, 0, 255)).all()


@pytest.mark.parametrize(
    ("shape", "expected"), [((7, 7), (133, 133)), ((1, 64), (64 * 64, 64)), ((300, 200), (200, 300))]
)
def test_small_pictures_are_enlarged_by_whole_factors(shape, expected):
    with Image.open(io.BytesIO(png(np.zeros((*shape, 3), np.uint8)))) as image:
        assert image.size == expected


def test_a_sheet_holds_each_picture_once():
    pictures = [np.full((2, 3, 3), i, np.uint8) for i in range(5)]
    whole = sheet(pictures)
    assert whole.shape == (5, 11, 3)
    assert [int((whole == i).all(2).sum()) for i in range(5)] == [6] * 5


def test_colors_of_classes_differ():
    colors = [color_of_class(i) for i in range(40)]
    assert len(set(colors)) == 40
    assert (mask_picture(np.array([[255, 1]]), 255)[0, 0] == 128).all()


def test_statistics_leave_out_what_is_not_finite_and_count_it():
    stats = stats_of(torch.tensor([[0.0, 4.0, float("nan")], [2.0, 4.0, float("inf")]]), with_channels=True)
    assert (stats.min, stats.max, stats.mean) == (0.0, 4.0, 2.5)
    assert stats.std == pytest.approx(np.std([0, 4, 2, 4]))
    assert (stats.num_nan, stats.num_infinite) == (1, 1)
    assert stats.zero_share == pytest.approx(1 / 6)
    assert stats.constant_channel_share == pytest.approx(1 / 3)
    assert stats_of(torch.full((3,), float("nan"))).mean is None


@pytest.mark.parametrize(
    ("kind", "value", "view"),
    [
        ("image", torch.rand(2, 3, 8, 8), "image"),
        ("image", torch.rand(2, 4, 8, 8), "maps"),
        ("features", torch.rand(2, 5, 4, 4), "maps"),
        ("features", torch.rand(2, 17, 6), "maps"),
        ("features", torch.rand(2, 7, 6), "maps"),
        ("features", torch.rand(2, 6), "vector"),
        ("features", torch.rand(2, 2, 2, 2, 2), "vector"),
        ("labels", torch.tensor([0, 2]), "labels"),
        ("labels", torch.eye(3)[:2], "labels"),
        ("mask", torch.randint(3, (2, 5, 5)), "mask"),
        ("category", torch.tensor([1, 2]), "labels"),
        ("category", torch.tensor([[1, 2], [0, 0]]), "values"),
        ("number", torch.rand(2, 3), "values"),
        ("text", torch.randint(9, (2, 4)), "values"),
    ],
    ids=(f"case {i}" for i in count()),  # not by their values, which differ from process to process
)
def test_each_kind_has_its_view(kind, value, view):
    look = Look(kind, CLASSES)
    found = look_at(value, look)
    assert [v.view for v in found] == [view, view]
    for name in look.pictures:
        png(look.pictures[name])


def test_tokens_lie_on_their_square_without_the_class_token():
    tokens = torch.arange(2 * 17 * 3, dtype=torch.float32).reshape(2, 17, 3)
    view = look_at(tokens, Look("features"))[1]
    assert (view.num_channels, view.height, view.width) == (3, 4, 4)
    assert view.channels[0].stats.max == float(tokens[1, 1:, view.channels[0].index].max())
    assert look_at(torch.rand(1, 7, 3), Look("features"))[0].height == 7


def test_masks_have_the_share_of_each_class_among_what_counts():
    view = look_at(torch.tensor([[[0, 1], [1, 255]]]), Look("mask", CLASSES))[0]
    assert view.shares == pytest.approx({"cat": 1 / 3, "dog": 2 / 3})
    assert view.colors["cat"] == "#000000"


def test_the_histogram_holds_all_finite_values():
    view = look_at(torch.tensor([[0.0, 1.0, 1.0, float("nan")]]), Look("features"))[0]
    assert sum(view.histogram.counts) == 3
    assert view.values == (0.0, 1.0, 1.0, None)


def test_tags_are_right_when_all_of_them_are():
    logits, labels = (
        torch.tensor([[2.0, -1.0, 3.0], [2.0, 1.0, -3.0]]),
        torch.tensor([[1.0, 0.0, 1.0], [1.0, 0.0, 0.0]]),
    )
    found = score_views(logits, objective("multi_label"), labels, image_set("tags"), Look("logits", CLASSES))
    assert [v.predicted for v in found] == [("cat", "owl"), ("cat", "dog")]
    assert [v.is_right for v in found] == [True, False]


def test_one_logit_speaks_of_two_classes():
    found = score_views(
        torch.tensor([[3.0], [-3.0]]), objective("binary"), torch.tensor([1, 1]), image_set(), Look("logits")
    )
    assert [v.predicted for v in found] == [("dog",), ("cat",)]
    assert [v.is_right for v in found] == [True, False]


def test_scores_of_pixels_become_masks_and_numbers_stay_numbers():
    scores = torch.zeros(1, 3, 4, 4)
    scores[:, 2] = 1.0
    masks = score_views(scores, objective("segmentation"), None, image_set("mask"), Look("logits", CLASSES))
    assert masks[0].shares == {"owl": 1.0}
    numbers = score_views(
        torch.tensor([[1.5]]), objective("regression"), None, image_set("number"), Look("logits")
    )
    assert numbers[0].values == (1.5,)


def test_a_sample_without_a_label_has_no_loss_and_is_neither_right_nor_wrong():
    logits, labels = torch.tensor([[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]), torch.tensor([0, -1])
    found = objective_views([logits, labels], objective("classification"), labels, image_set(), "objective")
    assert found[0].loss == pytest.approx(np.log(1 + 2 * np.exp(-2.0)), abs=1e-6)
    assert found[0].is_right
    assert (found[1].loss, found[1].is_right) == (None, None)


def test_a_handful_is_spread_over_the_classes():
    images = image_set(labels=(0, 0, 0, 0, 1, 1, 2))
    assert choose_samples(images, None, None, 4) == [0, 4, 6, 1]
    assert choose_samples(images, None, None, 2) == [0, 4]
    assert choose_samples(images, None, "validation", 9) == [0, 4, 6, 1, 5, 2, 3]
    assert choose_samples(images, ["6", 0], None, 4) == [6, 0]


def test_memory_forgets_what_was_used_least_recently():
    memory = Memory(10)
    memory.put("a", 1, 4)
    memory.put("b", 2, 4)
    assert memory.get("a") == 1
    memory.put("c", 3, 4)
    assert ("a" in memory, "b" in memory, "c" in memory) == (True, False, True)
    assert memory.held_bytes == 8
    memory.put("large", 4, 99)
    assert len(memory) == 1


def test_stored_outputs_come_back_as_they_were(tmp_path):
    files, outputs = OutputFiles(tmp_path), {"a": torch.rand(2, 3), "b": torch.tensor([1, 2])}
    files.write("k", outputs)
    found = files.read("k")
    assert all(torch.equal(found[n], t) and found[n].dtype == t.dtype for n, t in outputs.items())
    assert files.read("other") is None
    OutputFiles(None).write("k", outputs)
    assert OutputFiles(None).read("k") is None

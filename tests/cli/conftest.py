"""A project with two real, tiny runs that the tests of all verbs share."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftwork.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)


def call(*args: str | Path) -> Ended:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(a) for a in args])
    return Ended(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def graftwork() -> Callable[..., Ended]:
    """Return the command line as a function."""
    return call


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy pictures in three colors, 14 of each."""
    root = tmp_path_factory.mktemp("data") / "photos"
    draw = np.random.default_rng(0)
    for channel, name in enumerate(["red", "green", "blue"]):
        (root / name).mkdir(parents=True)
        for number in range(14):
            pixels = draw.integers(0, 120, (36, 40, 3))
            pixels[..., channel] += 120
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / f"{number}.png")
    return root


TINY = ("--base", "random:timm:resnet10t", "--image-size", "32", "--epochs", "2", "--batch", "16")


@dataclass(frozen=True)
class Home:
    """A project with two runs, and what ``train --json`` printed for the first."""

    root: Path
    trained: Ended
    tiny: tuple[str, ...] = TINY

    def __call__(self, *args: str | Path) -> Ended:
        """Run a verb on this project."""
        return call(*args, "--project", self.root)


@pytest.fixture(scope="session")
def home(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("home") / "project"
    trained = call("train", photos, *TINY, "--project", root, "--name", "first", "--json")
    assert trained.code == 0, trained.err + trained.out
    second = call("train", photos, *TINY, "--project", root, "--name", "second", "--seed", "1")
    assert second.code == 0, second.err + second.out
    return Home(root, trained)

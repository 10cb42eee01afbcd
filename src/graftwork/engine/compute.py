"""How numbers are computed: number format and tensor layout, chosen by measurement on this machine."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from graftwork.documents.files import write_atomically
from graftwork.documents.plan import ComputePlan
from graftwork.documents.recipe import Recipe

__all__ = ["autocast", "choose_compute", "deterministic", "place"]

Choice = tuple[Literal["float32", "bfloat16"], Literal["contiguous", "channels_last"]]
_CHOICES: tuple[Choice, ...] = (
    ("float32", "contiguous"),
    ("float32", "channels_last"),
    ("bfloat16", "channels_last"),
)
# bf16 rounds; it must earn that by speed.
_BF16_MUST_WIN_BY = 1.3
_MEASURED_IMAGES = 8


def autocast(compute: ComputePlan) -> Any:
    """Return the context in which the base's forward pass runs."""
    if compute.precision == "bfloat16":
        return torch.autocast(compute.device, dtype=torch.bfloat16)
    return nullcontext()


def place(images: Tensor, compute: ComputePlan) -> Tensor:
    """Put a batch on the plan's device in the plan's layout."""
    if compute.memory_format == "channels_last" and images.ndim == 4:
        return images.to(compute.device, memory_format=torch.channels_last)
    return images.to(compute.device)


@contextmanager
def deterministic(compute: ComputePlan) -> Iterator[None]:
    """Run with the plan's number of threads and deterministic algorithms; restore both after."""
    threads, before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_num_threads(compute.num_threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(before, warn_only=warn_only)


def default_device() -> str:
    """Return 'cuda', 'mps' or 'cpu', whichever is there first."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_compute(
    module: nn.Module, image: tuple[int, int, int], recipe: Recipe, *, key: str, memory: Path
) -> ComputePlan:
    """Return number format and layout: as the recipe says, or the fastest measured.

    Measurements are kept in ``memory`` so that a later run of the same architecture at the same size
    on the same machine makes the same choice, whatever the machine is busy with then.

    Args:
        module: the base in inference mode.
        image: (c, h, w) of one image.
        recipe: ``precision`` and ``memory_format`` other than 'auto' are obeyed.
        key: name of architecture for the memory.
        memory: JSON file of earlier measurements.
    """
    rates = _remembered_rates(module, image, key=key, memory=memory)
    allowed = [
        choice
        for choice in _CHOICES
        if recipe.precision in ("auto", choice[0]) and recipe.memory_format in ("auto", choice[1])
    ] or [(_fixed(recipe.precision, "float32"), _fixed(recipe.memory_format, "contiguous"))]
    best = max(
        allowed, key=lambda c: rates.get("/".join(c), 0.0) / (_BF16_MUST_WIN_BY if c[0] == "bfloat16" else 1)
    )
    rate = rates.get("/".join(best))
    spoken = ", ".join(f"{name} {value:.0f}" for name, value in rates.items())
    return ComputePlan(
        device=default_device(),
        precision=best[0],
        memory_format=best[1],
        num_threads=torch.get_num_threads(),
        reason=f"measured images/s: {spoken}",
        images_per_second=rate,
    )


def _fixed(value: Any, otherwise: str) -> Any:
    return otherwise if value == "auto" else value


def _remembered_rates(
    module: nn.Module, image: tuple[int, int, int], *, key: str, memory: Path
) -> dict[str, float]:
    full_key = "|".join(
        map(
            str,
            (key, *image, torch.get_num_threads(), torch.__version__, platform.processor(), default_device()),
        )
    )
    known = _read_memory(memory)
    if full_key not in known:
        known[full_key] = {"/".join(c): _measure(module, image, c) for c in _CHOICES}
        write_atomically(memory, json.dumps(known, indent=1).encode())
    return known[full_key]


def _read_memory(memory: Path) -> dict[str, dict[str, float]]:
    try:
        content = json.loads(memory.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _measure(module: nn.Module, image: tuple[int, int, int], choice: Choice) -> float:
    """Return images per second of a forward pass; zero where the choice does not run."""
    compute = ComputePlan(device=default_device(), precision=choice[0], memory_format=choice[1])
    batch = place(torch.zeros(_MEASURED_IMAGES, *image), compute)
    rounds: list[float] = []
    try:
        with torch.inference_mode(), autocast(compute):
            for _ in range(3):
                start = time.perf_counter()
                module(batch)
                rounds.append(time.perf_counter() - start)
    except RuntimeError:
        return 0.0
    return round(len(batch) / min(rounds[1:]), 1)

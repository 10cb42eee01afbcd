"""Frozen base, ten epochs: Graftwork against a plain PyTorch loop, fastai and Keras, one after another.

python -m benchmarks.frozen_base --images 600
python -m benchmarks.frozen_base --data FOLDER --images 1200 --epochs-measured keras=2
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.images import DEFAULT_SOURCE, lay_out
from benchmarks.results import (
    BenchmarkFailed,
    measure_and_tell,
    print_table,
    run_module,
    say,
)

__all__ = ["main", "measure"]

POINT = 0.01


@dataclass(frozen=True)
class Peer:
    """One tool: the module that runs it, and what it is called in the table."""

    module: str
    title: str
    is_slow: bool = False  # --epochs-measured applies
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


PEERS = {
    "graftwork": Peer("graftwork_run", "Graftwork, first run"),
    "again": Peer("graftwork_run", "Graftwork, second run"),
    "plain": Peer("plain_loop", "plain PyTorch loop"),
    "fastai": Peer("fastai_learner", "fastai, base held", True, (), {"PYTHONWARNINGS": "ignore"}),
    "fastai-free": Peer(
        "fastai_learner",
        "fastai, its defaults",
        True,
        ("free_norms=yes",),
        {"PYTHONWARNINGS": "ignore"},
    ),
    "keras": Peer("keras_fit", "Keras 3 on torch", True, (), {"KERAS_BACKEND": "torch"}),
}
USUAL = ("graftwork", "again", "plain", "fastai", "keras")


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--data", default=DEFAULT_SOURCE, help="folder with a sub-folder per class")
    parser.add_argument("--images", type=int, default=600, help="size of the sample taken of it; 0 takes all")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument(
        "--epochs-measured",
        nargs="+",
        default=[],
        metavar="[PEER=]N",
        help="epochs that slow peers (fastai, keras) really run; the rest is extrapolated and said so",
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--peer-rate",
        type=float,
        default=1e-2,
        help="learning rate of the plain loop and Keras, whose features are not standardized",
    )
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=USUAL)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Run every peer alone and return their answers."""
    with tempfile.TemporaryDirectory(prefix="bench-frozen-") as text:
        folder = Path(text)
        numbers = lay_out(given.data, folder / "images", count=given.images, seed=given.seed)
        say(f"{sum(numbers.values())} images: {numbers}; {given.epochs} epochs, batch {given.batch}")
        answers: dict[str, dict[str, Any]] = {}
        for name in given.peers:
            try:
                answers[name] = _ask(name, given, folder)
            except BenchmarkFailed as error:
                say(f"  {PEERS[name].title} failed: {error}")
                continue
            say(f"  {PEERS[name].title}: {answers[name]['seconds']:.1f} s")
        first = answers.get("graftwork")
        if first is not None:
            answers["one_pass"] = _one_pass(first, given, folder)
    return {
        "images": numbers,
        "epochs": given.epochs,
        "batch": given.batch,
        "peer_rate": given.peer_rate,
        "answers": answers,
        "ratios": _ratios(answers),
    }


def _ask(name: str, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    peer = PEERS[name]
    chosen: dict[str, Any] = {
        "data": folder / "images",
        "epochs": given.epochs,
        "epochs_measured": _epochs_measured(name, given),
        "batch": given.batch,
        "seed": given.seed,
        "learning_rate": given.peer_rate,
        "option": [f"project={folder / 'project'}", *peer.options],
    }
    return run_module(
        f"benchmarks.peers.{peer.module}", chosen, threads=given.threads, environment=peer.environment
    )


def _epochs_measured(name: str, given: argparse.Namespace) -> int:
    """Return how many epochs a peer really runs: "2" holds for all slow ones, "keras=2" for one."""
    epochs: int = given.epochs
    if PEERS[name].is_slow:
        for text in given.epochs_measured:
            peer, _, number = text.rpartition("=")
            if peer in ("", name):
                epochs = int(number)
    return min(epochs, given.epochs)


def _one_pass(first: dict[str, Any], given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    compute = first["details"]["compute"]
    chosen = {
        "data": folder / "images",
        "option": [
            f"precision={compute.get('precision', 'float32')}",
            f"layout={compute.get('memory_format', 'contiguous')}",
        ],
    }
    return run_module("benchmarks.peers.one_pass", chosen, threads=given.threads)


def _ratios(answers: dict[str, dict[str, Any]]) -> dict[str, float]:
    first = answers.get("graftwork")
    if first is None:
        return {}
    found = {
        f"{name} / graftwork": answer["seconds"] / first["seconds"]
        for name, answer in answers.items()
        if name not in ("graftwork", "one_pass")
    }
    yardstick = answers["one_pass"]["train_seconds"] + first["train_seconds"]
    found["one_pass_ratio"] = first["seconds"] / yardstick
    return found


def show(found: dict[str, Any]) -> None:
    """Print the table and the ratios."""
    answers = found["answers"]
    first = answers.get("graftwork")
    rows = []
    for name, answer in answers.items():
        if name == "one_pass":
            continue
        rows.append(
            (
                PEERS[name].title,
                f"{answer['seconds']:.1f}",
                f"{answer['seconds'] / first['seconds']:.1f}" if first else "",
                f"{answer['base_rate']:.0f}" if answer["base_rate"] else "–",
                f"{answer['accuracy']:.3f}",
                _difference(answer, first),
                f"{answer['peak_memory_bytes'] / 2**20:.0f}",
                f"{answer['process_seconds']:.1f}",
                "; ".join(answer["notes"]) or "all epochs",
            )
        )
    columns = (
        "frozen base",
        "seconds",
        "ratio",
        "images/s",
        "test acc.",
        "± 1 point",
        "peak MiB",
        "process s",
        "measured",
    )
    print_table(f"{found['epochs']} epochs, images {found['images']}", columns, rows)
    if first:
        _show_first_run(first, answers["one_pass"], found["ratios"]["one_pass_ratio"])


def _difference(answer: dict[str, Any], first: dict[str, Any] | None) -> str:
    if first is None:
        return ""
    if any(note.startswith("measured") for note in answer["notes"]):
        return "not trained out"
    gap = answer["accuracy"] - first["accuracy"]
    return f"{100 * gap:+.1f} {'yes' if abs(gap) <= POINT + 1e-9 else 'no'}"


def _show_first_run(first: dict[str, Any], one_pass: dict[str, Any], ratio: float) -> None:
    steps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in first["details"]["steps"].items())
    say(f"Graftwork's first run, seconds: {steps}")
    say(
        f"one_pass_ratio {ratio:.2f} = {first['seconds']:.1f} s / (one pass of the base "
        f"{one_pass['train_seconds']:.1f} s + head's training {first['train_seconds']:.1f} s); "
        f"{one_pass['notes'][0]}, {one_pass['base_rate']:.0f} images/s"
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("frozen_base", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

"""Adaptation to a target without labels: what each method gives on a pair of domains, over seeds, and how long it takes.

python -m benchmarks.adapt --source FOLDER --target FOLDER --at blocks.3 --image-size 64 --seeds 3
python -m benchmarks.adapt --speed
python -m benchmarks.adapt --step

Without folders the pair is drawn from scikit-learn's digits: half of them as they are, the other half inverted and turned
by 15 degrees. A method counts as helping on a seed where the paired interval of its gain lies above zero. --speed times
methods on 2,000 + 2,000 drawn features of width 1,280. --step sets an epoch of training with both domains against one on
as many images of both, all labelled, in the same number format: A B A B, medians.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from benchmarks.results import measure_and_tell, print_table, say
from graftwork.graph.flows import with_adaptation
from graftwork.insight.adaptation.shallow import SHALLOW, StoredDomains, adapt_features, reduced
from graftwork.project import Project

__all__ = ["main", "measure"]


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--source", help="labelled images; drawn digits if not given")
    parser.add_argument("--target", help="images of the other domain, with labels to score by")
    parser.add_argument("--at", default="blocks.3", help="stage that features are taken from")
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--method", default="auto", help="as graftwork adapt takes it")
    parser.add_argument("--strategy", default="head_only", help="of methods that train")
    parser.add_argument("--epochs", type=int, default=5, help="of methods that train")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--speed", action="store_true", help="time methods on stored features instead")
    parser.add_argument("--step", action="store_true", help="time training with both domains instead")


def draw_digits(root: Path) -> tuple[Path, Path]:
    """Write two domains of digits."""
    digits = load_digits()
    for at, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        image = Image.fromarray(np.uint8(pixels / 16 * 255)).resize((32, 32), Image.Resampling.BICUBIC)
        name = "plain" if at % 2 else "other"
        if name == "other":
            image = Image.eval(image, lambda value: 255 - value).rotate(15, fillcolor=255)
        folder = root / name / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        image.convert("RGB").save(folder / f"{at}.png")
    return root / "plain", root / "other"


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Return gains by method and seed, or seconds."""
    if args.speed:
        return speed()
    return steps(args) if args.step else _gains(args)


def steps(args: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of an epoch, plain on both domains' images and adapted, by method."""
    recipe = {"epochs": 2, "probe_first": False, "precision": "float32", "memory_format": "channels_last"}
    with tempfile.TemporaryDirectory() as work:
        root = Path(work)
        draw_digits(root / "all")
        for name in ("plain", "other"):
            for folder in sorted((root / "all" / name).iterdir()):
                for at, image in enumerate(sorted(folder.iterdir())):
                    if at < 30:
                        for place in (root / name / folder.name, root / "both" / folder.name):
                            place.mkdir(parents=True, exist_ok=True)
                            shutil.copy(image, place / f"{name}-{image.name}")
        home = Project(root / "project", on_note=lambda _: None)

        def epoch(source: str, method: str | None) -> float:
            flow = home.make_flow(
                str(root / source),
                strategy="all_layers",
                image_size=args.image_size,
                validation=0.0,
                test=0.0,
                **recipe,
            )
            flow = flow if method is None else with_adaptation(flow, str(root / "other"), method)
            found: list[float] = []
            home.run(
                flow,
                on_event=lambda e: found.append(e.seconds) if e.kind == "epoch_ended" and e.epoch else None,
            )
            return found[-1]

        methods: list[str | None] = [None, "dann", "dan", "mcd", "mcc"]
        seconds: dict[str, list[float]] = {}
        for _ in range(3):
            for method in methods:
                taken = epoch("both" if method is None else "plain", method)
                seconds.setdefault(method or "plain loop, both domains labelled", []).append(taken)
    return {"epochs": {name: float(np.median(values)) for name, values in seconds.items()}}


def show(result: dict[str, Any]) -> None:
    """Print what was measured."""
    if "epochs" in result:
        plain = next(iter(result["epochs"].values()))
        rows = [(name, f"{value:.2f}", f"{value / plain:.2f}") for name, value in result["epochs"].items()]
        print_table("An epoch of 300 + 300 images", ["method", "seconds", "× plain"], rows)
    elif "seconds" in result:
        _print_seconds(result)
    else:
        _print(result["methods"], result["lines"])


def _gains(args: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as work:
        source, target = args.source, args.target
        if source is None or target is None:
            source, target = map(str, draw_digits(Path(work) / "digits"))
        found: dict[str, list[dict[str, Any]]] = {}
        lines: list[dict[str, float | None]] = []
        for seed in range(args.seeds):
            home = Project(Path(work) / f"project-{seed}", on_note=lambda _: None)
            made = home.adapt(
                source,
                target,
                method=args.method,
                at=args.at,
                image_size=args.image_size,
                strategy=args.strategy,
                epochs=args.epochs,
                seed=seed,
            )
            line = made.source_only.target_accuracy
            lines.append(
                {
                    "source_only": line.value if line else None,
                    "oracle": made.oracle.value if made.oracle else None,
                    "validators": {c.validator: c.rank_correlation for c in made.checks},
                }
            )
            for method in made.methods:
                found.setdefault(method.title, []).append(
                    {
                        "before": method.source_only.value if method.source_only else None,
                        "after": method.target_accuracy.value if method.target_accuracy else None,
                        "gain": method.gain.model_dump() if method.gain else None,
                        "verdict": method.verdict,
                        "seconds": method.seconds,
                    }
                )
            say(f"seed {seed}: {made.words}")
    return {"source": source, "target": target, "lines": lines, "methods": found}


def _print(found: dict[str, list[dict[str, Any]]], lines: list[dict[str, float | None]]) -> None:
    rows = []
    for title, seeds in found.items():
        gains = [s["gain"] for s in seeds]
        rows.append(
            (
                title,
                f"{100 * np.mean([s['before'] for s in seeds]):.1f}",
                f"{100 * np.mean([s['after'] for s in seeds]):.1f}",
                " / ".join(
                    f"{100 * g['value']:+.1f} ({100 * g['low']:+.1f} to {100 * g['high']:+.1f})"
                    for g in gains
                ),
                f"{sum(s['verdict'] == 'helps' for s in seeds)} of {len(seeds)}",
                f"{np.median([s['seconds'] for s in seeds]):.2f}",
            )
        )
    say("source only / oracle: " + ", ".join(f"{v['source_only']:.3f} / {v['oracle']:.3f}" for v in lines))
    print_table(
        "Balanced accuracy on the target, %, means over seeds",
        ["method", "before", "after", "gain by seed", "helps", "seconds"],
        rows,
    )


def speed() -> dict[str, Any]:
    """Return the seconds of each method on 2,000 + 2,000 features of width 1,280."""
    draw = np.random.default_rng(0)
    classes, width, count = 10, 1280, 2000
    centers = draw.normal(size=(classes, width)) * 0.5
    labels, truth = draw.integers(0, classes, count), draw.integers(0, classes, count)
    turn = np.eye(width) + draw.normal(size=(width, width)) * 0.02
    source = centers[labels] + draw.normal(size=(count, width))
    target = (centers[truth] + draw.normal(size=(count, width))) @ turn + 1.0
    began = time.perf_counter()
    domains = reduced(StoredDomains(source, labels, source[:200], target, classes))
    seconds = {"reduced": time.perf_counter() - began}
    accuracy = {}
    for name in SHALLOW:
        made = adapt_features(domains, name)
        seconds[name] = made.seconds
        accuracy[name] = float((made.target_probabilities.argmax(1) == truth).mean())
    return {"seconds": seconds, "accuracy": accuracy}


def _print_seconds(result: dict[str, Any]) -> None:
    seconds, accuracy = result["seconds"], result["accuracy"]
    rows = [
        (name, f"{value:.2f}", f"{accuracy.get(name, float('nan')):.3f}") for name, value in seconds.items()
    ]
    print_table("2,000 + 2,000 features of width 1,280", ["method", "seconds", "accuracy"], rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("adapt", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

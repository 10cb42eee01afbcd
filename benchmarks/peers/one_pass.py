"""The yardstick: the base once over all images and nothing else, at the number format Graftwork chose."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import InterpolationMode

from benchmarks.peers.common import SIDE, SPLITS, Answer, Stopwatch, Task, lite0_tensors, serve

BATCH = 32


def batches(files: list[Path], threads: int) -> Iterator[Tensor]:
    """Yield normalized batches, decoded ahead by threads."""
    fit = v2.Compose([v2.Resize(SIDE, interpolation=InterpolationMode.BICUBIC), v2.CenterCrop(SIDE)])

    def read(file: Path) -> Tensor:
        with Image.open(file) as image:
            return torch.from_numpy(np.array(fit(image.convert("RGB"))))

    with ThreadPoolExecutor(threads) as pool:
        coming = iter(files)
        waiting = deque(pool.submit(read, file) for file in islice(coming, 3 * BATCH))
        while waiting:
            pixels = torch.stack([waiting.popleft().result() for _ in range(min(BATCH, len(waiting)))])
            yield pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
            waiting.extend(pool.submit(read, file) for file in islice(coming, BATCH))


def work(task: Task) -> Answer:
    """Compute the features of all splits once."""
    clock = Stopwatch()
    precision = task.options.get("precision", "float32")
    layout = torch.channels_last if task.options.get("layout") == "channels_last" else torch.contiguous_format
    base = timm.create_model("tf_efficientnet_lite0")
    base.load_state_dict(lite0_tensors())
    base.reset_classifier(0)
    base.eval()
    files = [p for split in SPLITS for p in sorted((task.data / split).rglob("*")) if p.is_file()]
    low = torch.autocast("cpu", dtype=torch.bfloat16) if precision == "bfloat16" else nullcontext()
    with torch.inference_mode(), low:
        base(torch.zeros(BATCH, 3, SIDE, SIDE).contiguous(memory_format=layout))  # warm, as Graftwork's is
        setup = clock.lap()
        for batch in batches(files, task.threads):
            base(batch.contiguous(memory_format=layout))
    seconds = clock.lap()
    note = f"{precision}, {task.options.get('layout', 'contiguous')}"
    return Answer(setup, seconds, 0.0, float("nan"), len(files) / seconds, [note])


if __name__ == "__main__":
    serve(work)

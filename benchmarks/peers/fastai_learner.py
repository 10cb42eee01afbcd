"""Peer: fastai's ``vision_learner`` with the base frozen, on the same weights.

By itself fastai leaves the batch-norm layers of a frozen base free and their statistics moving, so it also
computes gradients through the base. That is not the same work; ``--option free_norms=yes`` measures it.
"""

from __future__ import annotations

import fastai.callback.schedule  # noqa: F401 gives learners fit_one_cycle
import torch
from fastai.callback.training import BnFreeze
from fastai.data.transforms import Normalize
from fastai.vision.augment import Resize
from fastai.vision.data import ImageDataLoaders
from fastai.vision.learner import vision_learner
from PIL import Image

from benchmarks.peers.common import SIDE, Answer, Stopwatch, Task, lite0_tensors, serve


def work(task: Task) -> Answer:
    """Call ``fit_one_cycle`` on the frozen learner."""
    clock = Stopwatch()
    free_norms = task.options.get("free_norms") == "yes"
    loaders = ImageDataLoaders.from_folder(
        task.data,
        train="train",
        valid="validation",
        item_tfms=Resize(SIDE, resamples=(Image.Resampling.BICUBIC, Image.Resampling.NEAREST)),
        batch_tfms=Normalize.from_stats([0.5] * 3, [0.5] * 3, cuda=False),
        bs=task.batch,
        drop_last=task.count("train") % task.batch == 1,  # its head cannot train on a single image
        num_workers=task.threads,
        device=torch.device("cpu"),
        seed=task.seed,
    )
    learner = vision_learner(
        loaders,
        "tf_efficientnet_lite0",
        normalize=False,
        pretrained=False,
        train_bn=free_norms,
        cbs=None if free_norms else BnFreeze(),
    )
    weights = {k: v for k, v in lite0_tensors().items() if not k.startswith("classifier.")}
    learner.model[0].model.load_state_dict(weights)
    learner.freeze()
    setup = clock.lap()
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(task.epochs_measured)  # its own head and rate
        seconds = clock.lap()
        files = sorted(p for p in (task.data / "test").rglob("*") if p.is_file())
        predicted = learner.get_preds(dl=loaders.test_dl(files))[0].argmax(1).tolist()
    names = loaders.vocab
    right = sum(names[index] == file.parent.name for index, file in zip(predicted, files, strict=True))
    seen = task.epochs_measured * (task.count("train") + task.count("validation"))
    notes = ["batch-norm free (fastai's default)"] if free_norms else []
    return Answer(setup, seconds, clock.lap(), right / len(files), seen / seconds, notes)


if __name__ == "__main__":
    serve(work)

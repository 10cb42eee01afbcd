"""L3: images, tables and arrays become samples, splits and canvases. Nothing is held in memory whole."""

from __future__ import annotations

from graftwork.data.augment import augment_mask, augment_view
from graftwork.data.check import DataReport, check_images
from graftwork.data.sample import SPLITS, ImageFacts, ImageSet, Reader, Sample, Split
from graftwork.data.samples import sample_names
from graftwork.data.sources import open_images
from graftwork.data.split import split_images
from graftwork.data.stream import read_canvas, stream_canvases
from graftwork.data.transform import Transform

__all__ = [
    "SPLITS",
    "DataReport",
    "ImageFacts",
    "ImageSet",
    "Reader",
    "Sample",
    "Split",
    "Transform",
    "augment_mask",
    "augment_view",
    "check_images",
    "open_images",
    "read_canvas",
    "sample_names",
    "split_images",
    "stream_canvases",
]

"""Each measurement can be imported, and those on inner interfaces of the engine run at a small size."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

import pytest
from benchmarks.__main__ import NAMES, ON_REQUEST
from benchmarks.advisor import readings
from tests.conftest import TINY_BASE

from benchmarks import cached_head
from graftwork.project import Project


@pytest.mark.parametrize("name", [*NAMES, *ON_REQUEST, "tune", "advisor.__main__"])
def test_it_can_be_imported_and_started(name: str) -> None:
    assert callable(import_module(f"benchmarks.{name}").main)


def test_an_epoch_of_a_head_is_measured_three_ways() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int)
    cached_head.options(parser)
    given = parser.parse_args(
        ["--threads", "1", "--rows", "70", "--classes", "3", "--batch", "32", "--repeats", "1"]
    )
    found = cached_head.measure(given)
    assert (found["rows"], found["width"], found["batch"]) == (70, 1280, 32)
    assert set(found["seconds"]) == {"graftwork", "loader", "tensor"}
    assert min(found["seconds"].values()) > 0


@pytest.mark.slow
def test_what_the_advisor_reads_is_read_of_a_base_whose_images_are_not_here(
    tmp_path: Path, stripes: Path
) -> None:
    chosen = {"base": TINY_BASE, "image_size": 32, "strategy": "head_only"}
    found = readings._read(Project(tmp_path), stripes, chosen)
    assert found["readings"]["num_classes"] == 3
    assert 0 < found["reading_seconds"] <= found["cpu_seconds"]

"""The report says what the run folder holds, safely, and for runs that lack parts."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from graftwork.errors import ExportError, FlowError
from graftwork.export import write_report
from graftwork.export.folder import read_run_folder

VOID = {"meta", "img", "br", "hr", "link"}
PARTS = ("plan.json", "flow.yaml", "events.jsonl", "predictions.parquet", "samples.parquet")


class Page(HTMLParser):
    """Elements of a page in order, their text, and whether tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts).replace("\u202f", " "))


def page_of(folder: Path, **arguments: Any) -> Page:
    return Page(write_report(folder, **arguments).read_text(encoding="utf-8"))


def grey(key: str) -> Image.Image:
    return Image.new("I;16" if "0" in key else "L", (640, 300), 90)


@pytest.fixture
def full(write_run_folder: Callable[..., Path], make: SimpleNamespace) -> Page:
    others = [make.record(run="a", name="control", strategy="from_scratch", cut="input",
                          metrics={"test": make.scores([[45, 3, 8, 4], [8, 3, 2, 2], [12, 1, 22, 5], [10, 2, 8, 15]])})]  # fmt: skip
    return page_of(write_run_folder(), images=grey, compare=others)


def test_the_file_is_whole_and_stands_alone(full: Page) -> None:
    assert full.wrong == []
    assert full.open == []
    tags = {tag for tag, _ in full.elements}
    assert not tags & {"script", "link", "iframe", "object"}
    addresses = [v for _, attributes in full.elements for k, v in attributes.items() if k in ("src", "href")]
    assert addresses
    assert all(v and v.startswith("data:image/jpeg;base64,") for v in addresses)
    assert not any(name.startswith("on") for _, attributes in full.elements for name in attributes)


def test_style_sheet_fetches_nothing(write_run_folder: Callable[..., Path]) -> None:
    text = write_report(write_run_folder()).read_text(encoding="utf-8")
    assert not re.search(r"https?:|@import|url\((?!#)", text)


def test_names_from_data_are_text_never_markup(write_run_folder: Callable[..., Path]) -> None:
    folder = write_run_folder(name='"><img src=x onerror=alert(1)>', note="<b>bold</b>")
    page = page_of(folder, images=grey)
    assert page.wrong == []
    assert not page.of("script")
    assert not page.of("b") or "<b>bold</b>" in page.text
    assert all(a["src"] != "x" for a in page.of("img"))
    assert "<script>alert(1)</script>" in page.text


def test_it_is_readable_without_eyes(full: Page) -> None:
    levels = [int(tag[1]) for tag, _ in full.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert len(full.of("caption")) == len(full.of("table"))
    assert all(a["alt"] for a in full.of("img"))
    assert all(
        a.get("aria-hidden") == "true" or (a.get("role") == "img" and a["aria-label"]) for a in full.of("svg")
    )
    assert all(a.get("scope") for a in full.of("th"))
    ids = [a["id"] for _, a in full.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["aria-labelledby"] for _, a in full.elements if "aria-labelledby" in a} <= set(ids)


def test_the_headline_is_the_test_accuracy_against_the_majority_class(full: Page) -> None:
    # 57 + 12 + 35 + 30 = 134 of 150 on the diagonal; the fixture's interval is -3.5 and +2.8 points
    assert "89.3 % of 150 test images are labeled correctly (95 % interval 85.8–92.1 %)" in full.text
    assert "always naming the commonest class gives 40.0 %" in full.text


def test_transfer_is_set_against_the_control(full: Page) -> None:
    # the control has 45 + 3 + 22 + 15 = 85 of 150 = 56.7 %; 89.3 - 56.7 = 32.7 with unrounded values
    assert "Transfer gained 32.7 points of accuracy against training from scratch" in full.text
    assert "do not overlap" in full.text
    assert "majority class" in full.text


def test_frozen_and_trainable_are_words_beside_their_icons(full: Page) -> None:
    text = full.text
    assert text.count("frozen") >= 7
    assert "2,878,148 frozen values in 247 tensors: bit-identical before and after the run." in text
    assert "1,134,516 trainable values: all 14 tensors moved." in text
    assert "no parameters" in text
    assert "left out" in text


def test_curves_have_a_table_twin(full: Page) -> None:
    charts = [a for a in full.of("svg") if a.get("class") == "chart"]
    assert len(charts) == 6  # loss, accuracy, rate of two phases
    assert "Numbers of the probe phase" in full.text
    assert "best weights after epoch 19" in full.text
    assert "best weights after epoch 9" in full.text


def test_pictures_of_mistakes_are_small_jpegs(full: Page) -> None:
    pictures = full.of("img")
    assert len(pictures) == 12
    source = pictures[0]["src"]
    assert source
    image = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
    assert image.format == "JPEG"
    assert max(image.size) <= 208


def test_a_broken_proof_is_loud(write_run_folder: Callable[..., Path], make: SimpleNamespace) -> None:
    proof = make.record().proof.edit(frozen_unchanged=False, changed_frozen=("stem.bn.<i>mean</i>",))
    page = page_of(write_run_folder(proof=proof, status="failed", message="A frozen tensor changed."))
    assert any(a.get("class") == "banner loud" for a in page.of("section"))
    assert "The proof does not hold" in page.text
    assert "Do not use the figures of this run" in page.text
    assert "stem.bn.<i>mean</i>" in page.text


def test_a_trainable_tensor_that_stood_still_breaks_the_proof(
    write_run_folder: Callable[..., Path], make: SimpleNamespace
) -> None:
    proof = make.record().proof.edit(moved_tensors=13, unmoved=("head.bias",))
    page = page_of(write_run_folder(proof=proof))
    assert "only 13 of 14 tensors moved" in page.text
    assert "The proof does not hold" in page.text


def test_a_proof_that_holds_has_no_banner(full: Page) -> None:
    assert not any("banner" in (a.get("class") or "") for a in full.of("section"))


@pytest.mark.parametrize("lacking", [*((p,) for p in PARTS), PARTS])
@pytest.mark.parametrize("status", ["failed", "stopped", "paused", "starting", "queued", "running"])
def test_runs_that_lack_parts_are_reported(
    write_run_folder: Callable[..., Path], lacking: tuple[str, ...], status: str
) -> None:
    empty: dict[str, Any] = {} if len(lacking) == 1 else {
        "card": None, "data": None, "metrics": {}, "proof": None, "cost": None, "environment": None, "best_epoch": None,
    }  # fmt: skip
    folder = write_run_folder(status=status, message="The disk is full.", **empty)
    for name in lacking:
        (folder / name).unlink(missing_ok=True)
    page = page_of(folder, images=grey)
    assert page.wrong == []
    assert "The disk is full." in page.text
    if empty:
        assert "image was scored" in page.text
        assert "There is no proof" in page.text


@pytest.mark.parametrize("field", ["card", "data", "proof", "cost", "environment", "best_epoch"])
def test_a_record_may_lack_any_part(write_run_folder: Callable[..., Path], field: str) -> None:
    assert page_of(write_run_folder(**{field: None})).wrong == []


def test_validation_scores_lead_only_with_a_caution(
    write_run_folder: Callable[..., Path], make: SimpleNamespace
) -> None:
    metrics = {"validation": make.record().metrics["validation"]}
    page = page_of(write_run_folder(metrics=metrics))
    assert "validation images are labeled correctly" in page.text
    assert "leans to the good side" in page.text


def test_a_result_no_better_than_a_constant_says_so(
    write_run_folder: Callable[..., Path], make: SimpleNamespace
) -> None:
    scores = make.record().metrics["test"]
    page = page_of(write_run_folder(metrics={"test": scores.edit(majority_accuracy=0.88)}))
    assert "has not shown that it does better than a constant answer" in page.text


def test_no_record_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"record\.json is missing"):
        write_report(tmp_path)


def test_a_newer_record_is_refused(write_run_folder: Callable[..., Path]) -> None:
    folder = write_run_folder(format=99)
    with pytest.raises(FlowError, match="format 99"):
        write_report(folder)


def test_scores_of_oddness_name_no_class_and_give_a_report_without_mistakes(
    write_run_folder: Callable[..., Path],
) -> None:
    folder = write_run_folder()
    table = pd.DataFrame({"key": ["a", "b"], "split": ["test"] * 2, "label": [0, 1], "p_0": [0.5, 14.5]})
    table.to_parquet(folder / "predictions.parquet")
    assert read_run_folder(folder).predictions is None
    assert write_report(folder).is_file()


def test_a_damaged_table_is_named_and_the_older_report_stays(write_run_folder: Callable[..., Path]) -> None:
    folder = write_run_folder()
    (folder / "report.html").write_text("older", encoding="utf-8")
    (folder / "predictions.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(ExportError, match=r"predictions\.parquet"):
        write_report(folder)
    assert (folder / "report.html").read_text(encoding="utf-8") == "older"


def test_writing_twice_gives_the_same_bytes(write_run_folder: Callable[..., Path]) -> None:
    folder = write_run_folder()
    first = write_report(folder, images=grey).read_bytes()
    assert write_report(folder, images=grey).read_bytes() == first
    assert not list(folder.glob("*.part"))


def test_the_report_needs_no_torch() -> None:
    code = "import sys, graftwork.export; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

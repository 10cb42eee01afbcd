"""Each verb on a real project."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Graftwork = Callable[..., Any]


def test_plan_says_what_train_would_do_and_makes_no_run(home: Any, photos: Path) -> None:
    before = len(home("runs", "list", "--json").json["runs"])
    plan = home("plan", photos, *home.tiny, "--strategy", "some_layers", "--json").json
    assert plan["strategy"] == "some_layers"
    frozen = [stage["name"] for stage in plan["stages"] if stage["is_frozen"]]
    assert frozen[-1] == plan["cut"]
    assert len(home("runs", "list", "--json").json["runs"]) == before
    assert "trainable" in home("plan", photos, *home.tiny).out


def test_a_saved_flow_runs_again_to_the_same_weights(home: Any, tmp_path: Path) -> None:
    flow = home.root / "flows" / "first.yaml"
    ended = home("train", "--flow", flow, "--name", "again", "--json")
    assert ended.code == 0
    assert ended.json["proof"]["weights_digest"] == home.trained.json["proof"]["weights_digest"]
    assert ended.json["cost"]["base_images"] == 0  # all of it came from the cache
    home("runs", "delete", "again", "--yes")


def test_flow_and_path_together_are_refused(home: Any, photos: Path) -> None:
    flow = home.root / "flows" / "first.yaml"
    assert home("train", photos, "--flow", flow).code == 2
    assert home("train", "--flow", flow, "--epochs", "3").code == 2
    assert home("train").code == 2


def test_set_and_option_of_the_same_name_are_refused(home: Any, photos: Path) -> None:
    ended = home("train", photos, "--epochs", "2", "--set", "epochs=3")
    assert ended.code == 2
    assert "epochs" in ended.err


def test_evaluating_the_runs_own_test_images_gives_its_record(home: Any) -> None:
    scores = home("evaluate", "first", "--json").json["metrics"]
    recorded = home.trained.json["metrics"]["test"]
    assert scores["confusion"] == recorded["confusion"]
    assert scores["accuracy"] == recorded["accuracy"]
    assert scores["log_loss"]["value"] == pytest.approx(recorded["log_loss"]["value"], abs=1e-5)


def test_evaluating_on_images_that_were_learned_is_told(home: Any, photos: Path) -> None:
    ended = home("evaluate", "first", photos)
    assert ended.code == 0
    assert "flatter" in ended.err


def test_predicting_agrees_with_the_stored_predictions(home: Any, photos: Path) -> None:
    import pyarrow.parquet as pq

    stored = pq.read_table(Path(home.trained.json["path"]) / "predictions.parquet").to_pylist()
    classes = home.trained.json["data"]["classes"]
    paths = [photos / row["key"] for row in stored]
    found = home("predict", "first", *paths, "--json").json["predictions"]
    assert [p["image"] for p in found] == [str(path) for path in paths]
    assert [p["label"] for p in found] == [classes[row["predicted"]] for row in stored]
    for prediction, row in zip(found, stored, strict=True):
        values = list(prediction["probabilities"].values())
        assert values == pytest.approx([row[f"p_{i}"] for i in range(3)], abs=1e-5)
        assert sum(values) == pytest.approx(1.0, abs=1e-5)


def test_an_unreadable_image_is_named_and_the_others_are_predicted(
    home: Any, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    shutil.copy(photos / "red" / "1.png", tmp_path / "good.png")
    ended = home("predict", "first", tmp_path, "--json")
    assert ended.code == 0
    bad, good = ended.json["predictions"]
    assert bad["label"] is None
    assert "cannot be read" in bad["problem"]
    assert good["label"] in ("red", "green", "blue")
    assert home("predict", "first", tmp_path / "bad.png").code == 3
    assert home("predict", "first", tmp_path / "none.png").code == 3


def test_runs_are_listed_newest_first(home: Any) -> None:
    rows = home("runs", "list", "--json").json["runs"]
    assert [row["name"] for row in rows][-2:] == ["second", "first"]
    assert "first" in home("runs", "list").out


def test_comparison_shows_the_seed(home: Any) -> None:
    document = home("runs", "compare", "first", "second", "--json").json
    assert document["differences"] == {"seed": [0, 1]}
    ended = home("runs", "compare", "first", "second")
    assert "seed" in ended.out
    assert "do not compare" in ended.err  # another seed makes another split


def test_show_names_proof_cost_and_report(home: Any) -> None:
    text = home("runs", "show", "first").out
    for word in ("proof: holds", "cost:", "report.html", "red", "balanced"):
        assert word in text


def test_deleting_needs_a_yes(home: Any, photos: Path) -> None:
    doomed = home("train", photos, *home.tiny, "--name", "doomed", "--json").json
    assert home("runs", "delete", "doomed", "--json").code == 2
    assert Path(doomed["path"]).exists()
    assert home("runs", "delete", "doomed", "--yes", "--json").json == {"deleted": [doomed["run"]]}
    assert not Path(doomed["path"]).exists()


def test_reindex_counts_the_runs(home: Any) -> None:
    assert home("runs", "reindex", "--json").json["runs"] == len(home("runs", "list", "--json").json["runs"])


def test_report_is_written_anew(home: Any) -> None:
    path = Path(home.trained.json["report"])
    path.unlink()
    assert home("report", "first", "--json").json["report"] == str(path)
    assert path.is_file()


@pytest.mark.slow
def test_export_says_how_far_it_agrees(home: Any, tmp_path: Path) -> None:
    document = home("export", "first", "--output", tmp_path / "m.onnx", "--json").json
    assert Path(document["path"]) == tmp_path / "m.onnx"
    assert document["num_agreeing"] == document["num_images"] > 0


def test_unknown_export_is_guessed(home: Any) -> None:
    ended = home("export", "first", "--to", "onx")
    assert ended.code == 2
    assert "'onnx'" in ended.err


def test_bases_show_marks_what_a_strategy_freezes(graftwork: Graftwork) -> None:
    base = ("bases", "show", "random:timm:resnet10t", "--image-size", "32")
    document = graftwork(*base, "--cut", "layer2", "--json").json
    assert document["cut"] == "layer2"
    states = list(document["states"].values())
    names = list(document["states"])
    assert states == ["frozen"] * (names.index("layer2") + 1) + ["trainable"] * (
        len(names) - names.index("layer2") - 1
    )
    assert set(graftwork(*base, "--strategy", "head_only", "--json").json["states"].values()) == {"frozen"}
    assert "states" not in graftwork(*base, "--json").json
    assert graftwork(*base, "--strategy", "hed_only").code == 2
    assert graftwork(*base, "--cut", "layer9").code == 4
    assert "layer2" in graftwork(*base).out


def test_bases_list_filters(graftwork: Graftwork) -> None:
    found = graftwork("bases", "list", "--offline", "--json").json["bases"]
    assert "bundled:efficientnet_lite0" in [base["id"] for base in found]
    assert all(base["available_offline"] for base in found)


def test_data_check_counts(graftwork: Graftwork, photos: Path) -> None:
    document = graftwork("data", "check", photos, "--json").json
    assert document["num_images"] == 42
    assert document["class_counts"] == {"blue": 14, "green": 14, "red": 14}
    assert "No problems found" in graftwork("data", "check", photos).out


def test_bad_input_leaves_no_run(home: Any, photos: Path, tmp_path: Path) -> None:
    before = sorted((home.root / "runs").iterdir())
    (tmp_path / "empty").mkdir()
    for args, code in (
        ((tmp_path / "empty",), 3),
        ((tmp_path / "nowhere",), 3),
        ((photos, "--base", "random:timm:resnet10t", "--image-size", "32", "--cut", "layer9"), 4),
        ((photos, "--strategy", "hed_only"), 2),
        ((photos, "--set", "epocs=3"), 2),
    ):
        ended = home("train", *args, "--json")
        assert ended.code == code, ended.out
        assert ended.json["message"]
    assert sorted((home.root / "runs").iterdir()) == before


def test_a_project_that_is_not_there_is_an_error_that_makes_none(
    graftwork: Graftwork, tmp_path: Path
) -> None:
    ended = graftwork("runs", "list", "--project", tmp_path / "p", "--json")
    assert ended.code == 7
    assert json.loads(ended.out)["path"] == str(tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_a_run_at_work_is_asked_to_stop_or_to_pause(home: Any) -> None:
    from graftwork.project.control import asked, clear
    from graftwork.project.lock import lock_run

    folder = Path(home.trained.json["path"])
    for verb in ("stop", "pause"):
        refused = home("runs", verb, "first", "--json")
        assert refused.code == 6
        assert "no process works on it" in refused.json["message"]
        with lock_run(folder):
            assert home("runs", verb, "first", "--json").json == {"run": folder.name, "asked": verb}
        assert asked(folder) == verb
        clear(folder)

"""What a bench does is what the project does itself; only where it is done, and what is kept, differ."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftwork.documents.flow import Edge, Flow, Node
from graftwork.errors import CustomCodeError, FlowError, NotTrusted, RunNotFound, UnknownName
from graftwork.graph.flows import transfer_flow
from graftwork.project import Project
from graftwork.project.bench import Bench
from graftwork.project.bench_tasks import TASKS
from graftwork.project.execute import empty_record
from graftwork.project.trust import distrust, trust

from ..conftest import TINY_BASE

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(3, 4, 3)
        self.two = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, x):
        return self.two(self.one(x))

def build(settings):
    print("what code prints is not for the pipe")
    return Net()
"""
LOOP = "def forward(image):\n    while True:\n        pass\n"
MEAN = "def forward(image):\n    return image.mean((2, 3))\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose maker trusts it, and whose bench computes in one thread as the tests do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield Project(tmp_path_factory.mktemp("bench") / "home")


@pytest.fixture(scope="module")
def bench(home: Project) -> Iterator[Bench]:
    with Bench(home.root) as found:
        yield found


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Another project, which shares no stored outputs with the bench and computes in this process."""
    return Project(tmp_path_factory.mktemp("own") / "home")


@pytest.fixture(scope="module")
def flow(stripes: Path) -> Flow:
    return transfer_flow(str(stripes), base=TINY_BASE, image_size=32)


def with_code(stripes: Path, code: str, **settings: Any) -> Flow:
    nodes = (
        Node(id="images", component="images", settings={"source": str(stripes), "size": 32}),
        Node(id="net", component="custom", settings={"code": code, **settings}),
        Node(id="head", component="head"),
        Node(id="objective", component="classification"),
    )
    wires = (
        ("images.image", "net.image"),
        ("net.features", "head.features"),
        ("head.logits", "objective.logits"),
        ("images.labels", "objective.labels"),
    )
    return Flow(nodes=nodes, edges=tuple(Edge(source=a, target=b) for a, b in wires))


def shown(document: Any) -> dict[str, Any]:
    """Return a preview without what tells how it came about."""
    return document.model_dump(exclude={"seconds", "from_cache", "computed"})


# -- previews --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("node", ["images", "backbone", "head", "objective"])
def test_a_preview_equals_that_of_a_project_itself(own: Project, bench: Bench, flow: Flow, node: str) -> None:
    document, pictures = bench.call("preview", flow, node, None, {})
    found = own.preview(flow, node)
    assert shown(document) == shown(found.document)
    assert pictures == {name: found.png(name) for name in found.pictures}


def test_the_choices_of_a_preview_reach_the_child(bench: Bench, flow: Flow, own: Project) -> None:
    stages = [s.name for s in bench.call("open_node", flow, "backbone").stages]
    choices = {"samples": [0, 25], "port": stages[0], "channel": 1}
    document, pictures = bench.call("preview", flow, "backbone", None, choices)
    assert shown(document) == shown(own.preview(flow, "backbone", **choices).document)
    assert (document.port, len(document.samples), len(pictures)) == (stages[0], 2, 4)


def test_a_second_preview_computes_nothing_and_an_edit_only_what_it_changed(bench: Bench, flow: Flow) -> None:
    bench.call("preview", flow, "head", None, {})
    document, _ = bench.call("preview", flow, "head", None, {})
    assert (document.computed, document.from_cache) == ((), True)
    document, _ = bench.call("preview", flow.with_settings("head", hidden=[7]), "head", None, {})
    assert document.computed == ("head",)


def test_an_error_of_a_preview_is_the_session_s_own(bench: Bench, flow: Flow) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'backbone'"):
        bench.call("preview", flow, "backbon", None, {})
    with pytest.raises(RunNotFound):
        bench.call("preview", flow, "head", "no-such-run", {})
    wrong = flow.with_settings("head", hidden=["wide"])
    with pytest.raises(FlowError) as caught:
        bench.call("preview", wrong, "head", None, {})
    assert caught.value.problems[0].node == "head"


def test_custom_code_runs_in_the_child_that_is_kept(bench: Bench, stripes: Path, capfd: Any) -> None:
    bench.call("preview", with_code(stripes, NET), "head", None, {})
    pid = bench.pid
    document, _ = bench.call("preview", with_code(stripes, NET), "head", None, {})
    assert document.computed == ()
    document, _ = bench.call("preview", with_code(stripes, NET + "\n"), "net", None, {})
    assert document.computed == ("net",)
    assert bench.pid == pid
    assert "what code prints" not in capfd.readouterr().out


def test_what_code_sets_for_the_process_is_put_back(bench: Bench, stripes: Path, flow: Flow) -> None:
    before, _ = bench.call("preview", flow.with_settings("head", hidden=[5]), "head", None, {})
    rude = "import os\ntorch.set_default_dtype(torch.float64)\nos.chdir('/')\n" + MEAN
    bench.call("preview", with_code(stripes, rude), "net", None, {})
    after, _ = bench.call("preview", flow.with_settings("head", hidden=[5, 5]), "head", None, {})
    again, _ = bench.call("preview", flow.with_settings("head", hidden=[5]), "head", None, {})
    assert after.dtype == before.dtype == "float32"
    assert shown(again) == shown(before)


def test_an_error_in_code_names_node_and_line(bench: Bench, stripes: Path) -> None:
    with pytest.raises(CustomCodeError) as caught:
        bench.call("preview", with_code(stripes, "def forward(image):\n    return image.men()\n"), "net")
    assert (caught.value.node, caught.value.fields["line"]) == ("net", 2)


@pytest.mark.slow
def test_code_without_end_is_ended_and_its_repair_shows(home: Project, stripes: Path) -> None:
    with Bench(home.root) as bench:
        with pytest.raises(CustomCodeError, match="longer than 1 seconds") as caught:
            bench.call("preview", with_code(stripes, LOOP, time_limit=1), "head", None, {})
        assert caught.value.node == "net"
        assert caught.value.fields["line"] in (2, 3)
        document, _ = bench.call("preview", with_code(stripes, MEAN, time_limit=1), "net", None, {})
        assert document.shape == (4, 3)


# -- trust -----------------------------------------------------------------------------------------------


def test_code_from_a_folder_that_is_not_trusted_is_not_sent(
    tmp_path: Path, stripes: Path, flow: Flow
) -> None:
    project = Project(tmp_path / "other")
    bench = Bench(project.root)
    distrust(project.root)
    untrusted = with_code(stripes, NET)
    for task, args in (
        ("preview", (untrusted, "head", None, {})),
        ("plan", (untrusted,)),
        ("open_node", (untrusted, "net")),
        ("node_code", (untrusted, "head")),
    ):
        with pytest.raises(NotTrusted):
            bench.call(task, *args)
    assert not bench.is_running
    bench.close()


def test_the_child_asks_for_trust_as_well(tmp_path: Path, stripes: Path) -> None:
    from graftwork.project.bench_state import perform

    project = Project(tmp_path / "other")
    distrust(project.root)
    untrusted, deaf = with_code(stripes, NET), {"on_event": print, "stop": lambda: False}
    for task, args in (("preview", ("net",)), ("open_node", ("net",)), ("node_code", ("net",)), ("plan", ())):
        with pytest.raises(NotTrusted):
            perform(project.root, task, (untrusted, *args), **deaf)
    trust(project.root)
    assert perform(project.root, "preview", (untrusted, "net"), **deaf)[0].node == "net"


def test_a_node_beside_untrusted_code_can_be_shown(tmp_path: Path, stripes: Path) -> None:
    from graftwork.project.bench_trust import code_that_runs

    untrusted = with_code(stripes, NET)
    part = code_that_runs("preview", (untrusted, "images", None, {}), tmp_path)
    assert part is not None
    assert [n.id for n in part.nodes] == ["images"]
    whole = code_that_runs("cut_table", (untrusted, "images"), tmp_path)  # what plans builds all
    assert whole == untrusted
    assert code_that_runs("base_card", ("timm:resnet18",), tmp_path) is None


# -- plans, bases, code ----------------------------------------------------------------------------------


def test_a_plan_equals_that_of_the_project_itself(home: Project, bench: Bench, flow: Flow) -> None:
    found = bench.call("plan", flow)
    own = home.plan(flow)
    ignored = {"compute", "estimated_seconds", "phases"}  # they are measured
    assert found.model_dump(exclude=ignored) == own.model_dump(exclude=ignored)
    with pytest.raises(FlowError) as caught:
        bench.call("plan", flow.edit(edges=()))
    assert len(caught.value.problems) > 1


def test_a_base_opens_by_its_id_and_in_its_node_alike(bench: Bench, flow: Flow) -> None:
    card = bench.call("base_card", TINY_BASE, 32)
    assert card == bench.call("open_node", flow, "backbone")
    assert card.port.height == 32
    assert bench.call("base_card", TINY_BASE).port.height != 32
    with pytest.raises(UnknownName):
        bench.call("base_card", "timm:resnt18")


def test_code_that_is_one_model_opens(bench: Bench, stripes: Path) -> None:
    card = bench.call("open_node", with_code(stripes, NET), "net")
    assert sum(s.num_parameters for s in card.stages) == 4 * 3 * 9 + 4
    with pytest.raises(FlowError, match="does not open into stages"):
        bench.call("open_node", with_code(stripes, MEAN), "net")


def test_what_holds_no_base_says_so(bench: Bench, flow: Flow) -> None:
    with pytest.raises(FlowError, match="'head' is a 'head' and holds no base"):
        bench.call("open_node", flow, "head")
    with pytest.raises(UnknownName):
        bench.call("open_node", flow, "hed")


def test_a_bypassed_backbone_can_still_be_looked_into(bench: Bench, flow: Flow) -> None:
    nodes = tuple(n.edit(is_bypassed=n.id == "backbone") for n in flow.nodes)
    bypassed = flow.edit(nodes=nodes)
    assert bench.call("open_node", bypassed, "backbone") == bench.call("open_node", flow, "backbone")


def test_a_node_is_shown_as_code(bench: Bench, flow: Flow, stripes: Path) -> None:
    code = bench.call("node_code", flow, "head")
    assert code.module.startswith("Head(")
    assert "class Head(nn.Module)" in code.source
    assert "def build" in code.source
    assert (code.source_file, code.problem) == ("graftwork/components/head.py", None)
    base = bench.call("node_code", flow, "backbone")
    assert base.source_file == "timm/models/efficientnet.py"
    assert base.parameters > 100_000
    own = bench.call("node_code", with_code(stripes, NET), "net")
    assert (own.source, own.source_file, own.parameters) == (NET, "", 112)
    assert "Conv2d(3, 4" in own.module


def test_a_node_that_cannot_be_built_shows_its_source_and_why(bench: Bench, flow: Flow) -> None:
    code = bench.call("node_code", flow.with_settings("images", source="/no/such/folder"), "head")
    assert code.module == ""
    assert "/no/such/folder" in (code.problem or "")
    assert "def build" in code.source


@pytest.mark.parametrize("component", ["dense", "convolution", "resize", "merge"])
def test_plain_components_show_who_builds_them(stripes: Path, tmp_path: Path, component: str) -> None:
    from graftwork.project.bench_code import _written

    source, file = _written(Node(id="n", component=component), [], tmp_path)
    assert source.lstrip("@").startswith(("builds_checked", "def "))
    assert file.startswith("graftwork/components/")


# -- runs ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(home: Project, flow: Flow) -> str:
    recipe = flow.recipe.edit(epochs=1, probe_epochs=1, batch=16, precision="float32")
    return home.run(flow.edit(recipe=recipe)).id


def test_predictions_equal_those_of_the_project_itself(
    home: Project, bench: Bench, trained: str, stripes: Path
) -> None:
    paths = sorted(stripes.glob("*/000.png"))
    found = bench.call("predict", trained, [p.read_bytes() for p in paths])
    own = home.predict(trained, paths)
    assert [p.label for p in found] == [p.label for p in own]
    for one, other in zip(found, own, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)


def test_an_image_that_does_not_read_says_so_in_its_place(bench: Bench, trained: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((9, 5), dtype=np.uint8)).save(buffer, "PNG")
    found = bench.call("predict", trained, [buffer.getvalue(), b"no image", buffer.getvalue()])
    assert [p.image for p in found] == ["image 0", "image 1", "image 2"]
    assert [p.problem is None for p in found] == [True, False, True]
    assert found[0].probabilities == found[2].probabilities


def test_scores_are_those_of_the_record(home: Project, bench: Bench, trained: str, stripes: Path) -> None:
    scores = bench.call("evaluate", trained)
    assert scores.accuracy == home.find(trained).record.metrics["test"].accuracy
    told: list[Any] = []
    bench.call("evaluate", trained, str(stripes), {}, on_event=told.append)
    assert any("used to train" in text for text in told)


def test_a_preview_with_a_run_shows_its_weights(bench: Bench, trained: str, flow: Flow) -> None:
    document, _ = bench.call("preview", flow, "head", trained, {})
    assert document.weights == trained


@pytest.mark.slow
def test_an_export_is_written_and_agrees(bench: Bench, trained: str, tmp_path: Path) -> None:
    report = bench.call("export", trained, "onnx", str(tmp_path))
    assert Path(report.path).is_file()
    assert report.num_agreeing == report.num_images


def test_each_task_is_there() -> None:
    from importlib import import_module

    for place in TASKS.values():
        module, _, name = place.partition(":")
        assert callable(getattr(import_module(module), name)), place


def test_an_edit_of_a_module_that_code_imports_shows(home: Project, bench: Bench, stripes: Path) -> None:
    """At once and in the same child: also through a second module, and with a file of the same size."""
    (home.root / "inner_part.py").write_text("FACTOR = 2\n")
    (home.root / "own_part.py").write_text(
        "from inner_part import FACTOR\n\ndef f(x):\n    return x * FACTOR\n"
    )
    code = (
        f"import sys\nsys.path.insert(0, {str(home.root)!r})\nfrom own_part import f\n"
        "def forward(image):\n    return f(torch.ones_like(image).mean((2, 3)))\n"
    )
    flow, pid = with_code(stripes, code), bench.pid
    for factor in (2, 3, 4):
        (home.root / "inner_part.py").write_text(f"FACTOR = {factor}\n")
        document, _ = bench.call("preview", flow, "net", None, {})
        assert document.samples[0].view.values == (float(factor),) * 3
    assert bench.pid == pid or pid is None


def test_installed_modules_and_other_folders_are_never_forgotten(tmp_path: Path) -> None:
    import sys

    from graftwork.components.custom.own_modules import OwnModules, files_imported_by

    root = tmp_path / "home"
    for place in (root, root / "site-packages", tmp_path):
        place.mkdir(exist_ok=True)
    places = {"gw_own": root, "gw_installed": root / "site-packages", "gw_elsewhere": tmp_path}
    for name, place in places.items():
        (place / f"{name}.py").write_text("x = 1\n")
    modules = OwnModules(root)
    with pytest.MonkeyPatch.context() as patch:
        for place in places.values():
            patch.syspath_prepend(place)
        with modules.noting():
            for name in places:
                __import__(name)
        assert not modules.forget_edited()
        for name, place in places.items():
            (place / f"{name}.py").write_text("x = 22\n")
        assert modules.forget_edited()
        assert "gw_own" not in sys.modules
        assert {"gw_installed", "gw_elsewhere", "graftwork"} <= set(sys.modules)
        assert not modules.forget_edited()
        for name in places:
            sys.modules.pop(name, None)
    assert files_imported_by("import gw_own, torch\nfrom gw_elsewhere import x", root) == (
        root / "gw_own.py",
    )


def test_code_of_a_run_is_found_by_any_of_its_names(tmp_path: Path, stripes: Path) -> None:
    """So that trust is asked for before anything is sent, and the limit of memory is the node's own."""
    from graftwork.project.bench_trust import code_that_runs, memory_limit_of
    from graftwork.project.steering import make_run

    project = Project(tmp_path / "home")
    run = make_run(project.folder_of_runs, with_code(stripes, MEAN, memory_limit=700))
    project.rename_run(run.id, "My eyes")
    record = empty_record(run.flow, run, "finished").model_dump_json()
    (run.path / "record.json").write_text(record)
    for name in (run.id, run.id[:-3], "My eyes"):
        code = code_that_runs("predict", (name, ()), project.root)
        assert code is not None
        assert memory_limit_of(code) == 700
    assert code_that_runs("predict", ("nobody", ()), project.root) is None
    assert code_that_runs("predict", ("../runs", ()), project.root) is None


def test_a_cut_table_may_take_what_code_behind_the_backbone_may(stripes: Path, tmp_path: Path) -> None:
    """The whole network is built for it, so the limits of all nodes count; a preview stops before."""
    from graftwork.project.bench_trust import code_that_runs, memory_limit_of

    flow = transfer_flow(str(stripes), base=TINY_BASE, image_size=32)
    later = Node(id="later", component="custom", settings={"code": MEAN, "memory_limit": 900})
    wires = tuple(e for e in flow.edges if str(e.target) != "head.features")
    wires += (
        Edge(source="backbone.features", target="later.image"),
        Edge(source="later.features", target="head.features"),
    )
    flow = flow.edit(nodes=(*flow.nodes, later), edges=wires)
    limits = [
        memory_limit_of(code_that_runs(task, (flow, "backbone"), tmp_path))
        for task in ("cut_table", "preview")
    ]
    assert limits == [900, None]

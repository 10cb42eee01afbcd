"""A worker gives back what its function gives, and what goes too far ends with it, not with the project."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from graftwork.documents.events import Noted, RunEnded
from graftwork.documents.flow import Edge, Flow, Node
from graftwork.errors import CustomCodeError, PlanError, RunError, RunInterrupted
from graftwork.project import Project
from graftwork.project.apart import rehearse
from graftwork.project.watch_record import WatchRecord
from graftwork.project.worker import run_in_worker
from graftwork.project.worker_memory import held_megabytes

TASKS = """
import os, time
from graftwork.components.custom.watch import watching
from graftwork.documents.events import Noted, PlanMade
from graftwork.errors import PlanError

def add(a, b, *, on_event, stop):
    print("not for the parent's output")
    for number in range(3):
        on_event(number)
    return a + b

def refuse(*, on_event, stop):
    raise PlanError("This does nothing.", hint="Do more.", node="n", count=3, odd=lambda: 1)

def full(*, on_event, stop):
    raise OSError(28, "No space left on device")

def own(*, on_event, stop):
    class Own(Exception):
        pass
    raise Own("strange")

def loop(*, on_event, stop):
    with watching("net", 0.3, __file__):
        while True:
            pass

def nap(*, on_event, stop):
    for _ in range(3):
        with watching("net", 0.4):
            time.sleep(0.25)
    return "rested"

def grow(*, on_event, stop):
    kept = []
    with watching("net", 60, __file__):
        while True:
            kept.append(bytearray(b"x" * 2**22))

def crash(*, on_event, stop):
    with watching("net", 60, __file__):
        os.kill(os.getpid(), 11)

def leave(*, on_event, stop):
    os._exit(3)

def wait(*, on_event, stop):
    on_event(os.getpid())
    while not stop():
        time.sleep(0.01)
    return "stopped"

def deaf(*, on_event, stop):
    on_event(os.getpid())
    with watching("net", 60):
        time.sleep(60)

def engine(flow, folder, workspace, *, on_event, stop):
    on_event(Noted(level="info", message="begun"))
    loop(on_event=on_event, stop=stop)

def engine_until_stopped(flow, folder, workspace, *, on_event, stop):
    on_event(Noted(level="info", message="begun"))
    while not stop():
        time.sleep(0.01)
    on_event(Noted(level="info", message="heard"))

def engine_that_ends(flow, folder, workspace, *, on_event, stop):
    on_event(Noted(level="info", message=str(os.getpid())))
"""


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Functions that a fresh interpreter can import."""
    import importlib

    name = f"tasks_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module(name)


def line_of(text: str) -> int:
    return TASKS.splitlines().index(text) + 1


def test_value_and_events_come_back_and_prints_do_not(tasks: Any, capfd: Any) -> None:
    events: list[Any] = []
    assert run_in_worker(tasks.add, (2, 3), on_event=events.append) == 5
    assert events == [0, 1, 2]
    assert "not for" not in capfd.readouterr().out


def test_an_error_comes_back_as_it_was(tasks: Any) -> None:
    with pytest.raises(PlanError) as caught:
        run_in_worker(tasks.refuse)
    error = caught.value
    assert (error.message, error.hint, error.node) == ("This does nothing.", "Do more.", "n")
    assert error.fields["count"] == 3
    assert "lambda" in error.fields["odd"]  # what cannot travel is told
    with pytest.raises(OSError, match="No space left") as full:
        run_in_worker(tasks.full)
    assert full.value.errno == 28
    with pytest.raises(RuntimeError, match="Own: strange"):
        run_in_worker(tasks.own)


def test_a_call_without_end_is_ended_and_its_node_and_line_named(tasks: Any) -> None:
    with pytest.raises(CustomCodeError, match=r"node 'net' took longer than 0\.3 seconds") as caught:
        run_in_worker(tasks.loop)
    assert caught.value.node == "net"
    at = line_of("        while True:")
    assert caught.value.fields["line"] in (at, at + 1)


def test_the_limit_is_of_one_call_not_of_all_together(tasks: Any) -> None:
    assert run_in_worker(tasks.nap) == "rested"


def test_memory_without_end_is_ended_and_the_node_named(tasks: Any) -> None:
    with pytest.raises(RunError, match="node 'net' took more than 200 MB") as caught:
        run_in_worker(tasks.grow, memory_limit=200)
    assert caught.value.fields["line"] is not None


def test_a_crash_costs_the_worker_alone(tasks: Any) -> None:
    with pytest.raises(RunError, match="signal 11 while the code of node 'net' ran") as caught:
        run_in_worker(tasks.crash)
    assert caught.value.fields["line"] == line_of("        os.kill(os.getpid(), 11)")
    with pytest.raises(RunError, match="with code 3"):
        run_in_worker(tasks.leave)


def test_the_wish_to_stop_reaches_the_child(tasks: Any) -> None:
    begun: list[int] = []
    assert run_in_worker(tasks.wait, on_event=begun.append, stop=lambda: bool(begun)) == "stopped"


def test_code_that_does_not_hear_the_wish_is_ended(tasks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graftwork.project.worker.STOP_GRACE_SECONDS", 0.2)
    begun: list[int] = []
    with pytest.raises(RunInterrupted, match="'net' did not come back"):
        run_in_worker(tasks.deaf, on_event=begun.append, stop=lambda: bool(begun))
    assert is_gone(begun[0])


def test_whatever_is_raised_here_ends_the_child(tasks: Any) -> None:
    begun: list[int] = []

    def refuse(pid: int) -> None:
        begun.append(pid)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_worker(tasks.wait, on_event=refuse)
    assert is_gone(begun[0])


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def test_a_record_tells_what_runs_and_nothing_else(tmp_path: Path) -> None:
    with (tmp_path / "record").open("w+b") as file:
        writer, reader = WatchRecord(file.fileno()), WatchRecord(file.fileno())
        assert reader.read() is None
        writer.write("ünit", None, "code.py")
        call = reader.read()
        assert call is not None
        assert (call.node, call.time_limit, call.file) == ("ünit", None, "code.py")
        assert 0 <= time.monotonic() - call.since < 5
        writer.write(None, None)
        assert reader.read() is None
        writer.close()
        reader.close()


def test_held_memory_is_told_for_this_process_and_not_for_none() -> None:
    held = held_megabytes(os.getpid())
    assert held is not None
    assert 10 < held < 100_000
    assert held_megabytes(2**22 + 1) is None


# -- flows ------------------------------------------------------------------------------------------------


def custom_flow(code: str, **settings: Any) -> Flow:
    nodes = (
        Node(id="images", component="images", settings={"source": "photos"}),
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


FORWARD = "def forward(image):\n    return image.mean((2, 3))\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose maker trusts it."""
    monkeypatch.setenv("GRAFTWORK_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr("graftwork.project.apart.IMPORTS", ())  # these tasks need no engine
    return Project(tmp_path / "home")


def test_a_run_whose_code_hangs_fails_and_says_so_in_record_events_and_error(
    home: Project, tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graftwork.project.apart._run", tasks.engine)
    monkeypatch.setattr("graftwork.project.project.shutil.rmtree", lambda *_, **__: None)
    with pytest.raises(CustomCodeError) as caught:
        home.run(custom_flow(FORWARD))
    run = home.find(caught.value.fields["run"])
    assert (run.record.status, run.record.message) == ("failed", caught.value.message)
    assert "'net' took longer" in caught.value.message
    told = [line.event for line in run.events()]
    assert isinstance(told[0], Noted)
    assert isinstance(told[-1], RunEnded)
    assert (told[-1].status, told[-1].message) == ("failed", caught.value.message)
    assert home.rows()[0]["status"] == "failed"  # the project stays usable


def test_flows_with_custom_code_run_in_another_process(
    home: Project, tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graftwork.project.apart._run", tasks.engine_that_ends)
    events: list[Any] = []
    home.run(custom_flow(FORWARD), on_event=events.append)
    assert events[0].message != str(os.getpid())


def test_ctrl_c_reaches_a_run_in_a_worker(home: Project, tasks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graftwork.project.apart._run", tasks.engine_until_stopped)
    events: list[Any] = []

    def press(event: Any) -> None:
        events.append(event)
        if len(events) == 1:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    home.run(custom_flow(FORWARD), on_event=press)
    assert [e.message for e in events][-1].startswith("Stopping;")


def test_a_rehearsal_tries_the_flow_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bypassed node would give is no size to try code with, and a bypassed node's code is not tried."""
    tried: list[Any] = []
    monkeypatch.setattr("graftwork.project.apart._work", lambda _, flow, shapes, root: tried.append(shapes))
    flow = custom_flow(FORWARD)
    resize = Node(id="small", component="resize", settings={"height": 32, "width": 48})
    wires = [e for e in flow.edges if e.target.node != "net"]
    wires += [
        Edge(source="images.image", target="small.image"),
        Edge(source="small.image", target="net.image"),
    ]
    for is_bypassed, sides in ((False, (32, 48)), (True, (224, 224))):
        nodes = (*flow.nodes, resize.edit(is_bypassed=is_bypassed))
        assert rehearse(flow.edit(nodes=nodes, edges=tuple(wires)), tmp_path) == ("net",)
        assert tried.pop() == {"net": {"image": (2, 3, *sides)}}
    off = tuple(n.edit(is_bypassed=n.id == "net") for n in flow.nodes)
    assert rehearse(flow.edit(nodes=off), tmp_path) == ()


@pytest.mark.slow
def test_a_rehearsal_finds_bad_code_in_a_worker(tmp_path: Path) -> None:
    assert rehearse(custom_flow(FORWARD), tmp_path) == ("net",)
    with pytest.raises(CustomCodeError, match="in line 2 raised") as caught:
        rehearse(custom_flow("def forward(image):\n    return image @ torch.ones(3, 3)\n"), tmp_path)
    assert caught.value.node == "net"
    with pytest.raises(CustomCodeError, match="longer than 2 seconds"):
        rehearse(custom_flow("def forward(image):\n    while True:\n        pass\n", time_limit=2), tmp_path)
    grow = "def forward(image):\n    kept = []\n    while True:\n        kept.append(torch.ones(2**20))\n"
    with pytest.raises(RunError, match="node 'net' took more than 600 MB"):
        rehearse(custom_flow(grow, memory_limit=600), tmp_path)

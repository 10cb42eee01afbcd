"""A bench keeps its child, does one task after another, and what goes too far costs one call alone."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graftwork.errors import CustomCodeError, PlanError, RunError, RunInterrupted, UnknownName
from graftwork.project.bench import Bench

PERFORM = """
import os, time
from graftwork.components.custom.watch import watching
from graftwork.errors import PlanError

known = {}

def perform(root, task, args, *, on_event, stop):
    return globals()[task](*args, on_event=on_event, stop=stop)

def count(*, on_event, stop):
    print("not for the parent's output")
    known["calls"] = known.get("calls", 0) + 1
    return os.getpid(), known["calls"]

def echo(value, *, on_event, stop):
    return value

def nap(seconds, *, on_event, stop):
    time.sleep(seconds)
    return seconds

def wait(*, on_event, stop):
    on_event("waiting")
    while not stop():
        time.sleep(0.005)
    return "heard"

def deaf(seconds, *, on_event, stop):
    on_event("deaf")
    time.sleep(seconds)

def deaf_code(*, on_event, stop):
    on_event("deaf")
    with watching("net", 60, __file__):
        time.sleep(60)

def loop(*, on_event, stop):
    with watching("net", 0.3, __file__):
        while True:
            pass

def loop_without_limit(*, on_event, stop):
    with watching("net", None, __file__):
        while True:
            pass

def grow(*, on_event, stop):
    kept = []
    with watching("net", 60, __file__):
        while True:
            kept.append(bytearray(b"x" * 2**22))

def hoard(megabytes, *, on_event, stop):
    known["hoard"] = bytearray(b"x" * 2**20) * megabytes

def refuse(*, on_event, stop):
    raise PlanError("This does nothing.", hint="Do more.", node="n", count=3)

def leave(*, on_event, stop):
    raise SystemExit(4)

def interrupt(*, on_event, stop):
    raise KeyboardInterrupt

def strange(*, on_event, stop):
    import sys, types
    module = sys.modules["known_in_the_child"] = types.ModuleType("known_in_the_child")
    exec("class Own: pass", module.__dict__)
    return module.Own()

def crash(*, on_event, stop):
    os.kill(os.getpid(), 11)
"""


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Children that do the tasks above, and need no engine for it."""
    folder = tmp_path_factory.mktemp("perform")
    name = f"perform_{folder.name}"
    (folder / f"{name}.py").write_text(PERFORM)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setattr("graftwork.project.bench.IMPORTS", ())
        patch.setattr("graftwork.project.bench.perform", __import__(name).perform)
        yield


@pytest.fixture(scope="module")
def shared(quick: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(tmp_path_factory.mktemp("shared"), memory_limit_mb=200) as bench:
        yield bench


def until(holds: Callable[[], Any]) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.005)
    return False


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def in_thread(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Start ``call`` in a thread; the list takes what it returns or raises."""
    found: list[Any] = []

    def work() -> None:
        try:
            found.append(call())
        except BaseException as error:  # noqa: BLE001
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, found


# -- one child -------------------------------------------------------------------------------------------


def test_the_child_starts_at_the_first_call_is_kept_and_keeps_what_it_knows(
    quick: None, tmp_path: Path, capfd: Any
) -> None:
    with Bench(tmp_path) as bench:
        assert (bench.is_running, bench.pid) == (False, None)
        pid, first = bench.call("count")
        assert bench.is_running
        assert pid == bench.pid != os.getpid()
        assert bench.call("count") == (pid, first + 1)
    assert not bench.is_running
    assert is_gone(pid)
    assert "not for" not in capfd.readouterr().out


def test_large_bytes_come_back_as_they_were(shared: Bench) -> None:
    content = {"a.png": os.urandom(5 * 2**20), "b.png": b""}
    assert shared.call("echo", content) == content


def test_an_error_comes_back_as_it_was_and_costs_nothing_else(shared: Bench) -> None:
    pid, before = shared.call("count")
    with pytest.raises(PlanError) as caught:
        shared.call("refuse")
    error = caught.value
    assert (error.message, error.hint, error.node, error.fields["count"]) == (
        "This does nothing.",
        "Do more.",
        "n",
        3,
    )
    with pytest.raises(RuntimeError, match="SystemExit: 4"):  # what code raises to exit is not our exit
        shared.call("leave")
    with pytest.raises(AttributeError, match="lambda"):
        shared.call("echo", lambda: 1)  # cannot be sent at all
    assert shared.call("count") == (pid, before + 1)


def test_a_value_that_only_the_child_can_read_says_so(shared: Bench) -> None:
    with pytest.raises(RuntimeError, match="does not read here: No module named 'known_in_the_child'"):
        shared.call("strange")
    assert shared.call("echo", 4) == 4


def test_modules_that_cannot_be_imported_are_told(
    quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graftwork.project.bench.IMPORTS", ("no_such_module",))
    with Bench(tmp_path) as bench, pytest.raises(ModuleNotFoundError, match="no_such_module"):
        bench.call("count")


def test_a_call_tells_on_its_way_and_nobody_hears_of_another(shared: Bench) -> None:
    told: list[Any] = []
    with pytest.raises(RunInterrupted):
        shared.call("wait", on_event=told.append, stop=lambda: bool(told))
    shared.call("count", on_event=told.append)
    assert told == ["waiting"]


# -- limits ----------------------------------------------------------------------------------------------


def lines_of(function: str) -> tuple[int, ...]:
    """Return the lines of the loop in a function."""
    lines = PERFORM.splitlines()
    at = lines.index("        while True:", lines.index(f"def {function}(*, on_event, stop):")) + 1
    return at, at + 1


def test_code_without_end_is_ended_with_its_line_and_the_next_call_has_a_new_child(shared: Bench) -> None:
    old, _ = shared.call("count")
    with pytest.raises(CustomCodeError, match=r"node 'net' took longer than 0\.3 seconds") as caught:
        shared.call("loop")
    assert caught.value.node == "net"
    assert caught.value.fields["line"] in lines_of("loop")
    new, calls = shared.call("count")
    assert new != old
    assert calls == 1


def test_a_call_has_a_limit_for_code_that_sets_none(shared: Bench) -> None:
    with pytest.raises(CustomCodeError, match=r"longer than 0\.2 seconds"):
        shared.call("loop_without_limit", time_limit=0.2)


def test_memory_without_end_is_ended_and_the_node_named(shared: Bench) -> None:
    with pytest.raises(RunError, match="node 'net' took more than 200 MB") as caught:
        shared.call("grow")
    assert caught.value.node == "net"
    assert caught.value.fields["line"] is not None
    assert shared.call("echo", 1) == 1


def test_a_child_that_keeps_too_much_is_replaced_between_calls(
    shared: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graftwork.project.bench.KEPT_MEGABYTES", 50.0)
    pid, _ = shared.call("count")
    shared.call("hoard", 150)  # within the limit of one call
    assert shared.call("count")[0] == pid
    shared.call("hoard", 150)
    assert shared.call("count")[0] == pid  # it took the place of the first
    monkeypatch.setattr("graftwork.project.bench.KEPT_MEGABYTES", -100.0)
    shared.call("count")
    assert shared.call("count")[0] != pid


# -- deaths ----------------------------------------------------------------------------------------------


def test_a_crash_says_so_once(shared: Bench) -> None:
    with pytest.raises(RunError, match="ended by signal 11"):
        shared.call("crash")
    assert shared.call("echo", 2) == 2


def test_a_child_that_is_killed_from_outside_is_replaced(shared: Bench) -> None:
    pid, _ = shared.call("count")
    said: list[str] = []
    thread, found = in_thread(lambda: shared.call("deaf", 30, on_event=said.append))
    assert until(lambda: said == ["deaf"])
    os.kill(pid, signal.SIGKILL)
    thread.join(30)
    assert isinstance(found[0], RunError)
    assert "ended by signal 9" in found[0].message
    pid, _ = shared.call("count")
    os.kill(pid, signal.SIGKILL)  # and while nobody waits for it
    assert until(lambda: not shared.is_running)
    assert shared.call("count")[1] == 1


PARENT = """
import sys, time
from pathlib import Path
from graftwork.project.bench import Bench
if __name__ == "__main__":
    bench = Bench(Path(sys.argv[1]))
    bench.start()
    print(bench.pid, flush=True)
    time.sleep(60)
"""


def test_the_child_ends_when_its_parent_dies(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.kill()
    assert until(lambda: is_gone(pid))


def test_a_bench_that_is_forgotten_takes_its_child_along(quick: None, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    pid, _ = bench.call("count")
    del bench
    gc.collect()
    assert is_gone(pid)


# -- stop ------------------------------------------------------------------------------------------------


def test_a_running_call_that_is_stopped_ends_and_the_child_lives_on(shared: Bench) -> None:
    pid, _ = shared.call("count")
    told: list[Any] = []
    with pytest.raises(RunInterrupted, match="wait was stopped"):
        shared.call("wait", on_event=told.append, stop=lambda: bool(told))
    assert shared.call("count")[0] == pid


def test_a_task_that_does_not_hear_is_left_and_the_next_waits_for_it(
    shared: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graftwork.project.bench.PATIENCE_SECONDS", 0.05)
    pid, _ = shared.call("count")
    told: list[Any] = []
    start = time.monotonic()
    with pytest.raises(RunInterrupted):
        shared.call("deaf", 1.0, on_event=told.append, stop=lambda: bool(told))
    assert shared.busy_with == "deaf"
    assert shared.call("count")[0] == pid  # what it was at is not lost
    assert time.monotonic() - start >= 1.0


def test_code_that_does_not_hear_is_ended(shared: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graftwork.project.bench.PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("graftwork.project.bench.STOP_GRACE_SECONDS", 0.2)
    pid, _ = shared.call("count")
    told: list[Any] = []
    with pytest.raises(RunInterrupted):
        shared.call("deaf_code", on_event=told.append, stop=lambda: bool(told))
    assert shared.call("count")[0] != pid
    assert is_gone(pid)


def test_a_call_can_be_stopped_while_it_waits(shared: Bench) -> None:
    thread, found = in_thread(lambda: shared.call("nap", 0.6))
    assert until(lambda: shared.busy_with == "nap")
    asked: list[int] = []
    with pytest.raises(RunInterrupted, match="before its turn"):
        shared.call("count", stop=lambda: bool(asked) or asked.append(1) is not None)
    assert not found  # the first one goes on
    thread.join(30)
    assert found == [0.6]


def test_an_error_of_the_caller_does_not_leave_the_bench_taken(shared: Bench) -> None:
    def refuse(_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shared.call("wait", on_event=refuse)
    assert shared.call("echo", 3) == 3


# -- threads ---------------------------------------------------------------------------------------------


def test_calls_of_several_threads_each_get_their_own_in_the_order_they_came(shared: Bench) -> None:
    said: list[str] = []
    go_on = threading.Event()
    first, _ = in_thread(lambda: shared.call("wait", on_event=said.append, stop=go_on.is_set))
    assert until(lambda: said == ["waiting"])
    threads = []
    for number in range(5):
        threads.append(in_thread(lambda: shared.call("count")))
        assert until(lambda n=number: len(shared._waiting) == n + 1)
    go_on.set()
    for thread, _ in threads:
        thread.join(30)
    first.join(5)
    calls = [found[0][1] for _, found in threads]
    assert calls == list(range(calls[0], calls[0] + 5))
    assert shared.busy_with is None


def test_calls_at_once_do_not_take_each_others_values(shared: Bench) -> None:
    threads = [in_thread(lambda n=n: [shared.call("echo", (n, i)) for i in range(20)]) for n in range(3)]
    for n, (thread, found) in enumerate(threads):
        thread.join(10)
        assert found == [[(n, i) for i in range(20)]]


# -- closing ---------------------------------------------------------------------------------------------


def test_closing_ends_the_running_call_and_all_that_wait(quick: None, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    running, one = in_thread(lambda: bench.call("nap", 30))
    assert until(lambda: bench.busy_with == "nap")
    waiting, two = in_thread(lambda: bench.call("count"))
    assert until(lambda: len(bench._waiting) == 1)
    bench.close()
    for thread, found in ((running, one), (waiting, two)):
        thread.join(30)
        assert isinstance(found[0], RunError)
        assert "closed" in found[0].message
    with pytest.raises(RunError, match="closed"):
        bench.call("count")
    bench.close()
    assert not bench.is_running


def test_a_task_that_does_not_exist_is_named(tmp_path: Path) -> None:
    from graftwork.project.bench_state import perform

    with pytest.raises(UnknownName, match=r"no task 'previw'.*'preview'"):
        perform(tmp_path, "previw", (), on_event=print, stop=lambda: False)


def test_a_task_that_hears_no_wish_to_stop_holds_others_up_for_a_while_only(
    quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graftwork.project.bench.PATIENCE_UNSEEN_SECONDS", 0.2)
    told: list[Any] = []
    with Bench(tmp_path) as bench:
        with pytest.raises(RunInterrupted):
            bench.call("deaf", 60, stop=lambda: bool(told), on_event=told.append)
        assert bench.call("echo", "next") == "next"


def test_a_keyboard_interrupt_raised_by_code_is_an_error_in_words(shared: Bench) -> None:
    with pytest.raises(RunError, match="KeyboardInterrupt"):
        shared.call("interrupt")
    assert shared.call("echo", "next") == "next"

"""Asked to end at any moment: one line, in bounded time, and nothing half there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ilsweep.analysis.records.files import read_json
from ilsweep.sweeps.processes import signals
from tests.sweeps.as_typed import ROOT
from tests.sweeps.execution.test_nothing_lost import write_walk
from tests.sweeps.killing import driving

END_S = signals.MOST_S + 10
"""Ray's start cannot be left, and takes its time on a busy machine."""


def asked_after(seconds: float, number: int, folder: Path) -> tuple[int, str, list[bytes]]:
    """Status, what was said, and what was left of a sweep that is asked to end."""
    spec = write_walk(folder, 0.02)
    with driving("run", spec, "--storage", folder) as driver:
        driver.until(lambda: hears(driver.own.pid))
        time.sleep(seconds)
        driver.send(number)
        status, errors = driver.ended(END_S)
        return status, errors, driver.left()


def hears(pid: int) -> bool:
    """Whether it is we who are asked: a busy machine takes its time to start Python."""
    blocked = re.search(r"SigBlk:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return blocked is not None and bool(int(blocked[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize(
    ("seconds", "number"),
    [
        (0.0, signal.SIGTERM),
        (0.3, signal.SIGINT),
        (0.8, signal.SIGTERM),
        (1.5, signal.SIGINT),
        (2.5, signal.SIGTERM),
        *(
            pytest.param(tenths / 10, number, marks=pytest.mark.slow)
            for tenths in range(3, 40, 2)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        ),
    ],
)
def test_at_any_moment_of_its_start_a_run_ends_as_if_nothing_was_or_can_go_on(
    tmp_path: Path, seconds: float, number: int
) -> None:
    status, errors, left = asked_after(seconds, number, tmp_path)
    passing = (" trials · ", "still ending after", "search: ")
    lines = [line for line in errors.splitlines() if not any(text in line for text in passing)]
    root = tmp_path / "small"
    assert (status, left, len(lines)) == (130, [], 1), errors
    assert lines[0].startswith("interrupted")
    if root.exists():
        assert lines[0] == f"interrupted; continue with: ilsweep resume {root}"
        assert read_json(root / "manifest.json")["sessions"][0]["interrupted"]
        assert all((trial / "params.json").exists() for trial in root.glob("trials/*"))
    else:
        assert lines[0] in ("interrupted", "interrupted; nothing was started")


@pytest.mark.ray
def test_a_closed_terminal_ends_a_sweep_as_sigterm_does(tmp_path: Path) -> None:
    root = tmp_path / "small"
    with driving("run", write_walk(tmp_path, 0.03), "--storage", tmp_path) as driver:
        driver.until(lambda: list(root.glob("trials/*/metrics.jsonl")))
        driver.send(signal.SIGHUP)
        status, errors = driver.ended(END_S)
        assert driver.left() == []
    assert status == 130, errors
    assert read_json(root / "manifest.json")["sessions"][0]["interrupted"]


def test_under_nohup_a_closed_terminal_is_none_of_its_business() -> None:
    code = (
        "import os, signal; from ilsweep.sweeps.processes.signals import interruptible\n"
        "with interruptible(for_good=True): os.kill(os.getpid(), signal.SIGHUP); print('on')"
    )
    done = subprocess.run(
        ["nohup", sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stdout) == (0, "on\n")


def test_a_command_that_only_reads_ends_at_once_with_its_helpers(tmp_path: Path) -> None:
    """Also while something cannot be interrupted by an exception."""
    code = (
        "import subprocess, sys, threading\n"
        "from ilsweep.sweeps.processes.signals import interruptible\n"
        "with interruptible():\n"
        "    helper = subprocess.Popen(['sleep', '60'])\n"
        "    print(helper.pid, flush=True)\n"
        "    threading.Lock().__enter__(); helper.wait()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    helper = int(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (130, "interrupted\n")
    until = time.monotonic() + 5
    while Path(f"/proc/{helper}").exists():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def heard() -> Iterator[None]:
    with signals.interruptible():
        yield


def ask(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)
    until = time.monotonic() + 5
    while not signals.ending():
        assert time.monotonic() < until
        time.sleep(0.001)


@pytest.mark.usefixtures("heard")
class TestHeeding:
    @pytest.mark.parametrize("number", signals.SIGNALS)
    def test_nothing_is_raised_before_a_safe_point(self, number: int) -> None:
        with pytest.raises(KeyboardInterrupt), signals.heeding():  # noqa: PT012
            ask(number)
            passed = sum(range(100_000))
            assert passed
            signals.look()
            pytest.fail("went on")

    def test_the_end_of_the_work_is_one(self) -> None:
        with pytest.raises(KeyboardInterrupt), signals.heeding():
            ask()

    def test_what_only_waits_is_left_at_once(self) -> None:
        began = time.monotonic()
        threading.Timer(0.2, signals.interrupt).start()
        with pytest.raises(KeyboardInterrupt), signals.heeding():
            signals.pause(30)
        assert time.monotonic() - began < 10

    def test_what_is_put_away_is_not_disturbed(self) -> None:
        with pytest.raises(KeyboardInterrupt), signals.heeding():  # noqa: PT012
            with signals.signals_ignored():
                ask()
                signals.look()
                signals.pause(0.01)
            signals.look()

    def test_a_reason_of_our_own_is_told(self) -> None:
        with pytest.raises(KeyboardInterrupt), signals.heeding():  # noqa: PT012
            thread = threading.Thread(target=signals.interrupt, args=("its raylet was killed",))
            thread.start()
            signals.pause(30)
        assert signals.why() == "its raylet was killed"


def test_the_signals_are_afterwards_what_they_were() -> None:
    def now() -> list[object]:
        return [*map(signal.getsignal, signals.SIGNALS), signal.pthread_sigmask(0, [])]

    before = now()
    with signals.interruptible(), signals.signals_ignored():
        ask()
    assert now() == before


def test_a_request_is_never_for_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that the main thread saw, and acted on, before it was made to its end."""
    send = signal.pthread_kill

    def send_late(*arguments: int) -> None:
        if threading.current_thread() is thread:
            time.sleep(0.2)
        send(*arguments)

    monkeypatch.setattr(signal, "pthread_kill", send_late)
    thread = threading.Thread(target=signals.interrupt)
    with pytest.raises(KeyboardInterrupt), signals.interruptible(), signals.heeding():  # noqa: PT012
        thread.start()
        while not signals.ending():
            time.sleep(0.001)
    thread.join()
    time.sleep(0.01)


def test_what_was_requested_is_over_with_what_it_was_requested_of() -> None:
    """Nobody is interrupted by an earlier command's Ctrl-C, and nobody waits to end it by force."""
    with pytest.raises(KeyboardInterrupt), signals.interruptible(), signals.heeding():  # noqa: PT012
        signals.interrupt("its raylet was killed")
        (patience,) = [one for one in threading.enumerate() if one.name == "patience"]
        signals.look()
    assert (signals.ending(), signals.why()) == (False, "")
    signals.look()
    patience.join(5)
    assert not patience.is_alive()


@pytest.mark.parametrize(
    "requested",
    [
        lambda: os.kill(os.getpid(), signal.SIGTERM),
        # As where a thread of others, which blocks nothing, gets the signal.
        lambda: signals._handle(signal.SIGTERM, None),
    ],
)
def test_a_request_at_the_very_end_finds_who_hears_it(
    requested: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    send, heard_by = signal.pthread_kill, list[bool]()

    def requested_then(thread: int, number: int) -> None:
        requested()
        time.sleep(0.1)
        assert signals._state.thread is not None
        heard_by.append(signals._state.thread.is_alive())
        send(thread, number)

    with signals.interruptible(), signals.signals_ignored():
        monkeypatch.setattr(signal, "pthread_kill", requested_then)
    assert heard_by == [True]


def test_what_is_started_meanwhile_can_be_asked_to_end() -> None:
    """As Ray starts its processes: with a function that is called in between."""
    code = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with signals.interruptible():
        done = subprocess.run(
            [sys.executable, "-c", code], preexec_fn=lambda: None, capture_output=True, text=True
        )
    assert done.stdout == "set()\n"


def test_what_hangs_says_so_and_is_left_when_asked_again() -> None:
    code = (
        "import threading; from ilsweep.sweeps.processes import signals\n"
        "signals.LONG_S = 0.5\n"
        "with signals.interruptible(), signals.heeding():\n"
        "    print(flush=True); threading.Event().wait()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert "asked once more, it ends at once" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


def test_what_hangs_for_long_ends_by_itself() -> None:
    code = (
        "import os, signal, threading; from ilsweep.sweeps.processes import signals\n"
        "signals.LONG_S, signals.MOST_S = 0.1, 0.3\n"
        "with signals.interruptible(), signals.heeding():\n"
        "    os.kill(os.getpid(), signal.SIGTERM); threading.Event().wait()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=20
    )
    assert done.returncode == 130
    assert "ended at once" in done.stderr

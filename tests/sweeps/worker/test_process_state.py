"""Nothing that one trial changes in its process reaches the next one in it."""

from __future__ import annotations

import decimal
import gc
import importlib
import locale
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.random import mtrand

from ilsweep.sweeps.worker.process_state import ProcessState
from tests.sweeps.odd import PLAIN, Plain, config, hosted, results
from tests.sweeps.specs import REGRESSION

Do = Callable[[], Any]


def _environment() -> None:
    os.environ.update(OMP_NUM_THREADS="7", TZ="Asia/Tokyo", MUJOCO_GL="osmesa")
    os.environ.pop("PATH", None)
    time.tzset()


def _logging() -> None:
    logging.basicConfig(level=1, handlers=[logging.NullHandler()], force=True)
    logging.disable(50)


def _zero(*_: object) -> Any:
    return torch.zeros(1)


def _hook() -> None:
    torch.nn.modules.module.register_module_forward_hook(_zero)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _flush() -> bool:
    smallest = sys.float_info.min
    return smallest / 2 == 0


SPOILED: dict[str, tuple[Do, Do]] = {
    "default dtype": (
        lambda: torch.set_default_dtype(torch.float64), lambda: torch.zeros(1).dtype),
    "default device": (lambda: torch.set_default_device("meta"), lambda: torch.zeros(1).device),
    "threads": (lambda: torch.set_num_threads(3), torch.get_num_threads),
    "autograd": (lambda: torch._C._set_grad_enabled(False), torch.is_grad_enabled),
    "anomaly": (lambda: torch.autograd.set_detect_anomaly(True), torch.is_anomaly_enabled),
    "deterministic": (
        lambda: torch.use_deterministic_algorithms(True, warn_only=True),
        lambda: (torch.are_deterministic_algorithms_enabled(),
                 torch.is_deterministic_algorithms_warn_only_enabled())),
    "matmul": (
        lambda: torch.set_float32_matmul_precision("medium"), torch.get_float32_matmul_precision),
    "denormals": (lambda: torch.set_flush_denormal(True), _flush),
    "autocast": (
        lambda: torch.set_autocast_enabled("cpu", True), lambda: torch.is_autocast_enabled("cpu")),
    "cudnn": (
        lambda: setattr(torch.backends.cudnn, "benchmark", True),
        lambda: torch.backends.cudnn.benchmark),
    "cudnn off": (
        lambda: setattr(torch.backends.cudnn, "enabled", False),
        lambda: torch.backends.cudnn.enabled),
    "mkldnn": (
        lambda: setattr(torch.backends.mkldnn, "enabled", False),
        lambda: torch.backends.mkldnn.enabled),
    "attention": (
        lambda: torch.backends.cuda.enable_flash_sdp(False), torch.backends.cuda.flash_sdp_enabled),
    "module hooks": (_hook, lambda: torch.nn.Linear(3, 2)(torch.ones(3)).shape),
    "numpy's errors": (lambda: np.seterr(all="raise"), np.geterr),
    "numpy's print": (lambda: np.set_printoptions(precision=1), lambda: str(np.array([0.123]))),
    "numpy's generator": (
        lambda: mtrand.set_bit_generator(np.random.PCG64(1)),
        lambda: type(mtrand.get_bit_generator())),
    "environment": (
        _environment, lambda: (dict(os.environ), time.localtime(0).tm_hour)),
    "folder": (lambda: os.chdir("/"), os.getcwd),
    "umask": (lambda: os.umask(0o027), _umask),
    "sys.path": (lambda: sys.path.insert(0, "/nowhere"), lambda: [*sys.path]),
    "recursion": (lambda: sys.setrecursionlimit(5000), sys.getrecursionlimit),
    "warnings": (lambda: warnings.simplefilter("always"), lambda: [*warnings.filters]),
    "showwarning": (
        lambda: setattr(warnings, "showwarning", print), lambda: warnings.showwarning),
    "signal": (
        lambda: signal.signal(signal.SIGUSR1, lambda *_: None),
        lambda: signal.getsignal(signal.SIGUSR1)),
    "alarm": (lambda: signal.alarm(1000), lambda: signal.getitimer(signal.ITIMER_REAL)),
    "locale": (
        lambda: locale.setlocale(locale.LC_ALL, "C.UTF-8"),
        lambda: locale.setlocale(locale.LC_ALL)),
    "logging": (_logging, lambda: (logging.getLogger().level, logging.root.manager.disable,
                                   logging.getLogger().handlers[:])),
    "output": (lambda: setattr(sys, "stdout", sys.stderr), lambda: sys.stdout),
    "tracing": (lambda: sys.setprofile(lambda *_: None), sys.getprofile),
    "garbage": (gc.disable, gc.isenabled),
    "decimal": (
        lambda: setattr(decimal.getcontext(), "prec", 3), lambda: decimal.Decimal(1) / 3),
    "socket": (lambda: socket.setdefaulttimeout(1), socket.getdefaulttimeout),
    "start method": (
        lambda: multiprocessing.set_start_method("spawn", force=True),
        lambda: multiprocessing.get_start_method(allow_none=True)),
    "processors": (
        lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
        lambda: os.sched_getaffinity(0)),
}  # fmt: skip
"""How a trainer spoils its process, and what is looked at to see it."""


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """The process of the tests themselves, whatever a test finds."""
    state = ProcessState()
    yield
    Plain.asked.clear()
    state.restore()


@pytest.mark.parametrize("what", SPOILED)
def test_what_a_trial_changes_ends_with_it(tmp_path: Path, what: str) -> None:
    spoil, seen = SPOILED[what]
    os.umask(0o022)
    before = seen()
    Plain.asked["evaluate"] = lambda own: (spoil(), {"loss": 0.0})[1]
    last = results(hosted(tmp_path, PLAIN))[-1]
    assert (last["state"], last["spoiled"]) == ("completed", [])
    assert seen() == before
    spoil()
    assert seen() != before, "the test sees what it is about"


@pytest.mark.parametrize("verb", ["__init__", "train_step", "close"])
@pytest.mark.parametrize("how", ["raises", "ends", "is stopped"])
def test_however_the_trial_ends(tmp_path: Path, verb: str, how: str) -> None:
    def spoil(own: Any) -> dict[str, float]:
        torch.set_default_dtype(torch.float64)
        if how == "raises":
            raise RuntimeError
        return {"loss": 0.0}

    Plain.asked[verb] = spoil
    worker = hosted(tmp_path, PLAIN)
    worker.step()
    if how == "is stopped":
        worker.reset_config(config(tmp_path, PLAIN))
    else:
        worker.cleanup()
    assert torch.get_default_dtype() == torch.float32


def test_after_a_stop_the_next_trial_is_where_tune_puts_it(tmp_path: Path) -> None:
    worker = hosted(tmp_path, PLAIN)
    worker.step()
    os.chdir(tmp_path)  # Tune does so before it resets a worker
    worker.reset_config(config(tmp_path, PLAIN))
    assert Path.cwd() == tmp_path


def test_first_or_tenth_after_spoilers_gives_the_same_bits(tmp_path: Path) -> None:
    alone = results(hosted(tmp_path / "a", REGRESSION))
    worker = hosted(tmp_path / "b", PLAIN)
    for name, (spoil, _) in SPOILED.items():
        Plain.asked["train_step"] = lambda own, spoil=spoil: (spoil(), {"loss": 0.0})[1]
        worker.reset_config({**config(tmp_path / "b", PLAIN), "id": name.replace(" ", "-")})
        results(worker)
    worker.reset_config(config(tmp_path / "c", REGRESSION))
    assert [one["metrics"] for one in results(worker)] == [one["metrics"] for one in alone]


def test_what_its_module_changes_holds_for_all_its_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wide_numbers.py").write_text(
        "import torch, random\n"
        "from benchmarks.regression import Regression\n"
        "torch.set_default_dtype(torch.float64)\n"
        "torch.rand(3)\n"
        "class Wide(Regression):\n"
        "    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    worker = hosted(tmp_path / "a", "wide_numbers:Wide")
    first = results(worker)
    worker.reset_config(config(tmp_path / "b", "wide_numbers:Wide"))
    assert [one["metrics"] for one in results(worker)] == [one["metrics"] for one in first]
    torch.set_default_dtype(torch.float32)


class TestForGood:
    def test_threads_that_stay_are_named(self, tmp_path: Path) -> None:
        stop = threading.Event()

        def starts_another(own: Plain) -> dict[str, float]:
            threading.Thread(target=stop.wait, daemon=True).start()
            return {"loss": 0.0}

        Plain.asked["evaluate"] = starts_another
        found = results(hosted(tmp_path, PLAIN))
        assert [one["spoiled"] for one in found] == [[], ["threads"], ["threads"]]
        stop.set()

    def test_threads_that_end_with_the_trial_are_not(self, tmp_path: Path) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait, daemon=True)

        def starts(own: Plain) -> dict[str, float]:
            if own.step < 5:
                thread.start()
            return {"loss": 0.0}

        def ends(own: Plain) -> None:
            stop.set()
            thread.join()

        Plain.asked.update(evaluate=starts, close=ends)
        assert results(hosted(tmp_path, PLAIN))[-1]["spoiled"] == []

    def test_what_cannot_be_put_back_is_named(self, tmp_path: Path) -> None:
        gone = tmp_path / "gone"
        gone.mkdir()
        os.chdir(gone)
        state = ProcessState()
        os.chdir("/")
        gone.rmdir()
        assert state.restore() == ["working folder"]
        os.chdir("/")

"""What every test shares."""

from __future__ import annotations

import gc
import random
import signal
import sys
from collections.abc import Generator, Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# The same examples in each run, so that none fails by chance; others with
# `--hypothesis-profile=anew`. Machines that test are slow at times: nothing goes by their clock.
settings.register_profile(
    "ilsweep", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("anew", settings.get_profile("ilsweep"), derandomize=False)
settings.load_profile("ilsweep")

gc.disable()


def pytest_configure() -> None:
    """No test cuts the power, and waiting for the disk is much of what a test of records does."""
    pytest.MonkeyPatch().setattr("os.fsync", lambda handle: None)


def pytest_collection_finish() -> None:
    """What was imported stays: looking at it again and again took a twentieth of the time."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """The same random numbers for each test, whatever came before it in this process."""
    random.seed(0)
    np.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.default_generator.manual_seed(0)


@pytest.fixture(autouse=True)
def _no_signal_is_kept() -> Iterator[None]:
    """A test that keeps signals for itself would end the run at the next one that sends them."""
    before = signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, [])
    yield
    assert before == (signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, []))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--allowed-skips",
        metavar="REASONS",
        help="comma-separated; a test or file that is skipped for another reason fails",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _fail_where_skipped(report, item.config)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_where_skipped(report, collector.config)
    return report


def _fail_where_skipped(
    report: pytest.TestReport | pytest.CollectReport, config: pytest.Config
) -> None:
    allowed = config.getoption("--allowed-skips")
    if allowed is None or not report.skipped:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if reason not in [text.strip() for text in allowed.split(",")]:
        report.outcome = "failed"
        report.longrepr = f"skipped ({reason}), which --allowed-skips does not allow"

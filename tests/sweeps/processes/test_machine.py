"""What a machine has: CPUs by affinity and by quota, and what a spec may ask of it."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.processes import machine
from ilsweep.sweeps.processes.machine import joined, quota
from ilsweep.sweeps.validation import resources
from ilsweep.sweeps.validation.validate import load_spec
from tests.sweeps.as_typed import ilsweep, write_spec
from tests.sweeps.specs import regression_plan


def groups(root: Path, membership: str, **files: str) -> tuple[Path, Path]:
    """Made-up control groups: `a__b__cpu_max="..."` is the file `a/b/cpu.max`."""
    for name, text in files.items():
        *folders, last = name.split("__")
        path = root.joinpath("cgroup", *folders, last.replace("cpu_", "cpu.", 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    (root / "membership").write_text(membership)
    return root / "cgroup", root / "membership"


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("0::/\n", {}, math.inf),
        ("", {"cpu_max": "200000 100000"}, math.inf),
        ("0::/\n", {"cpu_max": "max 100000"}, math.inf),
        ("0::/\n", {"cpu_max": "200000 100000"}, 2),
        ("0::/\n", {"cpu_max": "50000 100000"}, 0.5),
        ("0::/\n", {"cpu_max": "what is this"}, math.inf),
        ("0::/\n", {"cpu_max": "100000 0"}, math.inf),
        # The smallest of a group's own and of those around it.
        ("0::/pods/mine\n", {"pods__cpu_max": "300000 100000",
                             "pods__mine__cpu_max": "max 100000"}, 3),
        ("0::/pods/mine\n", {"pods__cpu_max": "800000 100000",
                             "pods__mine__cpu_max": "150000 100000"}, 1.5),
        ("0::/pods/mine\n", {"pods__other__cpu_max": "100000 100000"}, math.inf),
        # A container sees its own group as the root, under its path on the host.
        ("0::/kubepods/pod1/abc\n", {"cpu_max": "400000 100000"}, 4),
        # Version 1, by itself and beside version 2.
        ("4:cpu,cpuacct:/\n", {"cpu,cpuacct__cpu_cfs_quota_us": "250000",
                               "cpu,cpuacct__cpu_cfs_period_us": "100000"}, 2.5),
        ("1:cpu:/\n0::/\n", {"cpu__cpu_cfs_quota_us": "-1",
                             "cpu__cpu_cfs_period_us": "100000"}, math.inf),
        ("1:cpu:/docker/x\n0::/\n", {"cpu__docker__x__cpu_cfs_quota_us": "100000",
                                     "cpu__docker__x__cpu_cfs_period_us": "50000"}, 2),
        ("1:cpu:/docker/x\n", {"cpu__cpu_cfs_quota_us": "100000",
                               "cpu__cpu_cfs_period_us": "100000"}, 1),
        ("3:memory:/\n", {"cpu__cpu_cfs_quota_us": "100000",
                          "cpu__cpu_cfs_period_us": "100000"}, math.inf),
    ],
)  # fmt: skip
def test_the_quota_of_a_container(
    tmp_path: Path, membership: str, files: dict[str, str], expected: float
) -> None:
    assert quota(*groups(tmp_path, membership, **files)) == expected


@pytest.mark.parametrize(("limit", "expected"), [("50000", 1), ("100000", 1), ("190000", 1)])
def test_slots_are_whole_and_at_least_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, expected: int
) -> None:
    root, membership = groups(tmp_path, "0::/\n", cpu_max=f"{limit} 100000")
    monkeypatch.setattr(machine, "CGROUPS", root)
    monkeypatch.setattr(machine, "MEMBERSHIP", membership)
    assert machine.cpus() == expected
    monkeypatch.setattr(machine, "MEMBERSHIP", tmp_path / "none")
    assert machine.cpus() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"cpu": 1000}, "resources.cpu: more CPUs than there are here (2), got 1000.0; valid: "
                        "up to 2, or a cluster"),
        ({"gpu": 1}, "resources.gpu: more GPUs than there are here (0), got 1.0; valid: 0, or"),
        ({"gpu": 0.5}, "resources.gpu: more GPUs than there are here (0), got 0.5; valid: 0, or"),
        ({"cpu": 2.5}, "more CPUs than there are here (2)"),
    ],
)  # fmt: skip
def test_what_the_machine_does_not_have_is_said_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr(resources, "cpus", lambda: 2)
    monkeypatch.setattr(resources, "gpus", lambda: 0)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    spec = write_spec(tmp_path, resources=asked)
    with pytest.raises(SpecError) as refused:
        load_spec(spec)
    assert said in str(refused.value)
    assert len(refused.value.problems) == 1
    load_spec(spec, elsewhere=True)
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert joined()
    load_spec(spec)


def test_as_many_gpus_as_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "gpus", lambda: 2)
    for asked in (0.25, 1, 2):
        load_spec(write_spec(tmp_path, resources={"gpu": asked}))
    with pytest.raises(SpecError, match=r"GPUs than there are here \(2\).*up to 2"):
        load_spec(write_spec(tmp_path, resources={"gpu": 3}))


@pytest.mark.parametrize(
    "resources",
    [{"cpu": 0.001}, {"cpu": 0}, {"cpu": -1}, {"gpu": 0.001}, {"gpu": 1.5}, {"gpu": -1}],
)
def test_fractions_that_no_scheduler_places_are_refused(resources: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=f"resources.{next(iter(resources))}"):
        regression_plan(resources=resources)


def test_validate_and_run_refuse_before_a_folder_is_made(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, resources={"cpu": 1000})
    for command in (["validate", spec], ["run", spec, "--storage", tmp_path]):
        done = ilsweep(*command)
        assert done.returncode == 2
        assert done.stderr.startswith("resources.cpu: more CPUs than there are here"), done.stderr
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "small").exists()

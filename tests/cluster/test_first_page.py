"""The task of `docs/README.md` on hosts of their own."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from ilsweep.analysis.load.sweep import read_sweep
from tests.cluster.hosts import missing
from tests.cluster.lab import Cluster, started
from tests.first_page import commands, written


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(2, tmp_path_factory.mktemp("home")) as cluster:
        cluster.wait_for_workers()
        cluster.wait_for_tunnel()
        yield cluster
        cluster.down()


@pytest.mark.cluster
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_my_cluster(tmp_path: Path, cluster: Cluster) -> None:
    """`ray up`, the tunnel and `ray down` are the fixture's."""
    written(tmp_path, "My trainer")
    (submit,) = (line for line in commands("My cluster") if line.startswith("ilsweep "))
    done = cluster.ilsweep(*shlex.split(submit)[1:], folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(read_sweep(tmp_path / "runs/fit").trials) == 6

"""A sweep on hosts of their own, from `ray up` with the shipped cluster.yaml to `ray down`."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ilsweep.analysis.records.files import read_json
from ilsweep.analysis.records.paths import SweepPaths
from tests.cluster.hosts import ROOT, Hosts, missing
from tests.cluster.lab import ADDRESS, Cluster, ray, started, typed
from tests.sweeps.as_typed import rows, trials, wait_for
from tests.sweeps.killing import GONE_S
from tests.walks import EVERY, SAVED, STEPS, check_undisturbed

pytestmark = [pytest.mark.cluster, pytest.mark.skipif(bool(missing()), reason=missing())]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(3, tmp_path_factory.mktemp("home")) as cluster:
        cluster.wait_for_workers()
        cluster.wait_for_tunnel()
        yield cluster
        cluster.down()
        left = cluster.hosts.ssh("node-0", "pgrep -a raylet; pgrep -a gcs_server; true")
        assert not left


def write_spec(folder: Path, **changes: Any) -> Path:
    spec = {
        "name": "walk",
        "question": "Which drift?",
        "trainer": "wanderer:Wanderer",
        "params": {"steps": STEPS, "log_every": EVERY, "eval_every": SAVED, "save_every": SAVED,
                   "step_s": 0.08},
        "space": {"drift": {"choice": [0.0, 0.1, 0.2, 0.3]}},
        "seeds": [0, 1, 2],
        "objective": {"metric": "eval/x", "mode": "max"},
        "search": {"algorithm": "grid"},
        "resources": {"cpu": os.cpu_count()},
        "wandb": {"mode": "disabled"},
        **changes,
    }  # fmt: skip
    path = folder / "walk.yaml"
    path.write_text(yaml.safe_dump(spec))
    return path


ASK = """
import http.client, sys, time
until = time.monotonic() + 30
while True:
    asked = http.client.HTTPConnection(sys.argv[1], 52365, timeout=5)
    try:
        asked.request("GET", "/api/job_agent/jobs/any/logs")
        break
    except ConnectionRefusedError:  # it still starts
        assert time.monotonic() < until
        time.sleep(0.2)
print(asked.getresponse().status)
"""


def test_what_can_be_reached_wants_the_token(cluster: Cluster) -> None:
    hosts = cluster.hosts
    for name, address in zip(hosts.names, hosts.addresses, strict=True):
        ports = {place.rpartition(":")[2] for place in hosts.listening(name)}
        assert "22" in ports
        assert "8265" not in ports, "the dashboard is for tunnels"
        answer = typed(hosts.client(sys.executable, "-c", ASK, address), ROOT)
        assert answer.stdout.strip() == "401", answer.stderr
        assert hosts.ssh(name, "stat -c %a ~/.ray/auth_token").strip() == "600"
        assert cluster.token not in hosts.ssh(name, "ps axwwe")


def test_who_has_not_the_token_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("0" * 64)
    refused = cluster.ilsweep("status", "--address", ADDRESS,
                              RAY_AUTH_TOKEN_PATH=str(tmp_path / "other"))  # fmt: skip
    assert refused.returncode == 2
    assert "token" in refused.stderr
    assert "Traceback" not in refused.stderr


TRAINER = "ray::HostedTrainer"


def processes(hosts: Hosts, name: str) -> dict[int, tuple[int, str, str]]:
    """Parent, begin and command line of each process on a host."""
    listed = hosts.ssh(name, "ps axww -o pid=,ppid=,lstart=,args=").splitlines()
    parts = [line.split(None, 7) for line in listed]
    return {int(part[0]): (int(part[1]), " ".join(part[2:7]), part[7]) for part in parts}


def below(found: dict[int, tuple[int, str, str]], ancestor: int) -> set[int]:
    children = {pid for pid, (parent, _, _) in found.items() if parent == ancestor}
    return children.union(*(below(found, child) for child in children))


def left(hosts: Hosts) -> list[str]:
    """Trainers, their children and guards on all hosts."""
    lines = [line for name in hosts.names for _, _, line in processes(hosts, name).values()]
    return [line for line in lines if any(
        mark in line for mark in (TRAINER, "time.sleep(600)", "processes.watchdog"))]  # fmt: skip


def test_what_a_lost_worker_or_a_stopped_job_left_is_ended(
    cluster: Cluster, tmp_path: Path
) -> None:
    hosts = cluster.hosts
    assert left(hosts) == []
    spec = write_spec(tmp_path, name="family", trainer="wanderer:Parent")
    submitted = cluster.ilsweep("submit", spec, "--address", ADDRESS, "--detach")
    assert submitted.returncode == 0, submitted.stderr

    family: dict[int, tuple[int, str, str]] = {}

    def is_whole() -> bool:
        """Whether there is a trainer on a worker host, the first of the family, with children."""
        found = processes(hosts, "node-1")
        for pid, (_, _, line) in found.items():
            if line.startswith(TRAINER) and len(children := below(found, pid)) >= 4:
                family.update({one: found[one] for one in (pid, *children)})
                return True
        return False

    wait_for(is_whole)
    hosts.ssh("node-1", f"kill -9 {next(iter(family))}")

    def is_gone() -> bool:
        now = processes(hosts, "node-1")
        return not any(pid in now and now[pid][1] == begin for pid, (_, begin, _) in family.items())

    wait_for(is_gone, 3 * GONE_S)
    job = submitted.stderr.partition(" as ")[2].partition(";")[0]
    ray(hosts, "job", "stop", "--address", ADDRESS, job)
    wait_for(lambda: not left(hosts), 3 * GONE_S)


def test_seeds_race_on_all_hosts(cluster: Cluster, tmp_path: Path) -> None:
    """At random walks of 100 steps the difference of 0.1 in the drift is a standard deviation."""
    spec = write_spec(tmp_path, name="race", trainer="wanderer:Racer",
                      space={"drift": {"choice": [0.0, 0.1, 0.7, 0.8]}},
                      seeds={"at_least": 2, "at_most": 6})  # fmt: skip
    root = tmp_path / "runs" / "race"
    done = cluster.ilsweep("submit", spec, "--address", ADDRESS, "--storage", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    found = trials(root)
    seeds = Counter(trial.params["drift"] for trial in found.values())
    assert seeds[0.0] == seeds[0.1] == 2 < seeds[0.7] == seeds[0.8] <= 6
    assert {trial.state for trial in found.values()} == {"completed"}
    assert len({row["train/host"] for name in found for row in rows(root, name)}) > 1
    race = read_json(root / "report.json")["ranking"]["race"]
    assert race["trained"] == len(found) < 24


def lines_on_head(hosts: Hosts) -> list[str]:
    text = hosts.ssh("node-0", "cat ~/ilsweep/walk/trials/*/metrics.jsonl 2>/dev/null; true")
    return text.splitlines()


def test_a_sweep_outlives_a_host_and_comes_home_whole(cluster: Cluster, tmp_path: Path) -> None:
    hosts = cluster.hosts
    began = time.monotonic()
    submitted = cluster.ilsweep("submit", write_spec(tmp_path), "--address", ADDRESS, "--detach")
    assert submitted.returncode == 0, submitted.stderr
    wait_for(lambda: lines_on_head(hosts))
    first = time.monotonic() - began
    print(f"\nray up {cluster.up_s:.1f} s, last worker {cluster.joined_s:.1f} s later, "
          f"first report {first:.1f} s after submit")  # fmt: skip

    # A host that has saved a checkpoint is lost in the middle of a trial.
    wait_for(lambda: any('"train/host": 2.0' in line and '"step": 40' in line
                         for line in lines_on_head(hosts)))  # fmt: skip
    hosts.kill("node-2")
    running = cluster.ilsweep("status", "--address", ADDRESS)
    assert running.returncode == 0, running.stderr
    assert "walk: running" in running.stdout

    wait_for(lambda: hosts.ssh("node-0", "ls ~/ilsweep/walk/report.json || true").strip())
    print(f"all over {time.monotonic() - began:.1f} s after submit")
    root = tmp_path / "runs" / "walk"
    fetched = cluster.ilsweep("fetch", root, "--address", ADDRESS)
    assert fetched.returncode == 0, fetched.stderr
    check_walk(root)
    for path in root.rglob("*"):
        assert path.is_dir() or cluster.token.encode() not in path.read_bytes()


def check_walk(root: Path) -> None:
    check_undisturbed(root, 12)
    found = trials(root)
    assert {row["train/host"] for name in found for row in rows(root, name)} == {0.0, 1.0, 2.0}
    assert any(trial.attempt > 1 for trial in found.values()), "the lost host had no trial"
    for report in ("report.zh.md", "report.en.md", "report.json"):
        assert (root / report).stat().st_size
    best = [path.parent.parent.name for path in root.glob("trials/*/checkpoints/step_*.ckpt")]
    assert {found[name].params["drift"] for name in best} == {0.3}
    assert len(best) == 3
    assert read_json(SweepPaths(root).manifest)["commit"]


def test_what_needs_a_shared_disk_says_so(cluster: Cluster, tmp_path: Path) -> None:
    spec = write_spec(tmp_path)
    spec.write_text(spec.read_text().replace("algorithm: grid", "algorithm: random"))
    done = cluster.ilsweep("submit", spec, "--address", ADDRESS, "--name", "population",
                           "--set", "scheduler={type: pbt, grace_steps: 20, perturb_every: 20}",
                           "--set", "space.drift={uniform: [0, 1]}",
                           "--storage", tmp_path)  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "needs a folder that all of them see" in done.stderr

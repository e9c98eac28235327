"""A sweep on a Ray cluster, over the one address of its job server: submit, follow, fetch, status.

The sweep is a job whose driver runs on the cluster's head and writes its folder there; nothing of
it depends on the machine that submitted it. Asking for its status or its files is a short job, too.
"""

from __future__ import annotations

import os
import secrets
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ilsweep.sweeps.cluster import archive, object_store
from ilsweep.sweeps.errors import FolderError, IlsweepError, reason
from ilsweep.sweeps.processes import ray_environment
from ilsweep.sweeps.processes.signals import pause, waiting
from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store.provenance import commit
from ilsweep.sweeps.store.sweep_dir import check_same, writable

STORAGE = "~/ilsweep"
"""Where sweeps lie on the cluster's head, unless asked otherwise."""
POLL_S = 1.0
NOISE = ("Runtime env is setting up", "Running entrypoint for job", archive.MARK)


class ClusterError(IlsweepError):
    """A cluster that does not answer, or not to us, or where the job went wrong."""


class ClusterUnreachableError(ClusterError):
    """The cluster does not answer; it may be at work all the same."""


class Cluster:
    """The job server of a Ray cluster.

    Raises:
        ClusterError: it does not answer, or refuses us.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        _use_token()
        from ray.job_submission import JobSubmissionClient

        with self._answering():
            self._client = JobSubmissionClient(address)

    def start(self, verb: str, folder: str, directory: Path, *more: str) -> str:
        """Run `sweeps.cluster.entrypoint` on the head, which takes `more`; the job's id."""
        entry = ["python", "-m", "ilsweep.sweeps.cluster.entrypoint", verb, folder, *more]
        metadata = {"ilsweep": verb, "folder": folder}
        with self._answering():
            job: str = self._client.submit_job(
                entrypoint=shlex.join(entry),
                submission_id=f"ilsweep-{verb}-{secrets.token_hex(6)}",
                runtime_env={
                    "working_dir": str(directory),
                    "env_vars": {"ILSWEEP_COMMIT": commit()},
                },
                metadata=metadata,
            )
        return job

    def ask(self, verb: str, folder: str) -> str:
        """Run a short job to its end; what it printed.

        Raises:
            ClusterError: it failed; the message is the job's own last line.
        """
        with tempfile.TemporaryDirectory() as made:
            archive.pack_code(Path(made))
            job = self.start(verb, folder, Path(made))
        while not (ended := self.ended(job)):
            pause(POLL_S / 2)
        output = self.output(job)
        if ended["exit"]:
            raise ClusterError(last_line(output) or ended["message"])
        return output

    def output(self, job: str) -> str:
        with self._answering():
            return str(self._client.get_job_logs(job))

    def ended(self, job: str) -> dict[str, Any] | None:
        """Exit status and message of a job that has ended."""
        with self._answering():
            info = self._client.get_job_info(job)
        if not info.status.is_terminal():
            return None
        failed = 0 if info.status.name == "SUCCEEDED" else 1
        return {"exit": info.driver_exit_code or failed, "message": info.message or ""}

    def sweeps(self) -> list[dict[str, Any]]:
        """Every sweep that was submitted here, the latest last: job, folder, whether it runs."""
        with self._answering():
            jobs = self._client.list_jobs()
        ours = [job for job in jobs if (job.metadata or {}).get("ilsweep") == "run"]
        return [
            {
                "job": job.submission_id,
                "folder": job.metadata["folder"],
                "running": not job.status.is_terminal(),
            }
            for job in sorted(ours, key=lambda job: job.start_time or 0)
        ]

    def folder(self, name: str | None) -> str:
        """The folder on the cluster of the latest sweep of a name, or of the latest of all.

        Raises:
            ClusterError: no name is given and no sweep was submitted.
        """
        folders = [sweep["folder"] for sweep in self.sweeps()]
        found = [folder for folder in folders if name in (None, Path(folder).name)]
        if name and not found:
            return f"{STORAGE}/{name}"  # a head that was started again knows no earlier jobs
        if not found:
            raise ClusterError(f"{self.address}: no sweep was submitted here; valid: a sweep's DIR")
        return str(found[-1])

    @contextmanager
    def _answering(self) -> Iterator[None]:
        from ray.exceptions import AuthenticationError

        try:
            with waiting():
                yield
        except ConnectionError:
            raise ClusterUnreachableError(
                f"{self.address}: no Ray cluster answers here; valid: the address of a job server "
                "that this machine reaches, as http://127.0.0.1:8265 with `ray dashboard` running"
            ) from None
        except AuthenticationError:
            raise ClusterError(
                f"{self.address}: the cluster refuses this machine's token; valid: the one in the "
                "~/.ray/auth_token that the cluster was started with, and RAY_AUTH_MODE=token"
            ) from None
        except (RuntimeError, ValueError) as error:
            raise ClusterError(f"{self.address}: {reason(error, 300)}") from None


def submit(
    plan: Plan, name: str, address: str, storage: str, *, controls: bool = True
) -> tuple[Cluster, str]:
    """Start a plan on a cluster, in the folder `storage`/`name` of its head.

    Where `storage` is an object store, the head has its usual folder and keeps a copy there.
    Without `controls` they are not run.

    Raises:
        ClusterError: the cluster does not answer, or a sweep of that name runs there.
        FolderError: `storage` is neither a folder nor a store that can be used.
    """
    store = [storage] if object_store.is_store(storage) else []
    if "://" in storage and not store:
        raise FolderError(f"--remote {storage}: valid: a folder on the head, or s3://bucket/folder")
    cluster = Cluster(address)
    folder = f"{STORAGE if store else storage.rstrip('/')}/{name}"
    if any(sweep["running"] and sweep["folder"] == folder for sweep in cluster.sweeps()):
        raise ClusterError(f"{address}: {name} is running there already; choose another --name")
    with tempfile.TemporaryDirectory() as made:
        archive.pack_project(plan, Path(made))
        more = store if controls else [*store, "--no-controls"]
        return cluster, cluster.start("run", folder, Path(made), *more)


def follow(cluster: Cluster, job: str) -> int:
    """Show what a job says until it ends; its exit status. A cluster out of reach is waited for."""
    shown = 0
    reached = True
    while True:
        try:
            ended = cluster.ended(job)
            output = cluster.output(job)
        except ClusterUnreachableError as error:
            if reached:
                say(f"{error}; trying again, the sweep goes on meanwhile")
            reached = False
            pause(5 * POLL_S)
            continue
        reached = True
        lines = output.splitlines(keepends=True)
        whole = lines if ended else [line for line in lines if line.endswith("\n")]
        for line in whole[shown:]:
            if not any(noise in line for noise in NOISE):
                say(line.rstrip("\n"))
        shown = len(whole)
        if ended:
            return int(ended["exit"])
        pause(POLL_S)


def fetch(address: str, root: Path | None, storage: Path) -> Path:
    """Bring a sweep's folder home: records, reports, and the checkpoints of the best configuration.

    Args:
        address: A job server, or the store that `submit` was given.
        root: Where to; its last part is the sweep's name. None for the latest sweep, in `storage`.

    Raises:
        ClusterError: no such sweep there, or the cluster does not answer.
        FolderError: `root` holds another sweep or cannot be written.
    """
    if object_store.is_store(address):
        return _fetch_copy(address, root)
    cluster = Cluster(address)
    folder = cluster.folder(root.name if root else None)
    root = root or storage / Path(folder).name
    output = cluster.ask("pack", folder)
    with writable(root):
        archive.unpack_sweep(output, root)
    return root


def _fetch_copy(address: str, root: Path | None) -> Path:
    if root is None:
        raise FolderError(f"DIR: needed where a store is asked; valid: runs/NAME, for {address}")
    copy = object_store.ObjectStoreMirror(address, root.name)
    if not copy.manifest:
        raise FolderError(f"{address}: holds no sweep {root.name!r}")
    check_same(root, copy.manifest)
    with writable(root):
        copy.pull(root, lambda name: name.parent.name != "checkpoints")
        best = archive.best_trials(root)
        copy.pull(root, lambda name: name.parent.name == "checkpoints" and name.parts[1] in best)
    return root


def status(address: str, root: Path | None) -> dict[str, Any]:
    """The facts of `ilsweep status` about a sweep on a cluster; the latest one without `root`.

    Raises:
        ClusterError: no such sweep there, or the cluster does not answer.
        FolderError: `address` is a store's.
    """
    if object_store.is_store(address):
        raise FolderError(
            f"{address}: a store tells no status; valid: ilsweep fetch DIR --address {address}, "
            "then ilsweep status DIR"
        )
    cluster = Cluster(address)
    return archive.read_status(cluster.ask("status", cluster.folder(root.name if root else None)))


def last_line(output: str) -> str:
    """The last line of a job's output that is the job's own."""
    lines = [line for line in output.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if not any(n in line for n in NOISE)), "")


def _use_token() -> None:
    """Show the user's token to the cluster, where there is one; before ray is imported."""
    if ray_environment.user_token():
        os.environ.setdefault("RAY_AUTH_MODE", "token")

"""Controls of a sweep: run before its search, kept by what they depend on, written into its folder.

    expert      the world's expert in closed loop on the evaluation seeds
    random      random actions of the range of the demonstrated ones
    replay      demonstrations through the trainer's own encoding and decoding of actions
    reference   a configuration that the spec names as known to work, trained first

They say whether any policy could succeed here, and any fail (`analysis.records.controls`).
"""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ilsweep.analysis.findings.behaviour import wrong
from ilsweep.analysis.records.controls import NAMES, Control, Controls, Name, controls_of
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.errors import ControlsFailedError, reason
from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.spec.params import flat
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store.provenance import versions
from ilsweep.sweeps.workflow.pool import as_completed, process_pool

EPISODES = 10
"""Evaluation episodes of the expert and of random actions."""
REPLAYS = 3
"""Demonstrations that are run again."""
RECIPE = 1
"""One more whenever the same control comes out otherwise."""
PACKAGES = (
    "ilsweep", "mujoco", "metaworld", "gym-aloha", "gym-pusht", "gymnasium", "gymnasium-robotics",
    "numpy", "torch",
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One control at one point of the space; plain data, as a fresh process takes it."""

    name: Name
    data: dict[str, Any]
    trainer: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    success: str = "any"
    episodes: int = EPISODES
    gpus: float = 0

    @property
    def key(self) -> str:
        """What its outcome is kept by; empty where that depends on files that are not ours."""
        env = self.data.get("env") or {}
        names = (self.trainer, self.data["source"], self.data.get("expert"), env.get("id"))
        if "root" in self.data or any(map(_is_own, names)):
            return ""
        facts = {**asdict(self), "recipe": RECIPE, "versions": versions(PACKAGES)}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def run_controls(plan: Plan) -> Controls | None:
    """The controls of a sweep; None where it tries no policy in an environment."""
    return _controls(plan, run=True)


def before_search(plan: Plan, root: Path, *, skip: bool = False) -> None:
    """Run the controls of a sweep and write `controls.json`; with `skip`, only what is known.

    Where they fail it is not written, so that a resumed sweep runs them again.

    Raises:
        ControlsFailedError: no policy could succeed here, or any would; with `skip`, never.
    """
    found = _controls(plan, run=not skip)
    if found is None:
        return
    if skip:
        say("the controls are not run: nothing about behaviour can be concluded")
    else:
        say(f"controls: {found.summary.en}")
        _must_not_have_failed(found)
    write_atomic(SweepPaths(root.resolve()).controls, to_json(found.to_json()))


def _must_not_have_failed(found: Controls) -> None:
    if found.failed:
        seen = " ".join(wrong(control).en for control in found.failed)
        hint = "To go on nevertheless: ilsweep run SPEC --no-controls"
        raise ControlsFailedError(f"controls: {seen} {hint}")


def controls_text(found: Controls) -> str:
    """The controls as a small table."""
    lines = []
    for control in found.controls:
        count = f"{control.k} of {control.n}" if control.n else "not run"
        about = wrong(control).en if control.passed is False else control.why.en
        took = f"{control.seconds:.1f} s" if control.n else ""
        lines.append(f"  {control.name:<10} {count:<9} {took:<7} {about}".rstrip())
    return "\n".join(lines)


def _controls(plan: Plan, *, run: bool) -> Controls | None:
    if not _tries_policies(plan):
        return None
    with process_pool(1, plan.spec.resources.threads) as process:
        found = tuple(_control(plan, name, process if run else None) for name in NAMES)
    return Controls(found, skipped=not run)


def _tries_policies(plan: Plan) -> bool:
    """Whether there is an environment, and an episode of a policy in it at any point."""
    from ilsweep.trainers.data.sources import parse

    if not plan.trainer.needs_data:
        return False
    ends = plan.ends()
    if not parse(plan.data(ends[0])).has_environment:
        return False
    rollouts = [getattr(config, "rollouts", 0) for config in map(plan.config, ends)]
    return any(rollouts) or plan.spec.controls.reference is not None


def _jobs(plan: Plan, name: Name) -> list[Job]:
    """The jobs of a control, of which one must pass: a space may hold faults on purpose."""
    if name in ("expert", "random"):
        point = plan.ends()[0]
        success = getattr(plan.config(point), "success", "any")
        return [Job(name, _data(plan, point), success=success)]
    if name == "replay":
        return [_of_trainer(plan, name, point, REPLAYS) for point in plan.ends()]
    if plan.spec.controls.reference is None:
        return []
    params = flat(plan.spec.controls.reference.params)
    episodes = getattr(plan.config(params), "rollouts", 0) or EPISODES
    return [_of_trainer(plan, name, params, episodes)]


def _of_trainer(plan: Plan, name: Name, point: dict[str, Any], episodes: int) -> Job:
    config = plan.config(point)
    return Job(
        name,
        _data(plan, point),
        plan.spec.trainer,
        config.model_dump(mode="json"),
        plan.spec.first_seeds[0],
        getattr(config, "success", "any"),
        episodes,
        plan.spec.resources.gpu if name == "reference" else 0,
    )


def _data(plan: Plan, point: dict[str, Any]) -> dict[str, Any]:
    from ilsweep.trainers.data.sources import parse

    return parse(plan.data(point)).model_dump(mode="json")


def _control(plan: Plan, name: Name, process: ProcessPoolExecutor | None) -> Control:
    """One control: the first of its jobs that passes, else the last.

    Without a process only what is known already.
    """
    jobs = _jobs(plan, name)
    found = Control(name, not_run="none_named" if name == "reference" else "skipped")
    for job in jobs:
        found = _kept(job) or (_run(job, process) if process else Control(name, not_run="skipped"))
        if found.passed:
            break
    return found


def _run(job: Job, process: ProcessPoolExecutor) -> Control:
    if job.name == "reference":
        say(f"training the reference: {job.params['steps']} steps")
    try:
        (done,) = as_completed([process.submit(measured, job)])
        k, n, seconds, why = done.result()
        found = Control(job.name, k, n, why, seconds)
    except Exception as error:  # noqa: BLE001 - a user's code may raise anything
        return Control(job.name, not_run=reason(error))
    if job.key and found.n:
        content = Controls((found,)).to_json()
        write_atomic(_file(job), to_json({**content, "job": asdict(job)}))
    return found


def _kept(job: Job) -> Control | None:
    """What this control came to when it was run before."""
    known = controls_of(read_json(_file(job))) if job.key else None
    return known.of(job.name) if known and known.of(job.name).n else None


def _file(job: Job) -> Path:
    from ilsweep.sweeps.worker.training_loop import cache_folder

    return cache_folder() / "controls" / f"{job.name}-{job.key}.json"


def _is_own(name: object) -> bool:
    """Whether it is `module:...` of a user's, whose file may change."""
    return isinstance(name, str) and ":" in name and not name.startswith("ilsweep.")


def measured(job: Job) -> tuple[int, int, float, str]:
    """In a fresh process: successes, episodes, seconds, and why it was not run."""
    from ilsweep.sweeps.worker.training_loop import load_data
    from ilsweep.trainers.evaluation import controls
    from ilsweep.trainers.evaluation.rollout import EVALUATION_SEEDS

    data = load_data(json.dumps(job.data, sort_keys=True))
    seeds, began = EVALUATION_SEEDS[: job.episodes], time.monotonic()
    success: Any = job.success
    try:
        if job.name == "expert":
            solved = controls.expert(data, seeds, success).solved
        elif job.name == "random":
            solved = controls.random(data, seeds, success).solved
        elif job.name == "replay":
            solved = controls.replay(_trainer(job, data), job.episodes, success).solved
        else:
            solved = controls.reference(_trainer(job, data), job.episodes)
    except controls.NotRunError as error:
        return 0, 0, 0.0, str(error)
    return sum(solved.values()), len(solved), time.monotonic() - began, ""


def _trainer(job: Job, data: Any) -> Any:
    from ilsweep.sweeps.worker.device import take_device
    from ilsweep.trainers.core.registry import load

    trainer = load(job.trainer)
    config = trainer.Config(**job.params)
    return trainer(config, data, seed=job.seed, device=take_device(job.gpus))

"""`lerobot-train` of LeRobot 0.4 to 0.6, for ACT, diffusion and SmolVLA.

Argument names: `lerobot/configs/train.py` and `lerobot/policies/*/configuration_*.py` of the
releases 0.4.0, 0.4.4, 0.5.1 and 0.6.1.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from ilsweep.sweeps.errors import Problem
from ilsweep.sweeps.external.adapters.base import Adapter, argument
from ilsweep.sweeps.external.adapters.lerobot_needs import needs
from ilsweep.sweeps.external.json_config import read_config
from ilsweep.sweeps.spec.command import Command, MetricSource, Resume
from ilsweep.sweeps.spec.params import flat
from ilsweep.trainers.core.contract import Params, report_every
from ilsweep.trainers.core.registry import parameters

PROBES = Path(__file__).parents[1] / "lerobot_probes.py"

POLICIES: Mapping[str, tuple[str, ...]] = {
    "kl_weight": ("act",),
    "lr_backbone": ("act",),
    "dropout": ("act",),
    "chunk_size": ("act", "smolvla"),
    "horizon": ("diffusion",),
    "crop_ratio": ("diffusion",),
    "warmup_steps": ("diffusion", "smolvla"),
    "freeze_vision": ("smolvla",),
    "expert_only": ("smolvla",),
}
"""Parameters that not every policy has, and which have them."""

CHUNKS: Mapping[str, int] = {"act": 100, "smolvla": 50}
"""LeRobot's defaults of `chunk_size`, and of `n_action_steps`, which are equal."""

LOG_FREQ = 200
"""Optimiser steps between two of LeRobot's reports."""

SURE = 0.93
"""Likeness of two names (`difflib`) that differ by one letter or an underscore, and by no word."""

SINCE_0_6 = ("eval_loss_every", "eval_split", "crop_ratio")


class LeRobotParams(Params):
    """Our names for what `lerobot-train` takes; what is not given keeps LeRobot's own default."""

    policy_type: Literal["act", "diffusion", "smolvla"] = argument(
        "--policy.type={policy_type}", "act"
    )
    """Policy that is trained."""
    policy_path: str | None = argument("--policy.path={policy_path}")
    """Pretrained policy to begin with, such as lerobot/smolvla_base; null: from scratch."""
    steps: int = argument("--steps={steps}", 100_000, gt=0, unit="optimiser steps")
    """Length of the training."""
    batch_size: int | None = argument("--batch_size={batch_size}", gt=0, unit="samples")
    """Samples in one optimiser step."""
    lr: float | None = argument("--policy.optimizer_lr={lr}", gt=0)
    """Learning rate of everything but the visual backbone."""
    lr_backbone: float | None = argument("--policy.optimizer_lr_backbone={lr_backbone}", ge=0)
    """Learning rate of the visual backbone."""
    weight_decay: float | None = argument("--policy.optimizer_weight_decay={weight_decay}", ge=0)
    """Weight decay."""
    kl_weight: float | None = argument("--policy.kl_weight={kl_weight}", ge=0)
    """Weight of the KL divergence in the loss."""
    chunk_size: int | None = argument("--policy.chunk_size={chunk_size}", gt=0, unit="actions")
    """Actions predicted at once."""
    n_action_steps: int | None = argument("--policy.n_action_steps={n_action_steps}", gt=0)
    """Predicted actions that are carried out before the next prediction."""
    horizon: int | None = argument("--policy.horizon={horizon}", gt=0, unit="actions")
    """Actions predicted at once."""
    dropout: float | None = argument("--policy.dropout={dropout}", ge=0, lt=1)
    """Share of the transformer's units dropped in training."""
    crop_ratio: float | None = argument("--policy.crop_ratio={crop_ratio}", gt=0, le=1)
    """Side of the random crop as a share of the image's; LeRobot 0.6."""
    warmup_steps: int | None = argument("--policy.scheduler_warmup_steps={warmup_steps}", ge=0)
    """Steps over which the learning rate rises."""
    freeze_vision: bool | None = argument("--policy.freeze_vision_encoder={freeze_vision}")
    """Whether the vision encoder keeps its weights."""
    expert_only: bool | None = argument("--policy.train_expert_only={expert_only}")
    """Whether only the action expert learns."""
    log_every: int | None = argument("--log_freq={log_every}", gt=0, unit="optimiser steps")
    """A report is printed every so many steps. Not given: 200, and in a short training a twentieth
    of `steps`, so that every curve has twenty points."""
    save_every: int | None = argument("--save_freq={save_every}", gt=0, unit="optimiser steps")
    """A checkpoint is written every so many steps, and at the end."""
    eval_every: int | None = argument("--env_eval_freq={eval_every}", ge=0, unit="optimiser steps")
    """Rollouts in the simulator every so many steps; `--eval_freq` before 0.6."""
    eval_loss_every: int | None = argument("--eval_steps={eval_loss_every}", ge=0)
    """Loss on held-out episodes (`eval/eval_loss`) every so many steps; LeRobot 0.6."""
    eval_split: float | None = argument("--dataset.eval_split={eval_split}", ge=0, lt=1)
    """Share of the episodes that is held out; LeRobot 0.6."""
    workers: int | None = argument("--num_workers={workers}", ge=0, unit="processes")
    """Processes that load data."""


def read_base(command: Command) -> dict[str, Any]:
    """The hand-made training configuration by dotted names; empty where none is named.

    Raises:
        ValueError: it cannot be read, or is no JSON object.
    """
    return flat(read_config(Path(command.config))) if command.config else {}


def base(command: Command) -> dict[str, Any]:
    """Our parameters' values in the configuration; those that are null are left out."""
    theirs = read_base(command)
    ours: dict[str, Any] = {}
    for parameter in parameters(LeRobotParams):
        name, _, _ = renamed(command, parameter.source).removeprefix("--").partition("=")
        ours[parameter.name] = theirs.get(name)
    return {name: value for name, value in ours.items() if value is not None}


def renamed(command: Command, words: str) -> str:
    """The words as the command's version of LeRobot spells them."""
    return words if command.version == "0.6" else words.replace("--env_eval_freq", "--eval_freq")


def extra(command: Command, given: Mapping[str, Any]) -> list[str]:
    """Words for a configuration file, for the type of a policy that has no path, and for reports.

    A short training reports twenty times, where nothing else is said: LeRobot's own would hardly.
    """
    words = ["--config_path={config}"] if command.config else []
    if "policy_path" not in given and "policy_type" not in base(command):
        words.append("--policy.type={policy_type}")
    steps = given.get("steps")
    said = "log_every" in given or any(word.startswith("--log_freq") for word in command.args)
    if isinstance(steps, int) and not said and (every := report_every(steps, LOG_FREQ)) < LOG_FREQ:
        words.append(f"--log_freq={every}")
    return words


def too_many_actions(command: Command, policy: str, given: Mapping[str, Any]) -> Iterator[Problem]:
    """More actions carried out than are predicted: LeRobot refuses that, and does not say why."""
    known = {**base(command), **given}
    if policy not in CHUNKS or known.get("policy_path"):
        return
    chunk, taken = (known.get(name, CHUNKS[policy]) for name in ("chunk_size", "n_action_steps"))
    if isinstance(chunk, int) and isinstance(taken, int) and taken > chunk:
        where = "chunk_size" if "chunk_size" in known else "n_action_steps"
        rule = f"{taken} actions are carried out (n_action_steps) of {chunk} that are predicted"
        valid = f"n_action_steps: {chunk}, or both in one entry of space"
        yield Problem(f"params.{where}", rule, known[where], valid)


def check(command: Command, given: Mapping[str, Any]) -> Iterator[Problem]:
    """Mistakes in what is given.

    Parameters of another policy or version, another policy than the configuration's.
    """
    theirs = base(command).get("policy_type")
    policy = given.get("policy_type", theirs or "act")
    if theirs and policy != theirs:
        yield Problem(
            "params.policy_type", "is not the policy of command.config", policy, str(theirs)
        )
    names = [renamed(command, p.source).removeprefix("--") for p in parameters(LeRobotParams)]
    known = [name.partition("=")[0] for name in names]
    for name in given:
        near = difflib.get_close_matches(name, known, n=1, cutoff=SURE)
        if "." in name and near and name not in known:
            rule = "looks like a misspelt name (one that is meant goes into command.args)"
            yield Problem(f"params.{name}", rule, name, near[0])
        if policy not in POLICIES.get(name, (policy,)):
            fitting = " or ".join(POLICIES[name])
            yield Problem(f"params.{name}", f"{policy} has none", name, f"policy_type: {fitting}")
        if name in SINCE_0_6 and command.version != "0.6":
            yield Problem(f"params.{name}", "came with LeRobot 0.6", command.version, "0.6")
    if given.get("eval_loss_every") and not (
        given.get("eval_split") or read_base(command).get("dataset.eval_split")
    ):
        yield Problem("params.eval_loss_every", "needs held-out episodes", None, "eval_split: 0.1")
    yield from too_many_actions(command, policy, given)


LEROBOT = Adapter(
    about="lerobot-train of LeRobot 0.4 to 0.6: ACT, diffusion, SmolVLA.",
    Config=LeRobotParams,
    start=("lerobot-train",),
    always=(
        "--output_dir={folder}/output",
        "--seed={seed}",
        "--policy.push_to_hub=false",
    ),
    source=MetricSource(format="lerobot"),
    metrics={
        "train/*": "as printed: loss, l1_loss, kld_loss, grad_norm, lr; seconds end in _s",
        "eval/eval_loss": "loss on held-out episodes, where eval_loss_every is set",
        "eval/pc_success": "successes in the simulator, in per cent",
        "eval/avg_sum_reward": "sum of rewards, mean over the episodes",
        "eval/avg_max_reward": "largest reward, mean over the episodes",
        "eval/n_episodes": "episodes in the simulator",
        "eval/eval_s": "seconds of an evaluation",
    },
    metrics_need={
        "eval/eval_loss": ("eval_steps", "eval_loss_every: 1000 and eval_split: 0.1 in params"),
        **dict.fromkeys(
            ("eval/pc_success", "eval/avg_*_reward", "eval/n_episodes", "eval/eval_s"),
            ("env.type", "env.type: pusht in params"),
        ),
    },
    resume=Resume(
        checkpoint="output/checkpoints/last/pretrained_model/train_config.json",
        argv=["lerobot-train", "--config_path={checkpoint}", "--resume=true"],
    ),
    after=("python", str(PROBES), "{folder}/output/checkpoints/last/pretrained_model"),
    example="{args: [--dataset.repo_id=me/cube, --dataset.root=cube]}",
    takes_config=True,
    by_extra=("policy_type",),
    free=(
        "policy.",
        "dataset.",
        "optimizer.",
        "scheduler.",
        "env.",
        "eval.",
        "peft.",
        "ema.",
        "sample_weighting.",
    ),
    check=check,
    needs=needs,
    extra=extra,
    base=base,
    renamed=renamed,
)

"""Ready commands: our names become the arguments that their scripts take."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.external.job import Job, job_of
from ilsweep.sweeps.validation.validate import check


def argv(trainer: str, given: dict[str, Any], **command: Any) -> list[str]:
    """The command line of a trial with these parameters."""
    return job(trainer, given, **command).argv(None)


def job(trainer: str, given: dict[str, Any], **command: Any) -> Job:
    metric = "bc/mse" if trainer == "hil_serl_repository" else "train/loss"
    plan = check({"name": "x", "trainer": trainer, "command": command, "params": given,
                  "objective": {"metric": metric, "mode": "min"}})  # fmt: skip
    return job_of(plan.shared(Path("/r")), replace(plan.trial({}, 7), id="t"))


def mistakes(
    trainer: str, params: dict[str, Any], metric: str = "train/loss", **command: Any
) -> list[str]:
    spec = {"name": "x", "trainer": trainer, "command": command, "params": params,
            "objective": {"metric": metric, "mode": "min"}}  # fmt: skip
    with pytest.raises(SpecError) as caught:
        check(spec)
    return str(caught.value).splitlines()


def test_lerobot() -> None:
    given = {"kl_weight": 10.0, "lr": 1e-5, "lr_backbone": 3e-6, "steps": 200, "eval_every": 100}
    args = ["--dataset.repo_id=me/cube"]
    assert argv("lerobot", given, args=args) == [
        "lerobot-train",
        "--output_dir=/r/trials/t/run/output",
        "--seed=7",
        "--policy.push_to_hub=false",
        "--policy.type=act",
        "--log_freq=10",
        "--steps=200",
        "--policy.optimizer_lr=1e-05",
        "--policy.optimizer_lr_backbone=3e-06",
        "--policy.kl_weight=10.0",
        "--env_eval_freq=100",
        "--dataset.repo_id=me/cube",
    ]
    assert "--eval_freq=100" in argv("lerobot", given, version="0.5")
    assert "--policy.dim_model=64" in argv("lerobot", {"policy.dim_model": 64})
    later = {"ema.enable": True, "eval.recording": True}
    assert {"--ema.enable=true", "--eval.recording=true"} <= set(argv("lerobot", later))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": 12}, ["--log_freq=1"]),
        ({"steps": 3000}, ["--log_freq=150"]),
        ({"steps": 4000}, []),  # LeRobot's own 200 are twenty
        ({"steps": 12, "log_every": 6}, ["--log_freq=6"]),
    ],
)
def test_every_curve_of_lerobot_has_twenty_points(given: dict[str, Any], said: list[str]) -> None:
    assert [word for word in argv("lerobot", given) if word.startswith("--log_freq")] == said
    own = argv("lerobot", given, args=["--log_freq=3"])
    assert own.count("--log_freq=3") == 1
    assert all(word in ("--log_freq=3", *said[:1]) for word in own if "log_freq" in word)


def chunks(params: dict[str, Any], space: dict[str, Any], **command: Any) -> list[str]:
    """What is wrong with these, by line."""
    spec = {"name": "x", "trainer": "lerobot", "command": command, "params": params,
            "space": {name: {"choice": values} for name, values in space.items()},
            "objective": {"metric": "train/loss", "mode": "min"}}  # fmt: skip
    try:
        check(spec)
    except SpecError as error:
        return str(error).splitlines()
    return []


def test_no_more_actions_are_carried_out_than_are_predicted() -> None:
    (line,) = chunks({"chunk_size": 10}, {"lr": [1e-5]})
    assert line.startswith("params.chunk_size: 100 actions are carried out (n_action_steps) of 10")
    assert chunks({"n_action_steps": 10}, {"chunk_size": [50, 20]}) == []
    (line,) = chunks({"n_action_steps": 30}, {"chunk_size": [50, 20]})
    assert line.startswith("space.chunk_size: 30 actions are carried out (n_action_steps) of 20")
    assert "space.n_action_steps: 150" in chunks({}, {"n_action_steps": [150, 200]})[0]
    assert chunks({}, {"chunk_size, n_action_steps": [[50, 50], [100, 100]]}) == []
    assert chunks({"policy_path": "me/act", "chunk_size": 10}, {"lr": [1e-5]}) == []
    assert chunks({"policy_type": "smolvla", "chunk_size": 50}, {"lr": [1e-5]}) == []


def test_a_pretrained_policy_names_its_own_type() -> None:
    words = argv("lerobot", {"policy_type": "smolvla", "policy_path": "lerobot/smolvla_base"})
    assert "--policy.path=lerobot/smolvla_base" in words
    assert not any(word.startswith("--policy.type") for word in words)


def test_a_configuration_is_the_base(tmp_path: Path) -> None:
    config = tmp_path / "train.json"
    policy = {"type": "act", "kl_weight": 20.0, "optimizer_lr": 1e-4}
    config.write_text(json.dumps({"steps": 300, "policy": policy, "dataset": {"repo_id": "x"}}))
    words = argv("lerobot", {"lr": 1e-5}, config=str(config))
    assert "--config_path=/r/trials/t/run/config.json" in words
    assert [word for word in words if word.startswith(("--policy.", "--steps"))] == [
        "--policy.push_to_hub=false",
        "--policy.optimizer_lr=1e-05",
    ]
    spec = {
        "name": "x",
        "trainer": "lerobot",
        "command": {"config": str(config)},
        "params": {"lr": 1e-5},
        "objective": {"metric": "train/loss", "mode": "min"},
    }
    plan = check(spec)
    recorded = plan.config({}).model_dump(exclude_none=True)
    assert recorded == {"policy_type": "act", "steps": 300, "kl_weight": 20.0, "lr": 1e-5}


@pytest.mark.parametrize(
    ("params", "command", "line"),
    [
        (
            {"kl_wieght": 1},
            {},
            "params.kl_wieght: not a parameter of lerobot, got 'kl_wieght'; valid: kl_weight",
        ),
        (
            {"policy_type": "diffusion", "kl_weight": 1},
            {},
            "params.kl_weight: diffusion has none, got 'kl_weight'; valid: policy_type: act",
        ),
        (
            {"eval_split": 0.1},
            {"version": "0.4"},
            "params.eval_split: came with LeRobot 0.6, got '0.4'; valid: 0.6",
        ),
        (
            {"eval_loss_every": 10},
            {},
            "params.eval_loss_every: needs held-out episodes; valid: eval_split: 0.1",
        ),
        (
            {},
            {"config": "/nowhere.json"},
            "command.config: cannot be read (No such file or directory), got '/nowhere.json'; "
            "valid: a JSON file",
        ),
        ({"kl_weight": -1}, {}, "params.kl_weight: must be greater than or equal to 0, "
         "got -1"),
    ],
)  # fmt: skip
def test_mistakes_of_lerobot(params: dict[str, Any], command: dict[str, Any], line: str) -> None:
    assert line in mistakes("lerobot", params, **command)


@pytest.mark.parametrize(
    ("metric", "params", "args"),
    [
        ("eval/eval_loss", {"eval_loss_every": 10, "eval_split": 0.1}, []),
        ("eval/eval_loss", {}, ["--eval_steps=10", "--dataset.eval_split=0.1"]),
        ("eval/pc_success", {"env.type": "pusht"}, []),
        ("eval/avg_sum_reward", {}, ["--env.type", "pusht"]),
        ("eval/n_episodes", {}, ["--config_path=/elsewhere.json"]),
    ],
)
def test_an_objective_comes_only_with_its_setting(
    tmp_path: Path, metric: str, params: dict[str, Any], args: list[str]
) -> None:
    goal = {"metric": metric, "mode": "min"}
    spec = {"name": "x", "trainer": "lerobot", "objective": goal, "params": params}
    assert check({**spec, "command": {"args": args}}).trials == 1
    off = {"eval_loss_every": 0} if "eval_loss_every" in params else {}
    (line,) = mistakes("lerobot", off, metric, args=["--policy.device=cpu"])
    assert line.startswith("objective.metric: is logged only with e")
    base = tmp_path / "train.json"
    base.write_text(json.dumps({"eval_steps": 5, "env": {"type": "pusht"}}))
    assert check({**spec, "params": {}, "command": {"config": str(base)}}).trials == 1


def test_a_repository_needs_its_folder() -> None:
    assert mistakes("act_repository", {}) == [
        "command.cwd: is missing; valid: path of the ACT repository"
    ]


def test_act_repository() -> None:
    words = argv("act_repository", {"kl_weight": 100, "lr": 5e-5}, cwd="/act")
    assert words[:2] == ["python", "imitate_episodes.py"]
    pairs = dict(zip(words[2::2], words[3::2], strict=True))
    assert pairs == {
        "--policy_class": "ACT",
        "--ckpt_dir": "/r/trials/t/run/checkpoints",
        "--seed": "7",
        "--task_name": "sim_transfer_cube_scripted",
        "--num_epochs": "2000",
        "--batch_size": "8",
        "--lr": "5e-05",
        "--kl_weight": "100",
        "--chunk_size": "100",
        "--hidden_dim": "512",
        "--dim_feedforward": "3200",
    }


def test_a_switch_is_passed_on_where_it_is_true() -> None:
    on, off = (argv("rdt_repository", {"image_aug": value}, cwd="/rdt") for value in (True, False))
    assert [word for word in on if word not in off] == ["--image_aug"]
    assert on[:3] == ["accelerate", "launch", "main.py"]


def test_the_beginning_of_a_command_line_can_be_another() -> None:
    start = ["deepspeed", "main.py", "--deepspeed=zero2.json"]
    assert argv("rdt_repository", {}, cwd="/rdt", argv=start)[:3] == start


def test_hil_serl_writes_its_wandb_run_into_the_trial() -> None:
    found = job("hil_serl_repository", {"exp_name": "cube"}, cwd="/x")
    assert found.environment(None)["TMPDIR"] == "/r/trials/t/run/tmp"
    assert found.argv(None)[-2:] == ["--exp_name=cube", "--train_steps=20000"]


def test_a_misspelt_name_of_lerobot_s_own_is_refused() -> None:
    (line,) = mistakes("lerobot", {"policy.chunksize": 20})
    assert line.startswith("params.policy.chunksize: looks like a misspelt name")
    assert line.endswith("valid: policy.chunk_size")
    spec = {"name": "x", "trainer": "lerobot", "command": {"args": []},
            "space": {"policy.chunksize": {"choice": [1, 2]}},
            "objective": {"metric": "train/loss", "mode": "min"}}  # fmt: skip
    with pytest.raises(SpecError, match=r"^space\.policy\.chunksize: looks like"):
        check(spec)
    with_own = {"policy.chunk_size": 20, "policy.optimizer_lr_backbone": 1e-5, "policy.n_heads": 4}
    assert "--policy.n_heads=4" in argv("lerobot", with_own)


@pytest.mark.parametrize(
    ("trainer", "form"),
    [("lerobot", "{args: [--dataset.repo_id=me/cube"), ("act_repository", "{cwd: path of the ACT")],
)
def test_a_missing_section_is_answered_with_its_own_form(trainer: str, form: str) -> None:
    with pytest.raises(SpecError) as caught:
        check({"name": "x", "trainer": trainer, "objective": {"metric": "train/loss"}})
    assert f"command: is missing; valid: command: {form}" in str(caught.value)

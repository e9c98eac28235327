"""What a spec says of its demonstrations, and what a trainer asks for by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from ilsweep.sweeps.cli import main
from ilsweep.sweeps.errors import FolderError, SpecError
from ilsweep.sweeps.execution.demonstrations import prepare_data
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.workflow.power import power
from ilsweep.trainers.data.dataset import Demonstrations
from ilsweep.trainers.data.source import DataSource, Progress, Say, quiet
from tests.sweeps.specs import regression

EXAMPLE = """
name: act-ot-stage1
question: Which OT strength aligns the two camera views without hurting cloning?
trainer: act_ot
data: {source: aloha, task: transfer_cube, episodes: 40}
params: {steps: 2000, batch_size: 8, kl_weight: 10.0, ot: {window_size: 20, heuristic: true}}
space:
  ot.reg: {choice: [0.15, 1.0, 2.0]}
  ot.tau: {choice: [1.0, 5.0, 10.0]}
  ot.lambda_ot: {loguniform: [0.02, 0.2]}
seeds: [0, 1, 2]
objective: {metric: eval/offline_eval/avg_l1, mode: min}
search: {algorithm: optuna, num_trials: 24}
scheduler: {type: asha, grace_steps: 500}
resources: {cpu: 1, gpu: 0}
hypotheses:
  - {claim: A larger tau keeps more transport mass, param: ot.tau, metric: train/ot_pi_sum,
     expect: increase}
wandb: {mode: offline, project: ilsweep}
"""
"""The one that users are promised."""


def example(folder: Path) -> dict[str, Any]:
    (folder / "spec.yaml").write_text(EXAMPLE)
    content = yamlio.read(folder / "spec.yaml")
    assert isinstance(content, dict)
    return content


def test_the_promised_spec_is_valid_and_a_trainers_domains_are_in_the_plan(tmp_path: Path) -> None:
    plan = check(example(tmp_path))
    assert plan.data({})["domains"] == ["source", "target"]
    assert plan.spec.model_dump(mode="json", exclude_unset=True)["data"] == {
        "source": "aloha", "task": "transfer_cube", "episodes": 40, "domains": ["source", "target"],
    }  # fmt: skip
    assert main.main(["validate", str(tmp_path / "spec.yaml")]) == 0


@pytest.mark.parametrize("language", ["", ".zh"])
def test_the_readmes_spec_is_valid(language: str) -> None:
    text = (Path(__file__).parents[3] / f"README{language}.md").read_text(encoding="utf-8")
    (shown,) = [part for part in text.split("```")[1::2] if part.startswith("yaml")]
    check(yamlio.parse(shown.removeprefix("yaml"), "README"))


def test_a_trainer_that_asks_for_nothing_gets_what_the_spec_says(tmp_path: Path) -> None:
    spec = example(tmp_path)
    changed = {"trainer": "act", "params": {"steps": 900}, "hypotheses": []}
    plan = check({**{k: v for k, v in spec.items() if k != "space"}, **changed})
    assert "domains" not in plan.spec.data


def test_a_contrary_choice_is_refused_by_name(tmp_path: Path) -> None:
    spec = example(tmp_path)
    spec["data"] = {**spec["data"], "domains": ["source"]}
    with pytest.raises(SpecError, match=r"^data.domains: act_ot needs \[source, target\]"):
        check(spec)


@pytest.mark.parametrize("kind", ["relative", "delta"])
def test_changes_of_the_state_have_no_differences(kind: str) -> None:
    spec = {"name": "x", "trainer": "act", "data": {"source": "metaworld", "task": "push-v3"}}
    rule = rf"action_representation: {kind} takes actions that are states to reach; those of"
    with pytest.raises(SpecError, match=rf"^params\.{rule} metaworld"):
        check({**spec, "params": {"action_representation": kind}})
    with pytest.raises(SpecError, match=rf"^space\.{rule} metaworld"):
        check({**spec, "space": {"action_representation": {"choice": ["absolute", kind]}}})


@pytest.mark.parametrize(
    ("trainer", "metric", "params", "needs"),
    [("bc", "eval/pc_success", {"rollouts": 0}, "rollouts"),
     ("act_ot", "eval/lesion/none/pc_success", {"rollouts": 0}, "rollouts"),
     ("act_ot", "eval/lesion/none/pc_success", {"lesions": 0}, "lesions"),
     ("act_ot", "probe/target_pc_success", {}, "target_rollouts"),
     ("reflow", "probe/teacher_pc_success", {}, "teacher_rollouts"),
     ("reflow", "probe/pc_success/1", {}, "euler_rollouts")],
)  # fmt: skip
def test_an_objective_that_would_never_come_is_refused(
    trainer: str, metric: str, params: dict[str, Any], needs: str
) -> None:
    spec = {"name": "x", "trainer": trainer, "params": params,
            "objective": {"metric": metric, "mode": "max"}}  # fmt: skip
    with pytest.raises(SpecError, match=rf"^objective.metric: comes with {needs} above 0, got '"):
        check(spec)
    check({**spec, "params": {needs: 5}})
    with pytest.raises(SpecError, match=f"comes with {needs} above 0"):
        check({**spec, "params": {}, "space": {needs: {"choice": [0, 5]}}})


@pytest.mark.parametrize(
    ("trainer", "metric", "params", "rule"),
    [("reflow", "probe/teacher_pc_success/1", {}, "teacher_rollouts above 0 and euler_rollouts"),
     ("reflow", "probe/teacher_pc_success/1", {"teacher_rollouts": 5}, "euler_rollouts above 0,"),
     ("reflow", "probe/pc_success/10", {"euler_rollouts": 5}, "euler_steps other than 10, got"),
     ("act", "probe/target_l1", {}, r"target among data.domains, .*: \[source, target\]"),
     ("act", "eval/pc_success_end", {"success": "end"}, "success any, "),
     ("bc", "probe/loss_jump", {"steps": 50}, "steps of 100 or more, "),
     ("act_ot", "train/ot_cost/label", {"ot": {"weight_label": 0}}, "ot.weight_label above 0, "),
     ("act", "probe/feature_rank", {}, "data.observation images, ")],
)  # fmt: skip
def test_it_is_said_all_that_a_metric_needs(
    trainer: str, metric: str, params: dict[str, Any], rule: str
) -> None:
    data = {"data": {"observation": "state"}} if "feature" in metric else {}
    spec = {"name": "x", "trainer": trainer, "params": params, **data}
    with pytest.raises(SpecError, match=rf"^objective.metric: comes with {rule}"):
        check({**spec, "objective": {"metric": metric, "mode": "max"}})


@pytest.mark.parametrize(
    ("metric", "cameras", "rule"),
    [("train/ot_cost/tob", ["top", "angle"], "tob among data.cameras, .*; valid: top, angle in"),
     ("train/ot_cost/top", ["top"], "two data.cameras or more, top among them, got"),
     ("train/ot_cost/state", ["top", "angle"], "at most one of data.cameras, .*; valid: top, ang"),
     ("train/ot_variation/front_close", ["top", "angle"], "front_close among data.cameras"),
     ("probe/ot_term_share/left", ["top", "angle"], "left among data.cameras")],
)  # fmt: skip
def test_a_metric_of_a_camera_comes_with_that_camera(
    metric: str, cameras: list[str], rule: str
) -> None:
    spec = {"name": "x", "trainer": "act_ot", "data": {"source": "aloha", "cameras": cameras}}
    with pytest.raises(SpecError, match=rf"^objective.metric: comes with {rule}"):
        check({**spec, "objective": {"metric": metric, "mode": "min"}})
    group = metric.rpartition("/")[0]
    comes = "state" if len(cameras) == 1 else "top"
    check({**spec, "objective": {"metric": f"{group}/{comes}", "mode": "min"}})
    shown = {"source": "aloha", "cameras": cameras, "observation": "state"}
    check({**spec, "data": shown, "objective": {"metric": f"{group}/state", "mode": "min"}})


def test_of_several_objectives_each_is_refused() -> None:
    named = [{"metric": name, "mode": "max"} for name in ("eval/pc_success", "probe/rerun_reward")]
    with pytest.raises(SpecError) as refused:
        check({"name": "x", "trainer": "bc", "params": {"rollouts": 0, "replays": 0},
               "objective": named, "search": {"sampler": "nsgaii"}})  # fmt: skip
    assert all(one["metric"] in str(refused.value) for one in named)


@pytest.mark.parametrize(
    ("euler_rollouts", "told"), [(0, "comes with euler_rollouts above 0"), (5, "shows a change")]
)
def test_a_claim_about_what_never_comes_cannot_be_decided(euler_rollouts: int, told: str) -> None:
    """And is no mistake; what some configurations log is enough for one."""
    claim = {"claim": "c", "param": "euler_steps", "metric": "probe/pc_success/1",
             "expect": "increase"}  # fmt: skip
    plan = check({"name": "x", "trainer": "reflow", "params": {"euler_rollouts": euler_rollouts},
                  "space": {"euler_steps": {"choice": [1, 2, 5]}}, "seeds": [0, 1],
                  "hypotheses": [claim]})  # fmt: skip
    (line,) = power(plan)
    assert told in line


@pytest.mark.parametrize("rate", [1e-320, 1e-9, 3.0])
def test_a_rate_that_does_not_divide_the_robot_s_is_refused(rate: float) -> None:
    data = {"source": "aloha", "rate_hz": rate}
    with pytest.raises(SpecError, match=r"data.rate_hz: must be 50 Hz over a whole number"):
        check({"name": "x", "trainer": "act", "data": data})


def test_a_wrong_camera_is_one_mistake() -> None:
    data = {"source": "aloha", "cameras": ["tob"]}
    with pytest.raises(SpecError) as refused:
        check({"name": "x", "trainer": "act", "data": data})
    assert [problem.where for problem in refused.value.problems] == ["data.cameras.0"]


def test_one_episode_is_no_objective() -> None:
    spec = {"name": "x", "trainer": "bc", "objective": {"metric": "eval/episode/7", "mode": "max"}}
    with pytest.raises(SpecError, match=r"is of one episode, .* valid: eval/pc_success \("):
        check(spec)


def test_demonstrations_for_a_trainer_without_are_refused() -> None:
    with pytest.raises(SpecError, match=r"data: .*:Regression takes none"):
        check(regression(data={"episodes": 4}))
    with pytest.raises(SpecError, match="takes none"):
        check(regression(space={"data.episodes": {"choice": [4, 5]}}))


def test_an_image_sweep_never_becomes_a_state_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MUJOCO_GL", "disable")
    monkeypatch.setenv("ILSWEEP_CACHE", str(tmp_path / "cache"))
    spec = {**example(tmp_path), "data": {"episodes": 2, "holdout": 0.5}}
    (tmp_path / "spec.yaml").write_text(yamlio.dump(spec))
    assert main.main(["run", str(tmp_path / "spec.yaml"), "--storage", str(tmp_path / "runs")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line == (
        "no OpenGL here (OpenGL is switched off by MUJOCO_GL=disable), and the policies are to see "
        "images; valid: --set data.observation=state"
    )
    assert not (tmp_path / "runs" / "act-ot-stage1").exists()


@pytest.mark.parametrize("place", ["params", "space"])
def test_actions_that_prove_to_be_no_states_are_one_line_before_the_first_trial(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ILSWEEP_CACHE", str(tmp_path))
    world = "tests.trainers.envs.gym.made_up"
    data = {
        "source": "gym", "env": {"id": f"{world}:Point", "max_steps": 30}, "episodes": 4,
        "expert": f"{world}:straight", "observation": "state", "holdout": 0.5,
    }  # fmt: skip
    kind = {"choice": ["absolute", "delta"]} if place == "space" else "delta"
    plan = check({"name": "x", "trainer": "bc", "data": data,
                  place: {"action_representation": kind}})  # fmt: skip
    with pytest.raises(SpecError) as raised:
        prepare_data(plan)
    (problem,) = raised.value.problems
    assert str(problem).startswith(
        f"{place}.action_representation: delta takes actions that are states to reach; number "
    )


class Raising(DataSource):
    """A source of one's own with a fault."""

    controls: ClassVar[tuple[str, ...]] = ("joint",)
    has_environment: ClassVar[bool] = True

    def load(self, cache_dir: Path, progress: Progress = quiet, say: Say = print) -> Demonstrations:
        raise KeyError("joint7")


def test_a_source_of_ones_own_that_raises_is_one_line() -> None:
    source = f"{__name__}:Raising"
    plan = check({
        "name": "x", "trainer": "bc", "data": {"source": source},
        "space": {"lr": {"choice": [1e-3, 1e-4]}},
    })  # fmt: skip
    with pytest.raises(FolderError) as raised:
        prepare_data(plan)
    assert str(raised.value) == f"data.source: {source} raised KeyError: 'joint7'"

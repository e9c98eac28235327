"""What every ready trainer owes a sweep, whatever it learns.

A trainer NAME brings its case in tests/trainers/test_NAME.py: `TINY`, parameters small enough for
milliseconds a step, and `tiny_data()`, demonstrations to go with them. Trainers draw their batches
from `self.rng`.
"""

from __future__ import annotations

import importlib
import io
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from ilsweep.trainers.core.contract import Trainer
from ilsweep.trainers.core.registry import TRAINERS, load, parameters
from ilsweep.trainers.data import dataset


@dataclass(frozen=True)
class Case:
    """A trainer's class with something small to train on."""

    trainer: type[Trainer]
    params: Mapping[str, Any]
    data: Callable[[], Any]

    def build(self, *, seed: int = 0, device: str = "cpu", **params: Any) -> Any:
        config = self.trainer.Config(**{**self.params, **params})
        return self.trainer(config, self.data(), seed=seed, device=device)


@pytest.fixture(params=sorted(TRAINERS))
def case(request: pytest.FixtureRequest) -> Case:
    *_, room, file = TRAINERS[request.param].trainer.partition(":")[0].split(".")
    own = importlib.import_module(f"tests.trainers.{room}.test_{file}")
    return Case(load(request.param), own.TINY, own.tiny_data)


TIMINGS = ("train/update_s", "train/dataloading_s")
"""All other metrics are the same, bit for bit, whenever a trial is run again."""


def run(trainer: Trainer, steps: int) -> list[dict[str, float]]:
    """Metrics of some steps, without those that are times."""
    return [
        {name: float(value) for name, value in trainer.train_step().items() if name not in TIMINGS}
        for _ in range(steps)
    ]


def through_a_file(state: Any) -> Any:
    """A checkpoint as it comes back from disk, read without running code."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def weights(state: Any) -> list[np.ndarray]:
    """Every tensor of a state, in order."""
    if isinstance(state, torch.Tensor):
        return [state.cpu().numpy()]
    if isinstance(state, Mapping):
        return [leaf for value in state.values() for leaf in weights(value)]
    if isinstance(state, list | tuple):
        return [leaf for value in state for leaf in weights(value)]
    return []


def same(first: Any, second: Any) -> bool:
    """Whether two states hold the same numbers, bit for bit."""
    pairs = list(zip(weights(first), weights(second), strict=True))
    return bool(pairs) and all(np.array_equal(a, b) for a, b in pairs)


def test_metrics_are_finite_scalars_that_the_trainer_declares(case: Case) -> None:
    trainer = case.build()
    found = {**trainer.train_step(), **trainer.evaluate(), **trainer.probe()}
    assert "train/loss" in found
    for name, value in found.items():
        assert np.ndim(value) == 0, name
        assert np.isfinite(float(value)), (name, value)
        assert not (isinstance(value, torch.Tensor) and value.requires_grad), name
        assert any(fnmatchcase(name, pattern) for pattern in trainer.metrics), name
    assert not {"probe/*", "eval/*", "train/*"} & trainer.metrics.keys()


def test_loss_falls_on_one_batch(case: Case) -> None:
    trainer = case.build(lr=3e-3)
    state = trainer.rng.bit_generator.state
    losses = []
    for _ in range(40):
        trainer.rng.bit_generator.state = state
        losses.append(float(trainer.train_step()["train/loss"]))
    assert np.mean(losses[-5:]) < np.mean(losses[:3])


def test_what_only_a_further_step_needs_can_be_left_out(case: Case) -> None:
    trained, other = case.build(seed=3), case.build(seed=4)
    run(trained, 2)
    state = trained.state_dict()
    assert set(trained.resume_only) <= state.keys()
    kept = {key: value for key, value in state.items() if key not in trained.resume_only}
    other.load_state_dict(through_a_file(kept))
    assert other.evaluate() == trained.evaluate()


def test_same_seed_same_run_whatever_ran_before(case: Case) -> None:
    first = case.build(seed=3)
    metrics = run(first, 3)
    other = case.build(seed=4)
    run(other, 2)
    torch.manual_seed(99)
    second = case.build(seed=3)
    torch.rand(7)
    assert run(second, 3) == metrics
    assert same(first.state_dict(), second.state_dict())
    assert not same(first.state_dict(), other.state_dict())


def test_two_trainers_in_turns_do_not_disturb_each_other(case: Case) -> None:
    alone = case.build(seed=1)
    expected = run(alone, 3)
    first, second = case.build(seed=1), case.build(seed=2)
    found = []
    for _ in range(3):
        found += run(first, 1)
        run(second, 1)
    assert found == expected


def test_training_leaves_the_global_generators_alone(case: Case) -> None:
    torch.manual_seed(11)
    np.random.seed(11)
    expected = (torch.rand(3).tolist(), np.random.rand(3).tolist())
    torch.manual_seed(11)
    np.random.seed(11)
    trainer = case.build()
    run(trainer, 2)
    trainer.evaluate()
    trainer.probe()
    assert (torch.rand(3).tolist(), np.random.rand(3).tolist()) == expected


def test_evaluating_and_probing_do_not_change_the_run(case: Case) -> None:
    plain, watched = case.build(), case.build()
    expected = run(plain, 4)
    found = run(watched, 2)
    assert watched.evaluate() == watched.evaluate()
    assert watched.probe() == watched.probe()
    assert found + run(watched, 2) == expected


def test_solving_answers_for_each_seed_and_does_not_change_the_run(case: Case) -> None:
    plain, watched = case.build(), case.build()
    expected = run(plain, 2)
    found = run(watched, 1)
    solved = watched.solve([7, 3])
    assert list(solved) == [7, 3]
    assert solved == watched.solve([7, 3])
    assert found + run(watched, 1) == expected


def test_a_checkpoint_gives_the_same_policy(case: Case) -> None:
    trainer, other = case.build(seed=0), case.build(seed=1)
    run(trainer, 3)
    before = trainer.evaluate()
    assert other.evaluate() != before
    other.load_state_dict(through_a_file(trainer.state_dict()))
    assert other.evaluate() == before
    assert other.probe() == trainer.probe()


def test_stop_and_resume_equals_no_stop(case: Case) -> None:
    straight, stopped, resumed = (case.build(seed=5) for _ in range(3))
    expected = run(straight, 6)
    run(stopped, 3)
    resumed.load_state_dict(through_a_file(stopped.state_dict()))
    assert run(resumed, 3) == expected[3:]
    assert same(straight.state_dict(), resumed.state_dict())


def test_a_saved_state_does_not_move_with_the_training(case: Case) -> None:
    trainer = case.build()
    run(trainer, 1)
    saved = through_a_file(trainer.state_dict())
    run(trainer, 2)
    assert not same(saved, trainer.state_dict())
    other = case.build(seed=9)
    other.load_state_dict(saved)
    once = run(other, 1)
    again = case.build(seed=8)
    again.load_state_dict(saved)
    assert run(again, 1) == once


def test_the_demonstrations_are_only_read(case: Case) -> None:
    trainer = case.build()
    arrays = [
        array
        for domain in (trainer.data.source, trainer.data.target)
        if domain is not None
        for field in fields(domain)
        for array in _arrays(getattr(domain, field.name))
    ]
    assert len(arrays) > 5
    for array in arrays:
        array.setflags(write=False)
    run(trainer, 2)
    trainer.evaluate()
    trainer.probe()


def _arrays(value: Any) -> list[np.ndarray]:
    if isinstance(value, Mapping):
        return list(value.values())
    return [value] if isinstance(value, np.ndarray) else []


def test_padded_steps_do_not_count(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run(case.build(), 4)
    original, seen = dataset.chunk, []

    def scrambled(*args: Any, **kwargs: Any) -> Any:
        actions, pad = original(*args, **kwargs)
        seen.append(bool(pad.any()) or pad.shape[1] == 1)  # single actions need no padding
        return np.where(pad[..., None], np.float32(1e3), actions), pad

    for name, module in list(sys.modules.items()):
        if name.startswith("ilsweep.trainers.") and getattr(module, "chunk", None) is original:
            monkeypatch.setattr(module, "chunk", scrambled)
    assert run(case.build(), 4) == expected
    assert any(seen), "no batch held a padded step"


def test_unknown_parameters_are_refused_by_name(case: Case) -> None:
    with pytest.raises(ValidationError, match="learning_rate"):
        case.trainer.Config(learning_rate=1.0)  # type: ignore[call-arg]


def test_every_parameter_is_described(case: Case) -> None:
    listed = parameters(case.trainer.Config)
    assert len({parameter.name for parameter in listed}) == len(listed)
    for parameter in listed:
        assert parameter.about.endswith("."), parameter.name
        assert parameter.type, parameter.name


def test_configuration_survives_its_own_dump(case: Case) -> None:
    config = case.trainer.Config(**case.params)
    assert case.trainer.Config(**config.model_dump(mode="json")) == config


def test_no_rollouts_where_none_are_asked_for(case: Case) -> None:
    assert "eval/pc_success" not in case.build(rollouts=0).finish()


def test_half_precision_is_of_the_loss_alone(case: Case) -> None:
    """bfloat16 has 8 bits: losses agree to about a hundredth, weights and actions stay float32."""
    whole, half = case.build(lr=3e-3), case.build(lr=3e-3, precision="bf16")
    first, second = run(whole, 5), run(half, 5)
    assert not same(whole.net.state_dict(), half.net.state_dict())
    assert all(weight.dtype == torch.float32 for weight in half.net.parameters())
    for one, other in zip(first, second, strict=True):
        assert other["train/loss"] == pytest.approx(one["train/loss"], rel=0.05)
    assert not torch.is_autocast_enabled("cpu")
    whole.load_state_dict(half.state_dict())
    assert whole.evaluate() == half.evaluate()


def test_configurations_are_found_without_torch_or_numpy() -> None:
    code = (
        "import sys; from ilsweep.trainers.core.registry import TRAINERS, find; "
        "[find(name).Config for name in TRAINERS]; "
        "print(sorted({'torch', 'ray', 'ot', 'gym_aloha', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr

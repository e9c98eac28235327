"""The border between a trainer and a sweep: whatever one trial does, the sweep gets a result."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ray.tune.result import AUTO_RESULT_KEYS, DEFAULT_RESULT_KEYS

from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.validation.validate import check
from ilsweep.trainers.core.registry import UnknownTrainer, find
from tests.sweeps.odd import ODD, PLAIN, Plain, config, hosted, results
from tests.sweeps.specs import regression

OURS = ("done", "step", "state", "unkept", "error", "again", "seconds", "attempt", "timestamp",
        "config", "trial_id", "training_iteration", "metrics", "objective", "warnings", "date",
        "should_checkpoint", "__duplicate__")  # fmt: skip


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    Plain.asked.clear()


def test_a_sound_trial_is_told_in_numbers(tmp_path: Path) -> None:
    found = results(hosted(tmp_path))
    assert [(one["step"], one["state"]) for one in found] == [
        (2, "running"), (4, "running"), (6, "completed"),
    ]  # fmt: skip
    assert dict(found[0]["metrics"]) == {"train/loss": 0.75}
    assert "objective" not in found[0]
    assert found[1]["objective"] == found[1]["metrics"]["eval/loss"] == 0.5
    assert set(found[2]["metrics"]) == {"train/loss", "eval/loss", "eval/pc_success", "probe/blind"}


@pytest.mark.parametrize("name", sorted({*OURS, *AUTO_RESULT_KEYS, *DEFAULT_RESULT_KEYS}))
def test_our_own_words_are_names_like_others(tmp_path: Path, name: str) -> None:
    Plain.asked["train_step"] = {name: 77.0}
    Plain.asked["evaluate"] = {name: 5.0}
    sound = results(hosted(tmp_path, PLAIN, f"eval/{name}"))
    assert [one["step"] for one in sound] == [2, 4, 6]
    assert [one["state"] for one in sound] == ["running", "running", "completed"]
    assert [one["error"] for one in sound] == [""] * 3
    assert [one["metrics"][f"train/{name}"] for one in sound] == [77.0] * 3
    assert [one.get("objective") for one in sound] == [None, 5.0, 5.0]
    for one in sound:
        assert set(one) <= {"step", "seconds", "state", "error", "again", "unkept", "done",
                            "metrics", "objective", "spoiled", "warnings", "episodes",
                            "predictions"}  # fmt: skip


@pytest.mark.parametrize("verb", ["train_step", "evaluate", "finish", "probe"])
@pytest.mark.parametrize(
    ("value", "line"),
    [({3: 1.0}, "returned a metric called 3"), ({"a\nb": 1.0}, r"called 'a\\nb'"),
     ({"x": "high"}, "= 'high'; valid: a number"), ([1.0], "returned a list"),
     ({"own/x": None}, "returned own/x = None"), (None, "returned None")],
)  # fmt: skip
def test_a_mistake_fails_the_trial_with_one_line(
    tmp_path: Path, verb: str, value: Any, line: str
) -> None:
    Plain.asked[verb] = value
    last = results(hosted(tmp_path))[-1]
    assert last["state"] == "failed"
    assert last["error"].startswith(f"{verb} returned ")
    assert line.replace("\\\\", "\\") in last["error"]
    assert "\n" not in last["error"]


ANY = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6),
                st.sampled_from(OURS), st.binary(max_size=3))  # fmt: skip
RETURNED = st.dictionaries(ANY, ANY, max_size=4) | ANY | st.lists(ANY, max_size=2)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(["train_step", "evaluate", "finish", "probe"]), RETURNED))
def test_whatever_is_returned_the_trial_is_recorded(asked: dict[str, Any]) -> None:
    Plain.asked = asked
    with TemporaryDirectory() as folder:
        last = results(hosted(folder))[-1]
    assert last["state"] in ("completed", "failed")
    assert bool(last["error"]) == (last["state"] == "failed")
    assert all(type(value) is float for value in last["metrics"].values())


class TestTheObjective:
    def test_is_missed_after_the_first_evaluation(self, tmp_path: Path) -> None:
        found = results(hosted(tmp_path, PLAIN, "eval/l1"))
        assert [one["state"] for one in found] == ["running", "failed"]
        assert found[-1]["error"] == (
            "the trainer never reported eval/l1; it reported eval/loss, train/loss"
        )
        assert dict(found[-1]["metrics"]), "what it did report is kept"

    def test_is_awaited_where_it_may_come_at_the_end(self, tmp_path: Path) -> None:
        assert results(hosted(tmp_path, ODD, "eval/pc_success"))[-1]["state"] == "completed"
        found = results(hosted(tmp_path / "2", ODD, "eval/l1"))
        assert [one["state"] for one in found] == ["running", "running", "failed"]
        assert (
            "it reported eval/loss, eval/pc_success, probe/blind, train/loss"
            in (found[-1]["error"])
        )

    def test_that_came_once_is_not_missed(self, tmp_path: Path) -> None:
        Plain.asked["train_step"] = lambda own: {"early": 1.0} if own.step == 1 else {"loss": 0.0}
        assert results(hosted(tmp_path, PLAIN, "train/early"))[-1]["state"] == "completed"

    def test_that_came_before_a_kill_is_not_missed(self, tmp_path: Path) -> None:
        Plain.asked["train_step"] = lambda own: {"early": 1.0} if own.step == 1 else {"loss": 0.0}
        first = hosted(tmp_path, PLAIN, "train/early")
        first.step(), first.step()
        assert results(hosted(tmp_path, PLAIN, "train/early"))[-1]["state"] == "completed"

    def test_is_missed_by_a_trainer_that_reports_nothing(self, tmp_path: Path) -> None:
        Plain.asked |= {"train_step": {}, "evaluate": {}}
        assert results(hosted(tmp_path, PLAIN))[-1]["error"] == (
            "the trainer never reported eval/loss; it reported nothing"
        )

    @pytest.mark.parametrize(
        ("trainer", "valid"),
        [(PLAIN, "eval/loss, train/loss, probe/loss"), (regression()["trainer"], "loss")],
    )
    def test_has_a_group_in_a_spec(self, trainer: str, valid: str) -> None:
        spec = regression(trainer=trainer, objective={"metric": "loss", "mode": "min"}, space={},
                          params={})  # fmt: skip
        with pytest.raises(
            SpecError, match=r"objective\.metric: a metric's name is GROUP/NAME"
        ) as e:
            check({key: value for key, value in spec.items() if key not in ("space", "search")})
        assert valid.split(", ")[0] in str(e.value)


def _exits(own: Any) -> Any:
    sys.exit(3)


def _is_interrupted(own: Any) -> Any:
    raise KeyboardInterrupt


def _leaves(own: Any) -> Any:
    raise GeneratorExit("gone")


def _raises(own: Any) -> Any:
    raise RuntimeError("the simulator | is\ngone")


LEFT = [(_exits, "called sys.exit(3)"), (_is_interrupted, "raised KeyboardInterrupt"),
        (_leaves, "raised GeneratorExit: gone")]  # fmt: skip


def test_a_paused_trial_goes_on_from_its_own_folder(tmp_path: Path) -> None:
    note = tmp_path / "note"
    note.mkdir()
    first = hosted(tmp_path)
    assert first.step()["step"] == 2
    first.save_checkpoint(str(note))
    assert [(file.name, file.stat().st_size) for file in note.iterdir()] == [("kept", 0)]
    other = hosted(tmp_path)
    other.load_checkpoint(str(note))
    went_on = other.step()
    assert (went_on["step"], went_on["again"]) == (4, False)


def test_a_trial_that_is_copied_hands_its_state_over(tmp_path: Path) -> None:
    """Population-based training: another trial, in another folder, goes on from it."""
    given = tmp_path / "given"
    given.mkdir()
    workers = [hosted(tmp_path / name) for name in "ab"]
    for worker in workers:
        shared = worker._config["shared"]
        worker._config = {**worker._config, "shared": replace(shared, copies=True)}
    first, other = workers
    assert first.step()["step"] == 2
    first.save_checkpoint(str(given))
    assert [file.name for file in given.iterdir()] == ["state.ckpt"]
    other.load_checkpoint(str(given))
    assert other.step()["step"] == 4


class TestWhatIsNoException:
    @pytest.mark.parametrize(("what", "words"), LEFT)
    @pytest.mark.parametrize(
        "verb", ["__init__", "train_step", "evaluate", "finish", "probe", "state_dict"]
    )
    def test_fails_the_trial_in_its_own_words(
        self, tmp_path: Path, verb: str, what: Any, words: str
    ) -> None:
        Plain.asked[verb] = what
        last = results(hosted(tmp_path))[-1]
        assert last["state"] == "failed"
        assert last["error"].splitlines()[-1] == f"the trainer {words}"

    def test_when_a_checkpoint_is_loaded(self, tmp_path: Path) -> None:
        first = hosted(tmp_path)
        first.step(), first.step()
        Plain.asked["load_state_dict"] = _exits
        assert "called sys.exit(3)" in hosted(tmp_path).step()["error"]
        first.save_checkpoint(str(tmp_path))
        other = hosted(tmp_path)
        other.load_checkpoint(str(tmp_path))
        assert "called sys.exit(3)" in other.step()["error"]

    def test_of_rays_own_ends_the_process(self, tmp_path: Path) -> None:
        def ends(own: Any) -> Any:
            exec("raise SystemExit(1)", {"__name__": "ray._private.worker"})

        Plain.asked["train_step"] = ends
        with pytest.raises(SystemExit):
            hosted(tmp_path).step()

    def test_when_its_module_is_imported(self, tmp_path: Path, monkeypatch: Any) -> None:
        (tmp_path / "script_of_mine.py").write_text("raise SystemExit(2)")
        monkeypatch.syspath_prepend(str(tmp_path))
        with pytest.raises(UnknownTrainer, match="cannot import script_of_mine: SystemExit: 2"):
            find("script_of_mine:T")


class TestClose:
    @pytest.mark.parametrize(("what", "words"), [*LEFT, (_raises, "raised RuntimeError: the sim")])
    def test_that_goes_wrong_costs_no_training(self, tmp_path: Path, what: Any, words: str) -> None:
        Plain.asked["close"] = what
        last = results(hosted(tmp_path))[-1]
        assert (last["state"], last["error"]) == ("completed", "")
        ((name, text),) = last["warnings"]
        assert name == "c0000-s0"
        assert text.startswith(f"close() {words}")
        assert "\n" not in text

    def test_that_goes_wrong_after_a_stop_is_told_with_the_next_trial(self, tmp_path: Path) -> None:
        Plain.asked["close"] = _raises
        worker = hosted(tmp_path)
        worker.step()
        worker.reset_config({**config(tmp_path), "id": "c0001-s0"})
        Plain.asked.clear()
        first, *rest = results(worker)
        assert [name for name, _ in first["warnings"]] == ["c0000-s0"]
        assert not any(one["warnings"] for one in rest)


class Unprintable(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_error_without_words_fails_the_trial(tmp_path: Path) -> None:
    def raises(own: Any) -> Any:
        raise Unprintable

    Plain.asked |= {"train_step": raises, "close": raises}
    last = results(hosted(tmp_path))[-1]
    assert last["state"] == "failed"
    assert "Unprintable" in last["error"]


@pytest.mark.parametrize(
    "state",
    [
        None,
        3,
        {"f": lambda: 0},
        {"deep": [{"p": Path("x")}]},
        {Path("x"): 1},
        {"x": object()},
        _raises,
    ],
)
def test_a_state_that_cannot_be_kept_fails_the_trial(tmp_path: Path, state: Any) -> None:
    Plain.asked["state_dict"] = state
    found = results(hosted(tmp_path))
    assert [one["state"] for one in found] == ["running", "failed"]
    if state is not _raises:
        assert found[-1]["error"].startswith("state_dict ")
        assert "tensors, arrays, numbers, text" in found[-1]["error"]

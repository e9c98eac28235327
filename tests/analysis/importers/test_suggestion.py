"""A log in no known format: its nearest one is named, and expressions that do read its lines."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ilsweep.analysis.importers import ImportRefused
from ilsweep.analysis.load.sweep import read_sweep
from ilsweep.sweeps.cli.main import main
from tests.analysis.importers.logs import imported, points, write


def refusal(folder: Path, text: str) -> str:
    write(folder, {"x.log": text})
    with pytest.raises(ImportRefused) as caught:
        imported(folder, "x.log")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "nearest"),
    [("[08:00] Step 100 - grad_norm: 1.2, loss: 0.4", "openpi"),
     ("Epoch 12, Val loss = 0.28", "ACT"),
     ("{'loss': 0.9, 'grad_norm': 1.2, 'learning_rate': 1e-05}", "Hugging Face Trainer"),
     ("a sentence about the loss and the step", ""), ("", "")],
)  # fmt: skip
def test_the_nearest_format_is_one_of_which_a_line_looks_alike(
    tmp_path: Path, line: str, nearest: str
) -> None:
    found = re.search(r"\(nearest: ([\w -]*)", refusal(tmp_path, f"begin\n{line}\n"))
    assert (found[1] if found else "").startswith(nearest)
    assert bool(found) == bool(nearest)


LOGS = (
    "[10:00][train][INFO] - epoch {i} | step {step} | loss={loss} | lr=3.0e-04 | 12.3 it/s",
    "iter {step}: {{'loss': np.float32({loss}), 'acc': array(0.1)}}",
    '{{step: {step}, "loss": {loss}}}',
    "    Step {step}/3000, Loss: {loss}, ETA: 1.5m",
    "\x1b[1mglobal_step={step}\x1b[0m  train_loss \x1b[32m{loss}\x1b[0m",
    "update {step}: loss -{loss}",
    "Epoch: [{step}/400]  Train Loss: {loss}  Val Loss: 0.5",
    "[Learner] Steps = {step} | Loss = {loss}",
    "Schritt {step}: loss {loss}",
    "step {step}\n  Val Loss: 0.5\n  Loss: {loss}",
)


@pytest.mark.parametrize("line", LOGS)
def test_the_expressions_that_are_named_read_the_log(tmp_path: Path, line: str) -> None:
    losses = {step: 100 / step for step in (100, 200, 400)}
    sign = -1 if "-{loss}" in line else 1
    lines = [line.format(i=s // 100, step=s, loss=v) for s, v in losses.items()]
    said = refusal(tmp_path, "\n".join(lines))
    options = re.search(r"its lines are read by (.*?); known are", said)
    assert options, said
    into = tmp_path / "o"
    argv = ["import", str(tmp_path / "x.log"), "--into", str(into), *shlex.split(options[1])]
    assert main(argv) == 0
    (trial,) = read_sweep(into).trials
    assert points(trial, "train/loss") == {step: sign * v for step, v in losses.items()}


def test_names_of_a_step_that_take_turns_are_one(tmp_path: Path) -> None:
    lines = [f"iter {s}: loss {1 / s}" for s in range(1, 10)]
    lines[4:4] = ["step 5: val loss 0.5"]
    lines += ["step 10: val loss 0.25"]
    said = refusal(tmp_path, "\n".join(lines))
    options = shlex.split(said.partition("its lines are read by ")[2].partition("; known are")[0])
    assert main(["import", str(tmp_path / "x.log"), "--into", str(tmp_path / "o"), *options]) == 0
    (trial,) = read_sweep(tmp_path / "o").trials
    assert points(trial, "train/loss") == {s: 1 / s for s in range(1, 10)}
    assert points(trial, "eval/eval_loss") == {5: 0.5, 10: 0.25}


def test_steps_within_epochs_are_counted_on(tmp_path: Path) -> None:
    lines = [f"Epoch [{e}/3], Step [{b}/50], Loss: {1 / (50 * e + b)}, val loss: 1"
             for e in (1, 2, 3) for b in (25, 50)]  # fmt: skip
    said = refusal(tmp_path, "\n".join(lines))
    options = shlex.split(said.partition("its lines are read by ")[2].partition("; known are")[0])
    assert main(["import", str(tmp_path / "x.log"), "--into", str(tmp_path / "o"), *options]) == 0
    (trial,) = read_sweep(tmp_path / "o").trials
    assert points(trial, "train/loss") == {s: 1 / (50 + s) for s in range(25, 151, 25)}


def test_of_a_folder_the_first_log_says_how_it_is_read(tmp_path: Path) -> None:
    log = "".join(f"step {s}: loss {1 / s}\n" for s in (1, 2, 3))
    write(tmp_path, {"a/train.log": log, "a/README": "words\n"})
    with pytest.raises(
        ImportRefused, match=r"the lines of train.log are read by --pattern '.bloss"
    ):
        imported(tmp_path, "a")


def test_a_success_rate_comes_first_and_time_is_none_of_them(tmp_path: Path) -> None:
    line = "it {i} reward={r} fps=99 val_loss: {r} lr=1e-4 success: {r}%"
    said = refusal(tmp_path, "\n".join(line.format(i=i, r=i) for i in range(4)))
    names = re.findall(r"\?P<(\w+)>", said.partition("known are")[0])
    assert names == ["success", "val_loss", "lr"]


def test_without_numbers_by_name_the_way_by_patterns_is_shown(tmp_path: Path) -> None:
    said = refusal(tmp_path, "nothing\n" * 9)
    assert "any log is read by --pattern 'loss=(?P<train_loss>" in said

"""Any log by the user's expressions, and the options that go with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilsweep.analysis.importers import How
from ilsweep.analysis.importers.patterns import from_arguments
from ilsweep.sweeps.cli.main import main
from tests.analysis.importers.logs import imported, points, write

OWN = "".join(f"    Step {s}/3000, Loss: {1500 / s:.4f}, ETA: 1.5m\n" for s in (1000, 2000, 3000))


@pytest.mark.parametrize(
    ("patterns", "step"),
    [(["Loss: (?P<train_loss>\\S+)"], "Step (\\d+)"), (["loss=Loss: (\\S+?),"], "Step (\\d+)"),
     (["Step (?P<step>\\d+)/\\d+, Loss: (?P<loss>[\\d.]+)"], ""),
     (["Loss: (?P<loss>\\S+)"], "Step (\\S+)")],
)  # fmt: skip
def test_any_log_by_patterns(tmp_path: Path, patterns: list[str], step: str) -> None:
    write(tmp_path, {"own.log": OWN})
    how = How(patterns=from_arguments(patterns, step))
    (trial,) = imported(tmp_path, "own.log", how=how).values()
    assert points(trial, "train/loss") == {1000: 1.5, 2000: 0.75, 3000: 0.5}


@pytest.mark.parametrize(
    ("patterns", "step"),
    [(["loss=loss: (\\d\\S*)?"], "Step (\\d+|inf)?"),
     (["Step (?P<step>\\d+|inf)?,? ?(?:loss: )?(?P<loss>\\d\\S*)?"], "")],
)  # fmt: skip
def test_a_group_that_matched_nothing_and_a_step_that_is_none_are_passed_over(
    tmp_path: Path, patterns: list[str], step: str
) -> None:
    write(tmp_path, {"own.log": "Step 1, loss: 0.5\nStep , loss: -\nStep inf\nStep 2, loss: 1\n"})
    how = How(patterns=from_arguments(patterns, step))
    (trial,) = imported(tmp_path, "own.log", how=how).values()
    assert points(trial, "train/loss") == {1: 0.5, 2: 1.0}


@pytest.mark.parametrize(
    "given", [["--step", "x (.)"], ["--format", "csv", "--pattern", "loss=(.)"]]
)
def test_options_that_do_not_go_together_are_refused_in_one_line(
    tmp_path: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {"own.log": OWN})
    command = ["import", str(tmp_path / "own.log"), "--into", str(tmp_path / "o")]
    assert main([*command, *given]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{given[0]}: ")
    assert "--pattern" in line
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("pattern", ["(", "loss", "loss=(a)(b)", "loss=abc", "two words=(x)"])
def test_a_pattern_that_cannot_be_used_is_one_line(
    tmp_path: Path, pattern: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {"own.log": OWN})
    given = [
        "import",
        str(tmp_path / "own.log"),
        "--into",
        str(tmp_path / "o"),
        "--pattern",
        pattern,
    ]
    assert main(given) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("--pattern: ")
    assert not (tmp_path / "o").exists()


def test_a_success_by_an_expression_is_the_success_rate(tmp_path: Path) -> None:
    write(tmp_path, {"own.log": "Step 1, success: 20%\nStep 2, success: 50%\n"})
    for i, texts in enumerate((["success: (?P<success>\\S+)"], ["success=success: (\\S+)"])):
        how = How(patterns=from_arguments(texts, "Step (\\d+)"))
        (trial,) = imported(tmp_path, "own.log", how=how, into=f"o{i}").values()
        assert points(trial, "eval/pc_success") == {1: 20.0, 2: 50.0}


def test_expressions_that_find_nothing_are_said_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {"own.log": OWN})
    argv = [
        "import",
        str(tmp_path / "own.log"),
        "--into",
        str(tmp_path / "o"),
        "--pattern",
        "a=(z)",
    ]
    assert main(argv) == 2
    assert "no number in it is found by --pattern" in capsys.readouterr().err

"""`validate SPEC --try LOG` shows what a spec would read of a log."""

from __future__ import annotations

from pathlib import Path

import pytest

from ilsweep.sweeps.cli.main import main

SPEC = """
name: pat
trainer: command
command:
  argv: [python, -c, "print({lr})"]
  metrics: {patterns: {loss: 'loss=(\\S+)', acc: 'acc=(\\S+)'}, step: 'Step (\\d+)'}
params: {steps: 200}
space: {lr: {choice: [0.1, 0.2]}}
objective: {metric: METRIC, mode: min}
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.txt"
    path.write_text("Step 0: loss=0.5010, acc=bad\nStep 100: loss=0.4, x=1\n")
    return path


def test_what_is_read_is_shown(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC.replace("METRIC", "train/loss"))
    assert main(["validate", str(spec), "--try", str(log)]) == 0
    out = capsys.readouterr().out
    assert f"{log} as patterns: 2 reports, steps 0 to 100" in out
    assert "train/loss: 2 values, 0.501 @0 to 0.4 @100" in out
    assert "train/acc: 'bad' is no number" in out


def test_what_a_claim_names_keeps_its_name(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the claim's metric would never come: the table calls it `eval/eval_loss`."""
    claim = "{claim: c, param: lr, metric: train/val_loss, expect: decrease}"
    text = SPEC.replace("METRIC", "train/loss").replace("acc:", "val_loss:").replace("bad", "0.3")
    spec = tmp_path / "spec.yaml"
    spec.write_text(f"{text}hypotheses:\n  - {claim}\n")
    log.write_text(log.read_text().replace("bad", "0.3"))
    assert main(["validate", str(spec), "--try", str(log)]) == 0
    assert "train/val_loss: 1 value" in capsys.readouterr().out


def test_an_objective_that_is_not_in_it_is_one_line(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC.replace("METRIC", "train/acc"))
    assert main(["validate", str(spec), "--try", str(log)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("objective: train/acc is not among what is read")
    assert main(["validate", str(spec), "--try", str(tmp_path / "no.txt")]) == 2


@pytest.mark.parametrize("other", ["--json", "--controls"])
def test_a_log_is_shown_alone(other: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "sweep.yaml", "--try", "log.txt", other]) == 2
    assert f"--try: shows what is read alone; valid: without {other}" in capsys.readouterr().err

"""A command from start to end: what it is told, its reports, its failures, how it goes on."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ilsweep.analysis.records.files import read_json
from ilsweep.sweeps.external.worker import CommandFailedError
from ilsweep.sweeps.processes.signals import SIGNALS
from tests.sweeps.external.scripts import GONE_S, GOOD, hosting, nobody_is_left, run, trial, write


def failure(root: Path, code: str, **command: Any) -> list[str]:
    """The lines that tell why the command failed."""
    with pytest.raises(CommandFailedError) as caught:
        run(hosting(root, write(root, code), **command))
    return str(caught.value).splitlines()


def test_its_reports_are_its_own_steps(tmp_path: Path) -> None:
    assert run(hosting(tmp_path, write(tmp_path, GOOD))) == [
        (step, {"train/loss": 1 / step}) for step in (1, 2, 3)
    ]
    assert read_json(trial(tmp_path).root / "command.json")["status"] == 0
    assert (trial(tmp_path).root / "output.log").read_text().count("loss") == 3


def test_reports_come_while_it_runs(tmp_path: Path) -> None:
    code = """
        import pathlib, time
        print('{"step": 1, "loss": 1}')
        while not pathlib.Path("go").exists():
            time.sleep(0.02)
        print('{"step": 2, "loss": 2}')
    """
    hosted = hosting(tmp_path, write(tmp_path, code))
    hosted.resume()
    assert hosted.train_to_report() == {"train/loss": 1}
    (trial(tmp_path).root / "run" / "go").touch()
    assert hosted.train_to_report() == {"train/loss": 2}
    assert (hosted.step, hosted.train_to_report(), hosted.finished) == (2, {}, True)
    hosted.close()


@pytest.mark.parametrize(
    "value", ["a b", "'", '"', "a;touch x", "$(touch x)", "`touch x`", "*", "\\", "ü\n", "--x", ""]
)
def test_a_value_reaches_it_as_it_is(tmp_path: Path, value: str) -> None:
    code = """
        import json, sys
        print(json.dumps({"step": 1, "loss": 0, "name": sys.argv[1]}))
        json.dump(sys.argv[1:], open("argv.json", "w"))
    """
    argv = [*write(tmp_path, code), "{name}", "--name={name}", "{seed}"]
    run(hosting(tmp_path, argv, {"name": value}))
    folder = trial(tmp_path).root / "run"
    assert json.loads((folder / "argv.json").read_text()) == [value, f"--name={value}", "7"]
    assert os.listdir(folder) == ["argv.json"]


def test_what_it_is_told_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "RAY_JOB_ID", "KEPT"):
        monkeypatch.setenv(name, "x")
    code = """
        import json, os
        print('{"step": 1, "loss": 0}')
        json.dump(dict(os.environ), open("env.json", "w"))
    """
    command: dict[str, Any] = {
        "env": {"OUT": "{folder}/o", "RATE": "{lr}"},
        "environment": str(tmp_path / "venv"),
    }
    run(hosting(tmp_path, write(tmp_path, code), {"lr": 1e-5}, **command))
    folder = trial(tmp_path).root / "run"
    env = json.loads((folder / "env.json").read_text())
    assert env["KEPT"] == "x"
    assert not {"PYTHONPATH", "RAY_JOB_ID"} & set(env)
    assert (env["OUT"], env["RATE"]) == (f"{folder}/o", "1e-05")
    assert (env["ILSWEEP_SEED"], env["CUDA_VISIBLE_DEVICES"]) == ("7", "")
    assert env["PATH"].split(":")[0] == str(tmp_path / "venv" / "bin")


class TestFailures:
    def test_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(CommandFailedError, match=r"cannot be started.*No such file"):
            run(hosting(tmp_path, ["/nowhere/train"]))

    def test_not_executable(self, tmp_path: Path) -> None:
        (tmp_path / "train.sh").write_text("#!/bin/sh\n")
        with pytest.raises(CommandFailedError, match=r"cannot be started.*Permission denied"):
            run(hosting(tmp_path, [str(tmp_path / "train.sh")]))

    def test_dies_at_once(self, tmp_path: Path) -> None:
        *output, reason = failure(tmp_path, "raise ValueError('no camera')")
        assert reason == ("the command ended with status 1; its last line: ValueError: no camera")
        assert output[0].strip() == "Traceback (most recent call last):"

    def test_is_told_without_its_colours(self, tmp_path: Path) -> None:
        code = r"import sys; sys.exit('\033[1;31mno camera\033[0m')"
        assert failure(tmp_path, code)[-1].endswith("its last line: no camera")

    def test_killed_by_a_signal(self, tmp_path: Path) -> None:
        code = "import os; print('so far', flush=True); os.kill(os.getpid(), 9)"
        assert failure(tmp_path, code)[-1] == (
            "the command was killed by signal 9; its last line: so far"
        )

    def test_never_reports(self, tmp_path: Path) -> None:
        assert failure(tmp_path, "print('hello')")[-1] == (
            "the command never reported train/loss; nothing that it wrote reads as json_lines; "
            "its last line: hello"
        )

    def test_reports_other_metrics(self, tmp_path: Path) -> None:
        reason = failure(tmp_path, """print('{"step": 1, "eval/l1": 1}')""")[-1]
        assert "never reported train/loss; it reported eval/l1;" in reason

    def test_a_metric_as_text(self, tmp_path: Path) -> None:
        reason = failure(tmp_path, """print('{"step": 1, "loss": "high"}')""")[-1]
        assert "never reported train/loss: it came as text, 'high', not as a number" in reason

    def test_a_loss_that_is_not_finite(self, tmp_path: Path) -> None:
        code = """
            import time
            print('{"step": 5, "loss": NaN}')
            time.sleep(60)
        """
        assert "train/loss is nan at step 5" in failure(tmp_path, code)[-1]
        assert nobody_is_left(tmp_path)

    def test_silent(self, tmp_path: Path) -> None:
        began = time.monotonic()
        code = "import time; print('loading'); time.sleep(60)"
        reason = failure(tmp_path, code, end={"silent_s": 0.5})[-1]
        assert "neither output nor a metric for 0.5 s" in reason
        assert time.monotonic() - began < GONE_S
        assert nobody_is_left(tmp_path)

    def test_too_long(self, tmp_path: Path) -> None:
        argv = ["sh", "-c", "while :; do echo still loading; sleep 0.05; done"]
        with pytest.raises(CommandFailedError) as caught:
            run(hosting(tmp_path, argv, end={"max_s": 1.0}))
        reason = str(caught.value).splitlines()[-1]
        assert "took longer than 1 s (end.max_s); its last line: still loading" in reason

    def test_a_line_that_ends_it(self, tmp_path: Path) -> None:
        code = "import time; print('CUDA out of memory'); time.sleep(60)"
        reason = failure(tmp_path, code, end={"output": ["out of mem"]})[-1]
        assert "printed 'CUDA out of memory', which end.output refuses" in reason


def test_ten_megabytes_a_second_are_kept_within_bounds(tmp_path: Path) -> None:
    code = """
        print("the beginning")
        for step in range(1, 31):
            print("x" * 999 + "\\n" * 1, end="")
            print(("y" * 99 + "\\n") * 10_000, end="")
            print('{"step": %d, "loss": 1}' % step)
        print("the end")
    """
    began = time.monotonic()
    reports = run(hosting(tmp_path, write(tmp_path, code)))
    assert [step for step, _ in reports] == list(range(1, 31))
    assert time.monotonic() - began < 20
    output = (trial(tmp_path).root / "output.log").read_bytes()
    assert len(output) < 13 << 20
    assert output.startswith(b"the beginning\n")
    assert output.endswith(b"the end\n")
    assert b"bytes left out]" in output


class TestResume:
    CODE = """
        import json, pathlib, sys
        begin = int(pathlib.Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else 0
        for step in range(begin + 1, begin + 3):
            print(json.dumps({"step": step, "loss": step}), flush=True)
            pathlib.Path(f"at-{step}.ckpt").write_text(str(step))
        raise SystemExit(begin == 0)
    """

    def test_from_the_newest_checkpoint(self, tmp_path: Path) -> None:
        resume = {"checkpoint": "at-*.ckpt", "args": ["{checkpoint}"]}
        argv = write(tmp_path, self.CODE)
        with pytest.raises(CommandFailedError, match="status 1"):
            run(hosting(tmp_path, argv, resume=resume))
        steps = [step for step, _ in run(hosting(tmp_path, argv, resume=resume))]
        assert steps == [3, 4]

    def test_without_one_the_folder_is_emptied(self, tmp_path: Path) -> None:
        argv = write(tmp_path, self.CODE)
        for _ in range(2):
            with pytest.raises(CommandFailedError, match="status 1"):
                run(hosting(tmp_path, argv))
            assert len(list((trial(tmp_path).root / "run").iterdir())) == 2

    def test_one_that_ended_well_is_only_read_again(self, tmp_path: Path) -> None:
        first = run(hosting(tmp_path, write(tmp_path, GOOD)))
        write(tmp_path, "raise SystemExit(1)")
        assert run(hosting(tmp_path, write(tmp_path, "raise SystemExit(1)"))) == first

    def test_one_that_lacked_its_objective_is_run_again(self, tmp_path: Path) -> None:
        failure(tmp_path, "print('hello')")
        assert len(run(hosting(tmp_path, write(tmp_path, GOOD)))) == 3


def test_a_configuration_of_its_own(tmp_path: Path) -> None:
    base = tmp_path / "base.json"
    base.write_text(json.dumps({"optim": {"lr": 1, "name": "sgd"}, "seed": 0}))
    code = """
        import json, sys
        print('{"step": 1, "loss": 0}')
        json.dump(json.load(open(sys.argv[1])), open("seen.json", "w"))
    """
    argv = [*write(tmp_path, code), "{config}"]
    run(hosting(tmp_path, argv, {"optim.lr": 0.5}, config=str(base)))
    seen = json.loads((trial(tmp_path).root / "run" / "seen.json").read_text())
    assert seen == {"optim": {"lr": 0.5, "name": "sgd"}, "seed": 7}


def test_it_hears_the_signals_that_are_blocked_here(tmp_path: Path) -> None:
    """As `ilsweep validate --try` blocks them: it would never end when asked."""
    code = """
        import json, signal
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        print(json.dumps({"step": 1, "loss": len(blocked)}))
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        assert run(hosting(tmp_path, write(tmp_path, code))) == [(1, {"train/loss": 0})]
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_metrics_from_its_wandb_run_while_it_is_written(tmp_path: Path) -> None:
    """wandb writes what it was given after 15 seconds, and much at once."""
    code = """
        import pathlib, time, wandb
        with wandb.init(settings=wandb.Settings(silent=True, x_disable_stats=True)) as run:
            for step in range(3):
                run.log({"train/loss": step / 4, "much": "x" * 200_000}, step=step)
                while step == 2 and not pathlib.Path("go").exists():
                    time.sleep(0.05)
    """
    env = {"WANDB_MODE": "offline", "WANDB_DIR": "{folder}"}
    metrics = {"format": "wandb", "file": "wandb/*run-*/run-*.wandb"}
    hosted = hosting(tmp_path, write(tmp_path, code), env=env, metrics=metrics)
    try:
        hosted.resume()
        reports = [hosted.train_to_report()]
        (trial(tmp_path).root / "run" / "go").touch()
        while not hosted.finished:
            reports.append(hosted.train_to_report())
    finally:
        hosted.close()
    assert [report["train/loss"] for report in reports if report] == [0, 0.25, 0.5]


class TestAfterwards:
    PROBE = (
        "import json, sys; print('text'); print(json.dumps({'step': 3, 'probe/x': len(sys.argv)}))"
    )

    def test_its_metrics_count_at_the_last_step(self, tmp_path: Path) -> None:
        after = [sys.executable, "-c", self.PROBE.replace("{", "{{").replace("}", "}}"), "{folder}"]
        reports = run(hosting(tmp_path, write(tmp_path, GOOD), after=after))
        assert reports[-1] == (3, {"train/loss": 1 / 3, "probe/x": 2})
        assert (trial(tmp_path).root / "after.log").read_text().startswith("text\n")

    def test_one_that_fails_does_no_harm(self, tmp_path: Path) -> None:
        after = [sys.executable, "-c", "raise SystemExit(4)"]
        assert len(run(hosting(tmp_path, write(tmp_path, GOOD), after=after))) == 3
        assert read_json(trial(tmp_path).root / "command.json")["after"]["status"] == 4

    def test_a_failed_command_has_none(self, tmp_path: Path) -> None:
        failure(tmp_path, "raise SystemExit(1)", after=["touch", "{folder}/x"])
        assert not (trial(tmp_path).root / "after.log").exists()

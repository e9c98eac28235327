"""A command from start to end: what it is told, its reports, its failures, how it goes on."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from textwrap import dedent
from typing import Any, ClassVar

import pytest

from ilsweep.analysis.records.files import append_line, read_json, write_atomic
from ilsweep.sweeps.external.worker import CommandFailedError
from ilsweep.sweeps.worker.trainer_errors import story
from ilsweep.trainers.core.contract import Metrics
from tests.sweeps.external.scripts import GONE_S, GOOD, hosting, nobody_is_left, run, trial, write


def failure(root: Path, code: str, **command: object) -> list[str]:
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
    command = {"env": {"OUT": "{folder}/o", "RATE": "{lr}"}, "environment": str(tmp_path / "venv")}
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
        code = """
            import time
            while True:
                print("still loading")
                time.sleep(0.05)
        """
        reason = failure(tmp_path, code, end={"max_s": 0.6})[-1]
        assert "took longer than 0.6 s (end.max_s); its last line: still loading" in reason

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


def test_metrics_from_its_wandb_run_while_it_is_written(tmp_path: Path) -> None:
    code = """
        import pathlib, time, wandb
        with wandb.init(settings=wandb.Settings(silent=True, x_disable_stats=True)) as run:
            for step in range(3):
                run.log({"train/loss": step / 4}, step=step)
                while step == 1 and not pathlib.Path("go").exists():
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


class TestNames:
    def test_one_that_cannot_be_printed_is_left_out_with_a_line(self, tmp_path: Path) -> None:
        code = r"""
            for step in (1, 2):
                print('{"step": %d, "loss": 1, "a\\u001b[31m": 2, "%s": 3}' % (step, "x" * 300))
        """
        hosted = hosting(tmp_path, write(tmp_path, code))
        assert run(hosted) == [(1, {"train/loss": 1}), (2, {"train/loss": 1})]
        first, second = hosted.warnings
        assert first.startswith(r"a metric called 'train/a\x1b[31m' is left out; valid: 1 to 200")
        assert "xxx" in second
        assert second.isprintable()

    def test_two_that_are_one_are_told(self, tmp_path: Path) -> None:
        code = """print('{"step": 1, "train/loss": 2, "loss": 1}')"""
        hosted = hosting(tmp_path, write(tmp_path, code))
        assert run(hosted) == [(1, {"train/loss": 2})]
        assert hosted.warnings == [
            "'loss' and 'train/loss' are one metric's name; the longer counts"
        ]


REPORTS = """
    import os, signal, sys, time
    for step in (1, 2):
        print('{"step": %d, "loss": %d}' % (step, step), flush=True)
    sys.stdout.write('{"step": 3, "loss": 3}' + sys.argv[1])
    sys.stdout.flush()
"""
SUPERVISOR = """
    from pathlib import Path
    from ilsweep.sweeps.processes import proctree
    for found in proctree.marked(os.environ["ILSWEEP_TRIAL"]):
        if b"supervisor" in Path(f"/proc/{found.pid}/cmdline").read_bytes():
            os.kill(found.pid, 9)
    time.sleep(60)
"""
ENDS = {
    "status": ("raise SystemExit(1)", {}, "ended with status 1"),
    "status, at once": ("os._exit(3)", {}, "ended with status 3"),
    "SIGKILL": ("os.kill(os.getpid(), 9)", {}, "was killed by signal 9"),
    "SIGSEGV": ("os.kill(os.getpid(), signal.SIGSEGV)", {}, "was killed by signal 11"),
    "max_s": ("time.sleep(60)", {"max_s": 1.5}, "took longer than 1.5 s"),
    "silent_s": ("time.sleep(60)", {"silent_s": 1.5}, "neither output nor a metric for 1.5 s"),
    "output": ("print('NCCL' + ' down', flush=True); time.sleep(60)", {"output": ["NCCL down"]},
               "which end.output refuses"),
    "supervisor": (SUPERVISOR, {}, "its supervisor was killed"),
}  # fmt: skip


@pytest.mark.parametrize("last", ["\n", "\r", ""])
@pytest.mark.parametrize("end", ENDS)
def test_what_was_printed_is_read_whatever_the_end(tmp_path: Path, end: str, last: str) -> None:
    code, settings, words = ENDS[end]
    if end == "output":
        last = "\n"
    argv = [*write(tmp_path, dedent(REPORTS) + dedent(code)), last]
    reports: list[tuple[int, Metrics]] = []
    with pytest.raises(CommandFailedError, match=re.escape(words)):
        run(hosting(tmp_path, argv, end=settings), reports)
    assert reports == [(step, {"train/loss": step}) for step in (1, 2, 3)]
    assert (trial(tmp_path).root / "output.log").read_text().count('"loss"') == 3
    assert nobody_is_left(tmp_path)


class TestAfterALostWorker:
    """What a command printed counts, also what the worker that was lost had not reported yet."""

    CODE = """
        import pathlib, sys, time
        begin = int(pathlib.Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else 0
        for step in range(begin + 1, begin + 4):
            print('{"step": %d, "loss": %d}' % (step, 10 * begin + step), flush=True)
        pathlib.Path(f"at-{begin + 3}.ckpt").write_text(str(begin + 3))
        if begin == 0:
            time.sleep(60)
    """
    RESUME: ClassVar[dict[str, Any]] = {"checkpoint": "at-*.ckpt", "args": ["{checkpoint}"]}

    def lose(self, root: Path, code: str, recorded: int) -> None:
        """A worker that records so many reports, then is gone, when three were printed."""
        write_atomic(trial(root).record, "{}")
        hosted = hosting(root, write(root, code), resume=self.RESUME)
        hosted.resume()
        for _ in range(recorded):
            row = hosted.train_to_report()
            append_line(trial(root).metrics, {"step": hosted.step, "attempt": 1, **row})
        until = time.monotonic() + GONE_S
        while not (trial(root).root / "run" / "at-3.ckpt").exists() and time.monotonic() < until:
            time.sleep(0.02)
        hosted.close()

    @pytest.mark.parametrize("recorded", [0, 1, 2, 3])
    def test_one_that_goes_on(self, tmp_path: Path, recorded: int) -> None:
        self.lose(tmp_path, self.CODE, recorded)
        argv = write(tmp_path, self.CODE)
        rows = run(hosting(tmp_path, argv, resume=self.RESUME))
        left = [(step, {"train/loss": step}) for step in range(recorded + 1, 4)]
        assert rows == [*left, *((step, {"train/loss": 30 + step}) for step in (4, 5, 6))]

    @pytest.mark.parametrize("recorded", [0, 1, 2, 3])
    def test_one_that_had_ended(self, tmp_path: Path, recorded: int) -> None:
        code = self.CODE.replace("time.sleep(60)", "pass")
        first = run(hosting(tmp_path, write(tmp_path, code), resume=self.RESUME))
        for step, row in first[:recorded]:
            append_line(trial(tmp_path).metrics, {"step": step, "attempt": 1, **row})
        again = run(hosting(tmp_path, write(tmp_path, code), resume=self.RESUME))
        assert again == first[recorded:]


class TestNoSecretIsKept:
    TOKEN = "tok-" + "0123456789" * 3

    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_TOKEN", self.TOKEN)

    @pytest.mark.parametrize("end", ["", "raise ValueError(token)", "os.kill(os.getpid(), 9)"])
    def test_one_that_a_script_prints(self, tmp_path: Path, end: str) -> None:
        code = """
            import os, sys, time
            token = os.environ["HF_TOKEN"]
            print("logged in with", token)
            for part in (token[:7], token[7:20], token[20:], "\\n"):
                sys.stdout.write(part)
                sys.stdout.flush()
                time.sleep(0.15)
            print(dict(os.environ))
            print('{"step": 1, "loss": 1, "token": "%s"}' % token)
        """
        code = dedent(code) + end
        hosted = hosting(tmp_path, write(tmp_path, code))
        try:
            rows, error = run(hosted), ""
        except CommandFailedError as failed:
            error = str(failed)
        assert self.TOKEN not in error
        files = [path for path in trial(tmp_path).root.rglob("*") if path.is_file()]
        assert [path for path in files if self.TOKEN in path.read_text()] == []
        output = (trial(tmp_path).root / "output.log").read_text()
        assert output.startswith("logged in with ***\n***\n{")
        assert bool(error) == bool(end)
        assert end or rows == [(1, {"train/loss": 1})]

    def test_one_in_the_error_of_a_trainer(self) -> None:
        error = ValueError(f"401 for {self.TOKEN}" + "x" * 5000 + self.TOKEN)
        said = story(error)
        assert "0123456789" not in said
        assert said.endswith("x***\n")

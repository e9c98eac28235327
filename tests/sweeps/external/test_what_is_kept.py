"""What is kept of a command: its metrics' names, what it printed last, and no secret."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from textwrap import dedent
from typing import Any, ClassVar

import pytest

from ilsweep.analysis.records.files import append_line, write_atomic
from ilsweep.sweeps.external.job_paths import JobPaths
from ilsweep.sweeps.external.worker import CommandFailedError
from ilsweep.sweeps.worker.trainer_errors import story
from ilsweep.trainers.core.contract import Metrics
from tests.sweeps.external.scripts import GONE_S, hosting, nobody_is_left, run, trial, write


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


def test_output_that_is_turned_while_it_is_looked_at_fails_no_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor makes the later piece the earlier one."""
    paths = JobPaths(trial(tmp_path))
    for path in paths._pieces:
        write_atomic(path, "text")
    stat, turned = Path.stat, set[Path]()

    def then_turned(path: Path, **how: Any) -> os.stat_result:
        if path in turned:
            raise FileNotFoundError
        turned.update({path} if path.suffix == ".late" else ())
        return stat(path, **how)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", then_turned)
        assert paths.printed()


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

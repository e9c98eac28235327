"""Standard input, output and error that are closed, full, or read by nobody."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.sweeps.as_typed import ROOT, command, options, start, write_spec


@pytest.mark.ray
@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_sweep_runs_without_standard_input_output_or_error(tmp_path: Path, closed: str) -> None:
    spec = write_spec(tmp_path, search={"num_trials": 1})
    line = 'exec "$@" ' + closed
    arguments = command("run", spec, "--storage", tmp_path)
    done = subprocess.run(["bash", "-c", line, "-", *arguments], **options({}), timeout=200)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "small" / "report.en.md").exists()


class TestOutputThatCannotBeWritten:
    @pytest.mark.parametrize("arguments", [["schema"], ["--help"], ["trainers", "act"]])
    def test_is_one_line_and_status_1(self, arguments: list[str]) -> None:
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                command(*arguments), cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert done.returncode == 1
        assert done.stderr == "standard output: cannot be written (No space left on device)\n"

    def test_nobody_reads_it_any_more(self) -> None:
        with start("schema") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.wait(30) == 0
            assert process.stderr.read() == ""

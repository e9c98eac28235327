"""In CI a skipped test is a failed one, but for the reasons that are named."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MARKED = "import pytest\n@pytest.mark.skipif(True, reason='needs a GPU')\ndef test_x(): ...\n"
SKIPS = {
    "marked": MARKED,
    "inside": "import pytest\ndef test_x(): pytest.skip('no sshd')\n",
    "fixture": "import pytest\n@pytest.fixture\ndef f(): pytest.skip('no sshd')\n"
               "def test_x(f): ...\n",
    "file": "import pytest\npytest.skip('no sshd', allow_module_level=True)\n",
}  # fmt: skip
KNOWN = "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_x(): assert False\n"
GOOD = "def test_good(): ...\n"
REFUSED = re.compile(
    r"^(?:FAILED|ERROR) \S*test_(\w+)\.py.* which --allowed-skips does not allow$", re.M
)


def run(folder: Path, bodies: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    for name, body in {**bodies, "good": GOOD}.items():
        (folder / f"test_{name}.py").write_text(body)
    line = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider",
            "--continue-on-collection-errors", "--rootdir", str(folder), *options,
            str(folder)]  # fmt: skip
    env = {**os.environ, "COLUMNS": "300"}  # a line of the summary is cut to the terminal's width
    return subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


def test_each_skip_fails_where_it_is_not_allowed(tmp_path: Path) -> None:
    done = run(tmp_path, SKIPS)
    assert done.returncode == 0, done.stdout
    assert f"1 passed, {len(SKIPS)} skipped" in done.stdout
    for allowed in ("", "something else"):
        done = run(tmp_path, SKIPS, "--allowed-skips", allowed)
        assert done.returncode == 1, done.stdout
        assert sorted(REFUSED.findall(done.stdout)) == sorted(SKIPS)
        assert "1 passed" in done.stdout


def test_an_allowed_reason_is_listed_and_passes(tmp_path: Path) -> None:
    marked = {"marked": MARKED}
    done = run(tmp_path, marked, "--allowed-skips", "needs a GPU, no OpenGL here", "-rs")
    assert done.returncode == 0, done.stdout
    assert "needs a GPU" in done.stdout
    (known := tmp_path / "known").mkdir()
    assert run(known, {"known": KNOWN}, "--allowed-skips", "").returncode == 0

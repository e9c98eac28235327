"""In CI a skipped test is a failed one, but for the reasons that are named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MARKED = "import pytest\n@pytest.mark.skipif(True, reason='needs a GPU')\ndef test_x(): ...\n"
INSIDE = "import pytest\ndef test_x(): pytest.skip('no sshd')\n"
FIXTURE = ("import pytest\n@pytest.fixture\ndef f(): pytest.skip('no sshd')\n"
           "def test_x(f): ...\n")  # fmt: skip
FILE = "import pytest\npytest.skip('no sshd', allow_module_level=True)\n"
KNOWN = "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_x(): assert False\n"
GOOD = "def test_good(): ...\n"


def run(folder: Path, body: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(body)
    (folder / "test_good.py").write_text(GOOD)
    line = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider",
            "--rootdir", str(folder), *options, str(folder)]  # fmt: skip
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("body", [INSIDE, FIXTURE, FILE, MARKED])
def test_a_skip_fails_where_it_is_not_allowed(body: str, tmp_path: Path) -> None:
    assert run(tmp_path, body).returncode == 0
    for allowed in ("", "something else"):
        done = run(tmp_path, body, "--allowed-skips", allowed)
        assert done.returncode in (1, 2), done.stdout
        assert "--allowed-skips does not allow" in done.stdout


def test_an_allowed_reason_is_listed_and_passes(tmp_path: Path) -> None:
    done = run(tmp_path, MARKED, "--allowed-skips", "needs a GPU, no OpenGL here", "-rs")
    assert done.returncode == 0, done.stdout
    assert "needs a GPU" in done.stdout
    assert run(tmp_path, KNOWN, "--allowed-skips", "").returncode == 0

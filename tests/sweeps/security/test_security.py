"""Each tries to break what is promised: no code in data, no secret in a file, no way out."""

from __future__ import annotations

import ast
import json
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ilsweep.analysis.importers import import_runs
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.sweeps.cli.main import main
from ilsweep.sweeps.cluster import client
from ilsweep.sweeps.errors import SpecError
from ilsweep.sweeps.spec import yamlio
from ilsweep.sweeps.validation.validate import check
from ilsweep.trainers.data.array_cache import read
from tests.sweeps.as_typed import ROOT, write_spec
from tests.sweeps.coins import coins, finished
from tests.sweeps.killing import driving
from tests.sweeps.specs import regression

KEY = "0123456789abcdef" * 2 + "01234567"
TOKEN = "fedcba98" * 8


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


class TestNothingInDataRuns:
    @pytest.mark.parametrize(
        "tag",
        [
            "!!python/object/apply:os.mkdir [{path}]",
            "!!python/object/apply:os.system ['touch {path}']",
            "!!python/object/new:subprocess.check_output [[touch, {path}]]",
            "!!python/object/apply:subprocess.Popen {{args: [touch, {path}]}}",
            "!!python/object/apply:builtins.eval [\"open('{path}', 'w')\"]",
        ],
    )
    @pytest.mark.parametrize("command", [["validate"], ["init", "--from-wandb-sweep"]])
    def test_yaml(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], tag: str
    ) -> None:
        owned, spec = tmp_path / "owned", tmp_path / "spec.yaml"
        spec.write_text(yamlio.dump(regression()) + "x: " + tag.format(path=owned) + "\n")
        assert main([*command, str(spec)]) == 2
        assert "tags are not taken" in capsys.readouterr().err
        assert not owned.exists()

    @pytest.mark.parametrize("name", ["params.json", "record.json", "metrics.jsonl"])
    def test_records(self, tmp_path: Path, name: str) -> None:
        paths = finished(tmp_path / "coins", coins(seeds=[0]))
        path = paths.trial("c0000-s0").root / name
        path.write_bytes(pickle.dumps(Touch(tmp_path / "owned")))
        assert main(["report", str(paths.root)]) == 0
        assert not (tmp_path / "owned").exists()

    def test_demonstrations(self, tmp_path: Path) -> None:
        """A cache that somebody else can write holds arrays, and arrays can hold objects."""
        harm = np.array([Touch(tmp_path / "owned")], dtype=object)
        np.save(tmp_path / "actions.npy", harm, allow_pickle=True)
        with pytest.raises(ValueError, match="allow_pickle=False"):
            read(tmp_path)
        assert not (tmp_path / "owned").exists()


def calls(package: str) -> Iterator[tuple[Path, ast.Call]]:
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield path, node


READS_OWN_PROCESS = "analysis/load/subprocess_call.py"
"""Unpickles what a process of its own writes to a file without a name, which nobody else can."""
RUNS_CODE = {"eval", "exec", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load",
             "yaml.full_load", "pickle.load", "pickle.loads", "joblib.load", "shelve.open",
             "subprocess.getoutput", "subprocess.getstatusoutput"}  # fmt: skip


@pytest.mark.parametrize("package", ["sweeps", "trainers", "analysis"])
def test_no_shell_and_no_loader_that_runs_code(package: str) -> None:
    found = []
    for path, call in calls(package):
        name = ast.unparse(call.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        harmful = (
            (name in RUNS_CODE and not str(path).endswith(READS_OWN_PROCESS))
            or given.get("shell", "False") != "False"
            or given.get("allow_pickle", "False") != "False"
            or (name == "torch.load" and given.get("weights_only") != "True")
        )
        if harmful:
            found.append(f"{path}:{call.lineno}: {name}")
    assert found == []


@pytest.fixture
def ray_folder() -> Iterator[Path]:
    """A short one: Ray's sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="ils-") as folder:
        yield Path(folder)


def read_all(folder: Path) -> dict[Path, bytes]:
    found = {}
    for root, _, names in os.walk(folder):
        for path in (Path(root, name) for name in names):
            with suppress(OSError):  # gone meanwhile
                if path.is_file() and not path.is_symlink():
                    found[path] = path.read_bytes()
    return found


class TestNoSecretIsWritten:
    @pytest.mark.slow
    def test_no_key_or_token_of_a_sweep(self, tmp_path: Path, ray_folder: Path) -> None:
        """Records, reports, the offline wandb run, Ray's logs, what is said, all command lines."""
        token = tmp_path / "home" / ".ray" / "auth_token"
        token.parent.mkdir(parents=True)
        token.write_text(TOKEN)
        spec = write_spec(tmp_path, wandb={"mode": "offline"}, search={"num_trials": 2})
        env = {"WANDB_API_KEY": KEY, "HOME": str(tmp_path / "home"), "RAY_AUTH_MODE": "token",
               "RAY_TMPDIR": str(ray_folder)}  # fmt: skip
        lines: set[bytes] = set()
        contents: dict[Path, bytes] = {}
        with driving("run", spec, "--storage", tmp_path, **env) as driver:
            while driver.running:
                lines |= driver.command_lines()
                contents |= read_all(ray_folder)  # gone when the run has ended
            status, errors = driver.ended()
        assert status == 0, errors
        assert any(b"raylet" in line for line in lines)
        assert (tmp_path / "small" / "report.en.md").exists()
        assert any(path.name == "raylet.out" for path in contents)
        assert list(ray_folder.iterdir()) == []
        contents |= read_all(tmp_path / "small")
        for secret in (KEY.encode(), TOKEN.encode()):
            assert not [line for line in lines if secret in line]
            assert [path for path, content in contents.items() if secret in content] == []
        assert KEY not in errors
        assert TOKEN not in errors

    @pytest.mark.parametrize("name", ["WANDB_API_KEY", "HF_TOKEN", "MY_SECRET", "db_password"])
    def test_a_spec_with_a_secret_is_refused(self, name: str) -> None:
        command = {"argv": [sys.executable, "-c", "{lr}"], "metrics": "json_lines",
                   "env": {name: KEY}}  # fmt: skip
        spec = {
            **regression(trainer="command", command=command, params={"steps": 1}),
            "objective": {"metric": "train/loss", "mode": "min"},
        }
        with pytest.raises(SpecError, match=rf"{name}.* looks like a secret") as caught:
            check(spec)
        assert "inherits" in str(caught.value)
        assert KEY not in str(caught.value)

    def test_the_token_is_its_owners_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = tmp_path / "auth_token"
        token.write_text(TOKEN)
        token.chmod(0o644)
        monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(token))
        monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
        with pytest.raises(client.ClusterUnreachableError):
            client.Cluster("http://127.0.0.1:9")
        assert stat.S_IMODE(token.stat().st_mode) == 0o600


class TestNothingLeavesTheFolder:
    @pytest.mark.parametrize(
        "name", ["../up", "/tmp/up", "a/../../up", "..", ".", "a/b", "a\0b", ""]
    )
    def test_the_name_of_a_sweep(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(SpecError, match="name:"):
            check(regression(name=name))

    @pytest.mark.parametrize("path", ["../../x.log", "/etc/passwd", "a/../../b", ".."])
    @pytest.mark.parametrize("part", ["metrics", "resume"])
    def test_the_files_of_a_command(self, path: str, part: str) -> None:
        command: dict[str, Any] = {"argv": [sys.executable, "-c", "{lr}"], "metrics": "json_lines"}
        if part == "metrics":
            command["metrics"] = {"format": "json_lines", "file": path}
        else:
            command["resume"] = {"checkpoint": path, "args": ["{checkpoint}"]}
        spec = {
            **regression(trainer="command", command=command, params={"steps": 1}),
            "objective": {"metric": "train/loss", "mode": "min"},
        }
        with pytest.raises(SpecError, match="must stay in the trial's folder"):
            check(spec)

    @pytest.mark.parametrize("name", ["../../../up", "/tmp/up", "..", "a/b", ".hidden", "a\0b", ""])
    def test_the_id_of_a_foreign_run_and_its_metrics(self, tmp_path: Path, name: str) -> None:
        lines: list[dict[str, Any]] = [{"run": {"id": name, "name": name}}]
        lines += [{"step": step, name or "x": 1.0 / step, "train/loss": step} for step in (1, 2, 3)]
        log = tmp_path / "run.jsonl"
        log.write_text("".join(json.dumps(line) + "\n" for line in lines))
        into = tmp_path / "deep" / "er" / "imported"
        (trial,) = import_runs([log], into)
        assert main(["report", str(into)]) == 0
        outside = [path for path in tmp_path.rglob("*")
                   if path.is_file() and not path.is_relative_to(into)]  # fmt: skip
        assert outside == [log]
        assert SweepPaths(into).trial(trial).root.parent == into / "trials"
        assert not Path("/tmp/up").exists()

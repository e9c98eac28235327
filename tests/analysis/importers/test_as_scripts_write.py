"""JSON lines and tables as scripts write them: another first line, prefixes, columns apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ilsweep.analysis.importers import How, ImportRefused
from ilsweep.analysis.importers.patterns import from_arguments
from tests.analysis.importers.logs import imported, points, write

LOSSES = {1: 0.5, 2: 0.25, 4: 0.125}
ROWS = [{"step": step, "loss": loss} for step, loss in LOSSES.items()]


def losses(folder: Path, name: str, text: str) -> dict[int, float]:
    write(folder, {name: text})
    (trial,) = imported(folder, name).values()
    return points(trial, "train/loss")


def lines(*rows: object, prefix: str = "") -> str:
    return "".join(f"{prefix}{json.dumps(row)}\n" for row in rows)


@pytest.mark.parametrize(
    "text",
    [
        lines({"event": "start", "time": 12.5, "seed": 3}, *ROWS),
        "starting\n\n" + lines(*ROWS),
        lines(*ROWS, prefix="2026-05-01 10:00:00,123 INFO train - "),
        lines(*ROWS, prefix="[2026-05-01 10:00:00,123][train][INFO] - "),
        json.dumps(ROWS, indent=1),
        "".join(lines(row).strip() + "\x1b[0m\n" for row in ROWS),
        lines(*({"step": f"{s / 1000}k", "loss": f"{v:.3f}"} for s, v in LOSSES.items())),
        lines(*({"step": s, "metrics": {"train": {"loss": v}}} for s, v in LOSSES.items())),
        lines(*({"training_iteration": s, "loss": v, "done": False} for s, v in LOSSES.items())),
        "".join(f"{row}\n" for row in ROWS),
        "".join(f"12:00 {{'step': {s}, 'loss': np.float64({v})}}\n" for s, v in LOSSES.items()),
        "".join(
            f"{{'step': {s}, 'loss': tensor({v}, device='cuda:0'), 'val': nan}}\n"
            for s, v in LOSSES.items()
        ),
    ],
)
def test_json_lines(tmp_path: Path, text: str) -> None:
    assert losses(tmp_path, "x.jsonl", text) == LOSSES


@pytest.mark.parametrize(
    "value",
    [
        {"history": ROWS, "config": {"lr": 1e-3}},
        {"run": "x", "logs": ROWS, "steps": 4},
        {"step": list(LOSSES), "train": {"loss": list(LOSSES.values())}},
    ],
)
def test_one_json_object(tmp_path: Path, value: dict[str, object]) -> None:
    assert losses(tmp_path, "x.json", json.dumps(value, indent=1)) == LOSSES
    (trial,) = imported(tmp_path, "x.json", into="again").values()
    assert trial.params == value.get("config", {})


@pytest.mark.parametrize("key", ["config", "args", "hparams"])
@pytest.mark.parametrize("every", [False, True])
def test_a_configuration_in_the_lines_is_the_run_s(tmp_path: Path, key: str, every: bool) -> None:
    config = {"lr": 1e-3, "net": {"width": 64}, "seed": 3}
    rows = [{**row, key: config} for row in ROWS] if every else [{key: config}, *ROWS]
    write(tmp_path, {"x.jsonl": lines(*rows)})
    (trial,) = imported(tmp_path, "x.jsonl").values()
    assert (trial.params["lr"], trial.params["net.width"], trial.seed) == (1e-3, 64, 3)
    assert set(trial.curves) == {"train/loss"}


def test_runs_of_one_table_keep_their_own_configurations(tmp_path: Path) -> None:
    rows = [{**row, "run": f"r{n}", "config": {"lr": n}} for n in (1, 2) for row in ROWS]
    write(tmp_path, {"x.jsonl": lines(*rows)})
    found = imported(tmp_path, "x.jsonl")
    assert {name: trial.params for name, trial in found.items()} == {
        "r1": {"lr": 1}, "r2": {"lr": 2},
    }  # fmt: skip
    assert all(set(trial.curves) == {"train/loss"} for trial in found.values())


def table(*runs: tuple[str, float, int], head: str = "run,lr,seed") -> str:
    rows = [
        f"{name},{lr},{seed},{step},{1 / step},0.5" for name, lr, seed in runs for step in LOSSES
    ]
    return "\n".join([f"{head},step,loss,success", *rows, ""])


def test_columns_that_are_constant_in_each_run_are_its_parameters(tmp_path: Path) -> None:
    write(tmp_path, {"x.csv": table(("a", 0.1, 7), ("b", 0.1, 8), ("c", 0.2, 7))})
    found = imported(tmp_path, "x.csv")
    assert {name: (t.params["lr"], t.seed) for name, t in found.items()} == {
        "a": (0.1, 7), "b": (0.1, 8), "c": (0.2, 7),
    }  # fmt: skip
    assert len({t.configuration for t in found.values()}) == 3, "a name may stand for more"
    assert all(set(t.curves) == {"train/loss", "eval/pc_success"} for t in found.values())


def test_names_that_runs_share_are_their_configuration(tmp_path: Path) -> None:
    runs = [(name, lr, seed) for name, lr in (("a", 0.1), ("b", 0.2)) for seed in (7, 8)]
    write(tmp_path, {"x.csv": table(*runs, head="exp,lr,seed")})
    found = imported(tmp_path, "x.csv")
    by_configuration = {(t.configuration, t.params["exp"], t.params["lr"]) for t in found.values()}
    assert (len(found), len(by_configuration)) == (4, 2)


@pytest.mark.parametrize(
    "text",
    [
        "step   loss\n1      0.5\n2      0.25\n4      0.125\n",
        "# lr = 0.001\n# step loss\n1 0.5\n2 0.25\n4 1.25e-01\n",
        "# seed: 3\n#\nstep,loss\n1,0.5\n2,0.25\n# resumed\n4,0.125\n",
        "#step,loss\n1,0.5\n2,0.25\n4,0.125\n",
        "| step | loss |\n|---|---:|\n| 1 | 0.5 |\n| 2 | 0.25 |\n| 4 | 0.125 |\n",
        "step | loss\n-----+------\n   1 | 0.5\n   2 | 0.25\n   4 | 0.125\n",
        "sep=;\r\nstep;loss\r\n1;0,5\r\n2;0,25\r\n4;0,125\r\n",
    ],
)
def test_tables(tmp_path: Path, text: str) -> None:
    assert losses(tmp_path, "x.txt", text) == LOSSES


@pytest.mark.parametrize(
    "text", ["step by step\nthe loss falls\n", "step loss\nis 0.5\n", "| step | loss |\n", "#\n#\n"]
)
def test_words_are_no_table(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"x.txt": text})
    with pytest.raises(ImportRefused, match="not in a format"):
        imported(tmp_path, "x.txt")


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"PK\x03\x04" + bytes(40), "zip"), (bytes(257) + b"ustar" + bytes(9), "tar"),
     (b"\x28\xb5\x2f\xfd" + bytes(9), "zstd")],
)  # fmt: skip
def test_an_archive_is_called_one(tmp_path: Path, content: bytes, what: str) -> None:
    write(tmp_path, {"x.log": content})
    with pytest.raises(ImportRefused, match=f"{what}; valid: the files in it|{what} archive"):
        imported(tmp_path, "x.log")


def test_successes_beside_episodes_are_a_rate(tmp_path: Path) -> None:
    for name in ("eval/num_success", "n_successes", "successes", "eval/num_successful_episodes"):
        rows = [{"step": s, "loss": 1.0, name: 2 * s, "num_episodes": 10} for s in (1, 2, 4)]
        write(tmp_path, {"x.jsonl": lines(*rows)})
        (trial,) = imported(tmp_path, "x.jsonl", into=name.replace("/", "-")).values()
        assert points(trial, "eval/pc_success") == {1: 20, 2: 40, 4: 80}


def test_what_a_tag_of_python_s_stands_before_is_read(tmp_path: Path) -> None:
    tags = "path: !!python/object/apply:pathlib.PosixPath [a, b]\nbetas: !!python/tuple [0.9, 0.95]"
    write(tmp_path, {"a/hparams.yaml": f"lr: 0.01\n{tags}\nnet: !Net {{width: 64}}\n"})
    write(tmp_path, {"a/metrics.csv": "step,loss\n1,0.5\n2,0.25\n4,0.125\n"})
    (trial,) = imported(tmp_path, "a").values()
    assert trial.params == {
        "lr": 0.01, "path": ["a", "b"], "betas": [0.9, 0.95], "net.width": 64,
    }  # fmt: skip


@pytest.mark.parametrize("form", ["{}/20", "'{}/20'", "[{}/20],"])
def test_a_success_that_was_counted_says_of_how_many_episodes(tmp_path: Path, form: str) -> None:
    """The interval of a rate is no narrower than its episodes allow, where they were counted."""
    rows = [{"step": s, "success": form.format(s)} for s in LOSSES]
    write(tmp_path, {"x.jsonl": lines(*rows)})
    (trial,) = imported(tmp_path, "x.jsonl").values()
    assert points(trial, "eval/n_episodes") == dict.fromkeys(LOSSES, 20)
    cells = "".join(f"{s};{form.format(s)}\n" for s in LOSSES)
    write(tmp_path, {"z.csv": f"step;success\n{cells}"})
    (trial,) = imported(tmp_path, "z.csv", into="table").values()
    assert points(trial, "eval/n_episodes") == dict.fromkeys(LOSSES, 20)
    log = "".join(f"step {s} success {form.format(s)}\n" for s in LOSSES)
    how = How(patterns=from_arguments([r"success=success (\S+)"], r"step (\d+)"))
    write(tmp_path, {"y.log": log})
    (trial,) = imported(tmp_path, "y.log", into="again", how=how).values()
    assert points(trial, "eval/pc_success") == {s: 5 * s for s in LOSSES}
    assert points(trial, "eval/n_episodes") == dict.fromkeys(LOSSES, 20)


ARGS = {"lr": 0.001, "iterations": 2000, "epoch": 100, "batch_size": 8, "seed": 1}


@pytest.mark.parametrize("written", [json.dumps(ARGS), str(ARGS)])
def test_what_a_script_was_called_with_is_no_report(tmp_path: Path, written: str) -> None:
    """It made the whole log one of JSON lines, with one report at step 2000."""
    openpi = [f"Step {s}: grad_norm=0.1, loss={v}, param_norm=9" for s, v in LOSSES.items()]
    write(tmp_path, {"x.log": "\n".join([written, *openpi, ""])})
    write(tmp_path, {"y.log": f"{written}\n{lines(*ROWS)}"})
    (x,) = imported(tmp_path, "x.log", into="a").values()
    (y,) = imported(tmp_path, "y.log", into="b").values()
    assert points(x, "train/loss") == points(y, "train/loss") == LOSSES
    assert (y.params["lr"], y.seed, set(y.curves)) == (0.001, 1, {"train/loss"})

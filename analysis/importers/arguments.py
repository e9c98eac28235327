"""What a user may name: files, folders, globs, `RUN=FILE,FILE`, and metrics as `THEIRS=OURS`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from glob import glob
from pathlib import Path

from ilsweep.analysis.importers.folders import place_of
from ilsweep.analysis.importers.formats import own_trial
from ilsweep.analysis.importers.formats.config_file import NAMES
from ilsweep.analysis.importers.source import ImportRefused

MOST_FILES = 5000
"""Of a folder."""

EXAMPLE = "heldout_ce=eval/eval_loss"

_READABLE = re.compile(
    r"(\.(log|txt|out|err|json|jsonl|csv|tsv|wandb|db)(\.\d+)?(\.(gz|bz2|xz))?$)"
    r"|^events\.out\.tfevents\.|^[^.]+$"
)
"""Names of files in a folder that can be a log; weights, films and code cannot."""

_NEVER = re.compile(
    r"^(meta|stats|dataset_stats|requirements|package|tsconfig|model\.safetensors\.index|vocab|info|"
    r"tokenizer.*|special_tokens_map|preprocessor_config|generation_config|adapter_config|"
    r"wandb-(metadata|summary)|policy_.*processor|training_step|scheduler_state)"
    r"\.(json|txt|csv)$|^debug.*\.log$"
)
"""Names of files beside a log that hold something else."""


class NothingThere(ImportRefused):
    """An argument that names nothing. Its text is one line for the user."""


def files_of(arguments: Sequence[str]) -> Iterator[tuple[str, Path, bool]]:
    """Each file: the run that it is said to be of (or nothing), and whether the user named it.

    Raises:
        NothingThere: a glob matches nothing, a folder holds no log, or `RUN=` no file.
    """
    for text in arguments:
        run, equals, names = text.partition("=")
        if equals and not os.path.lexists(text) and run and "/" not in run:
            files = [name for name in names.split(",") if name]
            if not files:
                raise NothingThere(f"{text}: names a run without a file; valid: {run}=FILE,FILE")
            for name in files:
                for path, own in _paths(name):
                    yield run, path, own
            continue
        for path, own in _paths(text):
            yield "", path, own


def names_from(texts: Sequence[str]) -> dict[str, str]:
    """Entries for the table of metric names, `THEIRS=OURS`.

    Raises:
        ImportRefused: a text is none.
    """
    found = {}
    for text in texts:
        theirs, _, ours = text.rpartition("=")
        if not theirs or not re.fullmatch(r"[\w./-]{1,200}", ours):
            raise ImportRefused(f"--name: needs THEIRS=OURS, got {text!r}; valid: {EXAMPLE}")
        if ours == "step":
            raise ImportRefused(f"--name: a step is no metric, got {text!r}; valid: --step-column")
        found[theirs] = ours
    return found


def _paths(text: str) -> Iterator[tuple[Path, bool]]:
    path = Path(text)
    folder = path.is_dir()
    if not folder and (os.path.lexists(text) or not any(char in text for char in "*?[")):
        yield path, True
        return
    matched = [path] if folder else [Path(name) for name in sorted(glob(text, recursive=True))]
    if not matched:
        raise NothingThere(f"{text}: matches no file")
    files = [_in_folder(one) if one.is_dir() else [one] for one in matched]
    if not any(files):
        raise NothingThere(_no_log(matched[0]))
    yield from ((found, False) for several in files for found in several)


def _no_log(folder: Path) -> str:
    if (folder / "meta" / "info.json").is_file():
        valid = f"data: {{source: lerobot, root: {folder}}} in a spec"
        return f"{folder}: holds demonstrations, and no run; valid: {valid}"
    return f"{folder}: is a folder; name its files (none in it looks like a log)"


def _in_folder(folder: Path) -> list[Path]:
    """The files below a folder that can be a log or a run's configuration, links not followed."""
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(name for name in folders if _is_entered(here / name))
        if own_trial.is_trial(here):
            folders[:], names = [], [own_trial.REPORTS]
        found += [here / name for name in sorted(names) if _is_meant(here / name)]
        if len(found) > MOST_FILES:
            raise NothingThere(
                f"{folder}: holds more than {MOST_FILES} files that could be logs; name some"
            )
    return _newest_configurations(found)


def _is_entered(folder: Path) -> bool:
    hidden = folder.name.startswith(".") and folder.name != ".hydra"
    return not hidden and not own_trial.is_no_run(folder)


def _is_meant(path: Path) -> bool:
    can_be = _can_be_read(path) or _is_configuration(path)
    return can_be and path.is_file() and not own_trial.is_no_run(path)


def _can_be_read(path: Path) -> bool:
    inside = path.parent.name == ".hydra"
    return not inside and bool(_READABLE.search(path.name)) and not _NEVER.search(path.name)


def _is_configuration(path: Path) -> bool:
    return any(path.as_posix().endswith(f"/{name}") or path.name == name for name in NAMES)


def _newest_configurations(paths: Sequence[Path]) -> list[Path]:
    """Of a run's configurations the surest and newest one: every checkpoint has a copy."""
    best: dict[tuple[Path, str], tuple[int, int, Path]] = {}
    others = []
    for path in paths:
        if not _is_configuration(path):
            others.append(path)
            continue
        place = place_of(path)
        rank = next(i for i, name in enumerate(NAMES) if path.as_posix().endswith(name))
        mine = (-rank, place.step or 0, path)
        best[place.key] = max(best.get(place.key, mine), mine)
    return sorted([*others, *(path for _, _, path in best.values())])

"""Which files are of one run: the training's log, its evaluations, its output, its wandb file.

Files of one folder are one run where they say the same numbers, where a later one goes on where an
earlier one ended, or where one is an evaluation or a configuration and there is one training. Runs
that have ids of their own stay apart. Every guess is said in one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ilsweep.analysis.importers.attempts import in_attempts
from ilsweep.analysis.importers.folders import Place, place_of
from ilsweep.analysis.importers.same_run import goes_on, related, same_numbers, side_by_side
from ilsweep.analysis.importers.source import ForeignRun

Row = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """What one file says of one run."""

    path: Path
    format: str
    run: ForeignRun
    explicit: str = ""
    """The run's name, where the user gave it."""


@dataclass(frozen=True)
class Joined:
    """A run, from one file or several."""

    run: ForeignRun
    parts: tuple[Part, ...]
    notes: tuple[str, ...]


def joined(parts: Sequence[Part]) -> list[Joined]:
    """The runs, in the order of their first files."""
    named: dict[str, list[Part]] = {}
    ids: dict[tuple[str, str], list[Part]] = {}
    rest: list[Part] = []
    for part in parts:
        if part.explicit:
            named.setdefault(part.explicit, []).append(part)
        elif part.run.own_id:
            ids.setdefault((part.run.id, part.run.url), []).append(part)
        else:
            rest.append(part)
    groups = [list(group) for group in ids.values()]
    for folder in _by_folder(rest).values():
        groups += _in_folder(folder, groups)
    found = [_made(group, name) for name, group in named.items()]
    found += [_made(group) for group in groups if any(p.run.kind != "configuration" for p in group)]
    order = {id(part): i for i, part in enumerate(parts)}
    return sorted(found, key=lambda run: min(order[id(part)] for part in run.parts))


def _by_folder(rest: Sequence[Part]) -> dict[tuple[Path, str], list[Part]]:
    folders: dict[tuple[Path, str], list[Part]] = {}
    for part in rest:
        folders.setdefault(place_of(part.path).key, []).append(part)
    return folders


def _in_folder(parts: list[Part], known: list[list[Part]]) -> list[list[Part]]:
    """The runs of one folder. Parts of a run with an own id in that folder are added to `known`."""
    key = place_of(parts[0].path).key
    here = [group for group in known if any(place_of(part.path).key == key for part in group)]
    trainings: list[list[Part]] = [*here]
    new: list[list[Part]] = []
    for part in parts:
        if part.run.kind == "training":
            home = next((g for g in trainings if _one_run(g, part)), None)
            if home is None:
                trainings.append(home := [])
                new.append(home)
            home.append(part)
    evaluations = [part for part in parts if part.run.kind == "evaluation"]
    for part in evaluations:
        home = _home(part, trainings)
        if home is not None:
            home.append(part)
    homeless = [part for part in evaluations if _home(part, trainings) is None]
    new += _alone(homeless)
    configurations = [part for part in parts if part.run.kind == "configuration"]
    runs = [*here, *new]
    if len(runs) == 1:
        runs[0].extend(configurations)
    return new


def _one_run(group: Sequence[Part], part: Part) -> bool:
    """Whether a training's file is of the run that others are of."""
    for other in group:
        if other.run.kind != "training":
            continue
        if other.path == part.path:
            return False
        if same_numbers(other.run.rows, part.run.rows):
            return True
        if goes_on(other.path, other.run, part.path, part.run):
            return True
        if side_by_side(other.path, other.run, part.path, part.run):
            return True
    return False


def _home(part: Part, trainings: Sequence[list[Part]]) -> list[Part] | None:
    """The training that an evaluation is of: the only one, or the one with such a name."""
    if len(trainings) == 1:
        return trainings[0]
    alike = [group for group in trainings if any(related(p.path, part.path) for p in group)]
    return alike[0] if len(alike) == 1 else None


def _alone(evaluations: Sequence[Part]) -> list[list[Part]]:
    """Evaluations without a training: one run where each names its step, else each its own."""
    steps = [place_of(part.path).step for part in evaluations]
    if len(evaluations) > 1 and None not in steps and len(set(steps)) == len(steps):
        return [list(evaluations)]
    return [[part] for part in evaluations]


def _made(parts: Sequence[Part], name: str = "") -> Joined:
    """One run from what its files say."""
    parts = sorted(parts, key=lambda part: part.run.kind != "training")
    trainings = [part for part in parts if part.run.kind == "training"]
    base = next((part for part in parts if part.run.own_id), parts[0])
    rows = _trained([part.run.rows for part in trainings])
    notes: dict[str, None] = {}
    end = max((row["step"] for row in rows), default=None)
    for part in parts:
        if part.run.kind == "evaluation":
            rows += _evaluated(part, end, len(parts) > 1, notes)
    rows, seen = in_attempts(rows)
    config = next((part for part in parts if part.run.whole), base)
    where = ", ".join(part.path.name for part in parts)
    said = [f"{where}: {note}" for part in parts for note in part.run.notes]
    said += [f"{where}: {note}" for note in [*seen, *notes]]
    if len(parts) > 1 and not name:
        said.append(f"{_shown(parts)}: taken as one run (otherwise: NAME=FILE,FILE)")
    run = replace(
        base.run,
        id=name or _id(base, parts),
        name=name or base.run.name,
        rows=rows,
        config=config.run.config or base.run.config,
        whole=config.run.whole,
        own_id=base.run.own_id or bool(name),
        ended=max(part.run.ended for part in parts),
        notes=(),
    )
    return Joined(run, tuple(parts), tuple(dict.fromkeys(said)))


def _shown(parts: Sequence[Part]) -> str:
    names = [str(part.path) for part in parts]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _id(base: Part, parts: Sequence[Part]) -> str:
    place = place_of(base.path)
    if base.run.own_id:
        return base.run.id
    evaluated = all(part.run.kind == "evaluation" for part in parts)
    of_the_folder = base.run.id == base.path.absolute().parent.name and not place.head
    by_file = evaluated and len(parts) > 1 and place.step is not None
    if by_file or (place.inside and (evaluated or of_the_folder)):
        return place.name or base.run.id
    return base.run.id


def _trained(logs: Sequence[list[Row]]) -> list[Row]:
    """Several logs of one training.

    Of a metric that two have at the same steps, the one with more reports counts; a log that goes
    on where another ended follows it.
    """
    logs = sorted(logs, key=lambda rows: rows[0]["step"] if rows else 0)
    found: list[Row] = []
    for rows in logs:
        if not same_numbers(found, rows):
            found += rows
            continue
        more, less = (found, rows) if len(found) >= len(rows) else (rows, found)
        names = {name for row in more for name in row}
        others = ({n: v for n, v in row.items() if n == "step" or n not in names} for row in less)
        found = more + [row for row in others if len(row) > 1]
    return found


def _evaluated(part: Part, end: int | None, several: bool, notes: dict[str, None]) -> list[Row]:
    """An evaluation's reports at the step that its path names, else at the training's end."""
    place: Place = place_of(part.path)
    rows = part.run.rows
    if len(rows) != 1 or rows[0]["step"] != 0:
        return list(rows)
    if place.step is not None:
        return [{**rows[0], "step": place.step}]
    if end is None:
        return list(rows)
    notes[f"{part.path.name} names no step: taken as of the training's end, step {end}"] = None
    return [{**rows[0], "step": end}]

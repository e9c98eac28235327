"""The demonstrations of a sweep, recorded or read before its first trial."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from ilsweep.analysis.records.identity import as_json
from ilsweep.analysis.records.joint import expanded, names_of
from ilsweep.sweeps.errors import FolderError, IlsweepError, Problem, SpecError, reason
from ilsweep.sweeps.processes.signals import heeding
from ilsweep.sweeps.progress.console import Progress, say
from ilsweep.sweeps.spec.params import is_of_data
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store import sweep_dir


def prepare_data(plan: Plan) -> None:
    """Record the demonstrations that the sweep needs, where they are not cached already.

    Raises:
        FolderError: the cache cannot be written, a data set cannot be read, a source of one's own
            raised something, or images are asked for and this machine cannot draw.
        SpecError: the trainer cannot learn from them as the spec says.
    """
    if not plan.trainer.needs_data:
        return
    from ilsweep.sweeps.worker.training_loop import cache_folder
    from ilsweep.trainers.data.mistakes import UnusableData
    from ilsweep.trainers.data.sources import parse
    from ilsweep.trainers.envs.rendering import NoOpenGL

    for searched in _data_points(plan):
        data = plan.data(searched)
        try:
            with heeding(), sweep_dir.writable(cache_folder()), Progress() as progress:
                loaded = parse(data).load(cache_folder(), progress.show, say)
            _must_fit(plan, searched, loaded)
        except UnusableData as error:
            raise FolderError(str(error)) from None
        except NoOpenGL as error:
            raise FolderError(
                f"no OpenGL here ({error}), and the policies are to see images; "
                "valid: --set data.observation=state"
            ) from None
        except (IlsweepError, OSError):
            raise
        except Exception as error:
            if ":" not in str(data.get("source")):
                raise
            what = f"{type(error).__name__}: {reason(error)}"
            raise FolderError(f"data.source: {data['source']} raised {what}") from error


def _must_fit(plan: Plan, searched: dict[str, Any], data: Any) -> None:
    """The trainer's configurations at both ends of the space can learn from demonstrations."""
    found: dict[str, Problem] = {}
    for end in plan.ends():
        for line in plan.trainer.check_loaded(plan.config({**end, **searched}), data):
            key, _, rule = line.partition(": ")
            where = f"{'space' if key in plan.space else 'params'}.{key}"
            found[where] = Problem(where, rule)
    if found:
        raise SpecError([*found.values()])


def _data_points(plan: Plan) -> Iterator[dict[str, Any]]:
    """Every combination of the listed `data.` domains; one empty point where there are none."""
    varied = {name: d.values for name, d in plan.dimensions.items()
              if any(map(is_of_data, names_of(name))) and d.kind.listed}  # fmt: skip
    points = [
        {n: v for n, v in expanded(dict(zip(varied, point, strict=True))).items() if is_of_data(n)}
        for point in itertools.product(*varied.values())
    ]
    yield from {as_json(point): point for point in points}.values()

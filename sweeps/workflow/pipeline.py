"""Stages of one chain: run, analyse, write the next spec, run that, within a budget.

The first stage's folder holds `chain.json` and the report that every later stage is appended to.
The folders stand side by side and are named as `ilsweep next` names stages: `runs/act-ot-stage1`,
`runs/act-ot-stage2`; each is a sweep like any other. Nothing else is remembered, so that a chain
goes on where it was killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.pipeline_summary import stages_of
from ilsweep.analysis.planning.next_stage import NextStage, next_name, next_stage, stage_yaml
from ilsweep.analysis.planning.remedies import Spec
from ilsweep.analysis.records.files import read_json, to_json, write_atomic
from ilsweep.analysis.records.paths import SweepPaths
from ilsweep.analysis.report import append_stage
from ilsweep.analysis.text import Text
from ilsweep.sweeps.errors import FolderError, Problem, SpecError
from ilsweep.sweeps.execution import runner
from ilsweep.sweeps.exit_codes import OK
from ilsweep.sweeps.processes.signals import leaving
from ilsweep.sweeps.progress.console import say
from ilsweep.sweeps.spec.plan import Plan
from ilsweep.sweeps.store import sweep_dir
from ilsweep.sweeps.validation.validate import check
from ilsweep.sweeps.workflow.budget import Budget, fitted
from ilsweep.sweeps.workflow.controls import before_search
from ilsweep.sweeps.workflow.postprocess import (
    LANGS,
    analysed,
    failures,
    going_on,
    report,
    say_best,
    stopped,
    tidy,
)

FORMAT = "ilsweep-chain/1"


@dataclass(frozen=True)
class Chain:
    """What was asked of a chain, and how far it has come."""

    root: Path
    """Folder of the first stage."""
    stages: int
    """At most so many."""
    budget: Budget
    ended: str = ""
    """Why it ended, in one sentence; empty while it goes on."""
    controls: bool = True
    """Whether each stage runs its controls before its search."""

    def folders(self) -> Iterator[Path]:
        """The folders of all stages that there may be, the first first."""
        name = self.root.name
        for _ in range(self.stages):
            yield self.root.with_name(name)
            name = next_name(name)

    def begun(self) -> list[Path]:
        """The folders of the stages that have begun."""
        return [path for path in self.folders() if SweepPaths(path).manifest.is_file()]


def run(
    plan: Plan,
    root: Path,
    command: list[str],
    stages: int,
    budget: Budget,
    *,
    controls: bool = True,
) -> int:
    """Run a new chain whose first stage is `plan`; the exit status.

    Raises:
        FolderError: a stage's folder exists already, or cannot be written.
        SpecError: the first stage alone is beyond the budget.
    """
    chain = Chain(root.resolve(), stages, budget, controls=controls)
    _check(chain, plan)
    begun = partial(_begun, chain, plan, root)
    return _follow(chain, command, partial(runner.run, plan, root, command, begun))


def _begun(chain: Chain, plan: Plan, root: Path) -> None:
    """What follows the making of a stage's folder, and comes before its search."""
    before_search(plan, root, skip=not chain.controls)
    save(chain)


def resume(chain: Chain, command: list[str]) -> int:
    """Go on with a chain where it was interrupted; the exit status.

    Raises:
        FolderError: another process is at work on it.
    """
    if chain.ended:
        say(f"{chain.root}: {chain.ended}")
        return OK
    last = chain.begun()[-1]
    over = sweep_dir.is_finished(SweepPaths(last))
    return _follow(chain, command, _nothing if over else partial(runner.resume, last, command))


def _nothing() -> None:
    """The stage is over."""


def _check(chain: Chain, plan: Plan) -> None:
    most = chain.budget.trials
    if most is not None and plan.most_trials > most:
        word = "up to " if plan.spec.race else ""
        rule = f"the first stage alone has {word}{plan.most_trials} trials"
        raise SpecError(
            [Problem("--budget", rule, f"{most}trials", f"{plan.most_trials}trials or more")]
        )
    for later in list(chain.folders())[1:]:
        if later.exists():
            raise FolderError(
                f"{later}: exists already, and a later stage would be run there; "
                "choose another --name or --storage"
            )


def save(chain: Chain) -> None:
    """Write `chain.json` into the first stage's folder."""
    content = {
        "format": FORMAT,
        "stages": chain.stages,
        "budget": vars(chain.budget),
        "folders": [path.name for path in chain.begun()],
        "ended": chain.ended,
        "controls": chain.controls,
    }
    write_atomic(_file(chain.root), to_json(content))


def read(root: Path) -> Chain:
    """The chain that begins in a folder.

    Raises:
        FolderError: its `chain.json` is damaged.
    """
    content = read_json(_file(root))
    stages, budget = content.get("stages"), content.get("budget")
    if not isinstance(stages, int) or not isinstance(budget, dict):
        raise FolderError(f"{_file(root)}: is damaged; without it the stage alone is resumed")
    bounds = Budget(budget.get("trials"), budget.get("hours"))
    controls = content.get("controls") is not False
    return Chain(root.resolve(), stages, bounds, str(content.get("ended") or ""), controls)


def is_chain(root: Path) -> bool:
    """Whether a chain begins in a folder."""
    return _file(root).is_file()


def _file(root: Path) -> Path:
    return root / "chain.json"


def _follow(chain: Chain, command: list[str], train: Callable[[], None]) -> int:
    """Train, analyse, go on; the exit status."""
    root = chain.root
    with leaving(lambda: f"interrupted; {going_on(root)}"):
        return _stages(chain, command, train)


def _stages(chain: Chain, command: list[str], train: Callable[[], None]) -> int:
    status = OK
    while (stop := stopped(train, chain.root)) is None:
        *earlier, newest = chain.begun()
        last, reports = report(newest)
        analyses = [*map(analysed, earlier), last]
        tidy(last)
        status = max(status, failures(last))
        step = _next(chain, analyses)
        ended = step if isinstance(step, Text) else None
        chain = replace(chain, ended=ended.en if ended else "")
        append_stage(SweepPaths(chain.root), last, stages_of(analyses, ended), LANGS)
        save(chain)
        if isinstance(step, Text):
            say(step.en)
            print(*(SweepPaths(chain.root).report(lang) for lang in LANGS), sep="\n")
            say_best(last)
            return status
        stage, spec = step
        print(*reports, sep="\n")
        say_best(last)
        write_atomic(last.sweep.paths.next_spec, stage_yaml(stage, last))
        root = list(chain.folders())[len(analyses)]
        say(f"stage {len(analyses) + 1} of at most {chain.stages}: {root}")
        plan = check(spec)
        train = partial(runner.run, plan, root, command, partial(_begun, chain, plan, root))
    return stop


def _valid(spec: Spec) -> bool:
    """Whether a proposed spec can be run: a chain trains its trainer, and so may ask it."""
    try:
        check(spec)
    except SpecError:
        return False
    return True


def _next(chain: Chain, analyses: Sequence[Analysis]) -> tuple[NextStage, Spec] | Text:
    """The next stage and its spec within the budget, or why there is none."""
    if len(analyses) == chain.stages:
        return Text(f"All {chain.stages} stages have run.", f"全部 {chain.stages} 个阶段已运行。")
    last = analyses[-1]
    if not any(row.objective.n for row in last.ranking.rows):
        return Text(
            "The chain ends here: no trial of the last stage has a value.",
            "到此为止：上一阶段没有任何试验得到目标值。",
        )
    stage = next_stage(last, _valid)
    if not stage.brings_something:
        return Text(
            f"The chain ends after {len(analyses)} stages: a further one would bring nothing new.",
            f"在 {len(analyses)} 个阶段后结束：再多一个阶段不会带来新的内容。",
        )
    past = [trial for analysis in analyses for trial in analysis.sweep.trials]
    spec = fitted(stage.spec, chain.budget, past)
    if spec is None:
        return Text(
            f"The chain ends after {len(analyses)} stages: the next one does not fit into what is "
            f"left of the budget ({chain.budget}).",
            f"在 {len(analyses)} 个阶段后结束：剩余预算（{chain.budget}）不足以运行下一阶段。",
        )
    return stage, spec

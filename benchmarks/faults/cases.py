"""All cases, of all trainers."""

from __future__ import annotations

from collections.abc import Collection

from benchmarks.faults import (
    act,
    act_ot,
    bc,
    dial_turn,
    metaworld,
    metaworld_faults,
    rdt,
    reflow,
    robot,
)
from benchmarks.faults.case import Case

CASES: tuple[Case, ...] = (
    *act.CASES,
    *act_ot.CASES,
    *rdt.CASES,
    *bc.CASES,
    *reflow.CASES,
    *robot.CASES,
    *metaworld.CASES,
    *metaworld_faults.CASES,
    *dial_turn.CASES,
)


def asked(only: Collection[str]) -> list[Case]:
    """The cases that say something about one of these findings, or bear one of these names; all
    where none is given.

    Raises:
        ValueError: there is none.
    """
    if not only:
        return list(CASES)
    chosen = [case for case in CASES if case.name in only or case.findings & set(only)]
    if not chosen:
        raise ValueError(f"no case knows anything about {', '.join(only)}")
    return chosen

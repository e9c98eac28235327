"""The sections of a report, in their order; one line adds a section.

A section is a function of the report's values and a language; it is empty where it has nothing to
say. Every text from outside goes through `escape`.
"""

from __future__ import annotations

from collections.abc import Callable

from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.parts import Lines
from ilsweep.analysis.report.sections.answer import answer
from ilsweep.analysis.report.sections.confirmed import confirmed
from ilsweep.analysis.report.sections.controls import controls
from ilsweep.analysis.report.sections.curves import curves
from ilsweep.analysis.report.sections.episodes import episodes
from ilsweep.analysis.report.sections.findings import findings
from ilsweep.analysis.report.sections.hypotheses import hypotheses
from ilsweep.analysis.report.sections.importance import importance
from ilsweep.analysis.report.sections.next_steps import next_steps
from ilsweep.analysis.report.sections.ranking import ranking
from ilsweep.analysis.report.sections.reproduce import reproduce
from ilsweep.analysis.report.sections.retrained import retrained
from ilsweep.analysis.report.sections.runs import runs
from ilsweep.analysis.report.sections.why_ot import why_ot
from ilsweep.analysis.text import Lang

Section = Callable[[Report, Lang], Lines]

SECTIONS: tuple[Section, ...] = (
    answer,
    controls,
    ranking,
    episodes,
    retrained,
    confirmed,
    runs,
    curves,
    findings,
    why_ot,
    hypotheses,
    importance,
    next_steps,
    reproduce,
)

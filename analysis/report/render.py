"""An analysis to the files that people read: `report.zh.md`, `report.en.md`, `report.json`, plots.

The same records give the same files, byte for byte: every time in them comes from the records.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from ilsweep.analysis.analyse import Analysis
from ilsweep.analysis.load.subprocess_call import BackgroundCall
from ilsweep.analysis.planning.remedies import Change
from ilsweep.analysis.plots import choose, clear, draw
from ilsweep.analysis.records.files import write_atomic
from ilsweep.analysis.report.data import Report, Update, gather
from ilsweep.analysis.report.document import part_name, put_part
from ilsweep.analysis.report.escape import inline
from ilsweep.analysis.report.history import take_snapshot
from ilsweep.analysis.report.json_form import content_of, json_text
from ilsweep.analysis.report.parts import moment
from ilsweep.analysis.report.run_block import update_block
from ilsweep.analysis.report.runs import Run
from ilsweep.analysis.report.sections.registry import SECTIONS
from ilsweep.analysis.report.words import COLON
from ilsweep.analysis.text import Lang, Text

LANGS: tuple[Lang, ...] = ("zh", "en")
MAIN = "report"
TITLE = Text("{system} Stage Report", "{system} 实验阶段性报告")
UPDATE = Text("{system} Report Update ({time})", "实验记录更新（{time}）")
NOTE = Text("Note", "说明")
MANY = 1000
"""Trials from which on it is worth it to draw the curves, which take as long as all else, beside
the rest."""


def write_reports(
    analysis: Analysis,
    langs: Sequence[Lang] = LANGS,
    changes: Sequence[Change] = (),
    changes_note: Text | None = None,
) -> list[Path]:
    """Write the reports of a sweep into its folder; the files written, reports first.

    What is generated stands between markers and is replaced; whatever else is in a report stays.
    Runs that went on since they were first reported get an update at the end.

    Args:
        changes: What the next stage changes (`next_stage(analysis, valid).changes`).
        changes_note: What a reader of them must know.

    Raises:
        OSError: the folder cannot be written.
    """
    paths = analysis.sweep.paths
    report = gather(analysis, take_snapshot(paths, analysis.sweep.trials))
    pictures = choose(analysis, paths.plots)
    many = len(analysis.sweep.trials) >= MANY
    beside = [p for p in pictures if p.plot.section == "curves"] if many else []
    helper = BackgroundCall(draw, beside) if beside else None
    report = replace(
        report,
        plots=tuple(picture.plot for picture in pictures),
        changes=tuple(changes),
        changes_note=changes_note,
    )
    written = [_write(report, paths.report(lang), lang) for lang in langs]
    write_atomic(paths.report_json, json_text(content_of(report)))
    draw([picture for picture in pictures if picture not in beside])
    if helper:
        helper.result()
    clear(paths.plots, pictures)
    return [*written, paths.report_json, *(paths.plots / plot.file for plot in report.plots)]


def append_update(path: Path, analysis: Analysis, *, lang: Lang, time: str, note: str) -> None:
    """Append the runs of a later stage to the report at `path`, in the known form.

    Called again for the same sweep it replaces what it appended.

    Args:
        time: ISO 8601, taken from the records.
        note: One sentence or more in the report's language, such as the stage's answer.

    Raises:
        OSError: the report cannot be written.
    """
    report = gather(analysis)
    runs = tuple(_from(path.parent, analysis, run) for run in report.runs)
    part = update_part(Update(time, runs), report.system, lang, note=note, known=False)
    name = part_name(f"stage-{analysis.sweep.manifest.get('name') or time}")
    replace_document(path, put_part(existing(path), name, part))


def _from(folder: Path, analysis: Analysis, run: Run) -> Run:
    """The run with its folder as seen from another folder."""
    there = os.path.relpath(analysis.sweep.paths.root, folder)
    return replace(run, folder=(PurePath(there) / run.folder).as_posix())


def render(report: Report, lang: Lang) -> str:
    """The generated part of a report in one language."""
    parts = [section(report, lang) for section in SECTIONS]
    return "\n\n".join("\n".join(part) for part in parts if part)


def update_part(
    update: Update, system: str, lang: Lang, *, note: str = "", known: bool = True
) -> list[str]:
    """A dated update: its note and a block for each run, without the change."""
    heading = UPDATE.of(lang).format(system=system, time=inline(moment(update.time))).strip()
    lines = ["---", "", f"## {heading}"]
    if note:
        lines.append(f"- {NOTE.of(lang)}{COLON.of(lang)}{inline(note, 1000)}")
    for run in update.runs:
        lines += ["", *update_block(run, lang, known)]
    return lines


def _write(report: Report, path: Path, lang: Lang) -> Path:
    title = TITLE.of(lang).format(system=report.system).strip()
    document = existing(path) or f"# {title}\n"
    document = put_part(document, MAIN, ["", render(report, lang), ""])
    for update in report.updates:
        part = update_part(update, report.system, lang)
        document = put_part(document, _update_name(update.time), part)
    replace_document(path, document)
    return path


def existing(path: Path) -> str:
    """The report as it is; empty where there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ""
    return content.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def replace_document(path: Path, document: str) -> None:
    """Write a document whose bytes that were not UTF-8 are still what they were."""
    write_atomic(path, document.encode("utf-8", "surrogateescape"))


def _update_name(time: str) -> str:
    return part_name(f"update-{time}")

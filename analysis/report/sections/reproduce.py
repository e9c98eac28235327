"""What it takes to run the sweep again."""

from __future__ import annotations

import shlex
from pathlib import PurePath
from typing import Any

from ilsweep.analysis.report.data import Report, provenance
from ilsweep.analysis.report.escape import code, inline
from ilsweep.analysis.report.parts import Lines, flat, moment
from ilsweep.analysis.report.words import COLON
from ilsweep.analysis.text import Lang, Text

PROVENANCE = Text("How to reproduce", "如何复现")
FACTS = {
    "command": Text("Command", "命令"),
    "commit": Text("Commit", "提交"),
    "host": Text("Host", "主机"),
    "platform": Text("Platform", "平台"),
    "cpus": Text("CPUs", "CPU 数"),
    "started": Text("Started", "开始"),
    "ended": Text("Ended", "结束"),
    "seeds": Text("Seeds", "随机种子"),
    "data": Text("Data", "数据"),
    "versions": Text("Versions", "版本"),
}


def reproduce(report: Report, lang: Lang) -> Lines:
    """Commit, versions, seeds, data, host and the commands that were run."""
    facts = provenance(report.analysis)
    lines = []
    sessions = facts.pop("sessions", None) or ()
    lines += [_session(session, lang) for session in sessions if isinstance(session, dict)]
    for name, value in facts.items():
        label = FACTS.get(name, Text(name, name))
        lines.append(f"- {label.of(lang)}{COLON.of(lang)}{code(flat(value), 600)}")
    return [f"## {PROVENANCE.of(lang)}", "", *lines] if lines else []


def _session(session: dict[str, Any], lang: Lang) -> str:
    command = session.get("command")
    parts = [str(part) for part in command] if isinstance(command, list) else [str(command)]
    typed = shlex.join(PurePath(part).name if part.startswith("/") else part for part in parts)
    times = [
        f"{FACTS[name].of(lang)}{COLON.of(lang)}{inline(moment(session[name]))}"
        for name in ("started", "ended")
        if session.get(name)
    ]
    return f"- {FACTS['command'].of(lang)}{COLON.of(lang)}{code(typed)} ({', '.join(times)})"

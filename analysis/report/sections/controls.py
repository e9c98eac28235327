"""The controls at the top of a report: whether this sweep could have seen success and failure."""

from __future__ import annotations

from collections.abc import Mapping

from ilsweep.analysis.ranking.lesions import lesioned
from ilsweep.analysis.records.controls import LABELS, NAMES, Control, Controls, Name
from ilsweep.analysis.report.data import Report
from ilsweep.analysis.report.escape import inline
from ilsweep.analysis.report.tables import table
from ilsweep.analysis.report.words import COLON, SEPARATOR
from ilsweep.analysis.text import NOTHING, Lang, Text

TITLE = Text("Controls", "对照")
NONE = Text("**Controls**: not run.", "**对照**：未运行。")
HEAD = (
    Text("control", "对照"),
    Text("episodes that succeed", "成功回合"),
    Text("should be", "应为"),
    NOTHING,
)
SHOULD: Mapping[Name, Text] = {
    "expert": Text("nearly all", "几乎全部"),
    "random": Text("none", "无"),
    "replay": Text("all", "全部"),
    "reference": Text("some at least", "至少一部分"),
}
IS: Mapping[Name, Text] = {
    "expert": Text("the world's expert in closed loop", "环境专家，闭环"),
    "random": Text("random actions of the same range", "同范围随机动作"),
    "replay": Text(
        "demonstrations through the trainer's encoding and decoding", "示范动作经训练器编解码后重放"
    ),
    "reference": Text("the configuration named as known to work", "指定为有效的配置"),
}
FAILED = Text("**fails**", "**未通过**")
FEW = Text("more than none", "多于零")
LESIONS: Mapping[str, Text] = {
    "none": Text("as it is", "原样"),
    "black_images": Text("black images", "全黑图像"),
    "mean_images": Text("the mean image", "平均图像"),
    "other_episode_images": Text("another episode's images", "其他回合的图像"),
    "masked_state": Text("masked state", "屏蔽本体状态"),
    "other_instruction": Text("another instruction", "其他指令"),
}
LESIONED = Text("Lesioned, of {name}: {found}.", "{name} 的损伤评估：{found}。")


def controls(report: Report, lang: Lang) -> list[str]:
    """A table of the controls, and success without a part of what is seen.

    One line where none was run, and nothing where there are no episodes to speak of.
    """
    sweep = report.analysis.sweep
    seen = any(row.successes for row in report.analysis.ranking.rows)
    if sweep.controls is None and not (seen and sweep.spec.get("trainer")):
        return []
    lines = _table(sweep.controls, lang) if sweep.controls else [NONE.of(lang)]
    lost = _lesioned(report, lang)
    return [*lines, *(["", lost] if lost else [])]


def _table(found: Controls, lang: Lang) -> list[str]:
    rows = [_row(found.of(name), lang) for name in NAMES]
    head = [text.of(lang) for text in HEAD]
    return [f"**{TITLE.of(lang)}**", "", *table(head, rows)]


def _row(control: Control, lang: Lang) -> list[str]:
    name = f"{LABELS[control.name].of(lang)}{COLON.of(lang)}{IS[control.name].of(lang)}"
    if not control.n:
        not_run = Text("not run", "未运行").of(lang)
        return [name, not_run, SHOULD[control.name].of(lang), inline(control.why.of(lang), 200)]
    note = ""
    if control.passed is False:
        note = FAILED.of(lang)
    elif control.name == "random" and control.k:
        note = FEW.of(lang)
    count = f"{control.k}/{control.n}" if lang == "zh" else f"{control.k} of {control.n}"
    return [name, count, SHOULD[control.name].of(lang), note]


def _lesioned(report: Report, lang: Lang) -> str:
    """Success under each lesion, in a line."""
    config, found = lesions_of(report)
    parts = [f"{LESIONS[name].of(lang)} {k}/{n}" for name, (k, n) in found.items()]
    joined = SEPARATOR.of(lang).join(parts)
    return LESIONED.of(lang).format(name=inline(config), found=joined) if found else ""


def lesions_of(report: Report) -> tuple[str, dict[str, tuple[int, int]]]:
    """The first configuration of the ranking that was lesioned: (successes, episodes) by lesion."""
    trials = {trial.id: trial for trial in report.analysis.sweep.trials}
    for row in report.analysis.ranking.rows:
        if found := lesioned([trials[i] for i in row.counted]):
            return row.config_id, {name: found[name] for name in LESIONS if name in found}
    return "", {}

"""Words that several sections share."""

from __future__ import annotations

from ilsweep.analysis.text import Text

SEPARATOR = Text(", ", "、")
COLON = Text(": ", "：")
RANK = Text("#", "名次")
CONFIGURATION = Text("configuration", "配置")
PAIR = Text("pair", "名次")
MORE_RUNS = Text("{n} more in `report.json`.", "其余 {n} 次见 `report.json`。")
RUN = Text("run", "实验")
SOURCE = Text("source", "来源")
SUCCESSES_FRESH = Text("successes on fresh episodes", "全新回合的成功次数")

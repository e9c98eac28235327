"""The stage report, in Chinese and in English, from one set of values."""

from analysis.report.output import findings_json, findings_text, ranking_json, ranking_text
from analysis.report.render import append_update, write_reports

__all__ = [
    "append_update",
    "findings_json",
    "findings_text",
    "ranking_json",
    "ranking_text",
    "write_reports",
]

"""The stage report, in Chinese and in English, from one set of values."""

from analysis.report.output import (
    confirmation_json,
    confirmation_text,
    findings_json,
    findings_text,
    ranking_json,
    ranking_text,
)
from analysis.report.render import append_update, write_reports

__all__ = [
    "append_update",
    "confirmation_json",
    "confirmation_text",
    "findings_json",
    "findings_text",
    "ranking_json",
    "ranking_text",
    "write_reports",
]

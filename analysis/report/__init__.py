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
from analysis.report.stages import append_stage

__all__ = [
    "append_stage",
    "append_update",
    "confirmation_json",
    "confirmation_text",
    "findings_json",
    "findings_text",
    "ranking_json",
    "ranking_text",
    "write_reports",
]

"""The stage report, in Chinese and in English, from one set of values."""

from ilsweep.analysis.report.output import (
    confirmation_json,
    confirmation_text,
    findings_json,
    findings_text,
    ranking_json,
    ranking_text,
    retraining_json,
    retraining_text,
)
from ilsweep.analysis.report.render import append_update, write_reports
from ilsweep.analysis.report.stages import append_stage

__all__ = [
    "append_stage",
    "append_update",
    "confirmation_json",
    "confirmation_text",
    "findings_json",
    "findings_text",
    "ranking_json",
    "ranking_text",
    "retraining_json",
    "retraining_text",
    "write_reports",
]

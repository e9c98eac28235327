"""The pictures of a report. matplotlib is imported only when one is drawn."""

from ilsweep.analysis.plots.plot import Plot, Section
from ilsweep.analysis.plots.select import choose, clear, draw, draw_metric

__all__ = ["Plot", "Section", "choose", "clear", "draw", "draw_metric"]

"""The page of a sweep: one self-contained file, read without a network."""

from ilsweep.analysis.page.page import write_page

__all__ = ["write_page"]

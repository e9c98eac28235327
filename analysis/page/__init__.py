"""The page of a sweep: one self-contained file, read without a network."""

from ilsweep.analysis.page.page import page, write_page

__all__ = ["page", "write_page"]

"""Reflow: straightened flows over action chunks."""

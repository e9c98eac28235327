"""Configurations in order, over their seeds, and what is known of that order."""

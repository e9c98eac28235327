"""Demonstrations: what they hold, where they come from, how they are kept."""

"""Trainings that a decision takes: our race against a uniform grid and other tools' rules."""

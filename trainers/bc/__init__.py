"""Behaviour cloning with a Gaussian actor."""

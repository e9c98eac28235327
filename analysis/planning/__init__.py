"""The next stage: what to change, with its reason, as a runnable spec."""

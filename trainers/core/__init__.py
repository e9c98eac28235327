"""The contract of a trainer, the ready ones by name, and what can be set in each."""

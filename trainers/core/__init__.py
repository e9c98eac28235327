"""The contracts of a trainer and of an environment, the ready trainers by name."""

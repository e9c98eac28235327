"""Training programs that are known by name: how each one spells our parameters."""

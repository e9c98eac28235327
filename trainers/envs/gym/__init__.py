"""Any gymnasium environment: demonstrations recorded in it, policies rolled out in it."""

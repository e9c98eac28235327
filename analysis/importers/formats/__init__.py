"""One foreign format a module: what it is told by, and how it is read."""

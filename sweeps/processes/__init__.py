"""This machine and its processes: what it has, what is signalled to them, and how they end."""

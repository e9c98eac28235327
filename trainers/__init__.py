"""How a policy learns, and what it does then. Knows nothing of ray or YAML."""

"""How a policy learns, and what it does when looked at closely. Knows nothing of ray or YAML."""

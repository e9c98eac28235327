"""Meta-World: fifty tasks of one Sawyer arm, each with a scripted expert."""

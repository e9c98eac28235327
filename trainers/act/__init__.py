"""ACT, and ACT-OT with an optimal-transport loss between two domains."""

"""What the searched parameters do: importance, and hypotheses judged."""

"""The training loop that trainers fill in, learning rates, losses."""

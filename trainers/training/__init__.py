"""What training loops share: learning rates, losses."""

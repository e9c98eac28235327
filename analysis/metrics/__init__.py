"""What metrics are called and mean, and what a curve of one amounts to."""

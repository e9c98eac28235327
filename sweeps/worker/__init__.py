"""One trial at work in a worker process: the training loop, its state, its checkpoints."""

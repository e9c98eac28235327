"""A sweep's folder and its checkpoints on disk: written whole or not at all."""

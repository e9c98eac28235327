"""A sweep on a Ray cluster: submitted, followed, brought home, mirrored to an object store."""

"""Which configurations are tried: samplers, schedulers, and the history of a search."""

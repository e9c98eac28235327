"""A trained policy looked at: episodes, success, probes."""

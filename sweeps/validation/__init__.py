"""A spec checked before anything runs: a plan, or every mistake at once."""

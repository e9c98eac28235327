"""Other people's ways to write a sweep down, turned into a spec: `ilsweep init`."""

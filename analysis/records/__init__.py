"""The records of a sweep: paths, files, a trial's record and curves."""

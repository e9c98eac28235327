"""What a sweep leaves behind: paths, files, a trial's record and curves."""

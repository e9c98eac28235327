"""Running a plan on Ray Tune: trials handed out, recorded, watched, resumed."""

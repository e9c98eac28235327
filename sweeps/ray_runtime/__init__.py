"""Ray itself for the length of a sweep: started, its folder, its workers, ended."""

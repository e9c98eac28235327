"""What is asked of a sweep, and running it on Ray. The only package that imports ray."""

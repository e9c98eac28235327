"""What must not be kept or shown: texts that look like keys, values that the environment hides."""

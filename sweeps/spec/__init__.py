"""What a spec says: its sections, its search space, its YAML. No checks across sections."""

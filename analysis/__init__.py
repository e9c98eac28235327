"""What happened, and what it means. Reads records; needs neither ray nor torch."""

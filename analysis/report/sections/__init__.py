"""The parts of a report, one a file: what it says, and its words in both languages."""

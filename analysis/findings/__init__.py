"""Rules that recognise what an experienced practitioner would: one rule, one pure function."""

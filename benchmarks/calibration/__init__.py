"""What is promised about conclusions, and made-up sweeps that put it to the test."""

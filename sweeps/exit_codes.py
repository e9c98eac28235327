"""Exit statuses of the command line."""

OK, FAILED, WRONG_INPUT, BLIND, INTERRUPTED = 0, 1, 2, 3, 130

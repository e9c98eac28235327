"""Exit statuses of the command line."""

OK, FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130

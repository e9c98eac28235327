"""A wall clock that is set to another year each second, in every Python process that finds this."""

import time

YEAR_S = 365 * 86400
JUMPS_S = (0, YEAR_S, -YEAR_S, 3 * YEAR_S)
_time, _time_ns = time.time, time.time_ns


def _jump() -> int:
    return JUMPS_S[int(time.monotonic()) % len(JUMPS_S)]


time.time = lambda: _time() + _jump()
time.time_ns = lambda: _time_ns() + _jump() * 10**9

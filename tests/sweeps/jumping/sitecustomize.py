"""A wall clock that is set to another year each second, in every Python process that finds this."""

import datetime
import time

YEAR_S = 365 * 86400
JUMPS_S = (0, YEAR_S, -YEAR_S, 3 * YEAR_S)
_datetime, _time, _time_ns = datetime.datetime, time.time, time.time_ns


def _jump() -> int:
    return JUMPS_S[int(time.monotonic()) % len(JUMPS_S)]


class _AsBefore(type):
    """What was made by C code is one of these, too."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _datetime)


class _Jumping(_datetime, metaclass=_AsBefore):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> _datetime:
        return _datetime.fromtimestamp(time.time(), tz)


time.time = lambda: _time() + _jump()
time.time_ns = lambda: _time_ns() + _jump() * 10**9
datetime.datetime = _Jumping
